"""The student: small, fast, and trained on what the teacher was sure of."""

from jocas_themes.student._classifier import ThemeClassifier

__all__ = ["ThemeClassifier"]
