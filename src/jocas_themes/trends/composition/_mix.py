"""`compute_mix`, and how shares are pooled over groups or months by their offers."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.trends._result import Shares
from jocas_themes.trends.aggregation._periods import WIDTHS, parse_month

Mask = npt.NDArray[np.bool_]
Interval = tuple[str | pd.Timestamp, str | pd.Timestamp]


def compute_mix(
    shares: Shares, *, by: Sequence[str], period: Interval | None = None
) -> pd.DataFrame:
    """Compute which part of the offers each group has.

    Parameters
    ----------
    shares : Shares
        With the columns of `by`.
    by : sequence of str
        Columns whose groups make up the mix, such as ``("sector", "region")``.
    period : (first, last), optional
        Months whose offers count, such as ``("2019-01", "2019-12")``, both included. By default
        all.

    Returns
    -------
    DataFrame of shape (n_groups, n_by + 2)
        The columns of `by`, ``n_offers`` and ``weight`` (0-1, of sum 1). Every group of the
        shares has a row, also those without offers in the period, so that a table of one period
        can stand for another.

    Raises
    ------
    ValueError
        If the shares lack a column of `by`, or hold no offers in the period.

    See Also
    --------
    standardize : Takes such a table as ``weights``.

    Notes
    -----
    Where some labels are unknown, the themes have different offers: those of the theme that is
    known of most count.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from jocas_themes.trends import Shares, compute_mix
    >>> table = pd.DataFrame({
    ...     "theme": "REMOTE",
    ...     "month": pd.to_datetime(["2019-01-01", "2019-01-01", "2020-01-01"]),
    ...     "sector": ["C", "J", "C"],
    ...     "n_offers": [60, 40, 100],
    ...     "estimate": [0.1, 0.5, 0.1],
    ... })
    >>> shares = Shares(table, np.zeros((3, 1)), np.full(3, 1e-4), by=("month", "sector"))
    >>> compute_mix(shares, by=("sector",))
      sector  n_offers  weight
    0      C       160     0.8
    1      J        40     0.2
    """
    columns = check_columns(shares, by)
    chosen = np.ones(len(shares), dtype=bool)
    if period is not None:
        chosen = choose_months(shares, period, name="period")
    return count_mix(shares, columns, chosen)


def count_mix(shares: Shares, columns: list[str], chosen: Mask) -> pd.DataFrame:
    """Count the offers of each group in some of the rows."""
    offers = shares.table.assign(n_offers=shares.table["n_offers"].where(chosen, 0))
    cells = offers.groupby(list(shares.by), as_index=False, dropna=False)["n_offers"].max()
    mix: pd.DataFrame = cells.groupby(columns, as_index=False, dropna=False)["n_offers"].sum()
    total = mix["n_offers"].sum()
    if not total > 0:
        raise ValueError("shares must hold offers to compute a mix, got none.")
    return mix.assign(weight=mix["n_offers"] / total)


def check_columns(shares: Shares, by: Sequence[str], name: str = "by") -> list[str]:
    """Return the columns asked for, which the shares must be told apart by."""
    columns = [by] if isinstance(by, str) else list(dict.fromkeys(by))
    absent = [column for column in columns if column not in shares.by]
    if absent or not columns:
        raise ValueError(
            f"{name} must be columns that the shares are told apart by, {list(shares.by)!r}, got "
            f"{columns!r}. Estimate the shares with them first: "
            f"estimate_prevalence(..., by=('month', ...))."
        )
    return columns


def find_time(shares: Shares) -> str:
    """Return the finest column of time that intervals of months can be read in."""
    for name in WIDTHS:
        if name in shares.by:
            return name
    raise ValueError(
        f"shares must be told apart by one of {list(WIDTHS)!r} to choose months, got "
        f"{list(shares.by)!r}. Estimate them by month: estimate_prevalence(..., by=('month', ...))."
    )


def choose_months(shares: Shares, interval: Interval, *, name: str) -> Mask:
    """Tell which rows lie in an interval of months, both ends included."""
    if isinstance(interval, str) or len(interval) != 2:
        raise ValueError(
            f"{name} must be a first and a last month, such as ('2019-01', '2019-12'), got "
            f"{interval!r}."
        )
    first, last = (parse_month(month, name) for month in interval)
    if last < first:
        raise ValueError(f"{name} must begin before it ends, got {interval!r}.")
    time = find_time(shares)
    starts = pd.to_datetime(shares.table[time])
    ends = starts + pd.DateOffset(months=WIDTHS[time] - 1)
    inside = ((starts >= first) & (ends <= last)).to_numpy()
    cut = starts[~inside & ((starts <= last) & (ends >= first)).to_numpy()]
    if len(cut):
        raise ValueError(
            f"{name} must hold whole periods, got {interval!r}, which cuts the {time} that begins "
            f"on {cut.iloc[0]:%Y-%m-%d}. Move its ends, or estimate the shares by month."
        )
    if not inside.any():
        raise ValueError(
            f"{name} must hold months of the shares, which go from {starts.min():%Y-%m} to "
            f"{starts.max():%Y-%m}, got {interval!r}."
        )
    return np.asarray(inside)


def find_known(shares: Shares) -> Mask:
    """Tell which rows hold offers and an estimate of their share."""
    has_offers = shares.table["n_offers"].to_numpy() > 0
    return np.asarray(has_offers & np.isfinite(shares.table["estimate"].to_numpy()))


def pool(shares: Shares, by: Sequence[str]) -> Shares:
    """Average the rows that agree in some columns by their numbers of offers."""
    shares = shares.take(shares.table["n_offers"].to_numpy() > 0)
    unknown = shares.table.loc[~find_known(shares), ["theme", *shares.by]]
    if len(unknown):
        raise ValueError(
            f"shares must be known where there are offers, and are NaN in {len(unknown)} rows, "
            f"such as {unknown.iloc[:5].astype(str).to_numpy().tolist()!r}. Estimate them with "
            f"rectifier='smooth', or by coarser groups."
        )
    n_offers = shares.table["n_offers"]
    keys = [shares.table[column] for column in ("theme", *by)]
    totals = n_offers.groupby(keys, dropna=False).transform("sum")
    return shares.combine(n_offers / totals, by)
