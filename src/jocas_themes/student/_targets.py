"""What the student learns: the annotations that ride in X, or else y."""

from typing import Any

import numpy as np
import numpy.typing as npt

from jocas_themes.annotations import Themes, choose_themes, find_theme_codes, read_labels


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
    _check_known(codes, labels, annotated=annotated)
    return codes, labels


def _check_known(
    codes: tuple[str, ...], labels: npt.NDArray[np.float64], *, annotated: bool
) -> None:
    """Refuse to learn a theme from nothing."""
    unknown = [code for code, column in zip(codes, labels.T, strict=True) if np.isnan(column).all()]
    if not unknown:
        return
    remedy = (
        "The filter masked them all, or the teacher answered none: lower its threshold, or "
        "annotate more offers. Gold labels in y are never used instead."
        if annotated
        else "Give some labels of each, or leave them out with themes=(...)."
    )
    which = "of every theme" if len(unknown) == len(codes) else f"of {unknown!r}"
    raise ValueError(f"no label {which} is known in {len(labels)} offers. {remedy}")
