"""Near-duplicates, worked out by hand, against brute force, and on real offers."""

import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes.offers import _duplicates, find_near_duplicates

# Shingles of A: abc bcd cde def; of B: abc bcd cde deg; 3 shared of 5: similarity 0.6.
A, B = "a b c d e f", "a b c d e g"
# Of C: bcd cde deg egh; with B 3 of 5, so 0.6; with A 2 (bcd, cde) of 6.
C = "b c d e g h"


@pytest.mark.parametrize(("threshold", "expected"), [(0.6, [0, 0]), (0.601, [0, 1]), (1.0, [0, 1])])
def test_pairs_are_linked_from_the_threshold_on(threshold: float, expected: list[int]) -> None:
    assert find_near_duplicates([A, B], threshold=threshold).tolist() == expected


def test_chains_link() -> None:
    # A and C are linked by B alone.
    assert find_near_duplicates([A, C], threshold=0.6).tolist() == [0, 1]
    assert find_near_duplicates([A, C, B], threshold=0.6).tolist() == [0, 0, 0]


def test_groups_are_numbered_in_order_of_first_appearance() -> None:
    texts = ["z z z y", A, "z z z y", "other words altogether", A]
    groups = find_near_duplicates(texts)
    assert groups.tolist() == [0, 1, 0, 2, 1]
    assert groups.dtype == np.int64


@pytest.mark.parametrize(
    "edited",
    [
        "CHEF D'ÉQUIPE À LYON : MISE EN ŒUVRE",
        "chef d’equipe - a Lyon (mise en oeuvre)",
        "<p>Chef d&#39;équipe</p><ul><li>à Lyon</li></ul> mise en &oelig;uvre !",
        unicodedata.normalize("NFD", "Chef d'équipe à Lyon, mise en œuvre"),
    ],
)
def test_case_accents_punctuation_and_markup_do_not_count(edited: str) -> None:
    original = "Chef d'équipe à Lyon, mise en œuvre"
    assert find_near_duplicates([original, edited], threshold=1).tolist() == [0, 0]


def test_texts_without_words_are_alone() -> None:
    assert find_near_duplicates(["", None, "***", "", "Cariste"]).tolist() == [0, 1, 2, 3, 4]


def test_texts_shorter_than_a_shingle_count_as_one() -> None:
    texts = ["Cariste", "Cariste H", "CARISTE !", "cariste (h)", "H cariste"]
    assert find_near_duplicates(texts).tolist() == [0, 1, 0, 1, 2]


@pytest.mark.parametrize(("texts", "expected"), [([], []), (["Cariste"], [0]), ([""], [0])])
def test_few_texts(texts: list[str], expected: list[int]) -> None:
    assert find_near_duplicates(texts).tolist() == expected


def test_a_table_of_offers_will_do() -> None:
    offers = pd.DataFrame({"job_title": ["Cariste", "Cariste"], "description_full": [A, A]})
    assert find_near_duplicates(offers).tolist() == [0, 0]


def test_hashes_are_the_same_in_every_process() -> None:
    # Recorded: "a b c" and its 30-bit hash; a change would regroup users' offers.
    assert _duplicates._build_shingles(["A b ç"]).indices.tolist() == [406464811]


