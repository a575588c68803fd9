"""`smooth_trend`: the course of each theme, through missing months and without the seasons."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes._threads import limit_blas
from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends._result import Shares
from jocas_themes.trends.aggregation import parse_steps
from jocas_themes.trends.smoothing._band import compute_band
from jocas_themes.trends.smoothing._design import build_design
from jocas_themes.trends.smoothing._lowess import smooth_locally
from jocas_themes.trends.smoothing._reml import Smooth, fit_trend
from jocas_themes.trends.smoothing._series import Series, choose_level, find_time, iter_series

METHODS = ("reml", "lowess")
FEWEST_PERIODS = 6


def smooth_trend(
    shares: Shares,
    *,
    steps: Sequence[Any] = ("2020-03",),
    season: bool = True,
    method: str = "reml",
    level: float | None = None,
) -> pd.DataFrame:
    r"""Estimate the trend of each theme and group, with a band, through missing months too.

    Parameters
    ----------
    shares : Shares
        By month, quarter, semester or year, and by any groups.
    steps : sequence of months, default=("2020-03",)
        First months of new stretches, at which the trend may jump. Write () for none.
    season : bool, default=True
        Whether each month of the year has an effect of its own, the twelve of them summing to
        zero; it is no part of the trend.
    method : {"reml", "lowess"}, default="reml"
        ``lowess`` is local regression: an exploratory picture, which has no band, leaves the
        seasons in, and is smooth across the steps.
    level : float, optional
        Confidence level of the band, in (0, 1). By default that of the shares.

    Returns
    -------
    DataFrame of shape (n_series * n_periods, 11 + n_groups)
        One row a theme, group and period from the first observed one to the last: ``theme``, the
        groups' columns, the period's (such as ``month``), ``n_offers``; ``share``, as it was
        estimated for the period alone, NaN in gaps; ``estimate``, the trend without the seasons;
        ``season``, to be added to it; ``se``, ``ci_low`` and ``ci_high`` of the trend, for each
        period by itself; ``is_observed``; and ``method``, that of the shares and this one. All
        shares 0-1.

    Raises
    ------
    TypeError
        If `shares` are none, such as their table alone.
    ValueError
        If the shares are not by periods of one length; if fewer than six periods of a theme and
        group hold offers; if `method` or `level` is none of those possible; if a step is no month.

    Warns
    -----
    JocasThemesWarning
        If seasons are left out, with fewer than 24 observed months or a month of the year that
        is never observed; if a step is, because no period was observed before or after it.

    See Also
    --------
    estimate_prevalence : The shares to pass.
    compare_periods : How much the mean share changed.
    test_break : Whether level or slope changed at a month.

    Notes
    -----
    The share of period :math:`t` is

    .. math:: y_t = a + b t + \sum_k c_k [t \ge s_k] + \gamma_{m(t)} + \tau W_t
              + \sigma \varepsilon_t + e_t

    with :math:`W` an integrated Wiener process, a random walk of order 2, of which the best
    prediction is a cubic smoothing spline (Wahba 1978; Wecker and Ansley 1983), an irregular
    part :math:`\sigma\varepsilon` that is no part of the trend, and known errors :math:`e`:
    the shares' whole covariance, with the chance of :math:`n` offers, :math:`p(1-p)/n`, where
    it is more than their own noise. The two deviations are not plugged in: trends and variances
    are averaged over a grid of them, weighted by the restricted likelihood (Patterson and
    Thompson 1971) and flat priors (Gelman 2006), and the spread of the trends is added.

    The band holds the shares from which the trend differs by less than their own error (Wilson
    1927): for a rare theme it reaches further up than down. It is of the trend: a month's own
    share also has its season and its irregular part. It knows of the classifier's errors what
    the shares' covariance knows: of those of "dsl" all, of those of "naive" nothing.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from jocas_themes.trends import Shares, smooth_trend
    >>> months = pd.date_range("2018-01-01", periods=48, freq="MS").delete([29, 30])
    >>> table = pd.DataFrame({
    ...     "theme": "REMOTE", "month": months, "n_offers": 900, "method": "dsl",
    ...     "estimate": np.where(months >= "2020-03-01", 0.25, 0.10),
    ... })
    >>> shares = Shares(table, np.zeros((46, 0)), np.zeros(46), by=("month",))
    >>> trend = smooth_trend(shares)
    >>> columns = ["month", "share", "estimate", "is_observed"]
    >>> trend.loc[25:29, columns].round({"estimate": 3})
            month  share  estimate  is_observed
    25 2020-02-01   0.10      0.10         True
    26 2020-03-01   0.25      0.25         True
    27 2020-04-01   0.25      0.25         True
    28 2020-05-01   0.25      0.25         True
    29 2020-06-01    NaN      0.25        False
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {list(METHODS)}, got {method!r}.")
    level = choose_level(shares, level)
    first_months = parse_steps(steps)
    time, width = find_time(shares)
    every = list(iter_series(shares))
    _require_periods(every, time)
    dropped: dict[str, list[str]] = {}
    tables = []
    with limit_blas():
        for series in every:
            observed = (series.months / width).astype(np.intp)
            if method == "lowess":
                smooth = _draw(series, observed)
            else:
                design, lacks = build_design(series.first, observed, width, first_months, season)
                for lack in lacks:
                    dropped.setdefault(lack, []).append(str(series))
                smooth = fit_trend(series.estimates, series.covariance, design, observed)
            tables.append(_tabulate(series, smooth, observed, (time, width)))
    _warn_of_dropped(dropped)
    return _finish(pd.concat(tables, ignore_index=True), method, level, shares.dof)


