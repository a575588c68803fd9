import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.lexicon import fold_text
from jocas_themes.student._sentences import fold_sentence, split_offers
from jocas_themes.student.explanation._places import trace_sentence

# Accents composed and apart, ligatures, signs that fold to several characters or words, white
# space of all kinds, and what nobody sees.
ODD = "aeéèoœßﬁ½№…ﷺΣσİ2-'’.\n \u00a0\u2009\u200b\u00ad\u0301\u0327"


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("Une équipe unie", "equipe", "équipe"),
        ("Une e\u0301quipe unie", "equipe", "e\u0301quipe"),
        ("congé\u0301s payés", "conges", "congé\u0301s"),
        ("au cœur du métier", "coeur", "cœur"),
        ("chez Strauß, à Lyon", "strauss", "Strauß"),
        ("salaire\u00a0 fixe", "salaire fixe", "salaire\u00a0 fixe"),
        ("télé\u00adtravail partiel", "teletravail", "télé\u00adtravail"),
        ("soit 12½ jours", "121", "12½"),  # folds to "121⁄2": the sign is shown whole
    ],
)
def test_a_word_is_found_as_it_was_written(text: str, word: str, expected: str) -> None:
    start = fold_sentence(text).index(word)
    left, right = trace_sentence(text, (0, len(text))).restore((start, start + len(word)))
    assert text[left:right] == expected


def test_a_sentence_keeps_its_place_in_the_offer() -> None:
    text = "Poste à pourvoir. Une  équipe unie"
    places = trace_sentence(text, (18, 34))
    assert places.restore((4, 10)) == (23, 29)  # "une equipe unie"[4:10]
    assert text[23:29] == "équipe"


@given(st.text(ODD) | st.text())
def test_each_character_of_a_sentence_has_a_place(text: str) -> None:
    sentences = split_offers([text])
    for folded, span in zip(sentences.texts, sentences.spans.tolist(), strict=True):
        places = trace_sentence(text, span)
        assert len(places.starts) == len(places.ends) == len(folded)
        for place, character in enumerate(folded):
            start, end = places.restore((place, place + 1))
            assert span[0] <= start < end <= span[1]
            # What is folded comes from there; a sign that folds to several is shown whole.
            assert character in fold_text(text[start:end]).replace("\n", " ")
