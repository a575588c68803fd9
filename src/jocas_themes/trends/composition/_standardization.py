"""`standardize`: shares as they would be, had the mix of offers stayed the same."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends._result import Shares
from jocas_themes.trends.aggregation._groups import UNKNOWN
from jocas_themes.trends.composition._mix import (
    Interval,
    check_columns,
    choose_months,
    compute_mix,
    count_mix,
    find_known,
)
from jocas_themes.trends.composition._raking import rake, read_margin, read_weights

Array = npt.NDArray[np.float64]
Weights = pd.DataFrame | Interval | Mapping[str, "pd.Series[Any]"] | Literal["all"]

_MOST = 0.5  # of the mix that a row may lack, and of the offers that the mix may leave out
_ROUNDING = 1e-9


def standardize(
    shares: Shares,
    *,
    weights: Weights,
    by: Sequence[str] = ("sector", "region"),
    missing: Literal["renormalize", "drop"] = "renormalize",
) -> Shares:
    r"""Average the shares of groups with a fixed mix, the same in every period.

    Parameters
    ----------
    shares : Shares
        By the columns of `by` and what is to be seen, such as
        ``by=("month", "sector", "region")``.
    weights : DataFrame, (first, last), "all" or mapping of str to Series
        The mix: a table of the columns of `by` and ``weight`` (>= 0, of any sum), as
        `compute_mix` gives; or the offers of an interval of months, such as
        ``("2019-01", "2019-12")``; or the offers of all months; or known margins, such as
        ``{"sector": ..., "region": ...}``, each a Series of weights (of any sum) by category,
        to which the mix of all months is raked.
    by : sequence of str, default=("sector", "region")
        Columns whose groups make up the mix. The other columns of the shares stay.
    missing : {"renormalize", "drop"}, default="renormalize"
        What becomes of a period without offers, or an estimate, in some group of the mix:
        spread the group's weight over the others, or give the period no row.

    Returns
    -------
    Shares
        One row a theme and group of the other columns, with the full covariance.
        ``n_offers`` and ``n_gold`` count what has a weight in the mix.

    Raises
    ------
    ValueError
        If the shares lack a column of `by`; if weights are negative, unknown or all 0; if a
        value of `by` is in the shares and nowhere in the mix (``"unknown"`` excepted); if the
        mix leaves out more than half of the offers; or if no row is left.

    Warns
    -----
    JocasThemesWarning
        If the mix leaves offers out; if periods lack groups of the mix.

    See Also
    --------
    decompose : How much of a change is one of the mix.
    compute_mix : The mix as a table.
    rake : How margins are fitted.

    Notes
    -----
    Direct standardisation: :math:`\sum_g w_g p_{tg}` with the same :math:`w_g` in each period
    :math:`t`. The weights count as known, without an error of their own. What changes *inside* a
    group, such as its occupations, is not held.

    Offers whose group could not be read are a group of their own, ``"unknown"``, and stay so in
    a mix that is counted in the shares. A table or margins that do not name it give it no
    weight: the result is the share among offers whose group is known.

    A period that lacks more than half of the mix gets no row.

    Examples
    --------
    In 2020 there are fewer offers of the sector where remote work is common; within each sector
    nothing changes.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from jocas_themes.trends import Shares, standardize
    >>> table = pd.DataFrame({
    ...     "theme": "REMOTE",
    ...     "year": pd.to_datetime(["2019", "2019", "2020", "2020"], format="%Y"),
    ...     "sector": ["C", "J", "C", "J"],
    ...     "n_offers": [100, 100, 150, 50],
    ...     "estimate": [0.1, 0.5, 0.1, 0.5],
    ...     "method": "dsl",
    ... })
    >>> shares = Shares(table, np.zeros((4, 1)), np.full(4, 1e-4), by=("year", "sector"))
    >>> fixed = standardize(shares, weights=("2019-01", "2019-12"), by=("sector",))
    >>> fixed.table[["theme", "year", "n_offers", "estimate", "se"]].round({"estimate": 4, "se": 4})
        theme       year  n_offers  estimate      se
    0  REMOTE 2019-01-01       200       0.3  0.0071
    1  REMOTE 2020-01-01       200       0.3  0.0071
    """
    columns = check_columns(shares, by)
    if missing not in ("renormalize", "drop"):
        raise ValueError(f"missing must be 'renormalize' or 'drop', got {missing!r}.")
    rest = [column for column in shares.by if column not in columns]
    mix = _read_mix(shares, weights, columns)
    shares = shares.take(find_known(shares))
    weight = _place_weights(shares, mix, columns)
    groups = shares.table.groupby(["theme", *rest], sort=False, dropna=False)
    present: Array = np.bincount(groups.ngroup(), weight, groups.ngroups).astype(np.float64)
    keep = present >= (1 - _ROUNDING if missing == "drop" else _MOST)
    if not keep.any():
        raise ValueError(
            f"every row lacks groups of the mix, at best {1 - present.max():.1%} of its weight. "
            f"Choose coarser groups, or a mix of groups that there are."
        )
    _warn_of_gaps(1 - present, keep)
    # Rows of weight 0 must not count among the offers.
    used = keep[groups.ngroup()] & (weight > 0)
    scaled = weight / np.maximum(present[groups.ngroup()], _ROUNDING)
    return shares.take(used).combine(scaled[used], rest)


def _read_mix(shares: Shares, weights: Weights, columns: list[str]) -> pd.DataFrame:
    """Return the mix asked for: one row a group, with a `weight` of sum 1."""
    if isinstance(weights, pd.DataFrame):
        values = read_weights(weights, columns, name="weights")
        twice = weights.loc[weights.duplicated(columns), columns]
        if len(twice):
            raise ValueError(
                f"weights must hold each group once, got several rows of "
                f"{twice.iloc[:5].to_numpy().tolist()!r} ({len(twice)} in all). Add them up first."
            )
        mix = weights[columns].assign(weight=values / values.sum())
        _check_values(shares, mix, columns)
        return mix
    if isinstance(weights, Mapping):
        return _rake_mix(shares, weights, columns)
    if isinstance(weights, str) and weights == "all":
        return compute_mix(shares, by=columns)
    if isinstance(weights, tuple | list):
        mix = count_mix(shares, columns, choose_months(shares, weights, name="weights"))
        return mix[mix["weight"] > 0]
    raise ValueError(
        f"weights must be a DataFrame, an interval such as ('2019-01', '2019-12'), margins by "
        f"column, or 'all', got {weights!r}."
    )


def _rake_mix(
    shares: Shares, margins: Mapping[str, "pd.Series[Any]"], columns: list[str]
) -> pd.DataFrame:
    """Rake the mix of all months to margins, whose totals need not agree."""
    foreign = [column for column in margins if column not in columns]
    if foreign:
        raise ValueError(f"weights must have margins of {columns!r} alone, got {foreign!r}.")
    mix = compute_mix(shares, by=columns)
    shared = {}
    for column, written in margins.items():
        margin = read_margin(column, written)
        shared[column] = margin / margin.sum()
        if UNKNOWN not in margin.index:  # as official ones: left out, with a warning
            mix = mix[mix[column] != UNKNOWN]
    return rake(mix, shared)


def _place_weights(shares: Shares, mix: pd.DataFrame, columns: list[str]) -> Array:
    """Return the weight of each row's group, 0 where the mix has none."""
    rows = pd.MultiIndex.from_frame(shares.table[columns])
    places = pd.MultiIndex.from_frame(mix[columns]).get_indexer(rows)
    weight = np.append(mix["weight"].to_numpy(), 0.0)[places]  # -1 is the last: not in the mix
    n_offers = shares.table["n_offers"].to_numpy()
    foreign = places < 0
    out = n_offers[foreign].sum() / n_offers.sum()
    if out > _MOST:
        raise ValueError(
            f"the mix leaves out {out:.1%} of the offers, among them "
            f"{list(rows[foreign].unique()[:5])!r}, and must leave out less than half. Give their "
            f"groups a weight, 0 if they must not count; for the shares' own mix pass "
            f"weights='all'."
        )
    if out > 0:
        warnings.warn(
            f"the mix has no weight for {len(rows[foreign].unique())} groups, such as "
            f"{list(rows[foreign].unique()[:5])!r}: their offers, {out:.1%} of all, do not count. "
            f"Give the groups a weight, 0 if this is meant.",
            JocasThemesWarning,
            stacklevel=3,
        )
    return weight


