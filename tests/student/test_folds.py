import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.offers import group_near_duplicates
from jocas_themes.student._folds import make_folds
from jocas_themes.student._linear import Fold
from jocas_themes.student._targets import Targets

NAN = np.nan
WORDS = [
    "cariste",
    "boulanger",
    "juriste",
    "lyon",
    "nantes",
    "cdi",
    "cdd",
    "nuit",
    "jour",
    "vente",
    "stock",
    "paie",
    "web",
    "soin",
]


def make_targets(labels: object) -> Targets:
    cells = np.array(labels, dtype=float).reshape(len(labels), -1)
    names = tuple(f"theme_{place}" for place in range(cells.shape[1]))
    return Targets(names, cells, np.ones(cells.shape), None)


def make(texts: list[str], labels: object, n_splits: int = 5, seed: int = 0) -> list[Fold]:
    return make_folds(pd.Series(texts), make_targets(labels), n_splits=n_splits, seed=seed)


def make_texts(n: int) -> list[str]:
    """Return texts of which no two are alike."""
    rng = np.random.default_rng(0)
    return [" ".join(rng.choice(WORDS, 12)) for _ in range(n)]


def assert_folds(folds: list[Fold], n: int) -> None:
    """Check that each offer is tested on once, and learnt from in all other folds."""
    assert sorted(np.concatenate([test for _, test in folds]).tolist()) == list(range(n))
    for train, test in folds:
        assert len(train)
        assert len(test)
        assert sorted([*train.tolist(), *test.tolist()]) == list(range(n))


def test_each_offer_is_tested_on_once() -> None:
    folds = make(make_texts(23), [1, 0] * 11 + [NAN])
    assert len(folds) == 5
    assert_folds(folds, 23)
    # 11 positives: two in each fold, and three in one.
    assert sorted(sum(place % 2 == 0 for place in test if place < 22) for _, test in folds) == [
        *(2, 2, 2, 2, 3),
    ]


def test_near_duplicates_are_never_on_both_sides(annotated: pd.DataFrame) -> None:
    texts = annotated["text"].head(40).tolist()
    copies = [text + "\nPostulez vite" for text in texts]
    # Copies with contradicting labels are copies all the same.
    folds = make(texts + copies, [1, 0] * 20 + [0, 1] * 20)
    groups = group_near_duplicates(texts + copies)
    assert (groups[:40] == groups[40:]).all()
    assert_folds(folds, 80)
    for train, test in folds:
        assert not set(groups[train]) & set(groups[test])


def test_there_are_no_more_folds_than_groups() -> None:
    folds = make([*make_texts(1) * 4, *make_texts(3)[1:]], [1, 0, 1, 0, 1, 0])
    assert len(folds) == 3
    assert_folds(folds, 6)
    assert [0, 1, 2, 3] in [test.tolist() for _, test in folds]


def test_texts_that_are_all_alike_are_split_one_by_one() -> None:
    folds = make(["le même texte"] * 10, [1, 0] * 5)
    assert len(folds) == 5
    assert_folds(folds, 10)


def test_empty_texts_are_split_one_by_one() -> None:
    assert_folds(make([""] * 10, [1, 0] * 5), 10)


@pytest.mark.parametrize(("n", "n_folds"), [(2, 2), (3, 3), (5, 5), (6, 5)])
def test_few_offers(n: int, n_folds: int) -> None:
    folds = make(make_texts(n), [1] * n)
    assert len(folds) == n_folds
    if folds:
        assert_folds(folds, n)


def test_the_seed_decides() -> None:
    texts, labels = make_texts(30), [1, 0, 0] * 10

    def list_tests(seed: int) -> list[list[int]]:
        return [test.tolist() for _, test in make(texts, labels, seed=seed)]

    assert list_tests(1) == list_tests(1)
    assert list_tests(1) != list_tests(2)


def test_an_index_of_any_kind_is_read_by_position(annotated: pd.DataFrame) -> None:
    texts = annotated["text"].head(12)
    targets = make_targets([1, 0] * 6)
    expected = make_folds(texts, targets, n_splits=3, seed=0)
    for index in (np.zeros(12, dtype=int), range(12, 0, -1), list("abcdefghijkl")):
        folds = make_folds(texts.set_axis(index), targets, n_splits=3, seed=0)
        for one, other in zip(folds, expected, strict=True):
            np.testing.assert_array_equal(one[1], other[1])


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "\x00", "\u200b", "cariste à lyon", *make_texts(4)]),
            st.sampled_from([0.0, 1.0, NAN]),
            st.sampled_from([0.0, 1.0, NAN]),
        ),
        min_size=2,
        max_size=12,
    ),
    st.integers(2, 6),
)
def test_any_offers_are_split(rows: list[tuple], n_splits: int) -> None:
    folds = make([text for text, *_ in rows], [labels for _, *labels in rows], n_splits=n_splits)
    assert 2 <= len(folds) <= min(n_splits, len(rows))
    assert_folds(folds, len(rows))
