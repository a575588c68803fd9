"""What a fitted model of any kind says of offers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.pipeline import Pipeline

from jocas_themes.evaluation._scorers import find_themes, locate_themes


def find_text_columns(model: Any) -> Sequence[str] | None:
    """Find the text columns that a model reads, when it says which."""
    steps = [step for _, step in model.steps] if isinstance(model, Pipeline) else [model]
    return next((step.text_columns for step in steps if hasattr(step, "text_columns")), None)


def predict_themes(
    model: Any, offers: pd.DataFrame, themes: Sequence[str] | None
) -> npt.NDArray[np.float64]:
    """Return the probabilities of the themes, or of all, of shape (n_offers, n_themes).

    A model that knows its themes reads the table; any other, such as a Pipeline of scikit-learn's
    own steps, reads the texts.
    """
    own = find_themes(model)
    given = model.predict_proba(offers if own is not None else offers["text"].tolist())
    probabilities = _read_matrix(given, len(offers), own if own is not None else themes)
    return probabilities[:, locate_themes(themes, own)]


def _read_matrix(
    given: Any, n_offers: int, themes: Sequence[str] | None
) -> npt.NDArray[np.float64]:
    """Check that a model gave a probability for each offer and theme."""
    matrix = np.asarray(given, dtype=float)
    n_themes = matrix.shape[-1] if themes is None else len(themes)
    if matrix.ndim != 2 or matrix.shape != (n_offers, n_themes):
        which = "" if themes is None else f" for the themes {list(themes)!r}"
        raise ValueError(
            f"the model's predict_proba must return shape ({n_offers}, n_themes){which}, got "
            f"{matrix.shape!r}. Wrap it so that it does."
        )
    if not ((matrix >= 0) & (matrix <= 1)).all():
        raise ValueError("the model's predict_proba must return numbers in [0, 1], without NaN.")
    return matrix
