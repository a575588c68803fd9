"""Evaluation: honest scores and splits, for labels some of which are unknown."""

from jocas_themes.evaluation._forecast import LearningCurve
from jocas_themes.evaluation._intervals import compute_score_intervals
from jocas_themes.evaluation._learning_curve import compute_learning_curve
from jocas_themes.evaluation._reliability import compute_calibration_error, compute_reliability
from jocas_themes.evaluation._scorers import MaskedScorer
from jocas_themes.evaluation._scores import evaluate_themes
from jocas_themes.evaluation._splitter import NearDuplicateKFold
from jocas_themes.evaluation._strata import compute_strata_scores
from jocas_themes.evaluation._threshold_curve import threshold_curve

__all__ = [
    "LearningCurve",
    "MaskedScorer",
    "NearDuplicateKFold",
    "compute_calibration_error",
    "compute_learning_curve",
    "compute_reliability",
    "compute_score_intervals",
    "compute_strata_scores",
    "evaluate_themes",
    "threshold_curve",
]
