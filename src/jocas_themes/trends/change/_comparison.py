"""`compare_periods`: how much the mean share changed between two intervals of time."""

import warnings
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student_t

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends._result import Shares, compute_interval
from jocas_themes.trends.aggregation import count_months, parse_month
from jocas_themes.trends.change._caution import warn_of_errors
from jocas_themes.trends.change._multiplicity import adjust_p_values, check_correction
from jocas_themes.trends.smoothing import choose_level, find_time, is_known, list_groups

Array = npt.NDArray[np.float64]

WEIGHTS = ("offers", "months")


def compare_periods(
    shares: Shares,
    *,
    before: tuple[Any, Any],
    after: tuple[Any, Any],
    weights: str = "offers",
    correction: str | None = "holm",
    level: float | None = None,
) -> pd.DataFrame:
    """Compare the mean share of each theme and group in two intervals of time.

    Parameters
    ----------
    shares : Shares
        By month, quarter, semester or year, and by any groups.
    before, after : pair of months
        First and last month of each interval, both included, such as ("2019-01", "2020-02").
        `before` must end before `after` begins. Where the shares are by longer periods, the
        intervals must hold whole ones.
    weights : {"offers", "months"}, default="offers"
        Whether each offer counts alike in a mean, or each period.
    correction : {"holm", "bh"} or None, default="holm"
        How the p-values are adjusted for the number of themes and groups, see `adjust_p_values`.
    level : float, optional
        Confidence level of each interval by itself, in (0, 1). By default that of the shares.

    Returns
    -------
    DataFrame of shape (n_themes * n_groups, 18 + n_groups)
        ``theme``, the groups' columns, ``before`` and ``after`` (mean shares), ``change`` (after
        minus before), ``se``, ``ci_low``, ``ci_high``, ``statistic`` (change / se), ``p_value``
        (two-sided Student's t), ``p_adjusted``; ``n_offers_before``, ``n_offers_after``;
        ``n_months_before``, ``n_months_after`` (observed), ``n_missing_before``,
        ``n_missing_after`` (months of the intervals without offers); ``level``; and ``method``,
        that of the shares. Where a theme and group has no offers on one side, its change is NaN.

    Raises
    ------
    ValueError
        If an interval ends before it begins, if they overlap or are reversed, if they cut
        a period of the shares in two or hold none whose share is known, if `weights`,
        `correction` or `level` is none of those possible, or if the shares are not by periods of
        one length.

    Warns
    -----
    JocasThemesWarning
        If months of an interval are missing; if the shares' method is not "dsl".

    See Also
    --------
    test_break : Whether a change goes beyond the trend that was there before.
    describe_change : A sentence for each row.

    Notes
    -----
    With signed weights :math:`w`, :math:`1/n` of each mean's periods or offers, the change is
    :math:`w'y` and its variance :math:`w'Vw`, where :math:`V` is the shares' whole covariance:
    the errors that both intervals have in common leave it, those that are learnt from the same
    few gold labels and do not, stay in. Seasons do not leave it: compare whole years where
    a theme has any.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from jocas_themes.trends import Shares, compare_periods
    >>> table = pd.DataFrame({
    ...     "theme": "REMOTE", "year": pd.to_datetime(["2019-01-01", "2021-01-01"]),
    ...     "n_offers": 5000, "estimate": [0.10, 0.25], "method": "dsl",
    ... })
    >>> shares = Shares(table, np.array([[0.03], [0.03]]), np.full(2, 1e-4), by=("year",))
    >>> change = compare_periods(
    ...     shares, before=("2019-01", "2019-12"), after=("2021-01", "2021-12")
    ... )
    >>> change[["theme", "before", "after", "change", "se"]].round(4)
        theme  before  after  change      se
    0  REMOTE     0.1   0.25    0.15  0.0141
    """
    if weights not in WEIGHTS:
        raise ValueError(f"weights must be one of {list(WEIGHTS)}, got {weights!r}.")
    check_correction(correction, "correction")
    level = choose_level(shares, level)
    time, width = find_time(shares)
    intervals = _read_interval(before, "before", width), _read_interval(after, "after", width)
    _require_order(*intervals)
    known = shares.take(is_known(shares))
    for interval in intervals:
        _require_periods(interval, known.table[time], shares.table[time])
    keys = ["theme", *list_groups(shares)]
    sides = [_average(known, keys, (time, width), interval, weights) for interval in intervals]
    change = known.combine(sides[1].weights - sides[0].weights, keys[1:]).table
    table = change[keys].assign(
        before=sides[0].means, after=sides[1].means, change=change["estimate"], se=change["se"]
    )
    table.loc[table[["before", "after"]].isna().any(axis=1), ["change", "se"]] = np.nan
    table = add_tests(table, level=level, dof=shares.dof)
    table["p_adjusted"] = adjust_p_values(table["p_value"].to_numpy(), correction)
    for count in ("n_offers", "n_months", "n_missing"):
        for side in sides:
            table[f"{count}_{side.interval.name}"] = side.counts[count].to_numpy()
    for side in sides:
        _warn_of_missing(side, table[keys])
    warn_of_errors(change["method"], stacklevel=2)
    return table.assign(level=level, method=change["method"])


