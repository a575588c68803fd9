"""Where the worked examples come from: the same for all offers, or those most like each one."""

import pandas as pd
import pytest

from chat_server import TWO_THEMES
from jocas_themes.teacher.prompt import open_examples

_GOLD = pd.DataFrame(
    {
        "text": [
            "Maçon à Lille, prime de chantier. M. Roux.",
            "Infirmier de nuit, ouvert à tous les profils.",
            "Vendeur en boutique.",
            "Vendeuse sans réponse.",
        ],
        "DIVERSITY": [0, 1, 0, None],
        "DIVERSITY_evidence": [None, "ouvert à tous", None, None],
        "COMPENSATION_BENEFITS": [1, 0, 0, 0],
        "COMPENSATION_BENEFITS_evidence": ["prime de chantier. M. Roux", None, None, None],
    }
)


def open_(examples, n_examples=2, prepare=str):
    return open_examples(examples, TWO_THEMES, n_examples=n_examples, prepare=prepare)


def _hide(text):
    return text.replace("Roux", "[nom]")


def test_none_are_none():
    assert open_(None) is None


def test_of_the_taxonomy_are_the_same_for_all_offers():
    source = open_("taxonomy")
    assert source("a") == source("b")
    assert [message["role"] for message in source("a")] == ["user", "assistant"] * 2
    assert TWO_THEMES[1].examples[0] in source("a")[0]["content"] + source("a")[2]["content"]


def test_of_gold_are_those_most_like_the_offer_the_nearest_last():
    source = open_(_GOLD)
    texts = [message["content"] for message in source("Vendeur en boutique, de nuit, prime.")[::2]]
    assert "Vendeur en boutique." in texts[-1]
    texts = [message["content"] for message in source("Maçon à Lille pour chantier.")[::2]]
    assert "Maçon à Lille" in texts[-1]
    assert len(texts) == 2
    assert "Vendeuse" not in "".join(texts)  # one of its themes is unknown


def test_are_as_few_as_there_are():
    assert len(open_(_GOLD, n_examples=99)("x")) == 2 * 3


def test_leave_with_nothing_personal_in_text_and_answer():
    for offer in ("Maçon", "Maçon à Lille, prime de chantier. M. Roux"):
        said = str(open_(_GOLD, n_examples=3, prepare=_hide)(_hide(offer)))
        assert "Roux" not in said
    assert "prime de chantier. M. [nom]" in str(open_(_GOLD, 3, prepare=_hide)("Maçon"))


@pytest.mark.parametrize("prepare", [str, _hide])
def test_are_never_the_offer_itself(prepare):
    for text in _GOLD["text"]:
        sent = prepare(text)
        asked = f"<offer>\n{sent}\n</offer>"
        messages = open_(_GOLD, n_examples=3, prepare=prepare)(sent)
        assert asked not in [message["content"] for message in messages]


def test_do_not_change_with_the_table_that_they_come_from():
    gold = _GOLD.copy()
    source = open_(gold)
    before = source("Vendeur")
    gold["text"] = "autre"
    assert source("Vendeur") == before
