"""What a fitted model of any kind says of offers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.pipeline import Pipeline


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
    own = _get_last(model, "themes_", None)
    given = model.predict_proba(offers if own is not None else offers["text"].tolist())
    probabilities = _read_matrix(given, len(offers), own if own is not None else themes)
    return probabilities[:, _locate(themes, own)]


def get_thresholds(model: Any, themes: Sequence[str] | None) -> npt.NDArray[np.float64]:
    """Return the probability from which on the model predicts each theme."""
    thresholds = _get_last(model, "thresholds_", None)
    if thresholds is None:
        return np.array(0.5)
    own = _get_last(model, "themes_", None)
    return np.asarray(thresholds, dtype=float)[_locate(themes, own)]


def _get_last(model: Any, name: str, default: Any) -> Any:
    """Return an attribute of a model, or of the last step of a Pipeline."""
    return getattr(model[-1] if isinstance(model, Pipeline) else model, name, default)


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


def _locate(themes: Sequence[str] | None, own: Sequence[str] | None) -> slice | list[int]:
    """Find the columns of the themes in what the model gives; all when either is not known."""
    if themes is None or own is None:
        return slice(None)
    strangers = [theme for theme in themes if theme not in own]
    if strangers:
        raise ValueError(
            f"the model lacks the themes {strangers[:5]!r} ({len(strangers)} in all); it has "
            f"{list(own)[:5]!r}. Name the wanted ones with themes=(...)."
        )
    return [list(own).index(theme) for theme in themes]
