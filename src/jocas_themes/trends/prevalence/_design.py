"""Regression on a survey's sample, and its covariance under the design that drew it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_NEGLIGIBLE = 1e-10  # singular values, beside the largest one


@dataclass(frozen=True, eq=False)
class Design:
    """How the gold rows were drawn.

    Parameters
    ----------
    weights : ndarray of shape (n_gold,)
        1 / inclusion probability.
    strata, clusters : ndarray of shape (n_gold,)
        Codes: within which rows each was drawn, and which rows are copies of one another.
    """

    weights: Array
    strata: Integers
    clusters: Integers

    @property
    def dof(self) -> int:
        """Clusters less strata, at least 1."""
        return max(len(np.unique(self.clusters)) - len(np.unique(self.strata)), 1)

    def take(self, rows: npt.NDArray[np.bool_]) -> "Design":
        """Return the design of some of the rows."""
        return Design(self.weights[rows], self.strata[rows], self.clusters[rows])


@dataclass(frozen=True, eq=False)
class Fit:
    """Coefficients of a regression, a root of their covariance, and the residuals' variance."""

    coefficients: Array
    root: Array
    variance: float


def read_design(gold: pd.DataFrame) -> Design:
    """Read the columns of a gold table; without stratum or cluster, all in one and each its own."""
    missing = pd.Series(None, index=gold.index, dtype=object)
    cluster, known = pd.factorize(gold.get("cluster", missing))
    alone = cluster < 0
    cluster[alone] = len(known) + np.arange(alone.sum())
    stratum = pd.factorize(gold.get("stratum", missing))[0]
    return Design(1 / gold["inclusion_probability"].to_numpy(np.float64), stratum, cluster)


def fit_regression(x: Array, y: Array, design: Design) -> Fit:
    """Regress y on x by weighted least squares, with the design's covariance.

    Parameters
    ----------
    x : ndarray of shape (n_gold, n_columns)
        They may be linearly dependent: what is predicted at their mixtures is not.
    y : ndarray of shape (n_gold,)
        What is to be predicted.
    design : Design
        How the rows were drawn.

    Returns
    -------
    Fit
        ``root`` is of shape (n_columns, n_columns), ``root @ root.T`` the covariance.

    Notes
    -----
    The linearised covariance of Binder (1983), "On the variances of asymptotically normal
    estimators from complex surveys": what each row adds to the coefficients, summed by cluster
    and centred in strata, times n / (n - 1) for the n clusters of a stratum. The whole is
    multiplied by (n - 1) / (n - rank of x), after Hidiroglou, Fuller and Hickman (1980), as
    residuals are smaller than errors. No finite-population correction: gold is little of all.
    """
    scale = np.sqrt(design.weights)
    scaled = scale[:, None] * x
    rank = compute_rank(scaled)
    inverse = np.linalg.pinv(scaled, rcond=_NEGLIGIBLE)
    coefficients = inverse @ (scale * y)
    residual = y - x @ coefficients
    added = inverse.T * (scale * residual)[:, None]
    n, n_free = len(y), max(len(y) - rank, 1)
    variance = float(np.average(residual**2, weights=design.weights)) * n / n_free
    root = np.sqrt((n - 1) / n_free) * compute_root(added, design)
    return Fit(coefficients, root, variance)


def compute_rank(x: Array) -> int:
    """Count the columns that are no mixtures of others, but for rounding."""
    sizes = np.linalg.svd(x, compute_uv=False)
    return int((sizes > _NEGLIGIBLE * sizes.max(initial=0)).sum())


def compute_root(added: Array, design: Design) -> Array:
    """Compute a root of the covariance of a sum over the sample.

    Parameters
    ----------
    added : ndarray of shape (n_gold, n_columns)
        What each row adds to the sum, its weight counted in.
    design : Design
        How the rows were drawn.

    Returns
    -------
    ndarray of shape (n_columns, n_columns)
        A matrix whose product with its own transpose is the covariance.

    Notes
    -----
    A cluster in several strata is summed over them after the centring. A stratum with a single
    cluster is not centred at itself, which would hide it, but at 0, the mean of all strata.
    """
    summed = _centre_totals(added, design)
    root = np.zeros((added.shape[1], added.shape[1]))
    _, triangle = np.linalg.qr(summed)
    root[:, : len(triangle)] = triangle.T
    return root


def compute_variances(added: Array, design: Design) -> Array:
    """Compute the variances of sums over the sample, the diagonal of `compute_root`'s covariance.

    Parameters
    ----------
    added : ndarray of shape (n_gold, n_columns)
        What each row adds to each sum, its weight counted in.
    design : Design
        How the rows were drawn.

    Returns
    -------
    ndarray of shape (n_columns,)
    """
    return np.asarray((_centre_totals(added, design) ** 2).sum(axis=0))


def _centre_totals(added: Array, design: Design) -> Array:
    """Sum by cluster, centred in strata: of shape (n_clusters, n_columns)."""
    units, cluster, stratum = find_units(design)
    totals = _sum_rows(added, units, len(cluster))
    n_units = np.bincount(stratum)
    means = _sum_rows(totals, stratum, len(n_units)) / n_units[:, None]
    single = n_units == 1
    means[single] = 0
    growth = np.sqrt(n_units / np.where(single, 1, n_units - 1))
    centred = (totals - means[stratum]) * growth[stratum, None]
    _, places = np.unique(cluster, return_inverse=True)
    return _sum_rows(centred, places, places.max() + 1)


def find_units(design: Design) -> tuple[Integers, Integers, Integers]:
    """Return each row's unit, a cluster's part in a stratum; and the units' clusters and strata."""
    pairs = np.column_stack([design.clusters, design.strata])
    pairs, units = np.unique(pairs, axis=0, return_inverse=True)
    _, strata = np.unique(pairs[:, 1], return_inverse=True)
    return units.ravel(), pairs[:, 0], strata


def _sum_rows(rows: Array, places: Integers, n_places: int) -> Array:
    """Sum the rows of each place."""
    sums = np.zeros((n_places, rows.shape[1]))
    np.add.at(sums, places, rows)
    return sums
