"""Linear scores of texts, and the same for texts that were not learnt from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.svm import LinearSVC

from jocas_themes.student._threads import run_side_by_side

FloatArray = npt.NDArray[np.float64]
Fold = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class LinearScores:
    """One linear score a theme.

    Parameters
    ----------
    coefficients : ndarray of shape (n_features, n_themes)
        What each feature adds.
    intercepts : ndarray of shape (n_themes,)
        The score of a text without any known feature.
    """

    coefficients: FloatArray
    intercepts: FloatArray

    def score(self, matrix: sparse.csr_matrix) -> FloatArray:
        """Score rows: shape (n_rows, n_themes)."""
        return np.asarray(matrix @ self.coefficients) + self.intercepts


def fit_linear(
    matrix: sparse.csr_matrix,
    targets: FloatArray,
    weights: FloatArray,
    folds: Sequence[Fold],
    *,
    C: float,
    random_state: int,
    n_jobs: int | None,
) -> tuple[LinearScores, FloatArray]:
    """Fit a linear support vector machine a theme, and score the same rows out of fold.

    A row with an unknown target (NaN) is not learnt from. What is built on the second result,
    of shape (n_rows, n_themes), meets scores of the kind that it will meet on new offers
    (stacking, Wolpert 1992).
    """
    everything = np.arange(len(targets))
    jobs = [
        (rows, theme)
        for rows in [everything, *(train for train, _ in folds)]
        for theme in range(targets.shape[1])
    ]
    fitted = run_side_by_side(
        _fit_theme,
        [
            (matrix, targets[:, theme], weights[:, theme], rows, C, random_state)
            for rows, theme in jobs
        ],
        n_jobs,
    )
    n_themes = targets.shape[1]
    models = [_join(fitted[place : place + n_themes]) for place in range(0, len(jobs), n_themes)]
    scores = np.full(targets.shape, np.nan)
    for model, (_, test) in zip(models[1:], folds, strict=True):
        scores[test] = model.score(matrix[test])
    return models[0], scores


def _fit_theme(
    matrix: sparse.csr_matrix,
    targets: FloatArray,
    weights: FloatArray,
    rows: npt.NDArray[np.int64],
    C: float,
    random_state: int,
) -> tuple[FloatArray, float]:
    """Fit one theme; one whose known targets are all alike scores 1 or -1 everywhere."""
    known = rows[~np.isnan(targets[rows]) & (weights[rows] > 0)]
    y = targets[known]
    if len(np.unique(y)) < 2:
        return np.zeros(matrix.shape[1]), 1.0 if len(y) and y[0] == 1 else -1.0
    # A looser tolerance than the default costs no score, and saves half the time.
    model = LinearSVC(C=C, tol=0.01, max_iter=2_000, random_state=random_state)
    model.fit(matrix[known], y, sample_weight=weights[known])
    return model.coef_[0], float(model.intercept_[0])


def _join(themes: Sequence[tuple[FloatArray, float]]) -> LinearScores:
    return LinearScores(
        np.column_stack([coefficients for coefficients, _ in themes]),
        np.array([intercept for _, intercept in themes]),
    )
