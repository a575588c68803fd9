"""`evaluate_themes`: how well each theme is found, where the truth is known."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

from jocas_themes.annotations import Themes, choose_themes, read_cells, read_labels

METRICS = ("precision", "recall", "f1", "average_precision")


def evaluate_themes(
    y_true: Any,
    y_score_or_pred: Any,
    *,
    thresholds: float | Sequence[float] | npt.NDArray[np.float64] = 0.5,
    themes: Themes = None,
) -> pd.DataFrame:
    """Compare predictions with labels, theme by theme, over the cells whose label is known.

    Parameters
    ----------
    y_true : array-like or DataFrame of shape (n_offers, n_themes)
        0, 1 or NaN where the label is unknown: such cells do not count.
    y_score_or_pred : array-like or DataFrame of shape (n_offers, n_themes)
        Predictions, when all values are 0 or 1; else probabilities, 0 to 1.
    thresholds : float or array-like of shape (n_themes,), default=0.5
        Probability from which on a theme is predicted, the same for all or one each, in the
        themes' order: a fitted `ThemeClassifier` has its own in ``thresholds_``. Predictions
        are taken as they are.
    themes : Taxonomy or sequence of str, optional
        The themes' codes. By default those of the first of the two that is a DataFrame: of an
        annotated table its themes, of another all columns. The columns of arrays follow the
        same order; two arrays of six columns are taken to be the six HR themes.

    Returns
    -------
    DataFrame of shape (n_themes + 2, 6)
        Index ``theme``: one row a theme, then ``micro`` (all known cells together) and
        ``macro`` (mean of the themes). Columns ``precision``, ``recall``, ``f1``,
        ``average_precision`` (NaN for predictions), ``support`` (known positives) and
        ``n_offers`` (known cells); the last two rows hold the totals of these.

    Raises
    ------
    ValueError
        If the shapes differ or the tables speak of different offers, if a label is not 0, 1 or
        NaN, if a prediction is missing or not in [0, 1], or if a threshold is out of range.

    See Also
    --------
    MaskedScorer : One of these figures, for `cross_validate` and `GridSearchCV`.

    Notes
    -----
    Which themes enter the macro mean depends on the labels alone, so that two models are
    compared on the same ones: a theme without a known positive has NaN in all four figures,
    whatever was predicted, and is left out of the mean; its cells do count in the micro row. A
    theme that is never predicted has a precision of 0, as it has in scikit-learn.

    Rows are matched by position. When both tables have an ``offer_id``, it is checked.

    Examples
    --------
    >>> import numpy as np
    >>> from jocas_themes import evaluate_themes
    >>> y_true = np.array([[1, 0], [1, np.nan], [0, 1]])
    >>> y_pred = np.array([[1, 0], [0, 1], [0, 1]])
    >>> scores = evaluate_themes(y_true, y_pred, themes=["DIVERSITY", "COMPANY_CULTURE"])
    >>> scores[["precision", "recall", "support", "n_offers"]].round(2)
                     precision  recall  support  n_offers
    theme
    DIVERSITY              1.0    0.50        2         3
    COMPANY_CULTURE        1.0    1.00        1         2
    micro                  1.0    0.67        3         5
    macro                  1.0    0.75        3         5
    """
    return tabulate_scores(*read_scored(y_true, y_score_or_pred, thresholds, themes))


def read_scored(
    y_true: Any, y_score_or_pred: Any, thresholds: Any, themes: Themes
) -> tuple[
    npt.NDArray[np.float64], npt.NDArray[np.bool_], npt.NDArray[np.float64] | None, tuple[str, ...]
]:
    """Read and check labels, predictions, probabilities (None without) and codes."""
    codes = choose_themes(y_true, y_score_or_pred, themes=themes)
    truth = read_labels(y_true, codes, name="y_true")
    scores = read_cells(y_score_or_pred, codes, name="y_score_or_pred")
    _check_same_offers(y_true, y_score_or_pred, len(truth), len(scores))
    _check_scores(scores)
    limits = _read_thresholds(thresholds, codes)
    if np.isin(scores, (0, 1)).all():
        return truth, scores == 1, None, codes
    return truth, scores >= limits, scores, codes


def tabulate_scores(
    truth: npt.NDArray[np.float64],
    predicted: npt.NDArray[np.bool_],
    probabilities: npt.NDArray[np.float64] | None,
    codes: Sequence[str],
    weights: npt.NDArray[np.float64] | None = None,
) -> pd.DataFrame:
    """Compute the table of `evaluate_themes` from checked arrays of one shape.

    `weights` are the offers', shape (n_offers,).
    """
    if probabilities is None:
        probabilities = np.full(truth.shape, np.nan)
    if weights is None:
        weights = np.ones(len(truth))
    weights = np.broadcast_to(weights[:, np.newaxis], truth.shape)
    rows = [
        _score_cells(*columns)
        for columns in zip(truth.T, predicted.T, probabilities.T, weights.T, strict=True)
    ]
    by_theme = pd.DataFrame(rows, index=list(codes))
    micro = _score_cells(truth.ravel(), predicted.ravel(), probabilities.ravel(), weights.ravel())
    macro = micro | by_theme[list(METRICS)].mean().to_dict()
    averages = pd.DataFrame([micro, macro], index=["micro", "macro"])
    return pd.concat([by_theme, averages]).rename_axis("theme")


def _score_cells(
    truth: npt.NDArray[np.float64],
    predicted: npt.NDArray[np.bool_],
    probabilities: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64],
) -> dict[str, float]:
    """Compute one row of the table."""
    known = ~np.isnan(truth)
    present, predicted, probabilities = truth[known] == 1, predicted[known], probabilities[known]
    weights = weights[known]
    row = dict.fromkeys(METRICS, np.nan)
    if present.any():
        row["precision"], row["recall"], row["f1"], _ = precision_recall_fscore_support(
            present, predicted, average="binary", sample_weight=weights, zero_division=0
        )
        if not np.isnan(probabilities).any():
            row["average_precision"] = average_precision_score(
                present, probabilities, sample_weight=weights
            )
    return row | {"support": int(present.sum()), "n_offers": int(known.sum())}


def _check_same_offers(y_true: Any, y_score: Any, n_true: int, n_score: int) -> None:
    if n_true != n_score:
        raise ValueError(
            f"y_true holds {n_true} offers and y_score_or_pred {n_score}: they must agree."
        )
    tables = (y_true, y_score)
    if all(isinstance(table, pd.DataFrame) and "offer_id" in table.columns for table in tables):
        left, right = (table["offer_id"].astype(str).to_numpy() for table in tables)
        differ = np.flatnonzero(left != right)
        if len(differ):
            pairs = [(str(left[row]), str(right[row])) for row in differ[:5]]
            raise ValueError(
                f"both tables must hold the same offers in the same order; their offer_id differ "
                f"in {len(differ)} rows, such as {pairs!r}. Merge them on offer_id first."
            )


def _check_scores(scores: npt.NDArray[np.float64]) -> None:
    n_missing = int(np.isnan(scores).sum())
    if n_missing:
        raise ValueError(
            f"y_score_or_pred must hold a value in each cell, got NaN in {n_missing} of "
            f"{scores.size}. Leave those offers out of both."
        )
    outside = scores[(scores < 0) | (scores > 1)]
    if outside.size:
        raise ValueError(
            f"y_score_or_pred must hold predictions (0 or 1) or probabilities in [0, 1], got "
            f"{outside[:5].tolist()!r} ({outside.size} cells)."
        )


def _read_thresholds(thresholds: Any, codes: Sequence[str]) -> npt.NDArray[np.float64]:
    limits = np.asarray(thresholds, dtype=float)
    if limits.shape not in ((), (len(codes),)) or not ((limits >= 0) & (limits <= 1)).all():
        raise ValueError(
            f"thresholds must be one probability, or one for each of {list(codes)!r}, in [0, 1], "
            f"got {thresholds!r}."
        )
    return limits
