"""Calibrated probabilities, and the probability from which on to say that a theme is there."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

FloatArray = npt.NDArray[np.float64]

_CLIP = 1e-6


@dataclass(frozen=True)
class Calibration:
    """A straight line on the scale of log-odds (Platt, 1999).

    Parameters
    ----------
    slope, intercept : float
        Of the line.
    """

    slope: float = 1.0
    intercept: float = 0.0

    def apply(self, log_odds: FloatArray) -> FloatArray:
        """Turn log-odds into probabilities."""
        return np.asarray(expit(self.slope * log_odds + self.intercept), dtype=np.float64)


def to_log_odds(probabilities: FloatArray) -> FloatArray:
    """Turn probabilities into log-odds, those of 0 and 1 finite."""
    return np.asarray(logit(np.clip(probabilities, _CLIP, 1 - _CLIP)), dtype=np.float64)


def fit_calibration(log_odds: FloatArray, labels: FloatArray) -> Calibration:
    """Fit a line to out-of-fold log-odds; none where it would fall, or one class is unseen.

    Two figures can be learnt from few positives, where an isotonic fit would follow each of
    them (Niculescu-Mizil and Caruana, 2005).
    """
    if len(np.unique(labels)) < 2:
        return Calibration()
    # As good as no penalty, but finite where the two classes are parted without error.
    model = LogisticRegression(C=100.0, max_iter=1_000).fit(log_odds[:, None], labels)
    slope = float(model.coef_[0, 0])
    return Calibration(slope, float(model.intercept_[0])) if slope > 0 else Calibration()


def choose_for_f1(probabilities: FloatArray) -> float:
    """Choose the threshold of largest expected F1, for calibrated probabilities.

    With the offers from t on predicted, the expected F1 is about 2 S(t) / (n(t) + S(0)), where
    n(t) counts them and S sums their probabilities (Lipton, Elkan and Naryanaswamy, 2014). It
    is read off the probabilities, not off single labels, so that few positives move it little.
    Twice as many offers as are expected to have the theme are predicted at most: where nothing
    was learnt, F1 is largest when every offer is said to have it.
    """
    ranked = np.sort(probabilities)[::-1]
    n_predicted = np.arange(1, len(ranked) + 1)
    expected = 2 * np.cumsum(ranked) / (n_predicted + ranked.sum())
    # Equal probabilities are predicted together.
    possible = np.append(ranked[1:] != ranked[:-1], True)
    few = possible & (n_predicted <= max(1.0, 2 * ranked.sum()))
    possible = few if few.any() else possible
    best = int(np.argmax(np.where(possible, expected, -1.0)))
    below = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + below) / 2)


def choose_for_precision(probabilities: FloatArray, precision: float) -> float | None:
    """Choose the lowest threshold whose expected precision is reached, None if none is.

    The expected precision of what is predicted is the mean of its calibrated probabilities. To
    take the lowest threshold whose precision was reached by the labels themselves would choose
    the luckiest.
    """
    ranked = np.sort(probabilities)[::-1]
    reached = np.cumsum(ranked) / np.arange(1, len(ranked) + 1) >= precision
    reached &= np.append(ranked[1:] != ranked[:-1], True)  # equal ones are predicted together
    return float(ranked[np.flatnonzero(reached)[-1]]) if reached.any() else None
