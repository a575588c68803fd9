"""Labelling one chunk of offers: a pure function, around which everything else is built."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from jocas_themes.annotations import build_annotated
from jocas_themes.offers import as_offers, is_missing
from jocas_themes.offers._columns import NUMERIC_COLUMNS
from jocas_themes.offers.reading import UnreadableCells, settle_column, to_raw, to_text
from jocas_themes.student import get_student, get_text_columns


def build_schema(codes: Sequence[str], keep_columns: Sequence[str]) -> pa.Schema:
    """Build the schema of a labelled table; it depends on names alone, never on the rows."""
    fields = [pa.field("offer_id", pa.string())]
    fields += [pa.field(name, _find_type(name)) for name in keep_columns]
    for code in codes:
        fields += [pa.field(code, pa.int8()), pa.field(f"{code}_probability", pa.float32())]
    return pa.schema(fields)


def label_chunk(model: Any, offers: Any, *, keep_columns: Sequence[str] = ()) -> pa.Table:
    """Label one chunk of offers.

    Parameters
    ----------
    model : Pipeline or ThemeClassifier
        Fitted.
    offers : DataFrame, pyarrow.Table or sequence of str of n_offers
        The offers.
    keep_columns : sequence of str, default=()
        Own columns to carry over; null where the offers lack them.

    Returns
    -------
    pyarrow.Table of n_offers rows
        ``offer_id``, the kept columns, and for each theme ``CODE`` (0, 1; null where the offer
        has no text) and ``CODE_probability``.

    Raises
    ------
    TypeError
        If the model is neither a Pipeline that ends in a ThemeClassifier nor one itself.
    ValueError
        If the offers have no text column, or lack one that the model needs.

    Warns
    -----
    JocasThemesWarning
        If dates or figures of the kept columns are unreadable: they become null.

    Notes
    -----
    The result for one offer does not depend on the others in the chunk.
    """
    student = get_student(model)
    table = as_offers(offers, text_columns=get_text_columns(model))
    # In the form of the annotated table, so that no step assembles the texts again.
    table = build_annotated(table, [None] * len(table), student.themes_)
    probabilities = model.predict_proba(table)
    labels = (probabilities >= student.thresholds_).astype(np.int8)
    without_text = (table["text"] == "").to_numpy(dtype=bool)
    unreadable = UnreadableCells()
    columns: list[Any] = [pa.array(table["offer_id"], pa.string(), from_pandas=True)]
    columns += [_convert(table, name, unreadable) for name in keep_columns]
    unreadable.warn(stacklevel=2)
    for position in range(len(student.themes_)):
        columns.append(pa.array(labels[:, position], pa.int8(), mask=without_text))
        columns.append(pa.array(probabilities[:, position], pa.float32(), mask=without_text))
    return pa.table(columns, schema=build_schema(student.themes_, keep_columns))


def _find_type(name: str) -> pa.DataType:
    """Give each kept column one type, so that all parts share a schema."""
    if name.startswith("date_"):
        return pa.timestamp("us")
    return pa.float64() if name in NUMERIC_COLUMNS else pa.string()


def _convert(table: pd.DataFrame, name: str, unreadable: UnreadableCells) -> pa.Array:
    """Convert one kept column to its type, as reading a file would; absent is null."""
    kind = _find_type(name)
    if name not in table.columns:
        return pa.nulls(len(table), kind)
    column = settle_column(name, to_raw(table[name]), unreadable)
    if kind == pa.string():
        # A figure is written as the figure that it is, whatever else is in its chunk.
        column = pd.Series(
            [None if is_missing(cell) else to_text(cell) for cell in column], dtype=object
        )
    return pa.array(column, kind, from_pandas=True)
