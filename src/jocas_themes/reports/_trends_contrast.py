"""What a report on trends compares: the stretches before and after, and the steps between."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.reports._trends_view import Months
from jocas_themes.trends.aggregation import count_months, parse_month, parse_steps

_YEAR = 12  # months


@dataclass(frozen=True)
class Contrast:
    """What is compared with what, and the steps between the first and the last period."""

    before: Months
    after: Months
    steps: tuple[pd.Timestamp, ...]


def choose_contrast(
    periods: "pd.Series[Any]",
    width: int,
    steps: Sequence[Any],
    before: tuple[Any, Any] | None,
    after: tuple[Any, Any] | None,
) -> Contrast:
    """Choose what is not given: whole periods before the first step, and from the last one on.

    Without a step, the first and the last year; of less than two years, the halves.
    """
    starts = periods.drop_duplicates().sort_values()
    ends = starts + pd.DateOffset(months=width - 1)
    kept = tuple(step for step in parse_steps(steps) if starts.iloc[0] < step <= ends.iloc[-1])
    n_months = _YEAR if kept else _choose_length(starts, width)
    length = pd.DateOffset(months=n_months)
    early = ends < (kept[0] if kept else starts.iloc[0] + length)
    late = starts >= kept[-1] if kept else starts > ends.iloc[-1] - length
    if (before is None and not early.any()) or (after is None and not late.any()):
        known = ", ".join(f"{step:%Y-%m}" for step in kept)
        raise ValueError(
            f"a whole period must lie on each side of the steps, got none before or after {known}."
            f" Say what to compare: before=('2019-01', '2019-12'), after=(...)."
            if kept
            else f"two periods are needed to compare, got {starts.iloc[0]:%Y-%m} alone. Take "
            f"shorter periods, or labels of a longer time."
        )
    if n_months < _YEAR and before is None and after is None:
        _warn_of_seasons(n_months)
    return Contrast(
        _read_stretch(before, "before") or (starts.iloc[0], ends[early].iloc[-1]),
        _read_stretch(after, "after") or (starts[late].iloc[0], ends.iloc[-1]),
        kept,
    )


def _choose_length(starts: "pd.Series[Any]", width: int) -> int:
    """Choose how many months to compare at both ends: a year, or half of what there is."""
    n_periods = int(count_months(starts.iloc[-1:], starts.iloc[0])[0]) // width + 1
    return min(_YEAR, n_periods // 2 * width)


def _warn_of_seasons(n_months: int) -> None:
    """Say so where the stretches are not of whole years."""
    warnings.warn(
        f"the labels span less than two years, so that their first {n_months} months are compared "
        f"with their last: a season may look like a change. Say what to compare, such as the same "
        f"months of both years: before=..., after=....",
        JocasThemesWarning,
        stacklevel=3,
    )


def _read_stretch(months: tuple[Any, Any] | None, name: str) -> Months | None:
    """Read the first and the last month of a stretch."""
    if months is None:
        return None
    if isinstance(months, str) or len(months) != 2:
        raise ValueError(f"{name} must be a first and a last month, got {months!r}.")
    first, last = (parse_month(month, name) for month in months)
    return first, last
