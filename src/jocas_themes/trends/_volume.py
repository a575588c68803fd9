"""`volume`: offers a month by board, with the months that are missing."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.offers import NearDuplicates
from jocas_themes.trends.aggregation import UNKNOWN
from jocas_themes.trends.aggregation._groups import choose_group_columns, code_group
from jocas_themes.trends.aggregation._ids import FirstRows, Lookup, read_groups, read_ids
from jocas_themes.trends.aggregation._labels import (
    choose_dates,
    iter_tables,
    open_labels,
    read_dtypes,
)
from jocas_themes.trends.aggregation._periods import WIDTHS, start_periods
from jocas_themes.trends.aggregation._rows import warn_of_undated
from jocas_themes.trends.aggregation._times import read_months

ALL_BOARDS = "all"

_NEIGHBOURS = 3

Counts = npt.NDArray[np.int64]


def volume(
    labels: pd.DataFrame | str | Path,
    *,
    board: str = "site_name",
    by: str = "month",
    date_column: str | None = None,
    near_duplicates: NearDuplicates | pd.DataFrame | None = None,
    offer_ids: Iterable[Any] | None = None,
    floor: float = 0.05,
) -> pd.DataFrame:
    """Count the offers of each board and month, and find the months that are missing.

    Parameters
    ----------
    labels : DataFrame of n_offers, str or Path
        Labelled table, or the folder of Parquet parts that `label_corpus` wrote. Any table of
        offers with dates and boards will do: no theme is read.
    board : str, default="site_name"
        Column that tells the boards apart; offers without one are of board ``unknown``.
    by : {"month", "quarter", "semester", "year"}, default="month"
        Length of a period.
    date_column : str, optional
        Column of dates. By default the first there of ``date_firstSeenDay``,
        ``date_sitePublicationDay`` and ``date_lastSeenDay``.
    near_duplicates : NearDuplicates or DataFrame, optional
        What `find_near_duplicates` gives, or a table with ``offer_id`` and ``group``. Offers that
        are not there are vacancies of their own.
    offer_ids : iterable of str, optional
        Count these offers only, the first row of each. By default all rows.
    floor : float, default=0.05
        A period with fewer offers than this share (0-1) of what is usual around it is missing.

    Returns
    -------
    DataFrame of shape ((1 + n_boards) * n_periods, 4 or 5)
        ``board``, where ``all`` stands for all boards together and comes first; ``month``, or
        what `by` says, each from the first to the last of the corpus; ``n_offers``;
        ``n_vacancies`` if near-duplicates are given; ``status``.

    Raises
    ------
    ValueError
        If there is no such column, if `by` or `floor` is none of these, if near-duplicates lack
        a column, if ids are given and the labels have none, or if a board is called "all".
    TypeError
        If `offer_ids` is a single string.
    FileNotFoundError
        If the folder holds no part.
    OffersError
        If a part is not a Parquet file.

    Warns
    -----
    JocasThemesWarning
        If offers have no readable date: they are left out; if a folder is incomplete.

    See Also
    --------
    find_constant_boards : Boards that are there nearly all the time.
    find_near_duplicates : Which offers are the same vacancy.

    Notes
    -----
    A vacancy counts once on each board, in the period of its first post there, and once among
    ``all``, in the period of its first post anywhere.

    ``status`` is, of a board that is there from its first to its last offer:

    - ``absent`` before its first and after its last period;
    - ``entry`` in its first one, if the corpus began before;
    - ``exit`` in its last one, if the corpus goes on after;
    - ``missing`` between these where it has no offer, or fewer than `floor` times the median of
      the three periods before and the three after, as far as they have offers. A fall that lasts
      is no gap: it becomes what is usual;
    - ``present`` otherwise.

    Examples
    --------
    >>> import pandas as pd
    >>> from jocas_themes.trends import volume
    >>> offers = pd.DataFrame({
    ...     "site_name": ["a", "a", "b", "a"],
    ...     "date_firstSeenDay": ["2020-01-05", "2020-01-09", "2020-02-02", "2020-03-01"],
    ... })
    >>> volume(offers)
      board      month  n_offers   status
    0   all 2020-01-01         2  present
    1   all 2020-02-01         1  present
    2   all 2020-03-01         1  present
    3     a 2020-01-01         2  present
    4     a 2020-02-01         0  missing
    5     a 2020-03-01         1  present
    6     b 2020-01-01         0   absent
    7     b 2020-02-01         1    entry
    8     b 2020-03-01         0   absent
    """
    if by not in WIDTHS:
        raise ValueError(f"by must be one of {list(WIDTHS)}, got {by!r}.")
    if not 0 <= floor < 1:
        raise ValueError(f"floor must be 0 or more, and under 1, got {floor!r}.")
    source = open_labels(labels)
    columns = list(read_dtypes(source))
    dates = choose_dates(columns, date_column)
    posts, boards = _read_posts(source, columns, board, dates, near_duplicates, offer_ids)
    is_dated = posts["month"].notna()
    if not is_dated.all():
        warn_of_undated(int((~is_dated).sum()), dates, stacklevel=2)
        posts = posts[is_dated]
    starts = start_periods(posts["month"].to_numpy(dtype="datetime64[M]"), WIDTHS[by])
    posts, periods = _number_periods(posts, starts, WIDTHS[by])
    shape = (len(boards), len(periods))
    n_offers = _count(posts, posts, shape)
    table = pd.DataFrame(
        {
            "board": np.repeat(np.array([ALL_BOARDS, *boards], dtype=object), len(periods)),
            by: np.tile(periods, 1 + len(boards)),
            "n_offers": n_offers.ravel(),
        }
    )
    if near_duplicates is not None:
        posts = posts.sort_values("period", kind="stable")
        first_there = posts.drop_duplicates(["board", "group"])
        first = posts.drop_duplicates("group")
        table["n_vacancies"] = _count(first_there, first, shape).ravel()
    statuses = [_find_statuses(counts, floor) for counts in n_offers]
    return table.assign(status=np.array(statuses, dtype=object).ravel())


def find_constant_boards(volumes: pd.DataFrame, *, share: float = 0.9) -> list[str]:
    """Find the boards that are there nearly all the time.

    Parameters
    ----------
    volumes : DataFrame
        As `volume` returns it.
    share : float, default=0.9
        Share (0-1) of the periods of the whole corpus in which a board must be present.

    Returns
    -------
    list of str
        The boards, in the table's order, that are neither absent nor missing in at least that
        share of the periods; never ``all`` nor ``unknown``.

    Raises
    ------
    ValueError
        If the table lacks a column, or if `share` is not in (0, 1].

    See Also
    --------
    take_boards : The shares among some boards.

    Examples
    --------
    >>> import pandas as pd
    >>> from jocas_themes.trends import find_constant_boards, volume
    >>> days = ["2020-01-05", "2020-02-09", "2020-02-02"]
    >>> offers = pd.DataFrame({"site_name": ["a", "a", "b"], "date_firstSeenDay": days})
    >>> find_constant_boards(volume(offers))
    ['a']
    """
    absent = [name for name in ("board", "status") if name not in volumes]
    if absent:
        raise ValueError(
            f"volumes lack the columns {absent!r}; found {list(volumes.columns)[:8]!r}. Make the "
            f"table with volume."
        )
    if not 0 < share <= 1:
        raise ValueError(f"share must be above 0, up to 1, got {share!r}.")
    is_there = ~volumes["status"].isin(["absent", "missing"])
    shares = is_there.groupby(volumes["board"], sort=False).mean()
    constant = shares.index[shares >= share - 1e-9]  # 0.9 of ten periods are nine
    return [str(name) for name in constant if name not in (ALL_BOARDS, UNKNOWN)]


def _read_posts(
    source: pd.DataFrame | list[Path],
    columns: Sequence[str],
    board: str,
    dates: Sequence[str],
    near_duplicates: NearDuplicates | pd.DataFrame | None,
    offer_ids: Iterable[Any] | None,
) -> tuple[pd.DataFrame, list[str]]:
    """Read each offer's board, as its place among the boards, its month and its group."""
    readers = choose_group_columns(board, columns)
    coded = list(dict.fromkeys([*dates, *readers]))
    with_ids = near_duplicates is not None or offer_ids is not None
    first = None
    if near_duplicates is not None:
        wanted, groups = _read_groups(near_duplicates, columns)
    if offer_ids is not None:
        first = FirstRows(read_ids(offer_ids, "offer_ids", columns))
    known: dict[str, int] = {}
    pieces = []
    for read in iter_tables(source, [*coded, "offer_id"] if with_ids else coded, coded):
        table = read if first is None else read[first.find(read)]
        codes, values = code_group(table, readers)
        places = np.array([known.setdefault(str(value), len(known)) for value in values])
        piece = pd.DataFrame({"board": places[codes], "month": read_months(table, dates)})
        if near_duplicates is not None:
            piece["group"] = groups[wanted.find(table["offer_id"])]
        pieces.append(piece)
    posts = pd.concat(pieces, ignore_index=True)
    if near_duplicates is not None:
        alone = posts["group"] < 0
        posts.loc[alone, "group"] = len(groups) + np.arange(alone.sum())
    return _sort_boards(posts, known, board)


