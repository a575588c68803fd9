"""The log-odds of a probability as a sum: what each score and each word adds to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from jocas_themes.student._calibration import to_log_odds
from jocas_themes.student._classifier import ThemeClassifier
from jocas_themes.student._themes import ThemeModel, _join, predict_margin

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_COLUMNS = ["offer_id", "theme", "feature", "kind", "value"]


@dataclass(frozen=True, eq=False)
class Parts:
    """The log-odds of some offers for one theme, as sums.

    Parameters
    ----------
    features : list of str, of n_parts
        What adds something.
    kinds : list of str, of n_parts
        By which way: see `explain`.
    amounts : ndarray of shape (n_offers, n_parts)
        How much.
    """

    features: list[str]
    kinds: list[str]
    amounts: FloatArray


def build_parts(
    student: ThemeClassifier,
    offer_ids: pd.Series,
    matrix: sparse.csr_matrix,
    scores: FloatArray,
    explained: BoolArray,
) -> pd.DataFrame:
    """List what adds up to the log-odds of each theme that is explained, the largest first."""
    names = student.features_.get_feature_names_out()
    n_words = len(names) - len(student.features_.categories_)
    blocks = []
    for theme, model in enumerate(student.models_):
        offers = np.flatnonzero(explained[:, theme])
        if not len(offers):
            continue
        parts = split_log_odds(
            model,
            matrix[offers],
            scores[offers, theme],
            student.offer_scores_.names,
            names,
            n_words,
        )
        kinds = np.array(parts.kinds, dtype=object)
        # The base is always there, so that no explained theme is without a part.
        rows, columns = np.nonzero((parts.amounts != 0) | (kinds == "base"))
        block = {
            "offer": offers[rows],
            "theme": np.full(len(rows), theme),
            "feature": np.array(parts.features, dtype=object)[columns],
            "kind": kinds[columns],
            "value": parts.amounts[rows, columns],
        }
        blocks.append(pd.DataFrame(block))
    if not blocks:
        return pd.DataFrame({name: [] for name in _COLUMNS}, dtype=object).astype({"value": float})
    table = pd.concat(blocks)
    table = table.iloc[np.lexsort((-table["value"].abs(), table["theme"], table["offer"]))]
    ids = offer_ids.to_numpy(dtype=object)[table["offer"]]
    codes = np.array(student.themes_, dtype=object)[table["theme"]]
    return table.assign(offer_id=ids, theme=codes)[_COLUMNS].reset_index(drop=True)


def split_log_odds(
    model: ThemeModel,
    matrix: sparse.csr_matrix,
    scores: FloatArray,
    score_names: Sequence[str],
    names: npt.NDArray[np.object_],
    n_words: int,
) -> Parts:
    """Split the calibrated log-odds of offers for one theme into parts that add up to them.

    ``scores``, of shape (n_offers, n_scores), are called ``score_names``; the columns of
    ``matrix`` are called ``names``, the first ``n_words`` of them words.
    """
    if model.estimator is None:
        certain = to_log_odds(np.full((len(scores), 1), model.prevalence))
        return Parts(["base"], ["base"], certain)
    kinds = ["line"] * len(score_names)
    features = list(score_names)
    log_odds, values = _split_trees(model.estimator, _join(scores, matrix[:, model.columns]))
    if values is None:
        features.append("classifier")
        kinds.append("classifier")
        values = log_odds[:, None]
    else:
        features += [*score_names, *names[model.columns]]
        kinds += ["trees"] * len(score_names)
        kinds += np.where(model.columns < n_words, "trees_word", "trees_column").tolist()
    # Both ways count half; so does the slope, for each.
    half = model.calibration.slope / 2
    values = half * np.column_stack([scores * model.coefficients, values])
    # What the trees add without any feature, and what they lose by rounding and by the clip.
    rest = half * (model.intercept + log_odds) + model.calibration.intercept
    base = rest - values[:, len(score_names) :].sum(axis=1)
    return Parts(["base", *features], ["base", *kinds], np.column_stack([base, values]))


def _split_trees(estimator: Any, matrix: sparse.csr_matrix) -> tuple[FloatArray, FloatArray | None]:
    """Return the log-odds of a classifier, and the SHAP value of each column if it is XGBoost."""
    log_odds = predict_margin(estimator, matrix)
    if getattr(estimator, "objective", None) != "binary:logistic":
        return log_odds, None
    from xgboost import DMatrix  # slow to import, and only needed here

    rows = DMatrix(matrix, missing=estimator.missing, nthread=estimator.n_jobs)
    values = estimator.get_booster().predict(rows, pred_contribs=True)
    return log_odds, values[:, :-1].astype(np.float64)
