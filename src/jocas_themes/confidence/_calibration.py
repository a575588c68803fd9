"""From the confidence that a teacher gives to the probability that its answer is right."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.isotonic import IsotonicRegression

from jocas_themes.confidence._arrays import FloatArray
from jocas_themes.confidence._bands import iter_bands
from jocas_themes.confidence._intervals import compute_interval, compute_share


def fit_calibration(cells: pd.DataFrame) -> pd.DataFrame:
    """Fit the probability of being right as a rising function of the confidence.

    Isotonic regression (Zadrozny and Elkan 2002), as the points between which it is a straight
    line: ``confidence`` (0-100) and ``probability`` (0-1). No cells, no points.
    """
    given = cells[cells["confidence"].notna()]
    if given.empty:
        return pd.DataFrame({"confidence": [], "probability": []}, dtype=float)
    model = IsotonicRegression(y_min=0, y_max=1)
    model.fit(
        given["confidence"].to_numpy(),
        given["right"].to_numpy(dtype=float),
        sample_weight=given["weight"].to_numpy(),
    )
    return pd.DataFrame({"confidence": model.X_thresholds_, "probability": model.y_thresholds_})


def apply_calibration(calibration: pd.DataFrame, confidences: FloatArray) -> FloatArray:
    """Read the probabilities off the points; flat beyond them, NaN stays NaN."""
    if calibration.empty:
        return np.full(np.shape(confidences), np.nan)
    probabilities: FloatArray = np.interp(
        confidences, calibration["confidence"], calibration["probability"]
    )
    return probabilities


def tabulate_reliability(
    cells: pd.DataFrame, calibration: pd.DataFrame, bins: Sequence[float]
) -> pd.DataFrame:
    """Compare the confidence with the accuracy, bin by bin."""
    confidences, weights = cells["confidence"].to_numpy(), cells["weight"].to_numpy()
    right, clusters = cells["right"].to_numpy(dtype=float), cells["cluster"].to_numpy()
    calibrated = apply_calibration(calibration, confidences)
    rows = []
    for low, high, inside in iter_bands(confidences, bins):
        ci_low, ci_high = compute_interval(right[inside], weights[inside], clusters[inside])
        rows.append(
            {
                "low": low,
                "high": high,
                "n": int(inside.sum()),
                "mean_confidence": compute_share(confidences[inside], weights[inside]),
                "accuracy": compute_share(right[inside], weights[inside]),
                "ci_low": ci_low,
                "ci_high": ci_high,
                "calibrated": compute_share(calibrated[inside], weights[inside]),
            }
        )
    return pd.DataFrame(rows)
