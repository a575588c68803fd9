"""Cells as files give them, made dates, figures, codes or texts by the name of their column."""

import json
import re
from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from jocas_themes.offers._columns import (
    CODE_WIDTHS,
    ID_COLUMNS,
    JOCAS_COLUMNS,
    MISSING_STRINGS,
    NUMERIC_COLUMNS,
)
from jocas_themes.offers.reading._dates import bound_days, parse_days
from jocas_themes.offers.reading._rejects import UnreadableCells

RawColumn: TypeAlias = pa.Array | list[Any]

_DATE_PREFIX = "date_"
_PARIS = "Europe/Paris"
_TEXT_NAMES = frozenset((*ID_COLUMNS, *JOCAS_COLUMNS))
_MISSING = pa.array(sorted(MISSING_STRINGS), pa.large_string())
_NESTED = (list, dict, tuple, set, np.ndarray)
_SURROGATE = re.compile("[\ud800-\udfff]")
# Spaces only group thousands: "10 20" is two figures.
_SPACES = "[ \u00a0\u2009\u202f]"
_FIGURE = (
    rf"^[+-]?(?:(?:\d+|\d{{1,3}}(?:{_SPACES}\d{{3}})+)(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d{{1,3}})?$"
)


def settle_column(name: str, raw: RawColumn, unreadable: UnreadableCells) -> pd.Series:
    """Give a column the type that its name calls for; a name we do not know keeps its own."""
    if name.startswith(_DATE_PREFIX):
        return pd.Series(_settle_dates(name, raw, unreadable))
    if name in NUMERIC_COLUMNS:
        return pd.Series(_settle_figures(name, raw, unreadable))
    if name in CODE_WIDTHS:
        return _build_texts(_settle_codes(raw, CODE_WIDTHS[name]))
    if name in _TEXT_NAMES:
        return _settle_texts(raw)
    return _keep_as_given(raw)


def settle_arrow(name: str, raw: RawColumn, unreadable: UnreadableCells) -> pa.Array:
    """Give a column, in Arrow, the type that its name calls for; a name we do not know, strings.

    The cells are those of ``settle_column``, each written by ``to_text``. Every distinct cell is
    looked at once: sites, codes and days are few.
    """
    kind = find_arrow_type(name)
    if kind == pa.float64():
        return pa.array(_settle_figures(name, raw, unreadable), kind, from_pandas=True)
    if kind != pa.string():
        return pa.array(_settle_dates(name, raw, unreadable), kind, from_pandas=True)
    distinct, places = _find_distinct(to_arrow(raw))
    return _write_distinct(name, distinct).cast(kind).take(places)


def find_arrow_type(name: str) -> pa.DataType:
    """Tell the type that a column has in Arrow, by its name alone: all files share a schema."""
    if name.startswith(_DATE_PREFIX):
        return pa.timestamp("us")
    return pa.float64() if name in NUMERIC_COLUMNS else pa.string()


def to_raw(cells: pd.Series) -> RawColumn:
    """Hand over a column in memory as a reader would."""
    if pd.api.types.is_object_dtype(cells.dtype) or pd.api.types.is_string_dtype(cells.dtype):
        return [None if pd.api.types.is_scalar(c) and pd.isna(c) else c for c in cells]
    return pa.array(cells, from_pandas=True)


def is_known(name: str) -> bool:
    """Tell whether a column's name calls for a type."""
    return name.startswith(_DATE_PREFIX) or name in _TEXT_NAMES


def build_missing(name: str, dtype: Any, n_rows: int) -> pd.Series:
    """Build a column of missing values that sits well beside one of this name and dtype."""
    if name.startswith(_DATE_PREFIX):
        return pd.Series(np.full(n_rows, np.datetime64("NaT", "us")))
    if name in CODE_WIDTHS or (name in _TEXT_NAMES and name not in NUMERIC_COLUMNS):
        return pd.Series(np.full(n_rows, None, dtype=object), dtype=object)
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return pd.Series([pd.NaT] * n_rows, dtype=dtype)
    return pd.Series(np.full(n_rows, np.nan))


