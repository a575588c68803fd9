"""One theme's model: scores of text become log-odds, by a line and by trees, then calibrated."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import clone
from sklearn.feature_selection import chi2
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import has_fit_parameter

from jocas_themes.student._calibration import Calibration, fit_calibration, to_log_odds
from jocas_themes.student._linear import Fold

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ThemeModel:
    """The model of one theme.

    Parameters
    ----------
    columns : ndarray of shape (n_selected,)
        The features of the text that the classifier sees, in increasing order.
    estimator : classifier or None
        The trees, or another classifier; None when all known labels are alike: the prevalence
        is all there is to know.
    coefficients : ndarray of shape (n_scores,)
        What each score adds to the log-odds.
    intercept : float
        The log-odds where all scores are 0.
    calibration : Calibration
        From the mean log-odds of the two to those of the probability.
    prevalence : float
        Share of positives among the known labels.
    """

    columns: npt.NDArray[np.int64]
    estimator: Any
    coefficients: FloatArray
    intercept: float
    calibration: Calibration
    prevalence: float


def fit_theme(
    features: sparse.csr_matrix,
    scores: FloatArray,
    labels: FloatArray,
    weights: FloatArray,
    folds: Sequence[Fold],
    estimator: Any,
    n_selected: int | None,
) -> tuple[ThemeModel, FloatArray]:
    """Fit one theme, and return it with the probabilities of the same offers, out of fold.

    ``scores``, of shape (n_offers, n_scores), are out of fold too.
    """
    everything = np.arange(len(labels))
    model = _fit(features, scores, labels, weights, everything, estimator, n_selected)
    if model.estimator is None:
        return model, np.full(len(labels), model.prevalence)
    log_odds = np.full(len(labels), np.nan)
    for train, test in folds:
        part = _fit(features, scores, labels, weights, train, estimator, n_selected)
        log_odds[test] = _predict_log_odds(part, features[test], scores[test])
    known = ~np.isnan(labels) & ~np.isnan(log_odds)
    calibration = fit_calibration(log_odds[known], labels[known])
    return replace(model, calibration=calibration), calibration.apply(log_odds)


def predict_theme(model: ThemeModel, features: sparse.csr_matrix, scores: FloatArray) -> FloatArray:
    """Return the calibrated probability of the theme for each row."""
    if model.estimator is None:
        return np.full(features.shape[0], model.prevalence)
    return model.calibration.apply(_predict_log_odds(model, features, scores))


def _fit(
    features: sparse.csr_matrix,
    scores: FloatArray,
    labels: FloatArray,
    weights: FloatArray,
    rows: npt.NDArray[np.int64],
    estimator: Any,
    n_selected: int | None,
) -> ThemeModel:
    """Fit one theme on those of some rows whose label is known."""
    known = rows[~np.isnan(labels[rows]) & (weights[rows] > 0)]
    y, w = labels[known].astype(np.int64), weights[known]
    prevalence = float(y.mean()) if len(y) else 0.0
    if prevalence in (0.0, 1.0):
        nothing = np.zeros(scores.shape[1])
        return ThemeModel(np.arange(0), None, nothing, 0.0, Calibration(), prevalence)
    line = LogisticRegression(max_iter=1_000).fit(scores[known], y, sample_weight=w)
    text = features[known]
    columns = _select(text, y, n_selected)
    estimator = clone(estimator)
    weighted = {"sample_weight": w} if has_fit_parameter(estimator, "sample_weight") else {}
    estimator.fit(_join(scores[known], text[:, columns]), y, **weighted)
    return ThemeModel(
        columns, estimator, line.coef_[0], float(line.intercept_[0]), Calibration(), prevalence
    )


def _predict_log_odds(
    model: ThemeModel, features: sparse.csr_matrix, scores: FloatArray
) -> FloatArray:
    """Return the mean of what the line and the trees say."""
    if model.estimator is None:  # a fold without a positive, or without a negative
        return np.full(features.shape[0], to_log_odds(np.array(model.prevalence)))
    matrix = _join(scores, features[:, model.columns])
    # Summed score by score, in one order: a product of matrices rounds by how many rows it has.
    line = sum((scores[:, k] * c for k, c in enumerate(model.coefficients)), model.intercept)
    log_odds: FloatArray = (line + predict_margin(model.estimator, matrix)) / 2
    return log_odds


def predict_margin(estimator: Any, matrix: sparse.csr_matrix) -> FloatArray:
    """Return the log-odds that the trees, or another classifier, give to rows."""
    if getattr(estimator, "objective", None) == "binary:logistic":
        margin = estimator.predict(matrix, output_margin=True)
        return np.asarray(margin, dtype=np.float64)
    return to_log_odds(estimator.predict_proba(matrix)[:, 1].astype(np.float64))


def _join(scores: FloatArray, text: sparse.csr_matrix) -> sparse.csr_matrix:
    """Put the scores before the words; absent entries are missing everywhere, never zero."""
    return sparse.hstack([sparse.csr_matrix(scores), text], format="csr")


def _select(
    rows: sparse.csr_matrix, y: npt.NDArray[np.int64], n_selected: int | None
) -> npt.NDArray[np.int64]:
    """Return the columns of largest chi-squared statistic; ties go to the first column."""
    n_features = rows.shape[1]
    if n_selected is None or n_selected >= n_features:
        return np.arange(n_features)
    statistic = np.nan_to_num(chi2(rows, y)[0], nan=-1.0)  # NaN where a column is empty here
    return np.sort(np.argsort(-statistic, kind="stable")[:n_selected])
