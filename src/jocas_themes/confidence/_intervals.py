"""Shares from a weighted, clustered sample of cells, with intervals honest for that."""

import numpy as np
from scipy.stats import beta, t

from jocas_themes.confidence._arrays import FloatArray, IntArray


def compute_share(values: FloatArray, weights: FloatArray) -> float:
    """Compute the Hájek mean, sum(w * y) / sum(w); NaN of nothing."""
    return float(np.average(values, weights=weights)) if len(values) else np.nan


def count_independent(weights: FloatArray, clusters: IntArray) -> float:
    """Count how many independent cells the sample is worth at least, whatever the labels are.

    Kish's (1965) effective size of the clusters' total weights: as if all the cells of a
    cluster were right, or wrong, together.
    """
    if not len(weights):
        return 0.0
    totals = np.bincount(clusters, weights)
    # Rounded, so that n cells of one weight are n, not n - 1e-12.
    return float(np.round(totals.sum() ** 2 / np.square(totals).sum(), 6))


def estimate_effective_n(
    values: FloatArray, weights: FloatArray, clusters: IntArray, *, tail: float
) -> float:
    """Estimate how many independent cells the sample is worth, as Korn and Graubard do.

    The variance of the share is linearised over the clusters, few clusters pay for their few
    degrees of freedom with Student's t, and no sample is worth more than its weights allow.
    """
    n_cells, n_clusters = len(values), len(np.unique(clusters))
    n_independent = count_independent(weights, clusters)
    # Nothing to estimate; or nothing to estimate it from, and the least is taken.
    if n_independent == n_cells or n_clusters == 1 or values.all() or not values.any():
        return n_independent
    design_effect = _estimate_design_effect(values, weights, clusters)
    few_clusters = (t.ppf(tail, n_cells - 1) / t.ppf(tail, n_clusters - 1)) ** 2
    # Kish's size of the weights alone, which is n_cells where they are the same: the heavy cells
    # without an error would else pass for as many as the light ones.
    most = count_independent(weights, np.arange(n_cells))
    return min(most, float(n_cells / design_effect * few_clusters))


def _estimate_design_effect(values: FloatArray, weights: FloatArray, clusters: IntArray) -> float:
    """Estimate by how much the variance of the share exceeds that of independent cells.

    One cluster is added, of typical weight, whose cells are all of the rarer class. A handful
    of errors says little of whether errors come together, and without it they would pass for
    independent: one error would make a narrower interval than none.
    """
    totals = np.bincount(clusters, weights)
    total, typical = totals.sum(), np.square(totals).sum() / totals.sum()
    rarer = float(compute_share(values, weights) < 0.5)
    share = (weights @ values + typical * rarer) / (total + typical)
    residuals = np.append(
        np.bincount(clusters, weights * (values - share)), typical * (rarer - share)
    )
    n_clusters = len(np.unique(clusters)) + 1
    variance = n_clusters / (n_clusters - 1) * np.square(residuals / (total + typical)).sum()
    n_cells = len(values) * (1 + typical / total)
    return float(variance * n_cells / (share * (1 - share)))


def compute_interval(
    values: FloatArray, weights: FloatArray, clusters: IntArray, *, level: float = 0.95
) -> tuple[float, float]:
    """Compute the Korn-Graubard interval of a share; NaN of nothing.

    It is Clopper and Pearson's at the effective sample size, and theirs exactly for cells that
    are independent and of one weight.
    """
    if not len(values):
        return np.nan, np.nan
    tail = (1 - level) / 2
    share = compute_share(values, weights)
    size = estimate_effective_n(values, weights, clusters, tail=tail)
    low = 0.0 if not values.any() else float(beta.ppf(tail, size * share, size * (1 - share) + 1))
    return low, compute_upper_bound(share, size, 1 - tail)


def compute_upper_bound(share: float, size: float, confidence: float) -> float:
    """Compute Clopper and Pearson's (1934) one-sided upper bound of a share."""
    n_others = size * (1 - share)
    return 1.0 if n_others <= 0 else float(beta.ppf(confidence, size * share + 1, n_others))
