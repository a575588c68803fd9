"""Linear scores of texts, and the same for texts that were not learnt from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.svm import LinearSVC

from jocas_themes._threads import run_side_by_side
from jocas_themes.student._exact import multiply_exactly

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
        return multiply_exactly(matrix, self.coefficients) + self.intercepts


def fit_linear(
    matrix: sparse.csr_matrix,
    targets: FloatArray,
    weights: FloatArray,
    folds: Sequence[Fold],
    *,
    C: float,
    n_jobs: int | None,
) -> tuple[LinearScores, FloatArray]:
    """Fit a linear support vector machine a theme, and score the same rows out of fold.

    A row with an unknown target (NaN) is not learnt from. What is built on the second result,
    of shape (n_rows, n_themes), meets scores of the kind that it will meet on new offers
    (stacking, Wolpert 1992).
    """
    everything = np.arange(len(targets))
    final = _fit_themes(matrix, targets, weights, everything, C, n_jobs)
    scores = np.full(targets.shape, np.nan)
    for train, test in folds:
        model = _fit_themes(matrix, targets, weights, train, C, n_jobs)
        scores[test] = model.score(matrix[test])
    return final, scores


def _fit_themes(
    matrix: sparse.csr_matrix,
    targets: FloatArray,
    weights: FloatArray,
    rows: npt.NDArray[np.int64],
    C: float,
    n_jobs: int | None,
) -> LinearScores:
    """Fit each theme on some of the rows."""
    fitted = run_side_by_side(
        _fit_theme,
        [
            (matrix, targets[:, theme], weights[:, theme], rows, C)
            for theme in range(targets.shape[1])
        ],
        n_jobs,
    )
    return LinearScores(
        np.column_stack([coefficients for coefficients, _ in fitted]),
        np.array([intercept for _, intercept in fitted]),
    )


def _fit_theme(
    matrix: sparse.csr_matrix,
    targets: FloatArray,
    weights: FloatArray,
    rows: npt.NDArray[np.int64],
    C: float,
) -> tuple[FloatArray, float]:
    """Fit one theme; one whose known targets are all alike scores 1 or -1 everywhere."""
    known = rows[~np.isnan(targets[rows]) & (weights[rows] > 0)]
    y = targets[known]
    if len(np.unique(y)) < 2:
        return np.zeros(matrix.shape[1]), 1.0 if len(y) and y[0] == 1 else -1.0
    # The primal solver draws no random numbers: the dual's come from one generator for the whole
    # process, so that models fitted side by side would differ from run to run. A tolerance
    # tighter than this changes no score.
    model = LinearSVC(C=C, tol=0.01, dual=False)
    model.fit(matrix[known], y, sample_weight=weights[known])
    return model.coef_[0], float(model.intercept_[0])
