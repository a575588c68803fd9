"""One theme's model: feature selection and a classifier, fitted where the theme is known."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import clone
from sklearn.feature_selection import chi2
from sklearn.utils.validation import has_fit_parameter


@dataclass(frozen=True)
class ThemeModel:
    """The model of one theme.

    Parameters
    ----------
    columns : ndarray of shape (n_selected,)
        The features that it sees, in increasing order.
    estimator : classifier or None
        None when all known labels are alike: the prevalence is all there is to know.
    weight : float
        How much more a positive weighed than a negative in training.
    prevalence : float
        Share of positives among the known labels.
    """

    columns: npt.NDArray[np.int64]
    estimator: Any
    weight: float
    prevalence: float

    @property
    def threshold(self) -> float:
        """Return the probability from which on the theme is said to be present."""
        return 1.0 / (1.0 + self.weight)


def fit_theme(
    features: sparse.csr_matrix,
    labels: npt.NDArray[np.float64],
    estimator: Any,
    *,
    n_selected: int | None,
    balance: float,
) -> ThemeModel:
    """Fit one theme on the rows where its label is known."""
    known = np.flatnonzero(~np.isnan(labels))
    y = labels[known].astype(np.int64)
    prevalence = float(y.mean())
    if prevalence in (0.0, 1.0):
        return ThemeModel(np.arange(0), None, 1.0, prevalence)
    rows = features[known]
    columns = _select(rows, y, n_selected)
    estimator = clone(estimator)
    weight = ((1 - prevalence) / prevalence) ** balance
    if has_fit_parameter(estimator, "sample_weight"):
        estimator.fit(rows[:, columns], y, sample_weight=np.where(y == 1, weight, 1.0))
    else:
        weight = 1.0
        estimator.fit(rows[:, columns], y)
    return ThemeModel(columns, estimator, float(weight), prevalence)


def predict_theme(model: ThemeModel, features: sparse.csr_matrix) -> npt.NDArray[np.float64]:
    """Return the probability of the theme for each row, the training weights taken out again.

    A classifier trained with positives weighted by w estimates odds that are w times too large
    (Elkan, 2001, The foundations of cost-sensitive learning): p = q / (q + w (1 - q)).
    """
    if model.estimator is None:
        return np.full(features.shape[0], model.prevalence)
    weighted = model.estimator.predict_proba(features[:, model.columns])[:, 1].astype(np.float64)
    probabilities: npt.NDArray[np.float64] = weighted / (weighted + model.weight * (1 - weighted))
    return probabilities


def _select(
    rows: sparse.csr_matrix, y: npt.NDArray[np.int64], n_selected: int | None
) -> npt.NDArray[np.int64]:
    """Return the columns of largest chi-squared statistic; ties go to the first column."""
    n_features = rows.shape[1]
    if n_selected is None or n_selected >= n_features:
        return np.arange(n_features)
    statistic = np.nan_to_num(chi2(rows, y)[0], nan=-1.0)  # NaN where a column is empty here
    return np.sort(np.argsort(-statistic, kind="stable")[:n_selected])
