"""The student inside whatever the user fitted: itself, or the last step of a Pipeline."""

from collections.abc import Sequence
from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from jocas_themes.student._classifier import ThemeClassifier


def get_student(model: Any) -> ThemeClassifier:
    """Return the fitted `ThemeClassifier` of a model.

    Parameters
    ----------
    model : Pipeline or ThemeClassifier
        Fitted; a Pipeline has the student as its last step.

    Returns
    -------
    ThemeClassifier
        The student.

    Raises
    ------
    TypeError
        If the model is neither.
    NotFittedError
        If it is not fitted.
    """
    student = model[-1] if isinstance(model, Pipeline) else model
    if not isinstance(student, ThemeClassifier):
        raise TypeError(
            f"model must be a ThemeClassifier, or a Pipeline that ends in one, got {model!r}."
        )
    check_is_fitted(student)
    return student


def get_text_columns(model: Any) -> Sequence[str] | None:
    """Return the text columns that a model reads: those of the first step that has any say."""
    steps = [step for _, step in model.steps] if isinstance(model, Pipeline) else [model]
    columns: Sequence[str] | None = next(
        step.text_columns for step in steps if hasattr(step, "text_columns")
    )
    return columns
