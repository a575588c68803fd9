"""Evaluation: honest scores and splits, for labels some of which are unknown."""

from jocas_themes.evaluation._scorers import MaskedScorer
from jocas_themes.evaluation._scores import evaluate_themes
from jocas_themes.evaluation._splitter import NearDuplicateKFold

__all__ = ["MaskedScorer", "NearDuplicateKFold", "evaluate_themes"]
