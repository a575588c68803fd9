"""Confidence: what is sure enough to learn from, and what a person should look at."""

from jocas_themes.confidence._filter import ConfidenceFilter

__all__ = ["ConfidenceFilter"]
