"""`NearDuplicateKFold`: what folds must hold, and what they must not share."""

import pickle
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import KFold, cross_validate

from jocas_themes.evaluation import MaskedScorer, NearDuplicateKFold
from jocas_themes.offers import group_near_duplicates
from jocas_themes.taxonomy import HR_THEMES


def _list_folds(splitter, X, y=None, groups=None) -> list[list[int]]:
    return [test.tolist() for _, test in splitter.split(X, y, groups)]


def test_near_duplicates_share_a_fold_and_folds_their_size() -> None:
    offers = ["un deux trois quatre", "cinq", "UN, DEUX, TROIS, QUATRE", "six", "sept", "huit"]
    # The pair first, to fold 0; then 1 and 3 to fold 1, which is the smaller; 4 to fold 0 and
    # 5 to fold 1.
    assert _list_folds(NearDuplicateKFold(2), offers) == [[0, 2, 4], [1, 3, 5]]


def test_rare_themes_are_dealt_out_first() -> None:
    # A is rare: its two positives (2 and 5) go to one fold each. So do those of B.
    labels = pd.DataFrame({"B": [1, 1, 0, 1, 0, 0, 1, 0], "A": [0, 0, 1, 0, 0, 1, 0, np.nan]})
    texts = list("abcdefgh")
    for train, test in NearDuplicateKFold(2).split(texts, labels):
        assert labels["A"].iloc[test].sum() == 1
        assert labels["B"].iloc[test].sum() == 2
        assert len(test) == len(train) == 4


def test_an_annotated_table_will_do_as_labels() -> None:
    annotated = pd.DataFrame(
        {"text": list("abcd"), "A": [1.0, 1, 0, 0], "A_confidence": 90, "A_evidence": None}
    )
    for _, test in NearDuplicateKFold(2).split(annotated, annotated):
        assert annotated["A"].iloc[test].sum() == 1


@pytest.mark.parametrize(
    "X",
    [
        ["a", "a", "b", "b"],
        np.array(["a", "a", "b", "b"]),
        pd.Series(["a", "a", "b", "b"], index=[7, 7, 8, 9]),
        pd.DataFrame({"description_full": ["a", "a", "b", "b"]}, index=[3, 2, 1, 0]),
        pa.table({"job_title": ["a", "a", "b", "b"]}),
    ],
    ids=lambda X: type(X).__name__,
)
def test_any_form_of_offers_is_taken(X) -> None:
    assert _list_folds(NearDuplicateKFold(2), X) == [[0, 1], [2, 3]]


def test_text_columns_choose_the_text() -> None:
    offers = pd.DataFrame({"job_title": list("abcd"), "texte": ["x", "y", "x", "y"]})
    splitter = NearDuplicateKFold(2, text_columns=["texte"])
    assert _list_folds(splitter, offers) == [[0, 2], [1, 3]]


def test_given_groups_take_the_place_of_near_duplicates() -> None:
    folds = _list_folds(NearDuplicateKFold(2), ["a"] * 4, None, ["x", "y", "y", "x"])
    assert folds == [[0, 3], [1, 2]]


_offers = st.lists(
    st.tuples(
        st.integers(0, 9), st.lists(st.sampled_from([0.0, 1.0, np.nan]), min_size=3, max_size=3)
    ),
    min_size=1,
    max_size=60,
)


@given(_offers, st.integers(2, 5), st.none() | st.integers(0, 3))
@settings(max_examples=150, deadline=None)
def test_folds_are_a_partition_that_keeps_groups_together(offers, n_splits, seed) -> None:
    groups = np.array([group for group, _ in offers])
    labels = np.array([cells for _, cells in offers])
    sizes = np.bincount(groups)
    splitter = NearDuplicateKFold(n_splits, random_state=seed)
    if len(set(groups)) < n_splits:
        with pytest.raises(ValueError, match="n_splits must be at most the number of groups"):
            _list_folds(splitter, groups, labels, groups)
        return
    splits = list(splitter.split(groups, labels, groups))
    assert len(splits) == n_splits == splitter.get_n_splits()
    assert sorted(np.concatenate([test for _, test in splits])) == list(range(len(groups)))
    for train, test in splits:
        assert not set(groups[train]) & set(groups[test])
        assert sorted([*train, *test]) == list(range(len(groups)))
        # No fold is empty, and none is over its part by more than one group.
        assert 0 < len(test) <= len(groups) / n_splits + sizes.max()
    again = splitter.split(groups, labels, groups)
    for (_, test), (_, same) in zip(splits, again, strict=True):
        np.testing.assert_array_equal(test, same)


