"""One text per offer straight from Arrow's columns: no string of Python in between."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jocas_themes.offers._frames import is_annotated
from jocas_themes.offers._native_cleaning import assemble_natively
from jocas_themes.offers._text import (
    choose_text_columns,
    clean_cell,
    is_missing,
    join_fields,
    join_jocas_fields,
)


def assemble_arrow(
    columns: Mapping[str, pa.Array], n_rows: int, *, text_columns: Sequence[str] | None = None
) -> pa.LargeStringArray:
    r"""Build one text per offer, as `as_offers` does for a table of these columns.

    Parameters
    ----------
    columns : mapping of str to pyarrow.Array of n_rows
        The offers' columns; those that make no text are ignored.
    n_rows : int
        Number of offers.
    text_columns : sequence of str, optional
        Columns to join instead, in this order. The texts of an annotated table are kept as they
        are.

    Returns
    -------
    pyarrow.LargeStringArray of n_rows
        One clean text per offer, empty where the offer has none; no null. Bytes that are not
        UTF-8 are read as U+FFFD.

    Raises
    ------
    ValueError
        If none of the text columns, or not all of ``text_columns``, are there.

    See Also
    --------
    assemble_texts : The same for a DataFrame.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from jocas_themes.offers._assembly import assemble_arrow
    >>> titles, parts = pa.array(["Cariste"]), pa.array(["<b>CACES&nbsp;3</b>"])
    >>> assemble_arrow({"job_title": titles, "description_job": parts}, 1).to_pylist()
    ['Cariste\nCACES 3']
    """
    if is_annotated(columns):
        cells = _read_cells(_write_strings(columns["text"]), n_rows)
        return _build(["" if is_missing(cell) else cell for cell in cells])
    if text_columns is None and "text" in columns:
        text_columns = ("text",)
    is_jocas = text_columns is None
    names = choose_text_columns(columns, text_columns)
    strings = [_write_strings(columns.get(name)) for name in names]
    done = assemble_natively(strings, n_rows, full_else_parts=is_jocas)
    if done is None:
        return _join_cells(strings, n_rows, is_jocas=is_jocas)
    texts, unsure = done
    if unsure:
        rest = [column if column is None else column.take(pa.array(unsure)) for column in strings]
        is_unsure = np.zeros(n_rows, dtype=bool)
        is_unsure[unsure] = True
        joined = _join_cells(rest, len(unsure), is_jocas=is_jocas)
        texts = pc.replace_with_mask(texts, is_unsure, joined)
    return texts


def _join_cells(
    columns: Sequence[pa.Array | None], n_rows: int, *, is_jocas: bool
) -> pa.LargeStringArray:
    """Build one text per row, cell by cell."""
    join = join_jocas_fields if is_jocas else join_fields
    cells = [map(clean_cell, _read_cells(column, n_rows)) for column in columns]
    return _build([join(row) for row in zip(*cells, strict=True)])


def _write_strings(column: pa.Array | None) -> pa.Array | None:
    """Write a column as strings, the way a DataFrame's cells are; None for one that is empty."""
    if column is None or pa.types.is_null(column.type):
        return None
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return column
    return _build([None if is_missing(cell) else str(cell) for cell in column.to_pandas()])


def _read_cells(strings: pa.Array | None, n_rows: int) -> list[str | None]:
    """Read strings, U+FFFD in place of the bytes that are not UTF-8."""
    if strings is None:
        return [None] * n_rows
    kind = pa.large_binary() if pa.types.is_large_string(strings.type) else pa.binary()
    cells = strings.view(kind).to_pylist()
    return [cell if cell is None else cell.decode(errors="replace") for cell in cells]


def _build(texts: list[str] | list[str | None]) -> pa.LargeStringArray:
    return pa.array(texts, pa.large_string())