def settle_strings(raw: RawColumn) -> pa.Array:
    """Write a column as strings, valid UTF-8, null where missing."""
    strings = _to_strings(raw)
    try:
        strings.validate(full=True)
    except pa.ArrowInvalid:
        strings = _mend_bytes(strings)
    return blank_missing(strings)


def blank_missing(strings: pa.Array) -> pa.Array:
    """Make null the strings that stand for a missing value."""
    try:
        blank = pc.is_in(pc.utf8_trim_whitespace(strings), value_set=_MISSING)
    except pa.ArrowInvalid:
        return blank_missing(_mend_bytes(strings))
    if not pc.any(blank, min_count=0).as_py():
        return strings
    return pc.if_else(blank, pa.scalar(None, pa.large_string()), strings)


def to_arrow(raw: RawColumn) -> pa.Array:
    """Turn Python cells into an Arrow array: of their common type, or of strings."""
    if isinstance(raw, pa.Array):
        return raw.dictionary_decode() if pa.types.is_dictionary(raw.type) else raw
    # Arrow's own guess makes 0.0 of a False that has figures beside it.
    kinds = set(map(type, raw)) - {type(None)}
    try:
        if kinds <= {str}:
            return pa.array(raw, pa.large_string())
        if kinds in ({int}, {float}):
            return pa.array(raw, from_pandas=True)
    except (pa.ArrowException, OverflowError, UnicodeEncodeError):
        pass  # too large a number, or a lone surrogate
    return _write_out(raw)


def is_string(kind: pa.DataType) -> bool:
    """Tell whether cells are strings already."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def to_text(value: Any) -> str | None:
    """Write one cell as text: lists as JSON, 12.0 as the integer that a spreadsheet lost."""
    if isinstance(value, str):
        return mend_surrogates(value)
    if isinstance(value, _NESTED):
        plain = list(value) if isinstance(value, (set, np.ndarray)) else value
        return mend_surrogates(json.dumps(plain, ensure_ascii=False, default=str))
    if value is None or pd.isna(value):
        return None
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, (float, np.floating)) and value.is_integer():
        return str(int(value))
    return str(value)


def mend_surrogates(text: str) -> str:
    """Replace lone surrogates, which no file can hold, by U+FFFD."""
    return _SURROGATE.sub("\ufffd", text)


def _mend_bytes(strings: pa.Array) -> pa.Array:
    """Replace the bytes that are not UTF-8, in a Parquet file that says they are."""
    return _write_out(strings.cast(pa.large_string()).view(pa.large_binary()).to_pylist())


def _to_strings(raw: RawColumn) -> pa.Array:
    """Write a column as strings, null where a cell holds nothing."""
    array = to_arrow(raw)
    kind = array.type
    if pa.types.is_large_string(kind):
        return array
    if pa.types.is_string(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind):
        return array.cast(pa.large_string())
    return _write_out(array.to_pylist())


def _write_out(values: Iterable[Any]) -> pa.Array:
    """Write Python cells one by one as strings."""
    return pa.array([to_text(value) for value in values], pa.large_string())


def _find_distinct(array: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the distinct cells of a column, and each row's place among them, null where null."""
    if pa.types.is_nested(array.type):  # which Arrow cannot compare
        array = _to_strings(array)
    encoded = array.dictionary_encode()
    return encoded.dictionary, encoded.indices


def _write_distinct(name: str, distinct: pa.Array) -> pa.Array:
    """Write the distinct cells of a column that is neither of dates nor of figures."""
    if name in CODE_WIDTHS:
        return _settle_codes(distinct, CODE_WIDTHS[name])
    if name in _TEXT_NAMES or is_string(distinct.type):
        return settle_strings(distinct)
    return _write_out(_keep_as_given(distinct))