@given(st.integers(5, 60), st.integers(2, 5), st.integers(0, 5))
@settings(max_examples=50, deadline=None)
def test_single_offers_give_folds_of_one_size(n_offers, n_splits, seed) -> None:
    labels = np.random.default_rng(seed).integers(0, 2, size=(n_offers, 4))
    groups = np.arange(n_offers)
    sizes = [
        len(fold) for fold in _list_folds(NearDuplicateKFold(n_splits), groups, labels, groups)
    ]
    assert max(sizes) - min(sizes) <= 1


def test_random_state_shuffles() -> None:
    offers = [str(number) for number in range(40)]
    folds = [_list_folds(NearDuplicateKFold(2, random_state=seed), offers) for seed in (None, 0, 1)]
    assert all(left != right for left, right in pairwise([*folds, folds[0]]))


def test_cross_validate_takes_it() -> None:
    texts, gold = list("abcdef"), np.array([[1, 0], [0, 1]] * 3, dtype=float)
    gold[0, 1] = np.nan
    scores = cross_validate(
        DummyClassifier(strategy="constant", constant=[1, 0]),
        texts,
        gold,
        scoring=MaskedScorer("recall"),
        cv=NearDuplicateKFold(3),
        error_score="raise",
    )
    # Each fold has one positive of either theme; only the first is predicted.
    assert scores["test_score"].tolist() == [0.5] * 3


def test_it_can_be_pickled_cloned_compared_and_read() -> None:
    splitter = NearDuplicateKFold(3, random_state=0)
    assert repr(splitter) == (
        "NearDuplicateKFold(n_splits=3, threshold=0.8, text_columns=None, random_state=0)"
    )
    assert pickle.loads(pickle.dumps(splitter)) == splitter == clone(splitter, safe=False)


@pytest.mark.parametrize("n_splits", [1, 2.0, "5", None])
def test_bad_n_splits_are_refused(n_splits) -> None:
    with pytest.raises(
        ValueError, match=f"n_splits must be an integer of at least 2, got {n_splits!r}"
    ):
        NearDuplicateKFold(n_splits)


@pytest.mark.parametrize(
    ("y", "groups", "message"),
    [
        (None, None, "n_splits=2 for 3 offers in 1 groups"),
        ([[1], [0]], [1, 2, 3], "X holds 3 offers and y 2"),
        ([[1], [0], [3]], [1, 2, 3], r"y must hold 0, 1 or NaN, got \[3.0\]"),
        (None, [1, 2], "X holds 3 offers and groups 2"),
        (None, [1, 2, np.nan], "each offer needs a group, got none for 1 of 3"),
    ],
)
def test_bad_input_is_refused(y, groups, message) -> None:
    with pytest.raises(ValueError, match=message):
        list(NearDuplicateKFold(2).split(["a", "a", "a"], y, groups))


@pytest.mark.real_data
def test_real_folds_share_no_duplicate_and_hold_each_theme(shared_data: Path) -> None:
    offers = pd.read_parquet(shared_data / "offers_labelled.parquet")
    labels = offers[list(HR_THEMES.codes)]
    groups = group_near_duplicates(offers)

    def measure(splitter) -> tuple[int, float]:
        """Count the test offers with a copy in training, and the largest gap in positives."""
        folds = list(splitter.split(offers, labels))
        n_leaks = sum(int(np.isin(groups[test], groups[train]).sum()) for train, test in folds)
        positives = pd.DataFrame([labels.iloc[test].sum() for _, test in folds])
        return n_leaks, float((positives.max() - positives.min()).max())

    # Measured: 0 and 1 positive, against 90 and 36 of a shuffled KFold.
    assert measure(NearDuplicateKFold(5)) == (0, pytest.approx(1, abs=1))
    n_leaks, gap = measure(KFold(5, shuffle=True, random_state=0))
    assert n_leaks > 50
    assert gap > 10