def _sort_boards(
    posts: pd.DataFrame, known: dict[str, int], board: str
) -> tuple[pd.DataFrame, list[str]]:
    """Sort the boards that have posts, and number each post's board by its place among them."""
    used = set(posts["board"])
    boards = sorted((name for name in known if known[name] in used), key=_rank_board)
    if ALL_BOARDS in boards:
        raise ValueError(
            f"no board must be called {ALL_BOARDS!r}, which stands for all boards together; the "
            f"column {board!r} has one. Call it otherwise: labels[{board!r}].replace(...)."
        )
    ranks = np.zeros(len(known), dtype=np.int64)
    ranks[[known[name] for name in boards]] = np.arange(len(boards))
    return posts.assign(board=ranks[posts["board"]]), boards


def _read_groups(
    near_duplicates: NearDuplicates | pd.DataFrame, columns: Sequence[str]
) -> tuple[Lookup, npt.NDArray[np.int64]]:
    """Return where ids are found among near-duplicates, and the group of each, -1 at the end."""
    known = read_groups(near_duplicates, "near_duplicates")
    read_ids([], "near_duplicates", columns)
    groups = pd.factorize(known["group"])[0]
    return Lookup(known["offer_id"]), np.append(groups, -1)


def _rank_board(name: str) -> tuple[bool, str]:
    return name == UNKNOWN, name


