"""What a report on trends compares: the stretches before and after, and the steps between."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.reports._trends_view import Months
from jocas_themes.trends.aggregation import count_months, parse_month, parse_steps

DEFAULT_STEPS = ("2020-03",)
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

    Without a step, the first and the last year; of less than two years, the halves. Steps and
    stretches that lie outside the periods are refused, but for the default step.
    """
    starts = _list_starts(periods)
    ends = starts + pd.DateOffset(months=width - 1)
    given = _read_stretch(before, "before"), _read_stretch(after, "after")
    for name, stretch in zip(("before", "after"), given, strict=True):
        _require_periods(stretch, name, starts, ends)
    kept = _keep_steps(steps, starts.iloc[0], ends.iloc[-1])
    n_months = _YEAR if kept else _choose_length(starts, width)
    length = pd.DateOffset(months=n_months)
    early = ends < (kept[0] if kept else starts.iloc[0] + length)
    late = starts >= kept[-1] if kept else starts > ends.iloc[-1] - length
    if (before is None and not early.any()) or (after is None and not late.any()):
        raise ValueError(_explain_one_side(starts.iloc[0], kept))
    if n_months < _YEAR and before is None and after is None:
        _warn_of_seasons(n_months)
    contrast = Contrast(
        given[0] or (starts.iloc[0], ends[early].iloc[-1]),
        given[1] or (starts[late].iloc[0], ends.iloc[-1]),
        kept,
    )
    _require_order(contrast, ["before", "after"][given.index(None)] if None in given else None)
    return contrast


def _list_starts(periods: "pd.Series[Any]") -> "pd.Series[Any]":
    """List the periods in order, each once; refuse labels without any."""
    if periods.empty:
        raise ValueError(
            "the labels must hold offers that count and have a readable date, got none. Dates "
            "must be datetimes, or ISO or DD/MM/YYYY strings; another column can be named: "
            "date_column=..."
        )
    return periods.drop_duplicates().sort_values()


def _explain_one_side(first: pd.Timestamp, steps: Sequence[pd.Timestamp]) -> str:
    """Say why there is nothing to compare."""
    if not steps:
        return (
            f"two periods are needed to compare, got {first:%Y-%m} alone. Take shorter periods, "
            f"or labels of a longer time."
        )
    known = ", ".join(f"{step:%Y-%m}" for step in steps)
    return (
        f"a whole period must lie on each side of the steps, got none before or after {known}. "
        f"Say what to compare: before=('2019-01', '2019-12'), after=(...)."
    )


def _keep_steps(
    steps: Sequence[Any], first: pd.Timestamp, last: pd.Timestamp
) -> tuple[pd.Timestamp, ...]:
    """Refuse steps outside the labels' months; the default one is left out there."""
    every = parse_steps(steps)
    kept = tuple(step for step in every if first < step <= last)
    outside = [f"{step:%Y-%m}" for step in every if step not in kept]
    if outside and every != parse_steps(DEFAULT_STEPS):
        raise ValueError(
            f"steps must lie within the labels' months, after {first:%Y-%m} and up to "
            f"{last:%Y-%m}, got {outside[:5]!r} ({len(outside)} in all). Correct them, or leave "
            f"them out."
        )
    return kept


def _require_periods(
    stretch: Months | None, name: str, starts: "pd.Series[Any]", ends: "pd.Series[Any]"
) -> None:
    """Refuse a stretch in which no whole period of the labels lies."""
    if stretch is not None and not ((starts >= stretch[0]) & (ends <= stretch[1])).any():
        raise ValueError(
            f"{name} must hold a whole period of the labels, which go from {starts.iloc[0]:%Y-%m} "
            f"to {ends.iloc[-1]:%Y-%m}, got {stretch[0]:%Y-%m} to {stretch[1]:%Y-%m}. Move its "
            f"ends, or take shorter periods."
        )


def _require_order(contrast: Contrast, default: str | None) -> None:
    """Refuse stretches that overlap or are reversed; say which of them nobody gave."""
    (_, end), (start, _) = contrast.before, contrast.after
    if end >= start:
        hint = f" {default} was not given, and this is its default: give both." if default else ""
        raise ValueError(
            f"before must end before after begins, got before until {end:%Y-%m} and after from "
            f"{start:%Y-%m}.{hint}"
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
    if last < first:
        raise ValueError(f"{name} must end after it begins, got {first:%Y-%m} to {last:%Y-%m}.")
    return first, last
