"""What the student learns: the annotations that ride in X, or else y."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.annotations import find_theme_codes, get_labels
from jocas_themes.taxonomy import HR_THEMES, Taxonomy

Themes = Taxonomy | Sequence[str] | None


def read_targets(X: Any, y: Any, themes: Themes) -> tuple[tuple[str, ...], npt.NDArray[np.float64]]:
    """Return the theme codes, and the labels of shape (n_offers, n_themes) of 0, 1 and NaN.

    When X is an annotated table its labels are the targets, and y, which is gold, is not read.
    """
    wanted = _read_codes(themes)
    annotated = find_theme_codes(X)
    if annotated:
        codes = wanted or annotated
        absent = [code for code in codes if code not in annotated]
        if absent:
            raise ValueError(
                f"the annotated table lacks the themes {absent[:5]!r}; it has "
                f"{list(annotated)!r}. Pass themes= some of these."
            )
        labels = get_labels(X, codes)
    elif y is None:
        raise ValueError(
            "nothing to learn from: X carries no annotations and y is None. Put a teacher "
            "before the student in the Pipeline, or pass y."
        )
    else:
        codes, labels = _read_y(y, wanted)
    _check_known(codes, labels, annotated=bool(annotated))
    return codes, labels


def _read_codes(themes: Themes) -> tuple[str, ...] | None:
    if themes is None:
        return None
    if isinstance(themes, Taxonomy):
        return themes.codes
    codes = tuple(themes)
    if isinstance(themes, str) or not codes or not all(isinstance(code, str) for code in codes):
        raise ValueError(f"themes must be a Taxonomy or a sequence of codes, got {themes!r}.")
    if len(set(codes)) < len(codes):
        raise ValueError(f"themes must be distinct, got {list(codes)!r}.")
    return codes


def _read_y(
    y: Any, wanted: tuple[str, ...] | None
) -> tuple[tuple[str, ...], npt.NDArray[np.float64]]:
    """Read y as labels; a table names its themes, an array of six columns has the HR themes."""
    if isinstance(y, pd.DataFrame):
        codes = wanted or tuple(map(str, y.columns))
        absent = [code for code in codes if code not in y.columns]
        if absent:
            raise ValueError(f"y lacks the themes {absent[:5]!r}; it has {list(y.columns)!r}.")
        return codes, get_labels(y, codes)
    labels = np.asarray(y, dtype=float)
    labels = labels[:, None] if labels.ndim == 1 else labels
    if labels.ndim != 2:
        raise ValueError(f"y must be of shape (n_offers, n_themes), got {labels.shape!r}.")
    codes = wanted or HR_THEMES.codes
    if labels.shape[1] != len(codes):
        raise ValueError(
            f"y has {labels.shape[1]} columns for {len(codes)} themes {list(codes)!r}. Name the "
            f"themes with themes=(...), or make y a DataFrame whose columns are their codes."
        )
    return codes, get_labels(pd.DataFrame(labels, columns=list(codes)), codes)


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