class _Interval(NamedTuple):
    """Whole periods, by the first days of the first and of the last one's last month."""

    name: str
    first: pd.Timestamp
    last: pd.Timestamp


class _Side(NamedTuple):
    """The mean shares in one interval, one a theme and group, and what they rest on."""

    interval: _Interval
    weights: Array  # of the shares' rows, in these means
    means: Array
    counts: pd.DataFrame


def _read_interval(value: tuple[Any, Any], name: str, width: int) -> _Interval:
    """Read the first and the last month of whole periods."""
    if isinstance(value, str) or len(value) != 2:
        raise ValueError(
            f"{name} must be the first and the last month of an interval, got {value!r}. Write "
            f"('2019-01', '2020-02')."
        )
    first, last = parse_month(value[0], name), parse_month(value[1], name)
    written = f"{first:%Y-%m} to {last:%Y-%m}"
    if last < first:
        raise ValueError(f"{name} must end after it begins, got {written}.")
    if (first.month - 1) % width or last.month % width:
        raise ValueError(
            f"{name} must hold whole periods of {width} months, as the shares are by these, got "
            f"{written}. Move its ends, or estimate shares by month."
        )
    return _Interval(name, first, last)


def _require_order(before: _Interval, after: _Interval) -> None:
    """Refuse intervals that overlap or stand in the wrong order."""
    if after.first <= before.last:
        raise ValueError(
            f"before must end before after begins, got before until {before.last:%Y-%m} and after "
            f"from {after.first:%Y-%m}."
        )


def _require_periods(
    interval: _Interval, known: "pd.Series[Any]", periods: "pd.Series[Any]"
) -> None:
    """Refuse an interval in which no share is known: all changes would be missing."""
    if not known.between(interval.first, interval.last).any():
        raise ValueError(
            f"{interval.name} must hold a period whose share is known, got {interval.first:%Y-%m} "
            f"to {interval.last:%Y-%m}. The first period of the shares begins in "
            f"{periods.min():%Y-%m}, the last one in {periods.max():%Y-%m}."
        )


def _average(
    known: Shares, keys: list[str], periods: tuple[str, int], interval: _Interval, weights: str
) -> _Side:
    """Average the shares inside an interval; NaN where a theme and group has none there."""
    time, width = periods
    table = known.table
    inside = table[time].between(interval.first, interval.last).to_numpy()
    rows = pd.DataFrame({"n_offers": inside * table["n_offers"], "n_months": inside * width})
    groups = rows.groupby([table[key] for key in keys], sort=False, dropna=False)
    counted = f"n_{weights}"
    totals = groups[counted].transform("sum").to_numpy()
    shares_of_mean = rows[counted].to_numpy() / np.where(totals > 0, totals, 1)
    means = known.combine(shares_of_mean, keys[1:]).table["estimate"].to_numpy()
    counts = groups.sum()
    n_expected = int(count_months([interval.last], interval.first)[0]) + 1
    counts["n_missing"] = n_expected - counts["n_months"]
    means = np.where(counts["n_months"] > 0, means, np.nan)
    return _Side(interval, shares_of_mean, means, counts)


def _warn_of_missing(side: _Side, keys: pd.DataFrame) -> None:
    """Say for how many themes and groups an interval has gaps."""
    missing = side.counts["n_missing"].to_numpy()
    if missing.any():
        worst = ", ".join(str(value) for value in keys.iloc[int(missing.argmax())])
        warnings.warn(
            f"months of {side.interval.name} have no offers for {(missing > 0).sum()} of "
            f"{len(keys)} themes and groups; {worst!r} lacks {missing.max()}. The means are those "
            f"of the others: see the columns n_missing_before and n_missing_after, or choose "
            f"intervals without gaps.",
            JocasThemesWarning,
            stacklevel=3,
        )


def add_tests(table: pd.DataFrame, *, level: float, dof: Any) -> pd.DataFrame:
    """Add the intervals of changes and Student's tests of no change."""
    low, high = compute_interval(table["change"], table["se"], level=level, dof=dof)
    statistic = table["change"] / table["se"]
    p_value = 2 * student_t.sf(np.abs(statistic), dof)
    return table.assign(ci_low=low, ci_high=high, statistic=statistic, p_value=p_value)
