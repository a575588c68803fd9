"""Periods derived from dates: month, quarter, semester, year, and the stretches between steps."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

TIMES = ("month", "quarter", "semester", "year", "period")
# In months.
WIDTHS = {"month": 1, "quarter": 3, "semester": 6, "year": 12}
_YEAR = re.compile(r"\d{4}")
_MONTH = re.compile(r"(\d{4})-(\d{2})(?:-\d{2})?")


def parse_month(value: Any, name: str) -> pd.Timestamp:
    """Read a month: "2020-03", a day of it, or anything of pandas or datetime that has one.

    Examples
    --------
    >>> from jocas_themes.trends.aggregation import parse_month
    >>> parse_month("2020-03", "step")
    Timestamp('2020-03-01 00:00:00')
    """
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, str) and (written := _MONTH.fullmatch(value.strip())):
        try:
            return pd.Timestamp(year=int(written[1]), month=int(written[2]), day=1)
        except ValueError:
            pass  # refused below, as any other text
    elif isinstance(value, (date, pd.Period)) and value is not pd.NaT:
        return pd.Timestamp(year=value.year, month=value.month, day=1)
    remedy = "Write it as '2020-03'."
    if _YEAR.fullmatch(str(value).strip()):
        remedy += f" A whole year is the months from '{value}-01' to '{value}-12'."
    raise ValueError(f"{name} must be a month, got {value!r}. {remedy}")


def parse_steps(steps: Sequence[Any]) -> tuple[pd.Timestamp, ...]:
    """Read the first months of new stretches, in order, each once."""
    if isinstance(steps, (str, date, pd.Period)):
        raise TypeError(f"steps must be a sequence of months, got {steps!r}. Write ('2020-03',).")
    return tuple(sorted({parse_month(step, "each of steps") for step in steps}))


def derive_time(months: pd.Series, name: str, steps: Sequence[Any] = ()) -> pd.Series:
    """Derive a period from the first days of months.

    Parameters
    ----------
    months : Series of datetimes, of shape (n_rows,)
        Months, by any of their days; NaT where unknown.
    name : {"month", "quarter", "semester", "year", "period"}
        What to derive.
    steps : sequence of months, default=()
        First months of new stretches; ``period`` needs at least one.

    Returns
    -------
    Series of shape (n_rows,)
        First day of the period; for ``period`` strings, such as "until 2020-02",
        "2020-03 to 2021-05" and "from 2021-06". Missing where the month is.

    Raises
    ------
    ValueError
        If `name` is none of these, if a step is no month, or if ``period`` has no step.

    Examples
    --------
    >>> import pandas as pd
    >>> from jocas_themes.trends.aggregation import derive_time
    >>> months = pd.Series(pd.to_datetime(["2019-12-01", "2020-03-01"]))
    >>> derive_time(months, "semester").dt.strftime("%Y-%m").tolist()
    ['2019-07', '2020-01']
    >>> derive_time(months, "period", steps=("2020-03",)).tolist()
    ['until 2020-02', 'from 2020-03']
    """
    if name not in TIMES:
        raise ValueError(f"name must be one of {list(TIMES)}, got {name!r}.")
    values = months.to_numpy(dtype="datetime64[M]")
    if name == "period":
        return pd.Series(_find_stretches(values, steps), index=months.index)
    starts = start_periods(values, WIDTHS[name])
    return pd.Series(starts.astype("datetime64[ns]"), index=months.index)


def start_periods(months: npt.NDArray[np.datetime64], width: int) -> npt.NDArray[np.datetime64]:
    """Return the first month of the period of so many months in which each month lies."""
    starts = months.copy()
    known = ~np.isnat(months)
    starts[known] -= months[known].astype(np.int64) % width
    return starts


def count_months(months: Any, origin: Any) -> npt.NDArray[np.float64]:
    """Count the months from an origin to each of some months, NaN where unknown.

    Examples
    --------
    >>> from jocas_themes.trends.aggregation import count_months
    >>> count_months(["2019-12-01", "2020-03-01"], "2020-01")
    array([-1.,  2.])
    """
    values = pd.Series(pd.to_datetime(months)).to_numpy(dtype="datetime64[M]")
    start = _to_months([origin])[0]
    return np.where(np.isnat(values), np.nan, (values - start).astype(np.float64))


def name_stretches(steps: Sequence[Any]) -> list[str]:
    """Name the stretches between steps, in order.

    Examples
    --------
    >>> from jocas_themes.trends.aggregation import name_stretches
    >>> name_stretches(("2020-03", "2021-06"))
    ['until 2020-02', '2020-03 to 2021-05', 'from 2021-06']
    """
    if not steps:
        raise ValueError("period is the stretch between steps. Give them: steps=('2020-03',).")
    starts = _to_months(steps)
    ends = starts - 1
    middles = [f"{start} to {end}" for start, end in zip(starts[:-1], ends[1:], strict=True)]
    return [f"until {ends[0]}", *middles, f"from {starts[-1]}"]


def _find_stretches(
    months: npt.NDArray[np.datetime64], steps: Sequence[Any]
) -> npt.NDArray[np.object_]:
    """Name the stretch in which each month lies, None where unknown."""
    names = np.array([*name_stretches(steps), None], dtype=object)
    places = np.searchsorted(_to_months(steps), months, side="right")
    return np.asarray(names[np.where(np.isnat(months), -1, places)])


def _to_months(steps: Sequence[Any]) -> npt.NDArray[np.datetime64]:
    """Return steps as NumPy's months, in order."""
    return np.array([step.strftime("%Y-%m") for step in parse_steps(steps)], "datetime64[M]")
