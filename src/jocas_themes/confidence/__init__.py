"""Confidence: what is sure enough to learn from, and how far a teacher can be trusted."""

from jocas_themes.confidence._agreement import Agreement, agreement
from jocas_themes.confidence._filter import ConfidenceFilter
from jocas_themes.confidence._report import TeacherReport, teacher_report
from jocas_themes.confidence._threshold import ThresholdChoice, choose_threshold

__all__ = [
    "Agreement",
    "ConfidenceFilter",
    "TeacherReport",
    "ThresholdChoice",
    "agreement",
    "choose_threshold",
    "teacher_report",
]