def _settle_dates(
    name: str, raw: RawColumn, unreadable: UnreadableCells
) -> npt.NDArray[np.datetime64]:
    """Read calendar days, naive, at midnight."""
    array = to_arrow(raw)
    if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        if pa.types.is_date(array.type):
            array = array.cast(pa.date32()).cast(pa.timestamp("s"))
        moments = array.to_pandas()
        if moments.dt.tz is not None:
            moments = moments.dt.tz_convert(_PARIS).dt.tz_localize(None)
        days = bound_days(moments.to_numpy())
    else:
        distinct, places = _find_distinct(array)
        distinct = settle_strings(distinct)
        parsed = pa.array(parse_days(distinct), from_pandas=True)
        days = parsed.take(places).to_numpy(zero_copy_only=False)
        array = distinct.take(places)
    _note_unreadable(name, array, np.isnat(days), unreadable)
    return days.astype("datetime64[us]")


def _settle_figures(
    name: str, raw: RawColumn, unreadable: UnreadableCells
) -> npt.NDArray[np.float64]:
    """Read figures, with French commas and grouped thousands."""
    array = plain = to_arrow(raw)
    if not (pa.types.is_integer(array.type) or pa.types.is_floating(array.type)):
        distinct, places = _find_distinct(array)
        distinct = pc.utf8_trim_whitespace(settle_strings(distinct))
        array, plain = distinct.take(places), _parse_figures(distinct).take(places)
    figures = plain.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    figures = np.where(np.isfinite(figures), figures, np.nan)
    _note_unreadable(name, array, np.isnan(figures), unreadable)
    return figures


def _parse_figures(written: pa.Array) -> pa.Array:
    """Read figures from strings, null where there is none."""
    is_figure = pc.match_substring_regex(written, _FIGURE)
    plain = pc.replace_substring_regex(written, _SPACES, "")
    plain = pc.replace_substring(plain, ",", ".")
    plain = pc.if_else(is_figure, plain, pa.scalar(None, pa.large_string()))
    return plain.cast(pa.float64())


def _note_unreadable(
    name: str, given: pa.Array, is_missing: npt.NDArray[np.bool_], unreadable: UnreadableCells
) -> None:
    """Count the cells that held something and became missing."""
    was_missing = given.is_null(nan_is_null=True).to_numpy(zero_copy_only=False)
    lost = np.flatnonzero(is_missing & ~was_missing)
    if len(lost):
        example = given.slice(int(lost[0]), 1).cast(pa.large_string())[0]
        unreadable.add(name, len(lost), example.as_py())


def _settle_codes(raw: RawColumn, width: int) -> pa.Array:
    """Write codes as strings, with the zeros that a spreadsheet took away."""
    codes = pc.utf8_trim_whitespace(settle_strings(raw))
    codes = pc.replace_substring_regex(codes, r"^(\d+)\.0+$", r"\1")
    is_number = pc.match_substring_regex(codes, r"^\d+$")
    return pc.if_else(is_number, pc.utf8_lpad(codes, width, "0"), codes)


def _settle_texts(raw: RawColumn) -> pd.Series:
    """Keep texts, None where missing."""
    if isinstance(raw, list):
        try:  # strings of Python need no way through Arrow
            cells = [
                None if cell is None or cell.strip() in MISSING_STRINGS else cell for cell in raw
            ]
            return pd.Series(cells, dtype=object)
        except AttributeError:
            pass
    return _build_texts(blank_missing(_to_strings(raw)))


def _build_texts(strings: pa.Array) -> pd.Series:
    """Make a column of Python strings, None where missing, on any version of pandas."""
    try:
        return pd.Series(strings.to_numpy(zero_copy_only=False), dtype=object)
    except (pa.ArrowException, UnicodeDecodeError):
        return _build_texts(_mend_bytes(strings))


def _keep_as_given(raw: RawColumn) -> pd.Series:
    """Make a column of what the file holds; only nested cells are written as JSON."""
    if isinstance(raw, list):
        cells = np.empty(len(raw), dtype=object)
        cells[:] = [to_text(cell) if isinstance(cell, _NESTED) else cell for cell in raw]
        return pd.Series(cells, dtype=object)
    array = to_arrow(raw)
    kind = array.type
    if pa.types.is_nested(kind):
        array = _write_out(array.to_pylist())
    elif not is_string(kind):
        return pd.Series(array.to_pandas())
    return _build_texts(array)
