"""Texts as sets of numbers: the same sets that plain Python makes of their words."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes.offers.duplicates._shingles import SHINGLE_BITS, hash_shingles


def _hash_sets(texts: list[str]) -> list[frozenset[int]]:
    hashes, sizes = hash_shingles(texts)
    ends = np.cumsum(sizes)
    return [frozenset(hashes[end - size : end]) for end, size in zip(ends, sizes, strict=True)]


def _list_shingles(text: str) -> set[tuple[str, ...]]:
    """Make the sets character by character."""
    folded = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe"))
    plain = "".join(char for char in folded if not unicodedata.combining(char))
    words = "".join(char if char.isalnum() or char == "_" else " " for char in plain).split(" ")
    words = [word for word in words if word]
    words += [""] * (3 - len(words)) if words else []
    return set(zip(words, words[1:], words[2:], strict=False))


def test_shingles_are_runs_of_three_words() -> None:
    # a b c, b c d and, once more, a b c; between them c d a and d a b.
    hashes, sizes = hash_shingles(["a b c d a b c", "b c d"])
    assert sizes.tolist() == [4, 1]
    assert hashes.dtype == np.int32
    assert hashes[:4].tolist() == sorted(set(hashes[:4].tolist()))
    assert hashes[4] in hashes[:4]
    assert hashes.max() < 2**SHINGLE_BITS


def test_hashes_are_the_same_in_every_process() -> None:
    # Recorded: a change would regroup users' offers.
    assert hash_shingles(["A b ç"]).hashes.tolist() == [519497573]


@pytest.mark.parametrize(
    "edited",
    [
        "CHEF D'ÉQUIPE À LYON : MISE EN ŒUVRE",
        "chef d’equipe - a Lyon (mise en oeuvre)",
        "Chef d'équipe\nà Lyon… mise\u00a0en œuvre 🚀",
        unicodedata.normalize("NFD", "Chef d'équipe à Lyon, mise en œuvre"),
    ],
)
def test_case_accents_and_punctuation_do_not_count(edited: str) -> None:
    first, second = _hash_sets(["Chef d'équipe à Lyon, mise en œuvre", edited])
    assert first == second


def test_texts_without_words_and_shorter_ones() -> None:
    assert hash_shingles([]).sizes.tolist() == []
    assert hash_shingles(["", "*** !"]).sizes.tolist() == [0, 0]
    one, two, three, other = _hash_sets(["", "a", "a b", "b a"])[1:] + _hash_sets(["a"])
    assert [len(shingles) for shingles in (one, two, three, other)] == [1, 1, 1, 1]
    assert one == other
    assert len({one, two, three}) == 3


def test_a_text_does_not_depend_on_its_neighbours() -> None:
    texts = ["a b c d", "", "a", "É\ud800 f g h", "x y"]
    assert _hash_sets(texts) == [_hash_sets([text])[0] for text in texts]


@given(
    st.lists(st.text(max_size=40) | st.text(alphabet="ab É\u0301_œ-ß½", max_size=20), max_size=4)
)
@settings(max_examples=150, deadline=None)
def test_sets_are_those_of_plain_python(texts: list[str]) -> None:
    expected = [_list_shingles(text) for text in texts]
    hashed = _hash_sets(texts)
    assert [len(shingles) for shingles in hashed] == [len(shingles) for shingles in expected]
    for i, left in enumerate(texts):
        for j, _ in enumerate(texts[:i]):
            assert len(hashed[i] & hashed[j]) == len(expected[i] & expected[j]), left
