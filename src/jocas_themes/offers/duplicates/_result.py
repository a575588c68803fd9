"""`NearDuplicates`: which offers are nearly the same, and which boards repeat one another."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes._rendering import render_html, render_text

_Integers = npt.NDArray[np.int64]
_N_SHOWN = 10


@dataclass(frozen=True, eq=False, repr=False)
class NearDuplicates:
    """Groups of offers that are nearly the same.

    Parameters
    ----------
    offers : DataFrame of shape (n_offers, 3)
        ``offer_id``; ``group``, a number from 0 on in the order of first appearance;
        ``is_first``, whether the offer is the earliest of its group, one in each.
    groups : DataFrame of shape (n_groups, 5)
        ``group``; ``n_offers``; ``n_boards``, the known ones; ``first_day`` and ``last_day``,
        NaT where no offer of the group has a date.
    boards : DataFrame of shape (n_rows, 3)
        ``group``, ``site_name`` and ``n_offers``: a row for each board of each group.

    See Also
    --------
    find_near_duplicates : What makes one.
    """

    offers: pd.DataFrame
    groups: pd.DataFrame
    boards: pd.DataFrame

    @property
    def share_repeated(self) -> float:
        """Share of the offers that have a near-duplicate (0-1); NaN of no offer."""
        n_offers = self.groups["n_offers"]
        return float(n_offers[n_offers > 1].sum() / n_offers.sum()) if len(n_offers) else np.nan

    def compare_boards(self) -> pd.DataFrame:
        """Count what each board has in common with each other one, and with itself.

        Returns
        -------
        DataFrame of shape (n_pairs, 4)
            ``site_name``; ``other``; ``n_offers``, the offers of the former that have a
            near-duplicate on the latter; ``share``, of all offers of the former (0-1). Pairs
            with nothing in common have no row; the largest come first.

        Examples
        --------
        >>> import pandas as pd
        >>> from jocas_themes import find_near_duplicates
        >>> offers = pd.DataFrame({
        ...     "site_name": ["site_a", "site_b", "site_a"],
        ...     "job_title": ["Cariste à Lyon", "CARISTE - À LYON", "Boulanger"],
        ... })
        >>> find_near_duplicates(offers).compare_boards()
          site_name   other  n_offers  share
        0    site_b  site_a         1    1.0
        1    site_a  site_b         1    0.5
        """
        n_of_board = self.boards.groupby("site_name")["n_offers"].sum()
        n_of_group = self.groups.set_index("group")["n_offers"]
        repeated = self.boards[self.boards["group"].map(n_of_group) > 1]
        pairs = repeated.merge(
            repeated[["group", "site_name"]].rename(columns={"site_name": "other"}), on="group"
        )
        alone = (pairs["site_name"] == pairs["other"]) & (pairs["n_offers"] == 1)
        counts = pairs[~alone].groupby(["site_name", "other"])["n_offers"].sum().reset_index()
        counts["share"] = counts["n_offers"] / n_of_board.reindex(counts["site_name"]).to_numpy()
        order = ["n_offers", "share", "site_name", "other"]
        ascending = [False, False, True, True]
        return counts.sort_values(order, ascending=ascending, ignore_index=True)

    def __repr__(self) -> str:
        return render_text(self._summarise(), self._list_tables())

    def _repr_html_(self) -> str:
        return render_html(self._summarise(), self._list_tables())

    def _list_tables(self) -> dict[str, pd.DataFrame]:
        """List the tables to show: none where no board has anything in common."""
        boards = self.compare_boards().head(_N_SHOWN)
        return {} if boards.empty else {"Boards": boards}

    def _summarise(self) -> str:
        """Say in a line how many offers repeat others."""
        n_offers, n_groups = len(self.offers), len(self.groups)
        if not n_offers:
            return "No offers"
        n_elsewhere = self.groups.loc[self.groups["n_boards"] > 1, "n_offers"].sum()
        return (
            f"{_count(n_offers, 'offer')} in {_count(n_groups, 'group')}: "
            f"{self.share_repeated:.1%} have a near-duplicate, {n_elsewhere / n_offers:.1%} are in "
            f"a group of several boards; the largest group has "
            f"{_count(self.groups['n_offers'].max(), 'offer')}"
        )


def build_near_duplicates(
    ids: list[str],
    groups: _Integers,
    days: npt.NDArray[np.datetime64],
    boards: npt.NDArray[np.int32],
    board_names: list[str],
    index: pd.Index,
) -> NearDuplicates:
    """Build the tables from what is known of each offer; a board of -1 is unknown."""
    numbers = np.asarray(pd.factorize(groups)[0], dtype=np.int64)
    n_groups = int(numbers.max()) + 1 if len(numbers) else 0
    offers = pd.DataFrame({"offer_id": pd.Series(ids, dtype=object), "group": numbers})
    offers["is_first"] = _find_first(numbers, days)
    dated = pd.Series(days.astype("datetime64[s]")).groupby(numbers)
    table = _count_boards(numbers, boards, board_names)
    groups_table = pd.DataFrame(
        {
            "group": np.arange(n_groups),
            "n_offers": np.bincount(numbers, minlength=n_groups),
            "n_boards": np.bincount(table["group"], minlength=n_groups),
            "first_day": dated.min().to_numpy(),
            "last_day": dated.max().to_numpy(),
        }
    )
    return NearDuplicates(offers.set_index(index), groups_table, table)


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" + "s" * int(n != 1)


def _find_first(groups: _Integers, days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.bool_]:
    """Tell which offer of each group is the earliest, in the order given among equals."""
    order = np.lexsort((days, groups))  # NaT is last
    is_first = np.zeros(len(groups), dtype=bool)
    is_first[order[np.diff(groups[order], prepend=-1) != 0]] = True
    return is_first


def _count_boards(
    groups: _Integers, boards: npt.NDArray[np.int32], names: list[str]
) -> pd.DataFrame:
    """Count each group's offers on each board."""
    order = np.argsort(np.array(names, dtype=object), kind="stable")
    places = np.argsort(order)  # of each board, in the order of the names
    known = boards >= 0
    keys = groups[known] * max(len(names), 1) + places[boards[known]]
    keys, counts = np.unique(keys, return_counts=True)
    group, place = np.divmod(keys, max(len(names), 1))
    sites = pd.Series(names, dtype=object).iloc[order[place]]
    return pd.DataFrame({"group": group, "site_name": sites.to_numpy(), "n_offers": counts})
