"""The cluster bootstrap: how far an F1 would move with other offers, no model fitted again."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# Bounds the memory of the weights: draws times kinds of clusters.
_CHUNK_WEIGHTS = 4_000_000


@dataclass(frozen=True)
class ClusterBootstrap:
    """How clusters are drawn again, and where the percentiles are taken."""

    n_bootstrap: int
    level: float
    random_state: int

    def __post_init__(self) -> None:
        """Refuse what no interval can be computed from."""
        n_bootstrap: object = self.n_bootstrap
        if not isinstance(n_bootstrap, Integral) or n_bootstrap < 1:
            raise ValueError(f"n_bootstrap must be an integer of at least 1, got {n_bootstrap!r}.")
        level: object = self.level
        if not isinstance(level, (int, float)) or not 0 < level < 1:
            raise ValueError(f"level must be a number between 0 and 1, got {level!r}.")

    def draw(self, counts: FloatArray, clusters: IntArray) -> FloatArray:
        """Sum counts of shape (n_offers, ...) over each draw of clusters: (n_bootstrap, ...).

        NaN with fewer than two clusters, of which nothing can be drawn.
        """
        shape = (self.n_bootstrap, *counts.shape[1:])
        if len(np.unique(clusters)) < 2:
            return np.full(shape, np.nan)
        totals = pd.DataFrame(counts.reshape(len(counts), -1)).groupby(clusters).sum().to_numpy()
        n_clusters = len(totals)
        # Clusters of equal counts are drawn as one kind: few weights instead of many, and in
        # sorted order, so that the order of the offers has no say in the draws.
        kinds, n_alike = np.unique(totals, axis=0, return_counts=True)
        rng = np.random.default_rng(self.random_state)
        step = max(1, _CHUNK_WEIGHTS // len(kinds))
        draws = [
            rng.multinomial(n_clusters, n_alike / n_clusters, min(step, self.n_bootstrap - start))
            @ kinds
            for start in range(0, self.n_bootstrap, step)
        ]
        return np.concatenate(draws).reshape(shape)

    def bound(self, draws: FloatArray) -> FloatArray:
        """Take the percentiles of draws of shape (n_bootstrap, ...): (2, ...).

        Draws where a figure is not defined do not count for it.
        """
        tail = (1 - self.level) / 2
        bounds = np.full((2, *draws.shape[1:]), np.nan)
        defined = ~np.isnan(draws).all(axis=0)
        bounds[:, defined] = np.nanquantile(draws[:, defined], [tail, 1 - tail], axis=0)
        return bounds


def count_outcomes(
    truth: FloatArray, predicted: FloatArray, weights: FloatArray | None = None
) -> FloatArray:
    """Tell of each known cell whether it is a hit, a false alarm or a miss: (..., 3).

    `weights` are the offers', shape (n_offers,).
    """
    found = predicted == 1
    present = truth == 1
    outcomes = np.stack([present & found, (truth == 0) & found, present & ~found], axis=-1)
    if weights is None:
        return outcomes.astype(float)
    return outcomes * weights.reshape(-1, *[1] * (outcomes.ndim - 1))


def compute_f1(outcomes: FloatArray) -> FloatArray:
    """Compute F1 from sums of outcomes of shape (..., 3); NaN without a positive."""
    hits, false_alarms, misses = np.moveaxis(outcomes, -1, 0)
    f1 = np.full(hits.shape, np.nan)
    np.divide(2 * hits, 2 * hits + false_alarms + misses, out=f1, where=hits + misses > 0)
    return f1


def average_known(values: FloatArray) -> FloatArray:
    """Average over the last axis what is not NaN; NaN where nothing is known."""
    known = ~np.isnan(values)
    means = np.full(values.shape[:-1], np.nan)
    np.divide(np.nansum(values, axis=-1), known.sum(axis=-1), out=means, where=known.any(axis=-1))
    return means


def estimate_micro_f1(
    truth: FloatArray,
    predicted: FloatArray,
    clusters: IntArray,
    bootstrap: ClusterBootstrap,
    *,
    weights: FloatArray | None = None,
) -> tuple[float, float, float]:
    """Estimate the micro-F1 over the known cells, with its interval."""
    judged = ~np.isnan(truth).all(axis=1)
    outcomes = count_outcomes(truth, predicted, weights).sum(axis=1)[judged]
    f1 = compute_f1(outcomes.sum(axis=0))
    low, high = bootstrap.bound(compute_f1(bootstrap.draw(outcomes, clusters[judged])))
    return float(f1), float(low), float(high)


def read_clusters(clusters: Any, n_offers: int) -> IntArray:
    """Give the clusters numbers; without any, each offer is its own."""
    if clusters is None:
        return np.arange(n_offers)
    values = np.asarray(clusters)
    if values.shape != (n_offers,):
        raise ValueError(
            f"clusters must hold one value an offer, shape ({n_offers},), got {values.shape!r}."
        )
    numbers = pd.factorize(values)[0]
    n_missing = int((numbers < 0).sum())
    if n_missing:
        raise ValueError(
            f"each offer needs a cluster, got none for {n_missing} of {n_offers}. Take "
            f"those of find_near_duplicates, or give such an offer a value of its own."
        )
    return np.asarray(numbers, dtype=np.int64)
