"""The two axes that all panels share: time across, shares up."""

import math
from dataclasses import dataclass
from typing import Self

import pandas as pd

MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
# pandas' letter for each length of period that `compute_shares` knows.

_SHARE_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25)
_MAX_SHARE_STEPS = 5
_LONGEST_BY_MONTH_DAYS = 460


@dataclass(frozen=True)
class Scale:
    """Where dates and shares lie, from 0 to 1, whatever the size of the panel."""

    first_day: pd.Timestamp
    end_day: pd.Timestamp
    share_step: float
    n_share_steps: int

    @classmethod
    def fit(cls, periods: pd.PeriodIndex, highest_share: float) -> Self:
        """Take in all periods whole, and the shares from zero up to a round figure."""
        step = next(
            (step for step in _SHARE_STEPS if highest_share <= step * _MAX_SHARE_STEPS),
            _SHARE_STEPS[-1],
        )
        return cls(
            first_day=periods.min().start_time,
            end_day=(periods.max() + 1).start_time,
            share_step=step,
            # A share of 0.30000000000000004 does not ask for one step more.
            n_share_steps=max(1, math.ceil(round(highest_share / step, 9))),
        )

    def place_date(self, date: pd.Timestamp) -> float:
        """Place a date between the first day (0) and the end (1)."""
        return float((date - self.first_day) / (self.end_day - self.first_day))

    def place_period(self, period: pd.Period) -> float:
        """Place a period at its middle."""
        return (self.place_date(period.start_time) + self.place_date((period + 1).start_time)) / 2

    def place_share(self, share: float) -> float:
        """Place a share between zero (0) and the highest tick (1)."""
        return share / (self.share_step * self.n_share_steps)

    def list_share_ticks(self) -> list[tuple[float, str]]:
        """List the places and the labels of the shares' ticks."""
        return [
            (step / self.n_share_steps, f"{100 * step * self.share_step:.0f}%")
            for step in range(self.n_share_steps + 1)
        ]

    def list_date_spans(self) -> list[tuple[float, float, str]]:
        """List the years, or the months of a short time: where each begins, ends, its name."""
        by_month = (self.end_day - self.first_day).days <= _LONGEST_BY_MONTH_DAYS
        periods = pd.period_range(
            self.first_day, self.end_day - pd.Timedelta(days=1), freq="M" if by_month else "Y"
        )
        return [
            (
                max(0.0, self.place_date(period.start_time)),
                min(1.0, self.place_date((period + 1).start_time)),
                f"{MONTH_NAMES[period.month - 1][:3]} {period.year}" if by_month else str(period),
            )
            for period in periods
        ]


def name_period(period: pd.Period, by: str) -> str:
    """Name a period in words."""
    if by == "month":
        return f"{MONTH_NAMES[period.month - 1]} {period.year}"
    return f"{period.year} Q{period.quarter}" if by == "quarter" else str(period.year)
