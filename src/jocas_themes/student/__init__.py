"""The student: small, fast, and trained on what the teacher was sure of."""

from jocas_themes.student._classifier import ThemeClassifier
from jocas_themes.student._pipeline import get_student, get_text_columns
from jocas_themes.student.explanation import Explanation, explain, top_terms
from jocas_themes.student.persistence import (
    check_model_folder,
    load_model,
    model_card,
    save_model,
)

__all__ = [
    "Explanation",
    "ThemeClassifier",
    "check_model_folder",
    "explain",
    "get_student",
    "get_text_columns",
    "load_model",
    "model_card",
    "save_model",
    "top_terms",
]
