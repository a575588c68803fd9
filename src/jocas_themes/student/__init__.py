"""The student: small, fast, and trained on what the teacher was sure of."""

from jocas_themes.student._classifier import ThemeClassifier
from jocas_themes.student._persistence import check_model_folder, load_model, save_model
from jocas_themes.student._pipeline import get_student, get_text_columns

__all__ = [
    "ThemeClassifier",
    "check_model_folder",
    "get_student",
    "get_text_columns",
    "load_model",
    "save_model",
]
