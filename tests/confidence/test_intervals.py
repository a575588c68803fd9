"""Intervals: Clopper and Pearson's where they are exact, wider where cells hang together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from jocas_themes.confidence._intervals import (
    compute_interval,
    compute_share,
    compute_upper_bound,
    count_independent,
    estimate_effective_n,
)


def test_shares_are_weighted() -> None:
    # (3 * 1 + 1 * 0) / 4
    assert compute_share(np.array([1.0, 0.0]), np.array([3.0, 1.0])) == 0.75
    assert np.isnan(compute_share(np.array([]), np.array([])))


def test_how_many_independent_cells() -> None:
    one = np.ones(6)
    assert count_independent(one, np.arange(6)) == 6
    # three clusters of two: worth three
    assert count_independent(one, np.array([0, 0, 1, 1, 2, 2])) == 3
    # weights 1 and 3: (1 + 3)^2 / (1 + 9) = 1.6
    assert count_independent(np.array([1.0, 3.0]), np.arange(2)) == 1.6
    assert count_independent(np.array([]), np.array([], dtype=int)) == 0


def test_a_common_weight_changes_nothing() -> None:
    weights = np.full(59, 1 / 0.07)
    assert count_independent(weights, np.arange(59)) == 59


@given(st.integers(1, 40), st.data())
def test_simple_random_samples_get_clopper_and_pearson(n: int, data: st.DataObject) -> None:
    n_right = data.draw(st.integers(0, n))
    values = np.arange(n) < n_right
    found = compute_interval(values.astype(float), np.full(n, 2.5), np.arange(n))
    expected = binomtest(n_right, n).proportion_ci(0.95, method="exact")
    assert found == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_the_upper_bound_of_no_error() -> None:
    # (1 - u)^59 = 0.05, so that u = 1 - 0.05^(1/59) = 0.0495
    assert compute_upper_bound(0.0, 59, 0.95) == pytest.approx(1 - 0.05 ** (1 / 59))
    assert compute_upper_bound(1.0, 5, 0.95) == 1


def test_cells_that_hang_together_are_worth_their_clusters() -> None:
    clusters = np.repeat(np.arange(200), 6)
    together = np.repeat(np.arange(200) % 10 == 0, 6).astype(float)
    found = estimate_effective_n(together, np.ones(1200), clusters, tail=0.05)
    # The design effect is 6, in a sample and with one more cluster that is wrong as a whole.
    assert found == pytest.approx(200, rel=0.02)


def test_cells_that_do_not_are_worth_more() -> None:
    clusters = np.repeat(np.arange(200), 6)
    apart = np.zeros((200, 6))
    apart[np.arange(120), np.arange(120) % 6] = 1  # one of the six, in 120 clusters
    found = estimate_effective_n(apart.ravel(), np.ones(1200), clusters, tail=0.05)
    # Spread more evenly than chance would, but no sample is worth more than its cells.
    assert found == 1200


def test_unequal_weights_are_worth_less_whatever_the_labels() -> None:
    weights = np.array([10.0] * 50 + [1.0] * 50)
    light_errors = np.array([0.0] * 95 + [1.0] * 5)
    found = estimate_effective_n(light_errors, weights, np.arange(100), tail=0.05)
    # (500 + 50)^2 / (5000 + 50), although the share of 5 in 550 varies little
    assert found == pytest.approx(550**2 / 5050)


def test_few_errors_are_no_evidence_of_independence() -> None:
    """One error must not make a narrower interval than none."""
    clusters, weights = np.repeat(np.arange(100), 6), np.ones(600)
    highs = []
    for n_errors in (0, 1, 2, 4, 8):
        errors = np.zeros(600)
        errors[: 6 * n_errors : 6] = 1  # each in an offer of its own
        highs.append(compute_interval(errors, weights, clusters)[1])
    # Hardly any change for one or two errors, then more.
    assert highs[1:3] == pytest.approx([highs[0]] * 2, rel=0.01)
    assert highs[2] < highs[3] < highs[4]


def test_one_cluster_is_worth_one_cell() -> None:
    values = np.array([1.0, 0.0, 1.0, 0.0])
    low, high = compute_interval(values, np.ones(4), np.zeros(4, dtype=int))
    assert low < 0.05
    assert high > 0.95


def test_nothing_has_no_interval() -> None:
    assert np.isnan(compute_interval(np.array([]), np.array([]), np.array([], int))).all()


@given(
    st.lists(st.tuples(st.booleans(), st.floats(1, 50), st.integers(0, 5)), min_size=1, max_size=40)
)
def test_the_share_lies_in_its_interval(cells: list[tuple[bool, float, int]]) -> None:
    columns = (np.array(column) for column in zip(*cells, strict=True))
    values, weights, clusters = columns
    low, high = compute_interval(values.astype(float), weights, clusters)
    share = compute_share(values.astype(float), weights)
    assert 0 <= low <= share + 1e-9
    assert share - 1e-9 <= high <= 1


def test_intervals_cover_also_with_unequal_weights_and_clusters() -> None:
    rng = np.random.default_rng(0)
    clusters = np.repeat(np.arange(150), 4)
    covered = 0
    for _ in range(300):
        rates = np.repeat(rng.beta(0.5, 4.5, 150), 4)  # mean 0.1, correlated within clusters
        values = (rng.random(600) < rates).astype(float)
        weights = np.repeat(rng.choice([1.0, 5.0], 150), 4)
        low, high = compute_interval(values, weights, clusters)
        covered += low <= 0.1 <= high
    # 95% of 300 is 285; its standard error is 3.8
    assert covered >= 274
