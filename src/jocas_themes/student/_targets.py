"""What the student learns: the annotations that ride in X, or else y."""

from typing import Any

import numpy as np
import numpy.typing as npt

from jocas_themes.annotations import (
    Themes,
    choose_themes,
    find_theme_codes,
    read_cells,
    read_labels,
)


def read_targets(X: Any, y: Any, themes: Themes) -> tuple[tuple[str, ...], npt.NDArray[np.float64]]:
    """Return the theme codes, and the labels of shape (n_offers, n_themes) of 0, 1 and NaN.

    When X is an annotated table its labels are the targets, and y, which is gold, is not read.
    """
    annotated = bool(find_theme_codes(X))
    if not annotated and y is None:
        raise ValueError(
            "nothing to learn from: X carries no annotations and y is None. Put a teacher "
            "before the student in the Pipeline, or pass y."
        )
    source, name = (X, "the annotated table") if annotated else (y, "y")
    codes = choose_themes(source, themes=themes)
    labels = read_labels(source, codes, name=name)
    _check_known(codes, labels, remedy=_advise(X, codes) if annotated else _WITHOUT_LABELS)
    return codes, labels


_WITHOUT_LABELS = "Give some labels of each, or leave them out with themes=(...)."


def _advise(X: Any, codes: tuple[str, ...]) -> str:
    """Say why an annotated table may hold no labels, and what to do."""
    statuses = X["status"].dropna().value_counts() if "status" in X else []
    answers = ", ".join(f"{count} {status}" for status, count in dict(statuses).items())
    surest = read_cells(X, [f"{code}_confidence" for code in codes], name="X")
    highest = "none" if np.isnan(surest).all() else f"{np.nanmax(surest):g}"
    return (
        f"The teacher's answers: {answers or 'none'}; highest confidence: {highest}. Lower the "
        f"filter's threshold under that, or see why the answers are unusable. Gold labels in y "
        f"are never used instead."
    )


def _check_known(codes: tuple[str, ...], labels: npt.NDArray[np.float64], *, remedy: str) -> None:
    """Refuse to learn a theme from nothing."""
    unknown = [code for code, column in zip(codes, labels.T, strict=True) if np.isnan(column).all()]
    if not unknown:
        return
    which = "no theme has" if len(unknown) == len(codes) else f"the themes {unknown!r} have not"
    raise ValueError(f"{which} any known label in {len(labels)} offers. {remedy}")
