import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.lexicon import Lexicon, load_french_lexicon
from jocas_themes.student._findings import find_patterns
from jocas_themes.student._sentences import fold_sentence, split_offers

LEXICON = Lexicon.from_toml(r"""
[PETS]
present = ['chiens?', 'chats? (?:noirs?|blancs?)', 'poney [^.\n]{0,20}club']
not_enough = ['chiens? de garde', 'pas de [^.\n]{0,10}chats? noirs?']
confidence_present = 60
confidence_absent = 70

[TREES]
present = ['chenes?']
confidence_present = 55
confidence_absent = 65
""")
FRENCH = load_french_lexicon()
PIECES = ["chien", "de garde", "pas de", "chats noirs", "chêne", "poney", "club", ".", "à", "Lyon"]
sentences_of_pieces = st.lists(
    st.lists(st.sampled_from(PIECES), max_size=5).map(lambda words: fold_sentence(" ".join(words))),
    max_size=8,
)


def search_alone(lexicon: Lexicon, themes: list[str], sentences: list[str]) -> np.ndarray:
    """Search each sentence by itself, as a slow and obvious program would."""
    entries = {entry.code: entry for entry in lexicon.entries}
    found = [
        [float(t in entries and entries[t].find(sentence) is not None) for t in themes]
        for sentence in sentences
    ]
    return np.array(found).reshape(len(sentences), len(themes))


def test_by_hand() -> None:
    sentences = [
        *("deux chiens", "chien de garde", "un chene, un chien, un chien", "", "chats noirs."),
        "lyon",
    ]
    found = find_patterns(LEXICON, ["TREES", "OTHER", "PETS"], sentences)
    assert found.toarray().tolist() == [
        [0, 0, 1],
        [0, 0, 0],  # not enough
        [1, 0, 1],  # once a sentence, however often it is there
        [0, 0, 0],
        [0, 0, 1],
        [0, 0, 0],
    ]


def test_a_lexicon_that_knows_no_theme_finds_nothing() -> None:
    found = find_patterns(LEXICON, ["A", "B"], ["chien", "chene"])
    assert found.shape == (2, 2)
    assert found.nnz == 0


def test_no_sentences() -> None:
    assert find_patterns(LEXICON, ["PETS"], []).shape == (0, 1)


@given(sentences_of_pieces)
def test_findings_are_those_of_each_sentence_alone(sentences: list[str]) -> None:
    themes = ["PETS", "OTHER", "TREES"]
    found = find_patterns(LEXICON, themes, sentences)
    np.testing.assert_array_equal(found.toarray(), search_alone(LEXICON, themes, sentences))


def test_the_french_lexicon_finds_what_it_finds_in_each_sentence_alone(
    annotated: pd.DataFrame,
) -> None:
    sentences = split_offers(annotated["text"]).texts
    found = find_patterns(FRENCH, FRENCH.codes, sentences)
    np.testing.assert_array_equal(found.toarray(), search_alone(FRENCH, FRENCH.codes, sentences))
    assert found.nnz > 500


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_end_of_a_sentence_is_an_end_wherever_it_stands(place: int) -> None:
    sentences = ["cdi a lyon", "cdd a nantes"]
    sentences.insert(place, "panier")
    found = find_patterns(FRENCH, ["COMPENSATION_BENEFITS"], sentences).toarray()[:, 0]
    assert found.tolist() == [float(number == place) for number in range(3)]


@pytest.mark.parametrize("pattern", [r"horaires\s+flexibles", "^flexibles", "horaires$", r"x\Wy"])
def test_patterns_of_ones_own_stay_inside_a_sentence(pattern: str) -> None:
    lexicon = Lexicon.from_toml(
        f"[A]\npresent = ['{pattern}']\nconfidence_present = 50\nconfidence_absent = 50"
    )
    sentences = ["nos horaires", "flexibles", "axe x", "y et z", "mes horaires"]
    found = find_patterns(lexicon, ["A"], sentences)
    np.testing.assert_array_equal(found.toarray(), search_alone(lexicon, ["A"], sentences))
