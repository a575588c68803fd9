"""Which periods the labels have themselves, which are derived from their dates, and both read."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.offers._days import read_first_days
from jocas_themes.trends.aggregation._periods import TIMES

Months = npt.NDArray[np.datetime64]

_NO_DATE = np.datetime64("NaT", "M")
_SHORT = re.compile(r"\d{4}(-\d{2})?")  # a year or a month, which reads as its first day


def is_own(name: str, dtypes: Mapping[str, Any], *, has_dates: bool) -> bool:
    """Tell a period that the labels have as a column from one to derive from their dates.

    Parameters
    ----------
    name : str
        A period, such as "month".
    dtypes : mapping of str to dtype
        Of the labels' columns.
    has_dates : bool
        Whether the labels have a column of dates.

    Returns
    -------
    bool
        True for datetimes, and for any column ``period``. Where there are no dates, also for
        what can be read as one: strings, and numbers of years; never for the numbers that folders
        by month give.
    """
    if name not in TIMES or name not in dtypes:
        return False
    dtype = dtypes[name]
    if name == "period" or pd.api.types.is_datetime64_any_dtype(dtype):
        return True
    return not has_dates and (name == "year" or not pd.api.types.is_numeric_dtype(dtype))


def read_months(table: pd.DataFrame, dates: Sequence[str]) -> Months:
    """Read the month of each offer's first date, each distinct date once; NaT where none."""
    months = np.full(len(table), _NO_DATE)
    for name in dates:
        if not np.isnat(months).any():
            break
        codes, distinct = pd.factorize(table[name])
        days = read_first_days(pd.DataFrame({name: pd.Series(distinct)}), [name])
        found = np.append(days.to_numpy(dtype="datetime64[M]"), _NO_DATE)
        months = np.where(np.isnat(months), found[codes], months)
    return months


def read_own_months(table: pd.DataFrame, name: str) -> Months:
    """Read the months of a column that is a period itself, and refuse what is none."""
    codes, distinct = pd.factorize(table[name])
    values = pd.Series(distinct)
    if not pd.api.types.is_datetime64_any_dtype(values):
        values = pd.Series([_complete(value) for value in values], dtype=object)
    found = read_months(pd.DataFrame({name: values}), [name])
    unread = pd.Series(distinct)[np.isnat(found)].tolist()
    if unread:
        raise ValueError(
            f"the labels' column {name!r} must hold dates, got {unread[:5]!r} ({len(unread)} "
            f"values). Write them as '2020-03', drop the column, or name one of dates: "
            f"date_column=..."
        )
    return np.append(found, _NO_DATE)[codes]


def _complete(value: Any) -> str:
    """Write a year or a month as its first day, anything else as it is."""
    is_year = isinstance(value, (float, np.floating)) and float(value).is_integer()
    written = str(int(value) if is_year else value).strip()
    if _SHORT.fullmatch(written) is None:
        return written
    return (written + "-01-01")[: len("2020-01-01")]
