"""Regression of a series whose errors are in part known and in part autocorrelated."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

Array = npt.NDArray[np.float64]

_CORRELATIONS = np.linspace(-0.4, 0.95, 19)
_DEVIATIONS = np.exp(np.linspace(-3.5, 1.5, 21))
_SEASON_DEVIATIONS = np.exp(np.linspace(-2.5, 1.5, 7))
_LEAST_SCALE = 1e-8


@dataclass(frozen=True, eq=False)
class Regression:
    """Coefficients, the covariance of their errors, and what the errors of the series are like.

    `dof` counts the values beyond those that the columns and the seasons use up.
    """

    coefficients: Array
    covariance: Array
    autocorrelation: float
    deviation: float
    dof: float


@dataclass(frozen=True, eq=False)
class _Rotated:
    """The series and the columns where autocorrelated and known errors are both independent."""

    columns: Array
    values: Array
    known: Array  # variances of the known errors, those of the others being equal
    log_determinant: float


def fit_autoregression(
    values: Array, columns: Array, seasons: Array, known: Array, times: Array
) -> Regression:
    """Regress values on columns and seasons; errors are known ones and an AR(1) beside them.

    The AR(1) goes by the real distances of the `times`, in whole periods. The seasons' effects
    are random: shrunk to zero as far as the series does not show them. The correlation and the
    two standard deviations are integrated over a grid, weighted by the restricted likelihood.
    """
    both = np.column_stack([columns, seasons])
    scale = _guess_scale(values, both)
    deviations = scale * _DEVIATIONS
    season_deviations = scale * (_SEASON_DEVIATIONS if seasons.shape[1] else np.ones(1))
    distances = np.abs(np.subtract.outer(times, times))
    points = [
        _regress(
            _rotate(values, both, known, np.float64(correlation) ** distances),
            deviations,
            season_deviations,
            seasons.shape[1],
        )
        for correlation in _CORRELATIONS
    ]
    log_weights, coefficients, covariances, used = (
        np.stack(parts) for parts in zip(*points, strict=True)
    )
    weights = np.exp(log_weights - log_weights.max())
    weights /= weights.sum()
    mean = np.einsum("cdo,cdop->p", weights, coefficients)
    apart = coefficients - mean
    inner = np.einsum("cdo,cdopq->pq", weights, covariances)
    outer = np.einsum("cdo,cdop,cdoq->pq", weights, apart, apart)
    n_columns = columns.shape[1]
    return Regression(
        coefficients=mean[:n_columns],
        covariance=(inner + outer)[:n_columns, :n_columns],
        autocorrelation=float(weights.sum(axis=(1, 2)) @ _CORRELATIONS),
        deviation=float(weights.sum(axis=(0, 2)) @ deviations),
        dof=len(values) - float((weights * used).sum()),
    )


def _guess_scale(values: Array, columns: Array) -> float:
    """Return the standard deviation of what the columns leave, as if it were independent."""
    line, _, rank, _ = np.linalg.lstsq(columns, values, rcond=None)
    rest = values - columns @ line
    n_free = max(len(values) - int(rank), 1)
    return max(float(np.sqrt(rest @ rest / n_free)), _LEAST_SCALE)


def _rotate(values: Array, columns: Array, known: Array, correlations: Array) -> _Rotated:
    """Whiten by the correlations, then rotate to where the known errors are independent too."""
    root = np.linalg.cholesky(correlations)
    half = solve_triangular(root, known, lower=True)
    variances, vectors = np.linalg.eigh(solve_triangular(root, half.T, lower=True))
    white = vectors.T @ solve_triangular(root, np.column_stack([columns, values]), lower=True)
    log_determinant = 2 * float(np.log(np.diag(root)).sum())
    return _Rotated(white[:, :-1], white[:, -1], variances.clip(min=0), log_determinant)


def _regress(
    rotated: _Rotated, deviations: Array, season_deviations: Array, n_seasons: int
) -> tuple[Array, Array, Array, Array]:
    """Regress for each pair of deviations.

    Returns log weights, coefficients, their covariances, and how many values they use up.
    """
    variances = deviations[:, None] ** 2 + rotated.known
    columns, values = rotated.columns, rotated.values
    n_columns = columns.shape[1]
    penalties = np.zeros((len(season_deviations), n_columns))
    penalties[:, n_columns - n_seasons :] = 1 / season_deviations[:, None] ** 2
    information = np.einsum("np,dn,nq->dpq", columns, 1 / variances, columns, optimize=True)
    penalized = information[:, None] + penalties[:, :, None] * np.eye(n_columns)
    covariances = np.linalg.inv(penalized)
    scores = (values / variances) @ columns
    coefficients = np.einsum("dopq,dq->dop", covariances, scores)
    deviance = (
        (np.log(variances) + values**2 / variances).sum(axis=1)[:, None]
        + rotated.log_determinant
        + np.linalg.slogdet(penalized)[1]
        + 2 * n_seasons * np.log(season_deviations)
        - np.einsum("dop,dp->do", coefficients, scores)
    )
    # The grids are even in logarithms: there the flat prior of the seasons' deviation is the
    # deviation itself, and that of the errors' own is Jeffreys', 1 / deviation, flat.
    prior = np.log(season_deviations) if n_seasons else 0.0
    used = n_columns - np.einsum("dopp,op->do", covariances, penalties)
    return prior - deviance / 2, coefficients, covariances, used