def _require_periods(every: list[Series], time: str) -> None:
    """Refuse series that are too short to tell a trend from chance."""
    if not every:
        raise ValueError("a trend needs shares, got a table without rows. Take some rows.")
    short = [str(series) for series in every if len(series.months) < FEWEST_PERIODS]
    if short:
        raise ValueError(
            f"a trend needs at least {FEWEST_PERIODS} {time}s with offers, got fewer for "
            f"{short[:5]!r} ({len(short)} in all). Leave these out: shares.take(...), or estimate "
            f"shares of larger groups."
        )


def _draw(series: Series, observed: npt.NDArray[np.intp]) -> Smooth:
    """Draw a local regression, which knows neither errors nor seasons."""
    periods = np.arange(observed[-1] + 1, dtype=np.float64)
    line = smooth_locally(observed.astype(np.float64), series.estimates, series.n_offers, periods)
    return Smooth(line, np.full(len(line), np.nan), np.zeros(len(line)))


def _tabulate(
    series: Series, smooth: Smooth, observed: npt.NDArray[np.intp], periods: tuple[str, int]
) -> pd.DataFrame:
    """Put a trend beside the shares that it was made of."""
    time, width = periods
    n_periods = len(smooth.trend)
    table = pd.DataFrame(index=range(n_periods)).assign(**series.key)
    table[time] = pd.date_range(series.first, periods=n_periods, freq=pd.DateOffset(months=width))
    table["n_offers"], table["share"] = 0, np.nan
    table.loc[observed, "n_offers"] = series.n_offers.astype(np.int64)
    table.loc[observed, "share"] = series.estimates
    return table.assign(
        estimate=smooth.trend,
        season=smooth.season,
        se=np.sqrt(smooth.variance),
        method=series.method,
    )


def _warn_of_dropped(dropped: dict[str, list[str]]) -> None:
    for lack, names in dropped.items():
        warnings.warn(
            f"{lack}, for {names[:3]!r} ({len(names)} series in all).",
            JocasThemesWarning,
            stacklevel=3,
        )


def _finish(table: pd.DataFrame, method: str, level: float, dof: float) -> pd.DataFrame:
    """Add the bands, and what made them."""
    low, high = compute_band(table["estimate"], table["se"], level=level, dof=dof)
    made_by = {"reml": "reml", "lowess": "lowess (exploratory)"}[method]
    return table.assign(
        ci_low=low,
        ci_high=high,
        is_observed=table["share"].notna(),
        method=table.pop("method") + f", {made_by}",
    )
