"""`fit_panel`: the step of shares by unit and month, with fixed effects."""

import warnings
from typing import Any

import numpy as np
import pandas as pd

from jocas_themes._optional import import_optional
from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends._result import Shares
from jocas_themes.trends.aggregation import parse_month
from jocas_themes.trends.change._caution import warn_of_errors
from jocas_themes.trends.smoothing import find_time, is_known, list_groups

_LEAST_STEP = 1e-12  # part of a term's sum of squares that fixed effects must leave
_FEWEST_UNITS = 6  # in effect: with fewer, a test at 5% is one at 10 to 100%
_ENOUGH_UNITS = 30
_ROUNDING = 1e-6


def fit_panel(
    shares: Shares,
    *,
    at: Any = "2020-03",
    unit: str = "sector",
    exposure: pd.Series | None = None,
) -> pd.DataFrame:
    r"""Regress the shares of units on a step in time, with fixed effects.

    Parameters
    ----------
    shares : Shares
        By month, quarter, semester or year, and by `unit`.
    at : month, default="2020-03"
        First month after the step, such as "2020-03"; a period of the shares must begin there.
    unit : str, default="sector"
        Column of the units, which are also the clusters.
    exposure : Series, optional
        How much each unit is exposed to what came at the step: numbers, indexed by the units.
        By default the step is the same for all units.

    Returns
    -------
    DataFrame of shape (n_themes, 9)
        ``theme``; ``term``, "post" or "post:exposure"; ``change`` of the share (0-1), with
        `exposure` for one more unit of it; ``se``, ``ci_low``, ``ci_high`` (at the shares'
        level), ``p_value``; ``n_units``; and ``method``, that of the shares.

    Raises
    ------
    MissingDependencyError
        If pyfixest is not installed.
    ValueError
        If the shares are not by periods of one length and `unit`; if no period begins at the
        step; if a unit lacks a finite number in `exposure`; if the fixed effects leave nothing
        of the step; or if it rests on fewer than six units in effect.

    Warns
    -----
    JocasThemesWarning
        If it rests on fewer than 30 units in effect; if the shares' method is not "dsl".

    See Also
    --------
    compare_periods : Uses the shares' covariance.

    Notes
    -----
    Without `exposure`, the share of unit :math:`u` in month :math:`t` is
    :math:`a_u + c_{m(t)} + b \, 1[t \ge at]` with an effect of each of the year's calendar
    months :math:`m(t)`: whatever else changed over time is in :math:`b`. With `exposure`
    :math:`x`, it is :math:`a_u + d_t + b \, x_u 1[t \ge at]` with an effect of each month of
    each year: :math:`b` compares units with more and with less of it. Least squares by
    pyfixest, weighted by the offers; units that are seen only once are left out.

    The shares' own covariance is not used: the errors are learnt from how much the units differ,
    as if the units were independent (clusters by unit, Student's t with ``n_units - 1`` degrees
    of freedom; Liang and Zeger, 1986, "Longitudinal data analysis using generalized linear
    models"). Errors that all units have in common, such as those that come from the same few
    gold labels, are not seen.

    Such a variance needs many units that tell of the step alike. With the part :math:`L_u` of
    unit :math:`u` in what the fixed effects leave of the step (weighted sums of squares), the
    units are in effect :math:`1 / \sum_u L_u^2`: all of them where they are equal, fewer where
    a few have most of the offers, and hardly more than one where a single unit is exposed,
    whatever their number (compare Carter, Schnepel and Steigerwald, 2017, "Asymptotic behavior
    of a t-test robust to cluster heterogeneity"). In simulations of no step, a test at 5% found
    one in every case with two units and an exposure, in 10 to 40% with two to four in effect,
    in 5 to 14% with 6 to 10, and in 5 to 9% with 30.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from jocas_themes.trends import Shares, fit_panel
    >>> months = pd.date_range("2019-03", periods=24, freq="MS")
    >>> departments = [f"{number:02}" for number in range(1, 41)]
    >>> table = pd.MultiIndex.from_product(
    ...     [["REMOTE"], months, departments], names=["theme", "month", "department"]
    ... ).to_frame(index=False)
    >>> is_even = table["department"].astype(int) % 2 == 0
    >>> table["estimate"] = 0.1 + (table["month"] >= "2020-03") * np.where(is_even, 0.1, 0.3)
    >>> table = table.assign(n_offers=100, method="dsl")
    >>> shares = Shares(
    ...     table, np.zeros((960, 1)), np.full(960, 1e-4), by=("month", "department")
    ... )
    >>> fit_panel(shares, unit="department")[["theme", "term", "change", "n_units"]].round(3)
        theme  term  change  n_units
    0  REMOTE  post     0.2       40
    """
    pyfixest = import_optional("pyfixest", extra="panels", purpose="fit_panel")
    time, _ = find_time(shares)
    if list_groups(shares) != [unit]:
        raise ValueError(
            f"shares must be by {time!r} and the unit {unit!r} alone, got by={shares.by!r}. "
            f"Estimate them with by=({time!r}, {unit!r}), or choose another unit."
        )
    known = shares.table[is_known(shares)]
    rows = pd.DataFrame(
        {
            "theme": known["theme"],
            "share": known["estimate"].astype(float),
            "unit": known[unit],
            "time": known[time],
            "n_offers": known["n_offers"].astype(float),
            "term": _build_step(known[time], at),
        }
    )
    if exposure is not None:
        rows["term"] *= _look_up(exposure, rows["unit"])
        effects = "time"
    else:
        rows["calendar_month"] = known[time].dt.month
        effects = "calendar_month"
    panels = {theme: _keep_repeated(rows[rows["theme"] == theme]) for theme in shares.themes}
    _check_units({theme: _count_units(panel, effects, theme) for theme, panel in panels.items()})
    fits = [
        _fit_theme(pyfixest, panel, effects, theme, shares.level) for theme, panel in panels.items()
    ]
    methods = shares.table.groupby("theme", sort=False)["method"].first()
    warn_of_errors(methods, stacklevel=2)
    table = pd.DataFrame(fits)
    table.insert(1, "term", "post" if exposure is None else "post:exposure")
    return table.assign(method=methods.to_numpy())


