"""Series: the shares of one theme in one group, in the order of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.trends._result import Shares
from jocas_themes.trends.aggregation import count_months

Array = npt.NDArray[np.float64]

PERIOD_MONTHS = {"month": 1, "quarter": 3, "semester": 6, "year": 12}
_NEIGHBOURHOOD_MONTHS = 6


@dataclass(frozen=True, eq=False)
class Series:
    """What is known of the shares of one theme in one group; its periods without offers left out.

    `key` names the theme and the group; `months` counts months from the first period;
    `covariance` is that of the estimates, for what they are estimates of: the chances that the
    offers' themes depend on, which a trend is made of.
    """

    key: dict[str, Any]
    first: pd.Timestamp
    months: Array
    estimates: Array
    n_offers: Array
    covariance: Array
    method: str

    def __str__(self) -> str:
        return ", ".join(str(value) for value in self.key.values())


def find_time(shares: Shares) -> tuple[str, int]:
    """Find the column of periods, and how many months a period has."""
    found = [name for name in shares.by if name in PERIOD_MONTHS]
    if len(found) != 1:
        raise ValueError(
            f"shares must be by one of {list(PERIOD_MONTHS)}, got by={shares.by!r}. Estimate "
            f"them with by=('month', ...)."
        )
    return found[0], PERIOD_MONTHS[found[0]]


def choose_level(shares: Shares, level: float | None) -> float:
    """Return the confidence level asked for, or that of the shares, which must be such."""
    if not isinstance(shares, Shares):
        raise TypeError(
            f"shares must be Shares, as estimate_prevalence returns them, got "
            f"{type(shares).__name__}. Pass shares, not shares.table: the table has no covariance."
        )
    level = shares.level if level is None else level
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), got {level!r}. Write 0.95 for 95%.")
    return level


def list_groups(shares: Shares) -> list[str]:
    """List the columns of `by` that are no periods."""
    return [name for name in shares.by if name not in PERIOD_MONTHS]


def is_known(shares: Shares) -> npt.NDArray[np.bool_]:
    """Tell which rows hold an estimate that rests on offers."""
    table = shares.table
    known: npt.NDArray[np.bool_] = (
        (table["n_offers"] > 0) & np.isfinite(table["estimate"])
    ).to_numpy()
    return known


def iter_series(shares: Shares) -> Iterator[Series]:
    """Yield the series of each theme and group, in the table's order."""
    time, _ = find_time(shares)
    keys = ["theme", *list_groups(shares)]
    table = shares.table
    known = is_known(shares)
    places = table.groupby(keys, sort=False, dropna=False).ngroup().to_numpy()
    order = np.argsort(table[time].to_numpy(), kind="stable")
    for place, key in enumerate(table[keys].drop_duplicates().to_dict("records")):
        rows = order[(places == place)[order] & known[order]]
        yield _build_series(shares, time, {str(name): key[name] for name in keys}, rows)


def _build_series(
    shares: Shares, time: str, key: dict[str, Any], rows: npt.NDArray[np.intp]
) -> Series:
    table = shares.table.iloc[rows]
    first: Any = table[time].iloc[0] if len(rows) else pd.NaT
    months = count_months(table[time], first) if len(rows) else np.empty(0)
    estimates = table["estimate"].to_numpy(dtype=np.float64)
    n_offers = table["n_offers"].to_numpy(dtype=np.float64)
    factor = shares.factor[rows]
    own = np.maximum(shares.noise[rows], _estimate_chance(months, estimates, n_offers))
    return Series(
        key=key,
        first=first,
        months=months,
        estimates=estimates,
        n_offers=n_offers,
        covariance=factor @ factor.T + np.diag(own),
        method=str(table["method"].iloc[0]) if len(rows) else "",
    )


def _estimate_chance(months: Array, estimates: Array, n_offers: Array) -> Array:
    """Estimate p (1 - p) / n of each period, p being the share of the months around.

    A period's own p would give the most weight to small ones where chance let p be 0. Of the
    noise, which is the part of this variance that predictions do not explain, it takes the place.
    """
    near = np.abs(np.subtract.outer(months, months)) <= _NEIGHBOURHOOD_MONTHS
    weights = near * n_offers
    share = (weights @ estimates.clip(0, 1) + 0.5) / (weights.sum(axis=1) + 1)
    chance: Array = share * (1 - share) / n_offers
    return chance
