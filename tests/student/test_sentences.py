import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.student._sentences import find_distinct, fold_sentence, split_offers

ODD = [
    *("\n", "\r\n", ". ", "! ", " : ", "• ", " - ", " – ", "**", "/r/n", "<br>", "<br />", "<BR/>"),
    *("\x00", "\ud800", "\u200b", "\u2028", "\x85", "\x1c", "e\u0301", "\u0301", "Œ", "ﬁn", "…"),
    *("Équipe", "RTT", "12 K€", "à", " ", "\u00a0", "\t", "<b>", "&nbsp;", "\U0001f600"),
]
texts = st.lists(st.one_of(st.text(max_size=8), st.sampled_from(ODD)), max_size=20).map("".join)


def test_sentences_end_where_lists_and_prose_do() -> None:
    text = "Titre\nVous encadrez 5 vendeurs. Salaire : 30 K€ - RTT/r/nMutuelle<br/>CDI**Été • Nuit"
    sentences = split_offers([text])
    assert sentences.texts == [
        *("titre", "vous encadrez 5 vendeurs.", "salaire :", "30 k€", "rtt", "mutuelle", "cdi"),
        *("ete", "nuit"),
    ]
    assert [text[start:end] for start, end in sentences.spans] == [
        *("Titre", "Vous encadrez 5 vendeurs.", "Salaire :", "30 K€", "RTT", "Mutuelle", "CDI"),
        *("Été", "Nuit"),
    ]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("2.5 jours/mois de RTT.Mutuelle", ["2.5 jours/mois de rtt.mutuelle"]),  # no space: no end
        ("bien-être et savoir-faire", ["bien-etre et savoir-faire"]),
        ("CDI\nà\nLyon", ["cdi", "lyon"]),  # what is shorter than three characters is left out
        ("L’Équipe\tde\u00a0 nuit", ["l'equipe de nuit"]),
        ("a" * 3, ["aaa"]),
    ],
)
def test_known_texts(text: str, sentences: list[str]) -> None:
    assert split_offers([text]).texts == sentences


@pytest.mark.parametrize("text", ["", " ", "ab", "\n\n.\n", "• • •", "**/r/n<br>", "\n" * 1_000])
def test_an_offer_without_any_sentence_has_an_empty_one(text: str) -> None:
    sentences = split_offers(["avant", text, "apres"])
    assert sentences.texts == ["avant", "", "apres"]
    assert sentences.spans[1].tolist() == [0, 0]
    assert sentences.starts.tolist() == [0, 1, 2, 3]


def test_no_offers() -> None:
    sentences = split_offers([])
    assert len(sentences) == 0
    assert sentences.starts.tolist() == [0]
    assert sentences.spans.shape == (0, 2)
    assert sentences.offers.tolist() == []


def test_each_sentence_knows_its_offer() -> None:
    sentences = split_offers(["un deux\ntrois", "", "quatre. cinq. six six"])
    assert sentences.starts.tolist() == [0, 2, 3, 6]
    assert sentences.offers.tolist() == [0, 0, 1, 2, 2, 2]


@given(texts)
def test_spans_lead_back_to_the_text(text: str) -> None:
    sentences = split_offers([text])
    assert len(sentences) == len(sentences.spans) >= 1
    previous = 0
    for sentence, (start, end) in zip(sentences.texts, sentences.spans.tolist(), strict=True):
        assert previous <= start <= end <= len(text)
        assert fold_sentence(text[start:end]) == sentence
        assert sentence == " ".join(sentence.split())
        previous = end


@given(st.lists(texts, max_size=5))
def test_offers_are_split_alike_together_and_one_by_one(offers: list[str]) -> None:
    together = split_offers(offers)
    alone = [split_offers([text]) for text in offers]
    assert together.texts == [sentence for part in alone for sentence in part.texts]
    assert together.starts.tolist() == np.cumsum([0, *map(len, alone)]).tolist()
    assert together.spans.tolist() == [span for part in alone for span in part.spans.tolist()]


@given(texts)
def test_no_sentence_holds_a_line_break(text: str) -> None:
    # Findings are searched in sentences joined by line breaks.
    assert not any("\n" in sentence for sentence in split_offers([text]).texts)


@pytest.mark.parametrize(
    "unit", ["mot ", " ", "\n", "* ", "**", ". ", "<br", "/r/", "• ", "\u200b"]
)
def test_long_texts_take_linear_time(unit: str) -> None:
    start = time.perf_counter()
    split_offers([unit * 50_000])
    # About 0.02 s, 0.2 at worst; a pattern that is not linear would take minutes.
    assert time.perf_counter() - start < 5


def test_50_000_words_without_a_stop_are_one_sentence() -> None:
    sentences = split_offers(["mot " * 50_000])
    assert len(sentences) == 1
    assert sentences.spans.tolist() == [[0, 199_999]]


def test_distinct_texts_by_hand() -> None:
    distinct, places = find_distinct(["b", "a", "b", "", "a"])
    assert distinct == ["b", "a", ""]
    assert places.tolist() == [0, 1, 0, 2, 1]


@given(st.lists(st.sampled_from(["a", "b", "", "\ud800"])))
def test_distinct_texts_and_places_give_the_texts_back(some: list[str]) -> None:
    distinct, places = find_distinct(iter(some))
    assert len(set(distinct)) == len(distinct)
    assert [distinct[place] for place in places] == some