def _build_step(times: pd.Series, at: Any) -> pd.Series:
    """Build the column that is 0 before the step and 1 from it on."""
    first = parse_month(at, "at")
    if first not in set(times) or first == times.min():
        raise ValueError(
            f"at must be the first month of a period of the shares that has others before it, got "
            f"{at!r}. The shares begin in {times.min():%Y-%m} and end in {times.max():%Y-%m}."
        )
    return (times >= first).astype(float)


def _look_up(exposure: pd.Series, units: pd.Series) -> "pd.Series[float]":
    """Find the exposure of the unit of each row."""
    if not exposure.index.is_unique:
        twice = exposure.index[exposure.index.duplicated()].unique().tolist()
        raise ValueError(f"exposure must have each unit once, got several of {twice[:5]!r}.")
    found = units.map(exposure).astype(float)
    lacking = units[~np.isfinite(found)].unique().tolist()
    if lacking:
        raise ValueError(
            f"exposure must have a finite number for each unit, got none for {lacking[:5]!r} "
            f"({len(lacking)} in all). Add them, or leave these units out with shares.take()."
        )
    return found


def _keep_repeated(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the units that are seen more than once."""
    return rows[rows.groupby("unit")["unit"].transform("size") > 1]


def _count_units(rows: pd.DataFrame, effects: str, theme: str) -> float:
    """Count the units in effect: those among which the step is told, if all told it alike."""
    if rows.empty:
        raise ValueError(
            f"units must be seen in several periods, and of theme {theme!r} no unit is seen in "
            f"two periods. Estimate the shares by a coarser unit."
        )
    dummies = pd.get_dummies(rows[["unit", effects]].astype(str), dtype=float).to_numpy()
    root = np.sqrt(rows["n_offers"].to_numpy())
    term, columns = root * rows["term"].to_numpy(), root[:, None] * dummies
    rest = term - columns @ np.linalg.lstsq(columns, term, rcond=None)[0]
    if rest @ rest <= _LEAST_STEP * (term @ term):
        raise ValueError(
            f"the step must not be told by the fixed effects of the units and of {effects!r}, "
            f"which leave nothing of it for theme {theme!r}. The same calendar months must lie "
            f"on both sides of it, and an exposure must differ between units."
        )
    squares = pd.Series(rest**2).groupby(rows["unit"].to_numpy()).sum()
    return float(squares.sum() ** 2 / (squares**2).sum())


def _check_units(counts: dict[str, float]) -> None:
    """Refuse a step that too few units tell, and warn of one that few do."""
    theme, n_units = min(counts.items(), key=lambda item: item[1])
    # Equal units count as many as they are, but for rounding.
    if n_units < _FEWEST_UNITS - _ROUNDING:
        raise ValueError(
            f"the step must rest on at least {_FEWEST_UNITS} units in effect, got {n_units:.1f} "
            f"for theme {theme!r}: there are too few, or a few have nearly all of the offers or "
            f"of the exposure, and how much units differ cannot be learnt. Estimate the shares "
            f"by a finer unit, or use compare_periods."
        )
    if n_units < _ENOUGH_UNITS - _ROUNDING:
        warnings.warn(
            f"the step rests on {n_units:.1f} units in effect for theme {theme!r}, fewer than "
            f"{_ENOUGH_UNITS}: intervals are too narrow, and a test at 5% may be one at 15%. "
            f"Estimate the shares by a finer unit, or use compare_periods.",
            JocasThemesWarning,
            stacklevel=3,
        )


def _fit_theme(
    pyfixest: Any, rows: pd.DataFrame, effects: str, theme: str, level: float
) -> dict[str, Any]:
    """Fit the regression of one theme."""
    with warnings.catch_warnings():
        # pyfixest calls what pandas will drop in its version 4.
        warnings.simplefilter("ignore", DeprecationWarning)
        fit = pyfixest.feols(
            f"share ~ term | unit + {effects}",
            data=rows,
            weights="n_offers",
            vcov={"CRV1": "unit"},
            fixef_rm="none",
        )
        change, se, _, p_value, low, high = fit.tidy(alpha=1 - level).loc["term"]
    return {
        "theme": theme,
        "change": change,
        "se": se,
        "ci_low": low,
        "ci_high": high,
        "p_value": p_value,
        "n_units": rows["unit"].nunique(),
    }