def _check_values(shares: Shares, mix: pd.DataFrame, columns: list[str]) -> None:
    """Refuse values that the mix never names: most often another coding of the same."""
    for column in columns:
        named = set(mix[column]) | {UNKNOWN}
        foreign = [value for value in pd.unique(shares.table[column]) if value not in named]
        if foreign:
            raise ValueError(
                f"the mix must name every {column} of the shares, and lacks {foreign[:5]!r} "
                f"({len(foreign)} in all); it has {pd.unique(mix[column])[:5].tolist()!r}. Write "
                f"them alike, or add rows of weight 0 for those that must not count."
            )


def _warn_of_gaps(lacking: Array, keep: npt.NDArray[np.bool_]) -> None:
    """Say how far rows are from the mix, and how many are left out."""
    spread = lacking[keep & (lacking > _ROUNDING)]
    parts = []
    if len(spread):
        parts.append(
            f"{len(spread)} of {len(keep)} rows lack groups of the mix, at worst "
            f"{spread.max():.1%} of its weight: it is spread over their other groups, so that "
            f"their mix is another"
        )
    if not keep.all():
        parts.append(
            f"{(~keep).sum()} of {len(keep)} rows lack too much of the mix, at worst "
            f"{lacking.max():.1%} of its weight, and are left out"
        )
    if parts:
        warnings.warn(
            f"{'; '.join(parts)}. Choose coarser groups or longer periods, or a mix of groups "
            f"that are there all the time.",
            JocasThemesWarning,
            stacklevel=3,
        )
