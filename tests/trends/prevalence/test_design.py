"""The survey's variance: worked out by hand, and as `numpy` and `statsmodels` know it."""

import numpy as np
import pandas as pd
import pytest

from jocas_themes.trends.prevalence._design import (
    Design,
    compute_root,
    compute_variances,
    fit_regression,
    read_design,
)


def _build_design(strata: str, clusters: str, weights: float = 1.0) -> Design:
    frame = pd.DataFrame({"stratum": list(strata), "cluster": list(clusters)})
    return read_design(frame.assign(inclusion_probability=1 / weights))


def _compute_variance(added: list[float], design: Design) -> float:
    root = compute_root(np.array(added)[:, None], design)
    return float((root @ root.T)[0, 0])


def test_variance_of_a_sum_in_one_stratum() -> None:
    # Mean 0; 4/3 * (1 + 1 + 4 + 4) = 40/3.
    design = _build_design("aaaa", "1234")
    assert _compute_variance([1, -1, 2, -2], design) == pytest.approx(40 / 3)
    # The same, shifted: the stratum's mean does not vary.
    assert _compute_variance([6, 4, 7, 3], design) == pytest.approx(40 / 3)


def test_strata_add_up() -> None:
    # a: mean 2, 2/1 * (1 + 1) = 4; b: mean 4, 3/2 * (1 + 0 + 1) = 3.
    assert _compute_variance([1, 3, 3, 4, 5], _build_design("aabbb", "12345")) == pytest.approx(7)


def test_copies_are_one_cluster() -> None:
    # Totals 3, 1 and 2 of three clusters, mean 2: 3/2 * (1 + 1 + 0) = 3.
    assert _compute_variance([1, 2, 1, 2], _build_design("aaaa", "1123")) == pytest.approx(3)


def test_a_cluster_in_two_strata_is_summed_over_them() -> None:
    # Centred and grown by sqrt(2): a gives -sqrt(2), sqrt(2), b the same. The second of a and the
    # second of b are copies: (2 sqrt(2))^2 + 2 + 2 = 12, where each on its own would give 8.
    assert _compute_variance([1, 3, 1, 3], _build_design("aabb", "1424")) == pytest.approx(12)
    assert _compute_variance([1, 3, 1, 3], _build_design("aabb", "1234")) == pytest.approx(8)


def test_a_stratum_of_one_does_not_vanish() -> None:
    # a: 2/1 * (1 + 1) = 4; b: 3 * 3 = 9.
    assert _compute_variance([1, 3, 3], _build_design("aab", "123")) == pytest.approx(13)


def test_missing_strata_are_one_and_missing_clusters_are_their_own() -> None:
    frame = pd.DataFrame({"stratum": [None, None, "a"], "cluster": ["x", None, None]})
    design = read_design(frame.assign(inclusion_probability=0.5))
    assert design.weights.tolist() == [2, 2, 2]
    assert len(np.unique(design.clusters)) == 3
    assert design.strata[0] == design.strata[1] != design.strata[2]
    bare = read_design(pd.DataFrame({"inclusion_probability": [0.5, 0.5, 0.5]}))
    assert bare.dof == 2  # three clusters less one stratum


def test_a_mean_has_the_variance_of_the_textbook() -> None:
    # s^2 = 1/3 (mean 1/2, four squares of 1/4 over 3), over 4 rows: 1/12.
    fit = fit_regression(np.ones((4, 1)), np.array([0.0, 0, 1, 1]), _build_design("aaaa", "1234"))
    assert fit.coefficients.tolist() == pytest.approx([0.5])
    assert float(fit.root[0, 0] ** 2) == pytest.approx(1 / 12)
    assert fit.variance == pytest.approx(1 / 3)


def test_the_scale_of_weights_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 3)), rng.normal(size=40)
    strata, clusters = rng.integers(0, 3, 40), rng.integers(0, 30, 40)
    weights = rng.uniform(1, 9, 40)
    one = fit_regression(x, y, Design(weights, strata, clusters))
    other = fit_regression(x, y, Design(weights * 17, strata, clusters))
    assert one.coefficients == pytest.approx(other.coefficients)
    assert one.root @ one.root.T == pytest.approx(other.root @ other.root.T)
    assert one.variance == pytest.approx(other.variance)


def test_dependent_columns_change_no_prediction() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(40, 2)), rng.normal(size=40)
    design = Design(rng.uniform(1, 9, 40), np.zeros(40, int), np.arange(40))
    lean, fat = fit_regression(x, y, design), fit_regression(np.c_[x, x.sum(axis=1)], y, design)
    at, wide = np.array([0.3, -2.0]), np.array([0.3, -2.0, -1.7])
    assert wide @ fat.coefficients == pytest.approx(at @ lean.coefficients)
    assert np.linalg.norm(wide @ fat.root) == pytest.approx(np.linalg.norm(at @ lean.root))


def test_the_sandwich_is_that_of_statsmodels() -> None:
    """Of one stratum, whose scores add up to 0, statsmodels' clustered covariance."""
    import statsmodels.api as sm

    rng = np.random.default_rng(2)
    x, y = np.c_[np.ones(60), rng.normal(size=(60, 2))], rng.normal(size=60)
    weights, clusters = rng.uniform(1, 9, 60), rng.integers(0, 20, 60)
    fit = fit_regression(x, y, Design(weights, np.zeros(60, int), clusters))
    peer = sm.WLS(y, x, weights=weights).fit(
        cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": True}
    )
    # Theirs grows by G/(G - 1) * (n - 1)/(n - p), as ours.
    assert fit.coefficients == pytest.approx(peer.params)
    assert fit.root @ fit.root.T == pytest.approx(peer.cov_params())


def test_variances_are_the_diagonal_of_the_covariance() -> None:
    rng = np.random.default_rng(0)
    added = rng.normal(size=(30, 4))
    design = Design(np.ones(30), rng.integers(0, 4, 30), rng.integers(0, 20, 30))
    root = compute_root(added, design)
    assert compute_variances(added, design) == pytest.approx(np.diag(root @ root.T))
