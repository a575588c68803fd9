"""What is passed as labels: an array, a table of themes or an annotated table, as one array."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.offers import find_theme_codes, to_frame
from jocas_themes.taxonomy import HR_THEMES, Taxonomy

# What a table of gold labels holds beside them.
_BESIDE_LABELS = frozenset(
    {"offer_id", "text", "status", "inclusion_probability", "stratum", "cluster", "reviewer"}
    | {"reviewed_at"}
)

Themes = Taxonomy | Sequence[str] | None


def choose_themes(*sources: Any, themes: Themes = None) -> tuple[str, ...]:
    """Name the themes: as told, else as the first table does, else by the number of columns."""
    if themes is not None:
        if isinstance(themes, str):
            raise ValueError(f"themes must be a Taxonomy or a sequence of codes, got {themes!r}.")
        codes = themes.codes if isinstance(themes, Taxonomy) else tuple(themes)
        if not codes or len(set(codes)) < len(codes):
            raise ValueError(f"themes must be distinct, and one at least, got {list(codes)!r}.")
        return codes
    for source in map(to_frame, sources):
        if isinstance(source, pd.DataFrame):
            codes = find_theme_codes(source) or tuple(
                name for name in source.columns if name not in _BESIDE_LABELS
            )
            if not codes or not all(isinstance(code, str) for code in codes):
                raise ValueError(
                    f"the columns of a table of labels must be theme codes, got "
                    f"{list(source.columns)[:5]!r}. Name them, or pass an array and themes=(...)."
                )
            return codes
    shape = np.shape(sources[0])
    n_themes = shape[1] if len(shape) > 1 else 1
    if n_themes == len(HR_THEMES):
        return HR_THEMES.codes
    return tuple(f"theme_{position}" for position in range(n_themes))


def require_annotated(
    table: Any, *, name: str, needed: Sequence[str] = ("offer_id", "text", "status")
) -> tuple[str, ...]:
    """Return the themes of an annotated table, or say what it lacks to be one."""
    codes = find_theme_codes(table)
    names = list(getattr(table, "columns", ()))
    lacks = [column for column in needed if column not in names]
    if codes and not lacks:
        return codes
    found = type(table).__name__
    if isinstance(table, pd.DataFrame):
        parts = [repr(lacks)] if lacks else []
        parts += [] if codes else ["CODE, CODE_confidence, CODE_evidence for each theme"]
        found = f"one that lacks {' and '.join(parts)} ({len(names)} columns found)"
    raise ValueError(
        f"{name} must be an annotated table, got {found}. Write it with jocas-themes teach --out, "
        f"or a teacher's annotate(offers); in a Pipeline, put a teacher first."
    )


def read_cells(source: Any, themes: Sequence[str], *, name: str) -> npt.NDArray[np.float64]:
    """Read numbers of shape (n_offers, n_themes), NaN where they are missing."""
    source = to_frame(source)
    if isinstance(source, pd.DataFrame):
        absent = [theme for theme in themes if theme not in source.columns]
        if absent:
            found = list(source.columns)
            raise ValueError(
                f"{name} lacks the themes {absent[:5]!r} ({len(absent)} in all); it has the "
                f"columns {found[:5]!r} ({len(found)} in all). Name the wanted ones with "
                f"themes=(...)."
            )
    try:
        cells = _read_columns(source, themes)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} must hold a column of numbers for each theme of {list(themes)!r}: {error}. "
            f"Pass its theme columns alone, or name them with themes=(...)."
        ) from error
    if cells.ndim != 2 or cells.shape[1] != len(themes):
        raise ValueError(
            f"{name} must be of shape (n_offers, {len(themes)}), one column for each of "
            f"{list(themes)!r}, got {cells.shape!r}."
        )
    return cells


def _read_columns(source: Any, themes: Sequence[str]) -> npt.NDArray[np.float64]:
    if isinstance(source, pd.DataFrame):
        columns = [
            pd.to_numeric(source[theme]).to_numpy(dtype=float, na_value=np.nan) for theme in themes
        ]
        return np.column_stack([np.empty((len(source), 0)), *columns])
    cells = np.asarray(source, dtype=float)
    return cells[:, None] if cells.ndim == 1 else cells


def read_labels(source: Any, themes: Sequence[str], *, name: str) -> npt.NDArray[np.float64]:
    """Read labels of shape (n_offers, n_themes), each 0, 1 or NaN."""
    labels = read_cells(source, themes, name=name)
    strangers = labels[~np.isnan(labels) & (labels != 0) & (labels != 1)]
    if strangers.size:
        raise ValueError(
            f"{name} must hold 0, 1 or NaN, got {np.unique(strangers)[:5].tolist()!r} "
            f"({strangers.size} cells). Name the theme columns with themes=(...) if others were "
            f"read."
        )
    return labels
