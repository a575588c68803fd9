"""What the tests of smoothing share: shares of one theme by month, given or simulated."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from jocas_themes.trends._result import Shares, build_shares

Array = npt.NDArray[np.float64]

N_MONTHS = 108
STEP = 50  # 2020-03, counted from 2016-01
# Lengths 1 to 5, one of them right after the step.
MISSING = np.isin(
    np.arange(N_MONTHS), [10, 11, 23, 30, 31, 32, 33, 34, 51, 52, 53, 70, 83, 84, 85, 86, 97]
)
NEAR_STEP = np.abs(np.arange(N_MONTHS) - STEP) <= 3


def make_shares(
    estimates: Any,
    *,
    first: str = "2018-01",
    months: Any = None,
    time: str = "month",
    n_offers: Any = 1_000,
    factor: Any = None,
    noise: Any = 0.0,
    **options: Any,
) -> Shares:
    """Make the shares of one theme, by default of consecutive months and without errors."""
    estimates = np.asarray(estimates, dtype=np.float64)
    if months is None:
        months = pd.date_range(first, periods=len(estimates), freq="MS")
    table = pd.DataFrame({"theme": "REMOTE", time: pd.to_datetime(months), "n_offers": n_offers})
    factor = np.zeros((len(table), 0)) if factor is None else np.asarray(factor, dtype=np.float64)
    spread = np.broadcast_to(np.asarray(noise, dtype=np.float64), len(table)).copy()
    return build_shares(table, estimates, factor, spread, (time,), method="dsl", **options)


def join_shares(parts: dict[str, Shares], name: str = "sector") -> Shares:
    """Put shares of the same kind one under another, as groups; the keys name them."""
    tables = [shares.table.assign(**{name: group}) for group, shares in parts.items()]
    every = list(parts.values())
    return Shares(
        pd.concat(tables, ignore_index=True),
        np.concatenate([shares.factor for shares in every]),
        np.concatenate([shares.noise for shares in every]),
        (*every[0].by, name),
        every[0].level,
        every[0].dof,
    )


def permute(shares: Shares, order: Sequence[int]) -> Shares:
    """Put the rows in another order."""
    rows = np.asarray(order)
    table = shares.table.iloc[rows].reset_index(drop=True)
    return Shares(
        table, shares.factor[rows], shares.noise[rows], shares.by, shares.level, shares.dof
    )


def simulate_shares(seed: int, *, typical: int, step: float) -> tuple[Shares, Array]:
    """Draw binomial shares of nine years with gaps, seasons and an irregular part; and the trend.

    The chances of a month: a smooth course with a step, two harmonics of the year, and an
    irregular part with a standard deviation of 0.8 points. Months differ in size by a factor e.
    """
    rng = np.random.default_rng(seed)
    months = np.arange(N_MONTHS)
    years = months / 12
    course = 0.055 * years + 0.15 * np.sin(0.9 * years)
    trend = expit(course - 1.2 + step * (months >= STEP))
    n_offers = (typical * np.exp(rng.normal(0, 0.5, N_MONTHS))).astype(np.int64) + 20
    season = 0.012 * np.sin(2 * np.pi * years + 0.5) + 0.006 * np.cos(4 * np.pi * years)
    chances = np.clip(trend + season + rng.normal(0, 0.008, N_MONTHS), 0.01, 0.99)
    estimates = rng.binomial(n_offers, chances) / n_offers
    dates = pd.date_range("2016-01", periods=N_MONTHS, freq="MS")[~MISSING]
    noise = estimates * (1 - estimates) / n_offers
    shares = make_shares(
        estimates[~MISSING], months=dates, n_offers=n_offers[~MISSING], noise=noise[~MISSING]
    )
    return shares, trend