def test_thousands_of_copies_are_not_compared_pair_by_pair(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = []
    compute = _duplicates._compute_similarity

    def count(shingles, left, right):
        compared.append(len(left))
        return compute(shingles, left, right)

    monkeypatch.setattr(_duplicates, "_compute_similarity", count)
    assert find_near_duplicates([A] * 3_000).max() == 0
    assert sum(compared) == 2_999  # each with its neighbour, once


def test_large_buckets_still_find_the_groups_in_them() -> None:
    # 50 offers of one employer, each posted three times: 120 words in common, 60 of its own.
    # Similarity within about 1, between 118 / (118 + 2 * 62) = 0.49.
    common = " ".join(f"commun{i}" for i in range(120))
    texts = [
        f"{common} " + " ".join(f"propre{offer}x{i}" for i in range(60)) + f" {copy}"
        for copy in range(3)
        for offer in range(50)
    ]
    assert find_near_duplicates(texts).tolist() == list(range(50)) * 3


def _group_by_brute_force(texts: list[str], threshold: float) -> list[int]:
    """Compare all pairs as sets of three words, and follow the links."""
    sets = []
    for text in texts:
        words = text.split()
        sets.append({tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2)) if words})
    groups = list(range(len(texts)))
    for i, left in enumerate(sets):
        for j, right in enumerate(sets[:i]):
            if left and right and len(left & right) / len(left | right) >= threshold:
                old, new = max(groups[i], groups[j]), min(groups[i], groups[j])
                groups = [new if group == old else group for group in groups]
    return pd.factorize(np.array(groups))[0].tolist()


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8])
def test_groups_agree_with_brute_force(threshold: float) -> None:
    rng = np.random.default_rng(0)
    texts = []
    for _ in range(30):
        words = rng.choice(500, size=80).astype(str)
        for n_edits in (0, 1, 3, 8, 15):
            edited = words.copy()
            edited[rng.integers(80, size=n_edits)] = "nouveau"
            texts.append(" ".join(edited))
    expected = _group_by_brute_force(texts, threshold)
    assert 30 <= max(expected) + 1 < 150  # some are linked, some not
    assert find_near_duplicates(texts, threshold=threshold).tolist() == expected


_texts = st.lists(st.lists(st.sampled_from("abcde"), max_size=8).map(" ".join), max_size=12)


@given(_texts, st.sampled_from([0.3, 0.5, 0.8, 1.0]), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_groups_do_not_depend_on_the_order(texts, threshold, random) -> None:
    groups = find_near_duplicates(texts, threshold=threshold)
    order = list(range(len(texts)))
    random.shuffle(order)
    shuffled = find_near_duplicates([texts[i] for i in order], threshold=threshold)
    assert shuffled.tolist() == pd.factorize(groups[order])[0].tolist()


@given(_texts)
@settings(max_examples=60, deadline=None)
def test_copies_share_their_groups(texts) -> None:
    groups = find_near_duplicates([*texts, *texts])
    for text, first, second in zip(texts * 2, groups, np.roll(groups, len(texts)), strict=True):
        assert (first == second) == bool(text)
    distinct = list(dict.fromkeys(groups.tolist()))
    assert distinct == list(range(len(distinct)))


@given(st.lists(st.text(max_size=30), max_size=5))
@settings(max_examples=60, deadline=None)
def test_any_text_will_do(texts) -> None:
    assert len(find_near_duplicates(texts)) == len(texts)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"threshold": 0}, r"threshold must be in \(0, 1\], got 0"),
        ({"threshold": 80}, r"threshold must be in \(0, 1\], got 80"),
        ({"threshold": float("nan")}, r"threshold must be in \(0, 1\], got nan"),
        ({"n_hashes": 0}, "n_hashes must be at least 1, got 0"),
    ],
)
def test_bad_parameters_are_refused(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_near_duplicates([A], **arguments)


def test_a_single_string_is_refused() -> None:
    with pytest.raises(TypeError, match="Put a single text in a list"):
        find_near_duplicates(A)


@pytest.mark.parametrize(
    ("threshold", "n_hashes", "expected"),
    [
        # 1 - (1 - 0.8**6)**21 = 0.9983, and with 7 rows 1 - (1 - 0.8**7)**18 = 0.9856.
        (0.8, 128, 6),
        # 1 - (1 - 0.5**3)**42 = 0.9963, and with 4 rows 1 - (1 - 0.5**4)**32 = 0.873.
        (0.5, 128, 3),
        (1.0, 128, 128),
        (0.01, 128, 1),
    ],
)
def test_bands_are_as_long_as_recall_allows(threshold: float, n_hashes: int, expected: int) -> None:
    assert _duplicates._choose_band_rows(threshold, n_hashes) == expected


@pytest.mark.real_data
def test_real_offers_hold_near_duplicates(shared_data: Path) -> None:
    columns = ["job_title", "description_full"]
    offers = pd.read_parquet(shared_data / "offers_labelled.parquet", columns=columns)
    groups = find_near_duplicates(offers)
    sizes = np.bincount(groups)
    # Measured: 96 of 2,077 offers have a near-duplicate, at most 6 in a group.
    assert 85 <= (sizes[groups] > 1).sum() <= 110
    assert sizes.max() <= 10
