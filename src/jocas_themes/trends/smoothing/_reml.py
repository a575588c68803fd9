"""The mixed model behind `smooth_trend`, averaged over the two variances that nobody knows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

Array = npt.NDArray[np.float64]

_RANK = 60  # eigenvalues of the walk fall as 1 / k**4: nothing is left beyond
_COARSE_POINTS = 14
_POINTS = 16
_NEGLIGIBLE = -8.0  # log weight, against the best, of scales that do not matter
_LEAST_SCALE = 1e-8


@dataclass(frozen=True, eq=False)
class Design:
    """What a trend is made of, at all periods.

    `fixed` (n_periods, n_fixed) holds the columns of the fixed effects, of which the last
    `n_season` make the seasons; `wiggles @ wiggles.T` is the covariance of the random walk.
    """

    fixed: Array
    n_season: int
    wiggles: Array


@dataclass(frozen=True, eq=False)
class Smooth:
    """A trend without its seasons, the variance of its error, and the seasons, at all periods."""

    trend: Array
    variance: Array
    season: Array


@dataclass(frozen=True, eq=False)
class _Projection:
    """The model with one irregular variance, whitened, and the walk rotated to be diagonal."""

    log_likelihood: float  # but for the walk
    fitted: Array  # the fixed effects' whitened values, in the basis of their columns
    basis: Array  # that basis
    corner: Array  # what turns it into the columns
    wiggles: Array  # whitened
    rotation: Array
    information: Array  # about each rotated wiggle
    scores: Array


def build_wiggles(years: Array) -> Array:
    """Factor the covariance of an integrated Wiener process that begins at 0."""
    first, second = np.minimum.outer(years, years), np.maximum.outer(years, years)
    eigenvalues, vectors = np.linalg.eigh(first**2 * (3 * second - first) / 6)
    kept = slice(max(len(years) - _RANK, 0), None)
    wiggles: Array = vectors[:, kept] * np.sqrt(eigenvalues[kept].clip(min=0))
    return wiggles


def fit_trend(
    values: Array, covariance: Array, design: Design, observed: npt.NDArray[np.intp]
) -> Smooth:
    """Smooth the values of the observed periods, of which the covariance is known.

    A band around the likeliest variances is too narrow. So the trend is averaged over a grid of
    the two standard deviations, of the irregular part and of the walk, weighted by the restricted
    likelihood; the spread of the trends over the grid adds to the variance.
    """
    irregular, walk = _guess_scales(values, design, observed)
    log_irregular = np.log(irregular) + np.linspace(-5, 1, _COARSE_POINTS)
    log_walk = np.log(walk) + np.linspace(-7, 7, _COARSE_POINTS)
    data = (values, covariance, design, observed)
    coarse = np.array([_weigh(_project(*data, scale), scale, log_walk) for scale in log_irregular])
    likely = coarse > coarse.max() + _NEGLIGIBLE
    log_irregular = _refine(log_irregular, likely.any(axis=1))
    log_walk = _refine(log_walk, likely.any(axis=0))
    projections = [_project(*data, scale) for scale in log_irregular]
    pairs = zip(projections, log_irregular, strict=True)
    log_weights = np.array([_weigh(projection, scale, log_walk) for projection, scale in pairs])
    weights = np.exp(log_weights - log_weights.max())
    return _average(design, projections, log_walk, weights / weights.sum())


def _guess_scales(
    values: Array, design: Design, observed: npt.NDArray[np.intp]
) -> tuple[float, float]:
    """Tell how large each standard deviation were if it made all that the fixed part leaves."""
    both = np.column_stack([values, design.wiggles[observed]])
    fixed = design.fixed[observed]
    rest = both - fixed @ np.linalg.lstsq(fixed, both, rcond=None)[0]
    n_free = max(len(values) - fixed.shape[1], 1)
    irregular = max(float(np.sqrt(rest[:, 0] @ rest[:, 0] / n_free)), _LEAST_SCALE)
    unit = max(float(np.sqrt((rest[:, 1:] ** 2).sum() / n_free)), _LEAST_SCALE)
    return irregular, irregular / unit


def _refine(grid: Array, likely: npt.NDArray[np.bool_]) -> Array:
    """Lay a finer grid over the likely points and one neighbour on each side."""
    places = np.flatnonzero(likely)
    first, last = max(places[0] - 1, 0), min(places[-1] + 1, len(grid) - 1)
    return np.linspace(grid[first], grid[last], _POINTS)


def _project(
    values: Array,
    covariance: Array,
    design: Design,
    observed: npt.NDArray[np.intp],
    log_irregular: float,
) -> _Projection:
    """Whiten the model, split off its fixed part, and rotate the walk."""
    n_fixed = design.fixed.shape[1]
    total = covariance + np.exp(2 * log_irregular) * np.eye(len(values))
    root = np.linalg.cholesky(total)
    columns = np.column_stack([design.fixed[observed], values, design.wiggles[observed]])
    white = solve_triangular(root, columns, lower=True)
    basis, corner = np.linalg.qr(white[:, :n_fixed])
    explained = basis.T @ white[:, n_fixed:]
    rest = white[:, n_fixed:] - basis @ explained
    residual, wiggles = rest[:, 0], rest[:, 1:]
    information, rotation = np.linalg.eigh(wiggles.T @ wiggles)
    determinants = np.log(np.diag(root)).sum() + np.log(np.abs(np.diag(corner))).sum()
    return _Projection(
        log_likelihood=float(-determinants - residual @ residual / 2),
        fitted=explained[:, 0],
        basis=basis,
        corner=corner,
        wiggles=white[:, n_fixed + 1 :],
        rotation=rotation,
        information=information.clip(min=0),
        scores=rotation.T @ (wiggles.T @ residual),
    )


def _weigh(projection: _Projection, log_irregular: float, log_walk: Array) -> Array:
    """Compute the log of the restricted likelihood times flat priors of both deviations."""
    walk = np.exp(2 * log_walk)[:, None]
    gain = walk * projection.information
    fit = walk * projection.scores**2 / (1 + gain)
    # The grids are even in logarithms: a flat prior of a deviation is the deviation itself there.
    prior = log_irregular + log_walk
    weights: Array = projection.log_likelihood + (fit - np.log1p(gain)).sum(axis=1) / 2 + prior
    return weights


def _average(
    design: Design, projections: list[_Projection], log_walk: Array, weights: Array
) -> Smooth:
    """Average the trends of all scales; the variance is the mean one plus that of the means."""
    is_season = np.arange(design.fixed.shape[1]) >= design.fixed.shape[1] - design.n_season
    lasting, seasonal = np.where(is_season, 0, design.fixed), np.where(is_season, design.fixed, 0)
    no_wiggles = np.zeros_like(design.wiggles)
    trends, seasons = (
        [_predict(projection, fixed, wiggles, log_walk) for projection in projections]
        for fixed, wiggles in ((lasting, design.wiggles), (seasonal, no_wiggles))
    )
    means = np.stack([mean for mean, _ in trends])
    variances = np.stack([variance for _, variance in trends])
    trend = np.einsum("stw,sw->t", means, weights)
    variances += (means - trend[:, None]) ** 2
    return Smooth(
        trend=trend,
        variance=np.einsum("stw,sw->t", variances, weights),
        season=np.einsum("stw,sw->t", np.stack([mean for mean, _ in seasons]), weights),
    )


def _predict(
    projection: _Projection, fixed: Array, wiggles: Array, log_walk: Array
) -> tuple[Array, Array]:
    """Predict at all periods, for each scale of the walk: means and variances of the errors.

    A sum of the fixed effects' error and of what is left unknown of each wiggle: no difference
    of large numbers, which a random walk's universal kriging is made of as it is usually written.
    """
    effects = solve_triangular(projection.corner.T, fixed.T, lower=True).T
    free = (wiggles - effects @ (projection.basis.T @ projection.wiggles)) @ projection.rotation
    walk = np.exp(2 * log_walk)
    left = walk / (1 + walk * projection.information[:, None])
    means = (effects @ projection.fitted)[:, None] + free @ (left * projection.scores[:, None])
    variances = (effects**2).sum(axis=1)[:, None] + free**2 @ left
    return means, variances
