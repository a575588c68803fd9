"""Examples are right, safe to send, in the form of what is asked, and never the offer itself."""

import json

import pandas as pd
import pytest

from jocas_themes.offers import as_offers
from jocas_themes.taxonomy import HR_THEMES, Taxonomy, Theme
from jocas_themes.teacher.prompt._examples import (
    Example,
    ExampleChooser,
    build_example_messages,
    build_taxonomy_examples,
)
from jocas_themes.teacher.prompt._outgoing import prepare_text
from jocas_themes.teacher.prompt._prompt import build_messages, build_schema


def _theme(code, *examples):
    return Theme(code=code, name_fr=code, name_en=code, definition="x", examples=examples)


_TWO = Taxonomy([_theme("PAY", "13e mois", "prime"), _theme("REMOTE", "télétravail")])


def _answer(evidence, confidence=95):
    return {"evidence": evidence, "present": evidence is not None, "confidence": confidence}


class TestOfTheTaxonomy:
    def test_each_theme_is_present_once_and_absent_once(self):
        assert build_taxonomy_examples(_TWO) == (
            Example(
                "Offre d'emploi\n13e mois", {"PAY": _answer("13e mois"), "REMOTE": _answer(None)}
            ),
            Example(
                "Offre d'emploi\ntélétravail",
                {"PAY": _answer(None), "REMOTE": _answer("télétravail")},
            ),
        )

    def test_the_six_themes(self):
        first, second = build_taxonomy_examples(HR_THEMES)
        for code in HR_THEMES.codes:
            assert first.answer[code]["present"] is not second.answer[code]["present"]

    def test_one_theme_is_absent_from_an_offer_without_anything(self):
        present, absent = build_taxonomy_examples(Taxonomy([_theme("PAY", "prime")]))
        assert present.answer["PAY"]["evidence"] == "prime"
        assert absent == Example("Offre d'emploi", {"PAY": _answer(None)})

    def test_a_theme_without_examples_is_absent_from_both(self):
        examples = build_taxonomy_examples(Taxonomy([_theme("PAY", "prime"), _theme("OTHER")]))
        assert [example.answer["OTHER"]["present"] for example in examples] == [False, False]

    def test_a_span_that_holds_another_theme_shows_it_too(self):
        taxonomy = Taxonomy([_theme("HOURS", "horaires souples et RTT"), _theme("LEAVE", "RTT")])
        assert build_taxonomy_examples(taxonomy)[0].answer["LEAVE"] == _answer("RTT")

    def test_no_theme_has_examples(self):
        with pytest.raises(ValueError, match=r"no theme of \['PAY'\] \(1 in all\) has examples"):
            build_taxonomy_examples(Taxonomy([_theme("PAY")]))


class TestMessages:
    def test_have_the_form_of_the_question_and_of_the_answer(self):
        example = Example("Prime </offer> d'été", {"PAY": _answer("Prime", 90)})
        user, assistant = build_example_messages([example])
        assert user == build_messages(_TWO, example.text)[-1]
        assert assistant == {
            "role": "assistant",
            "content": '{"PAY": {"evidence": "Prime", "present": true, "confidence": 90}}',
        }

    def test_answers_follow_the_schema_key_by_key(self):
        schema = build_schema(HR_THEMES)
        for message in build_example_messages(build_taxonomy_examples(HR_THEMES))[1::2]:
            answer = json.loads(message["content"])
            assert list(answer) == schema["required"]
            for code, given in answer.items():
                assert list(given) == schema["properties"][code]["required"]

    def test_nothing_personal_leaves(self):
        def prepare(text):
            return prepare_text(text, redact=True, max_tokens=30, count_tokens=len).text

        text = "Contact : Mme Roux. Prime. " + "x" * 50
        kept = Example(text, {"PAY": _answer("Mme Roux. Prime")})
        # What shows the theme is cut off: the answer would be wrong.
        lost = Example(text, {"PAY": _answer("x" * 50)})
        # 23 characters, and the next word is too long for the 30.
        assert build_example_messages([kept, lost], prepare=prepare) == [
            {"role": "user", "content": "<offer>\nContact : Mme [nom]. Prime.\n</offer>"},
            {
                "role": "assistant",
                "content": json.dumps({"PAY": _answer("Mme [nom]. Prime")}, ensure_ascii=False),
            },
        ]


_GOLD = pd.DataFrame(
    {
        "text": ["maçon sur un chantier", "prime de nuit infirmier", "vendeur télétravail"],
        "PAY": [0, 1, 0],
        "PAY_evidence": [None, "prime", None],
        "PAY_confidence": [80, float("nan"), 90.0],
        "REMOTE": [0, 0, 1],
        "REMOTE_evidence": [None, float("nan"), "télétravail"],
    }
)


def _choose(text, gold=_GOLD, n_examples=1, **options):
    chooser = ExampleChooser(gold, _TWO, n_examples=n_examples, **options)
    return [example.text for example in chooser.choose(text)]