def _number_periods(
    posts: pd.DataFrame, starts: npt.NDArray[np.datetime64], width: int
) -> tuple[pd.DataFrame, npt.NDArray[np.datetime64]]:
    """Give each post the number of its period, and return the first month of all periods."""
    if not len(posts):
        return posts.assign(period=0), starts.astype("datetime64[ns]")
    periods = np.arange(starts.min(), starts.max() + 1, width)
    numbers = (starts - starts.min()).astype(np.int64) // width
    return posts.assign(period=numbers), periods.astype("datetime64[ns]")


def _count(
    posts_of_boards: pd.DataFrame, posts_of_all: pd.DataFrame, shape: tuple[int, int]
) -> Counts:
    """Count posts by period: of all boards in the first row, of each board in those after it."""
    n_boards, n_periods = shape
    cells = posts_of_boards["board"] * n_periods + posts_of_boards["period"]
    counts = np.bincount(cells, minlength=n_boards * n_periods).reshape(shape)
    total = np.bincount(posts_of_all["period"], minlength=n_periods)
    return np.vstack([total[:n_periods], counts])


def _find_statuses(counts: Counts, floor: float) -> npt.NDArray[np.object_]:
    """Tell a board's status in each period of the corpus."""
    statuses = np.full(len(counts), "absent", dtype=object)
    there = np.flatnonzero(counts)
    if not len(there):
        return statuses
    first, last = there[0], there[-1]
    statuses[first : last + 1] = "present"
    for place in range(first + 1, last):
        before = counts[max(place - _NEIGHBOURS, 0) : place]
        around = np.append(before, counts[place + 1 : place + 1 + _NEIGHBOURS])
        usual = np.median(around[around > 0]) if around.any() else 0.0
        if counts[place] == 0 or counts[place] < floor * usual:
            statuses[place] = "missing"
    if last < len(counts) - 1:
        statuses[last] = "exit"
    if first > 0:
        statuses[first] = "entry"
    return statuses
