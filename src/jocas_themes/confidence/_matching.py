"""Two sets of labels of the same offers, side by side: one row a cell."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from jocas_themes.annotations import Themes, choose_themes, read_cells, read_labels
from jocas_themes.confidence._arrays import FloatArray, IntArray
from jocas_themes.offers import to_frame


@dataclass(frozen=True, eq=False, slots=True)
class MatchedCells:
    """The cells of the offers that two sources share.

    ``cells`` has the columns ``offer`` (position among the matched), ``theme``, ``a``, ``b``
    (0, 1 or NaN), ``confidence_a`` and ``confidence_b`` (0-100, NaN without); ``rows`` are the
    matched offers' rows in each source, ``n_unmatched`` the offers that the other lacks.
    """

    cells: pd.DataFrame
    codes: tuple[str, ...]
    rows: tuple[IntArray, IntArray]
    n_unmatched: tuple[int, int]


def match_cells(a: Any, b: Any, *, themes: Themes, names: tuple[str, str]) -> MatchedCells:
    """Match two sources by ``offer_id`` when both have one, else by position."""
    a, b = to_frame(a), to_frame(b)
    codes = choose_themes(a, b, themes=themes)
    _require_themes(a, b, codes, names)
    labels = [
        read_labels(source, codes, name=name) for source, name in zip((a, b), names, strict=True)
    ]
    confidences = [
        _read_confidences(source, codes, name) for source, name in zip((a, b), names, strict=True)
    ]
    rows = _match_rows(a, b, (len(labels[0]), len(labels[1])), names)
    n_matched = len(rows[0])
    cells = pd.DataFrame(
        {
            "offer": np.repeat(np.arange(n_matched), len(codes)),
            "theme": list(codes) * n_matched,
            "a": labels[0][rows[0]].ravel(),
            "b": labels[1][rows[1]].ravel(),
            "confidence_a": _pick(confidences[0], rows[0], codes),
            "confidence_b": _pick(confidences[1], rows[1], codes),
        }
    )
    n_unmatched = (len(labels[0]) - n_matched, len(labels[1]) - n_matched)
    return MatchedCells(cells, codes, rows, n_unmatched)


def _require_themes(a: Any, b: Any, codes: tuple[str, ...], names: tuple[str, str]) -> None:
    """Say which themes only one of two tables has."""
    for source, name in zip((a, b), names, strict=True):
        if isinstance(source, pd.DataFrame):
            absent = [code for code in codes if code not in source.columns]
            if absent:
                found = [code for code in codes if code in source.columns]
                raise ValueError(
                    f"{name} lacks the themes {absent[:5]!r} ({len(absent)} in all); it has "
                    f"{found[:5]!r}. Name those to compare."
                )


def _read_confidences(source: Any, codes: tuple[str, ...], name: str) -> FloatArray | None:
    """Read the confidences of a table that has them, shape (n_offers, n_themes)."""
    columns = [f"{code}_confidence" for code in codes]
    if not isinstance(source, pd.DataFrame) or not set(columns) <= set(source.columns):
        return None
    confidences = read_cells(source, columns, name=name)
    check_confidences(confidences, name=f"the confidences of {name}")
    return confidences


def check_confidences(confidences: FloatArray, *, name: str) -> None:
    """Refuse confidences out of 0-100; NaN is none given."""
    strangers = confidences[(confidences < 0) | (confidences > 100)]
    if strangers.size:
        raise ValueError(
            f"{name} must be in [0, 100], got {strangers[:5].tolist()!r} ({strangers.size} cells)."
        )


def _pick(confidences: FloatArray | None, rows: IntArray, codes: tuple[str, ...]) -> FloatArray:
    """Pick the matched offers' confidences, NaN where there are none, one a cell."""
    if confidences is None:
        return np.full(len(rows) * len(codes), np.nan)
    return confidences[rows].ravel()


def _match_rows(
    a: Any, b: Any, lengths: tuple[int, int], names: tuple[str, str]
) -> tuple[IntArray, IntArray]:
    """Find the rows of the offers that both have, in the first one's order."""
    if not all(isinstance(source, pd.DataFrame) and "offer_id" in source for source in (a, b)):
        if lengths[0] != lengths[1]:
            raise ValueError(
                f"without an offer_id in both, {names[0]} and {names[1]} must hold the same "
                f"offers in the same order, got {lengths[0]} and {lengths[1]} rows."
            )
        rows = np.arange(lengths[0])
        return rows, rows
    ids_a, ids_b = _read_ids(a, names[0]), _read_ids(b, names[1])
    rows_a = np.flatnonzero(ids_a.isin(ids_b))
    if not len(rows_a) and len(ids_a) and len(ids_b):
        raise ValueError(
            f"{names[0]} and {names[1]} must share offers, but no offer_id is in both, such as "
            f"{ids_a[0]!r} and {ids_b[0]!r}. Take both from the same offers."
        )
    return rows_a, ids_b.get_indexer(ids_a[rows_a])


def _read_ids(table: pd.DataFrame, name: str) -> pd.Index:
    """Read the ids as strings; each offer has one, and only once."""
    n_missing = int(table["offer_id"].isna().sum())
    if n_missing:
        raise ValueError(
            f"each offer of {name} must have an offer_id, got {n_missing} without. Leave them out."
        )
    ids = pd.Index(table["offer_id"].astype(str))
    twice = ids[ids.duplicated()].unique()
    if len(twice):
        raise ValueError(
            f"{name} must hold each offer once, got {twice[:5].tolist()!r} more than once "
            f"({len(twice)} offers). Keep one row of each."
        )
    return ids