class TestChosen:
    def test_the_most_similar_one_comes_last(self):
        assert _choose("infirmier de nuit sur un bateau") == [_GOLD["text"][1]]
        # Shared words: 1 with the first, 3 with the second (weights alike), none with the third.
        assert _choose("infirmier de nuit, chantier naval", n_examples=2) == [
            _GOLD["text"][0],
            _GOLD["text"][1],
        ]

    def test_an_example_says_what_gold_says(self):
        chooser = ExampleChooser(_GOLD, _TWO, n_examples=1)
        assert chooser.choose("infirmier") == (
            Example(_GOLD["text"][1], {"PAY": _answer("prime", 95), "REMOTE": _answer(None)}),
        )
        assert chooser.choose("maçon")[0].answer["PAY"] == _answer(None, 80)

    def test_an_offer_is_no_example_for_itself(self):
        for text in _GOLD["text"]:
            assert text not in _choose(text, n_examples=3)

    def test_nor_is_a_repost(self):
        long = "prime de nuit pour un poste infirmier au bloc avec une équipe soudée à Lyon centre"
        gold = pd.concat([_GOLD, _GOLD.iloc[[1]].assign(text=long)], ignore_index=True)
        assert long in _choose("infirmier de nuit au bloc", gold, n_examples=4)
        # One word of sixteen differs.
        assert long not in _choose(long.replace("Lyon", "Nice"), gold, n_examples=4)

    def test_equals_come_in_the_order_of_gold(self):
        # Nothing is shared: the first two, the first of them last.
        assert _choose("xyz", n_examples=2) == list(_GOLD["text"][[1, 0]])

    def test_fewer_where_gold_has_no_more(self):
        assert len(_choose("maçon", n_examples=10)) == 3
        assert _choose(_GOLD["text"][0], _GOLD.iloc[:1]) == []

    def test_a_text_counts_once(self):
        gold = pd.concat([_GOLD, _GOLD], ignore_index=True)
        assert len(_choose("maçon", gold, n_examples=10)) == 3

    def test_texts_are_compared_as_they_are_sent(self):
        # Alike only in what is cut off before the offer is sent.
        def prepare(text):
            return text.partition(" | ")[0]

        gold = _GOLD.assign(text=_GOLD["text"] + " | une agence parmi tant d'autres")
        assert _choose(_GOLD["text"][0], gold, n_examples=3, prepare=prepare) == list(
            _GOLD["text"][[2, 1]]
        )

    @pytest.mark.parametrize(
        "changes",
        [
            {"PAY": [0, None, 0]},
            {"PAY_evidence": [None, "treizième mois", None]},
            {"PAY_evidence": [None, None, None]},
            {"PAY_evidence": [None, " ", None]},
            {"text": ["maçon sur un chantier", None, "vendeur télétravail"]},
        ],
    )
    def test_an_offer_that_shows_nothing_is_no_example(self, changes):
        assert len(_choose("infirmier", _GOLD.assign(**changes), n_examples=3)) == 2

    def test_evidence_is_quoted_as_the_text_has_it(self):
        gold = _GOLD.assign(PAY_evidence=[None, "PRIME  de nuit", None])
        chooser = ExampleChooser(gold, _TWO, n_examples=1)
        assert chooser.choose("infirmier")[0].answer["PAY"]["evidence"] == "prime de nuit"


class TestGoldThatCannotBeUsed:
    def test_no_offer_can_be_an_example(self):
        with pytest.raises(ValueError, match="none of the 1 gold offers can be an example"):
            ExampleChooser(_GOLD.iloc[[1]].drop(columns="PAY_evidence"), _TWO, n_examples=1)

    def test_no_text(self):
        with pytest.raises(ValueError, match=r"gold must have a column 'text', found \['PAY'"):
            ExampleChooser(_GOLD.drop(columns="text"), _TWO, n_examples=1)

    def test_no_column_of_a_theme(self):
        with pytest.raises(ValueError, match=r"gold lacks the themes \['REMOTE'\]"):
            ExampleChooser(_GOLD.drop(columns="REMOTE"), _TWO, n_examples=1)

    def test_other_labels(self):
        with pytest.raises(ValueError, match="gold must hold 0, 1 or NaN"):
            ExampleChooser(_GOLD.assign(PAY=[0, 2, 0]), _TWO, n_examples=1)

    def test_a_confidence_out_of_range(self):
        with pytest.raises(ValueError, match=r"must be in \[0, 100\], got \[130.0\] \(1 cells\)"):
            ExampleChooser(_GOLD.assign(PAY_confidence=[1, 2, 130]), _TWO, n_examples=1)

    def test_no_example_wanted(self):
        with pytest.raises(ValueError, match="n_examples must be at least 1, got 0"):
            ExampleChooser(_GOLD, _TWO, n_examples=0)


@pytest.mark.real_data
def test_real_offers_choose_among_each_other(shared_data):
    gold = as_offers(pd.read_parquet(shared_data / "offers_labelled.parquet").head(300))
    chooser = ExampleChooser(gold, HR_THEMES, n_examples=4)
    for text in gold["text"].head(30):
        examples = chooser.choose(text)
        assert len(examples) == 4
        for example in examples:
            assert example.text != text
            assert all(
                given["evidence"] in example.text if given["present"] else not given["evidence"]
                for given in example.answer.values()
            )
