"""Kappa and alpha, by the examples of the books."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from jocas_themes.confidence._chance import compute_alpha, compute_kappa, tabulate_pairs


def test_pairs() -> None:
    a, b = np.array([0.0, 0, 1, 1]), np.array([0.0, 1, 0, 1])
    pairs = tabulate_pairs(a, b, np.array([1.0, 2, 3, 4]))
    assert pairs.tolist() == [[1, 2], [3, 4]]


def test_kappa_by_hand() -> None:
    # 20 + 15 of 50 agree: 0.7; by chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5; (0.7 - 0.5) / 0.5 = 0.4
    assert compute_kappa(np.array([[20.0, 5], [10, 15]])) == pytest.approx(0.4)


def test_alpha_of_krippendorffs_book() -> None:
    # "Content Analysis" (2004), 11.3.1: ten articles, alpha = 0.095
    a = np.array([0.0, 1, 0, 0, 0, 0, 0, 0, 1, 0])
    b = np.array([1.0, 1, 1, 0, 0, 1, 0, 0, 0, 0])
    # 4 of 10 disagree; 14 zeros and 6 ones: 1 - (20 - 1) * 4 / (14 * 6) = 0.0952
    alpha = compute_alpha(tabulate_pairs(a, b, np.ones(10)), 10)
    assert alpha == pytest.approx(1 - 19 * 4 / 84)


@pytest.mark.parametrize("pairs", [[[0.0, 0], [0, 0]], [[5.0, 0], [0, 0]], [[0.0, 0], [0, 3]]])
def test_one_class_alone_has_neither(pairs: list[list[float]]) -> None:
    table = np.array(pairs)
    assert np.isnan(compute_kappa(table))
    assert np.isnan(compute_alpha(table, int(table.sum())))


def test_each_its_own_class_is_agreement_below_chance() -> None:
    # a always 0, b always 1: kappa's chance is 0, alpha's 1/2 * 20/19
    pairs = np.array([[0.0, 10], [0, 0]])
    assert compute_kappa(pairs) == 0
    assert compute_alpha(pairs, 10) == pytest.approx(1 - 19 / 10)


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=2, max_size=50))
def test_kappa_is_scikit_learns(cells: list[tuple[int, int]]) -> None:
    a, b = np.array(cells, dtype=float).T
    kappa = compute_kappa(tabulate_pairs(a, b, np.ones(len(a))))
    if len(set(a) | set(b)) == 1:
        assert np.isnan(kappa)
    else:
        assert kappa == pytest.approx(cohen_kappa_score(a, b))
