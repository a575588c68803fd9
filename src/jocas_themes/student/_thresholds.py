"""Decisions out of probabilities, and what they are worth out of fold."""

import warnings

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.evaluation import compute_calibration_error, evaluate_themes
from jocas_themes.student._calibration import choose_for_f1, choose_for_precision
from jocas_themes.student._targets import Targets

FloatArray = npt.NDArray[np.float64]

_UNINFORMED = 0.5


def choose_thresholds(
    probabilities: FloatArray, targets: Targets, target_precision: float | None
) -> FloatArray:
    """Choose a threshold a theme, of shape (n_themes,), from out-of-fold probabilities."""
    thresholds = np.full(len(targets.themes), _UNINFORMED)
    missed = []
    for theme, code in enumerate(targets.themes):
        labels = targets.labels[:, theme]
        known = ~np.isnan(labels) & ~np.isnan(probabilities[:, theme])
        if len(np.unique(labels[known])) < 2:
            continue
        if target_precision is None:
            thresholds[theme] = choose_for_f1(probabilities[known, theme])
            continue
        chosen = choose_for_precision(probabilities[known, theme], target_precision)
        if chosen is None:
            missed.append(code)
        thresholds[theme] = 1.0 if chosen is None else chosen
    if missed:
        warnings.warn(
            f"no threshold is expected to reach a precision of {target_precision:g} for "
            f"{missed[:5]!r} ({len(missed)} themes): they are hardly ever predicted. Lower "
            f"target_precision, or annotate more offers.",
            JocasThemesWarning,
            stacklevel=4,
        )
    return thresholds


def summarise_scores(
    probabilities: FloatArray, targets: Targets, thresholds: FloatArray
) -> pd.DataFrame:
    """Compute what out-of-fold probabilities are worth, and how well calibrated they are."""
    truth = np.where(np.isnan(probabilities), np.nan, targets.labels)
    cells = np.nan_to_num(probabilities)
    scores = evaluate_themes(truth, cells, thresholds=thresholds, themes=targets.themes)
    errors = compute_calibration_error(truth, cells, themes=targets.themes).set_index("theme")
    errors = errors.rename(index={"all": "micro"})
    scores[["ece", "bias"]] = errors[["ece", "bias"]].reindex(scores.index)
    return scores
