"""`decompose`: how much of a change is within groups, and how much is one of their mix."""

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends._result import Shares, compute_interval
from jocas_themes.trends.aggregation._periods import TIMES
from jocas_themes.trends.composition._mix import (
    Interval,
    check_columns,
    choose_months,
    find_time,
    pool,
)

Array = npt.NDArray[np.float64]

COMPONENTS = ("within", "composition", "total")
_ALL = "all"
_SIDES = 2


def decompose(
    shares: Shares,
    *,
    before: Interval,
    after: Interval,
    by: Sequence[str] = ("sector",),
    level: float | None = None,
) -> pd.DataFrame:
    r"""Split the change of a share into changes within groups and a change of their mix.

    Parameters
    ----------
    shares : Shares
        By a time and the columns of `by`, such as ``by=("month", "sector")``.
    before, after : (first, last)
        Months to compare, both ends included, such as ``("2019-01", "2020-02")``.
    by : sequence of str, default=("sector",)
        Columns whose groups make up the mix. What other columns tell apart is decomposed one by
        one.
    level : float, optional
        Confidence level of the intervals, 0 to 1. By default that of the shares.

    Returns
    -------
    DataFrame
        ``theme``, the other columns, ``group``, ``component``, ``estimate``, ``se``, ``ci_low``
        and ``ci_high``, all of them differences of shares (0.02 is two points). The group
        ``"all"`` has the sums: ``within`` + ``composition`` = ``total``, the change of the share
        among all offers. Then come the contributions of each group, which add up to them;
        where `by` has several columns a group is written ``"J / 11"``.

    Raises
    ------
    ValueError
        If the shares lack a time or a column of `by`, if a period holds no row or cuts one in
        two, if a share is NaN, if `before` does not end before `after` begins, if a group is
        called "all", or if `level` is out of range.

    Warns
    -----
    JocasThemesWarning
        If what other columns tell apart has no offers in one of the periods: it is left out.

    See Also
    --------
    standardize : The share with the mix held fixed, period by period.
    compare_periods : The change itself, with a test.

    Notes
    -----
    With the part :math:`w` of a group in the offers of a period, its share :math:`p` (both over
    the whole period) and the share :math:`P = \sum_g w_g p_g` of all:

    .. math:: \Delta P = \sum_g \bar w_g \Delta p_g + \sum_g \Delta w_g (\bar p_g - \bar P)

    where a bar is the mean of before and after (Kitagawa, 1955, "Components of a difference
    between two rates"; Griliches and Regev, 1995). Neither period is the reference, and nothing
    is left over. Since :math:`\sum_g \Delta w_g = 0`, taking :math:`\bar P` away changes no
    sum; but a group adds to ``composition`` when it grows and has the theme more often than most,
    not whenever it grows.

    A group without offers in one period has its other share there: it adds nothing ``within``.

    The intervals count the errors of the shares, with all their covariances; the mix is taken
    as it was observed. What changes inside a group, such as its occupations, is ``within``.

    Examples
    --------
    The share rises from 0.3 to 0.35: half as much as each sector by itself, as there are fewer
    offers of J.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from jocas_themes.trends import Shares, decompose
    >>> table = pd.DataFrame({
    ...     "theme": "REMOTE",
    ...     "year": pd.to_datetime(["2019", "2019", "2021", "2021"], format="%Y"),
    ...     "sector": ["C", "J", "C", "J"],
    ...     "n_offers": [100, 100, 125, 75],
    ...     "estimate": [0.1, 0.5, 0.2, 0.6],
    ...     "method": "dsl",
    ... })
    >>> shares = Shares(table, np.zeros((4, 1)), np.full(4, 1e-4), by=("year", "sector"))
    >>> parts = decompose(
    ...     shares, before=("2019-01", "2019-12"), after=("2021-01", "2021-12"), by=("sector",)
    ... )
    >>> parts[["group", "component", "estimate", "se"]].round(4)
      group    component  estimate      se
    0   all       within    0.1000  0.0101
    1   all  composition   -0.0500  0.0012
    2   all        total    0.0500  0.0102
    3     C       within    0.0563  0.0080
    4     C  composition   -0.0219  0.0006
    5     C        total    0.0344  0.0079
    6     J       within    0.0437  0.0062
    7     J  composition   -0.0281  0.0007
    8     J        total    0.0156  0.0062
    """
    columns = check_columns(shares, by)
    level = shares.level if level is None else level
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, got {level!r}.")
    keys = ["theme", *(name for name in shares.by if name not in (*columns, *TIMES))]
    sides = [pool(side, [*keys[1:], *columns]) for side in _take_sides(shares, before, after)]
    table = pd.concat(
        [side.table.assign(side=i) for i, side in enumerate(sides)], ignore_index=True
    )
    factor = np.vstack([side.factor for side in sides])
    noise = np.concatenate([side.noise for side in sides])
    parts, lacking = [], []
    for key, places in table.groupby(keys, sort=False, dropna=False).indices.items():
        rows = table.iloc[places]
        if rows["side"].nunique() < _SIDES:
            lacking.append(key)
            continue
        part = _decompose_rows(rows, factor[places], noise[places], columns)
        parts.append(
            pd.concat([rows[keys].iloc[[0] * len(part)].reset_index(drop=True), part], axis=1)
        )
    if not parts:
        raise ValueError(
            f"before and after must have offers of the same {keys!r}, got none in both periods."
        )
    if lacking:
        warnings.warn(
            f"{len(lacking)} of {len(lacking) + len(parts)} combinations of {keys!r} have no "
            f"offers in one of the periods and are left out: {lacking[:5]!r}. Choose longer "
            f"periods, or estimate the shares without these columns.",
            JocasThemesWarning,
            stacklevel=2,
        )
    changes = pd.concat(parts, ignore_index=True)
    low, high = compute_interval(changes["estimate"], changes["se"], level=level, dof=shares.dof)
    return changes.assign(ci_low=low, ci_high=high)


