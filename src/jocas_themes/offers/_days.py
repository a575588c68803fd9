"""The day of each offer of a table, from the first of its columns of dates that has one."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from jocas_themes.offers._columns import DATE_COLUMNS
from jocas_themes.offers._text import is_missing
from jocas_themes.offers.reading import parse_days, to_text


def choose_date_columns(columns: Sequence[str], date_column: str | None = None) -> list[str]:
    """Choose those of JOCAS's columns of dates that are there, or the one that is named."""
    candidates = DATE_COLUMNS if date_column is None else (date_column,)
    return [name for name in candidates if name in columns]


def read_first_days(table: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    """Read each offer's first date that has a value, NaT where none has."""
    days = pd.Series(np.full(len(table), np.datetime64("NaT", "s")))
    for name in names:
        if days.notna().all():
            break
        days = days.fillna(_read_days(table[name].reset_index(drop=True)))
    return days


def count_unreadable(table: pd.DataFrame, names: Sequence[str], days: pd.Series) -> int:
    """Count the offers that have something in their columns of dates, and no day."""
    undated = table.loc[days.isna().to_numpy(), list(names)]
    is_empty = [[is_missing(cell) for cell in undated[name]] for name in names]
    return sum(not all(cells) for cells in zip(*is_empty, strict=True))


def _read_days(column: pd.Series) -> pd.Series:
    """Read datetimes, dates or strings as the day that is written, whatever the offset."""
    if pd.api.types.is_datetime64_any_dtype(column) and not _holds_arrow_dates(column):
        days: pd.Series = column.dt.tz_localize(None).dt.floor("D").astype("datetime64[s]")
        return days
    # As reading a file writes cells: pandas makes 20230328.0 of whole numbers with a gap.
    written = pa.array([to_text(cell) for cell in column], pa.large_string())
    return pd.Series(parse_days(written).astype("datetime64[s]"))


def _holds_arrow_dates(column: pd.Series) -> bool:
    """Tell Arrow's dates, which pandas calls datetimes, though they have no zone to drop."""
    dtype = column.dtype
    return isinstance(dtype, pd.ArrowDtype) and pa.types.is_date(dtype.pyarrow_dtype)
