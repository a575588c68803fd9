"""Calendar days, as French files write them."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

# The hour and the offset may follow; the day is taken as it is written.
_CLOCK = r"(?:\d{1,2}[:hH]\d{2}(?::\d{2}(?:[.,]\d+)?)?|\d{4}(?:\d{2})?)"
_TAIL = rf"(?:[Tt\s]\s*{_CLOCK}\s*(?:[Zz]|UTC|GMT|[+-]\d{{2}}:?(?:\d{{2}})?)?)?\s*$"
_PATTERNS = (
    r"^\s*(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})" + _TAIL,
    r"^\s*(?P<day>\d{1,2})[-/.](?P<month>\d{1,2})[-/.](?P<year>\d{4})" + _TAIL,
    r"^\s*(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})" + _TAIL,
)

# Outside of these years a date is a slip or stands for "unknown": 0001-01-01, 9999-12-31.
_FIRST_DAY = np.datetime64("1900-01-01", "D")
_LAST_DAY = np.datetime64("2199-12-31", "D")

Days = npt.NDArray[np.datetime64]


def parse_days(written: pa.Array) -> Days:
    """Read calendar days from strings, NaT where there is none.

    ISO (``2021-03-05``, with or without time and offset), compact (``20210305``) and French
    (``05/03/2021``: 5 March, never 3 May) are read, nothing else is guessed.
    """
    try:  # nearly always all are ISO, which Arrow itself reads faster
        return bound_days(written.cast(pa.date32()).to_numpy(zero_copy_only=False))
    except pa.ArrowInvalid:
        pass
    days = np.full(len(written), np.datetime64("NaT", "D"))
    n_left = len(written) - written.null_count
    for pattern in _PATTERNS:  # no string matches two of them
        if n_left == 0:
            break
        parts = pc.extract_regex(written, pattern)
        rows = np.flatnonzero(parts.is_valid().to_numpy(zero_copy_only=False))
        if len(rows):
            found = parts.take(pa.array(rows))
            year, month, day = (
                found.field(name).cast(pa.int64()).to_numpy() for name in ("year", "month", "day")
            )
            days[rows] = _build_days(year, month, day)
            n_left -= len(rows)
    return bound_days(days)


def bound_days(days: Days) -> Days:
    """Make days outside of any offer's life NaT."""
    days = days.astype("datetime64[D]")
    outside = (days < _FIRST_DAY) | (days > _LAST_DAY)
    return np.where(outside, np.datetime64("NaT", "D"), days)


def _build_days(
    year: npt.NDArray[np.int64], month: npt.NDArray[np.int64], day: npt.NDArray[np.int64]
) -> Days:
    """Join year, month and day; NaT where the calendar has no such day."""
    first = (((year - 1970) * 12) + (month - 1)).astype("datetime64[M]")
    days = first.astype("datetime64[D]") + (day - 1)
    exists = (month >= 1) & (month <= 12) & (days.astype("datetime64[M]") == first)
    return np.where(exists, days, np.datetime64("NaT", "D"))