def _take_sides(shares: Shares, before: Interval, after: Interval) -> tuple[Shares, Shares]:
    """Take the rows of the two periods, which must not overlap."""
    early = choose_months(shares, before, name="before")
    late = choose_months(shares, after, name="after")
    times = shares.table[find_time(shares)]
    if not times[early].max() < times[late].min():
        raise ValueError(f"before must end before after begins, got {before!r} and {after!r}.")
    return shares.take(early), shares.take(late)


def _decompose_rows(
    rows: pd.DataFrame, factor: Array, noise: Array, columns: list[str]
) -> pd.DataFrame:
    """Decompose the change between the two sides of a theme's groups."""
    names = rows[columns[0]]
    if len(columns) > 1:
        names = rows[columns].astype(str).agg(" / ".join, axis=1)
    groups, named = pd.factorize(names)
    if _ALL in named:
        raise ValueError(
            f"no group must be called {_ALL!r}, which stands for all groups together; {columns!r} "
            f"have one. Rename it in the labels, and estimate the shares again."
        )
    weights = _weigh_rows(rows["side"].to_numpy(), groups, rows["n_offers"].to_numpy())
    variance = ((weights @ factor) ** 2).sum(axis=1) + weights**2 @ noise
    return pd.DataFrame(
        {
            "group": np.repeat(np.array([_ALL, *named], dtype=object), len(COMPONENTS)),
            "component": np.tile(COMPONENTS, len(named) + 1),
            "estimate": weights @ rows["estimate"].to_numpy(),
            "se": np.sqrt(variance),
        }
    )


def _weigh_rows(
    sides: npt.NDArray[np.int64], groups: npt.NDArray[np.intp], n_offers: Array
) -> Array:
    """Return each component as weights of the rows: all groups', then each group's three."""
    offers = np.zeros((_SIDES, groups.max() + 1))
    offers[sides, groups] = n_offers
    mix = offers / offers.sum(axis=1, keepdims=True)
    one = np.eye(offers.shape[1])
    mean, growth = mix.mean(axis=0)[:, None], (mix[1] - mix[0])[:, None]
    within = np.stack([-mean * one, mean * one], axis=1)
    # The mean of before and after, of the group less of all.
    composition = growth[:, None] * (one[:, None] - mix) / _SIDES
    parts = np.stack([within, composition, within + composition], axis=1)
    weights = np.concatenate([parts.sum(axis=0, keepdims=True), parts])
    # A group absent on one side has its other share there.
    for side in range(_SIDES):
        absent = offers[side] == 0
        weights[:, :, 1 - side, absent] += weights[:, :, side, absent]
    return np.asarray(weights.reshape(-1, *offers.shape)[:, sides, groups])
