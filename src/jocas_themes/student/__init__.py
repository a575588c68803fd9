"""The student: small, fast, and trained on what the teacher was sure of."""

from jocas_themes.student._classifier import ThemeClassifier
from jocas_themes.student._persistence import load_model, save_model
from jocas_themes.student._pipeline import get_student, get_text_columns

__all__ = ["ThemeClassifier", "get_student", "get_text_columns", "load_model", "save_model"]
