"""`find_near_duplicates`: the same offer on several boards, lightly edited, in near-linear time."""

import reprlib
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from jocas_themes._progress import tqdm
from jocas_themes.errors import JocasThemesWarning
from jocas_themes.offers._days import choose_date_columns, count_unreadable, read_first_days
from jocas_themes.offers._frames import as_offers, to_frame
from jocas_themes.offers._text import is_missing
from jocas_themes.offers.duplicates._collector import Collector
from jocas_themes.offers.duplicates._result import NearDuplicates

_BOARD_COLUMN = "site_name"
_CHUNK_ROWS = 10_000
_TABLES = (pd.DataFrame, pa.Table, pa.RecordBatch)


def find_near_duplicates(
    offers: Any,
    *,
    window_days: int | None = 60,
    threshold: float = 0.8,
    n_hashes: int = 128,
    text_columns: Sequence[str] | None = None,
    date_column: str | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
    progress: bool = False,
) -> NearDuplicates:
    """Group the offers that are nearly the same and were posted around the same time.

    Parameters
    ----------
    offers : sequence of str, DataFrame, pyarrow.Table, or iterator of tables, of n_offers
        Texts, or a table of offers. An iterator of tables, such as `iter_offers` gives, is read
        once, so that millions of texts need not be in memory together. Mark-up, case, accents
        and punctuation do not count.
    window_days : int or None, default=60
        How many days apart two offers that are compared may be: a repost a year later is a new
        vacancy. None compares offers whatever their dates.
    threshold : float, default=0.8
        Jaccard similarity of two offers' shingles, in (0, 1], from which they are linked.
    n_hashes : int, default=128
        Length of the MinHash signatures. More of them spare comparisons among offers that are
        alike but no near-duplicates, and take longer to compute.
    text_columns : sequence of str, optional
        Columns that hold the text, when they are not the JOCAS ones.
    date_column : str, optional
        Column of dates: datetimes, or ISO, YYYYMMDD or DD/MM/YYYY. By default an offer's first of
        ``date_firstSeenDay``, ``date_sitePublicationDay`` and ``date_lastSeenDay``.
    random_state : int, default=0
        Seed of the hash functions.
    n_jobs : int, optional
        How many workers hash texts, as joblib has it. The result does not depend on it.
    progress : bool, default=False
        Whether to show progress bars.

    Returns
    -------
    NearDuplicates
        Tables ``offers`` (each offer's group, in the order given), ``groups`` (size, boards,
        first and last day) and ``boards`` (the ``site_name`` of each group).

    Raises
    ------
    TypeError
        If the offers are neither texts nor tables.
    ValueError
        If a parameter is out of range, or a column is not there.

    Warns
    -----
    JocasThemesWarning
        Once, if dates are unreadable, unless ``window_days`` is None.

    See Also
    --------
    NearDuplicateKFold : Cross-validate with near-duplicates in one fold.
    compute_shares : Count a vacancy once: ``offer_ids``.

    Notes
    -----
    A text is the set of its runs of three words (shingles; a shorter text is one shingle), and
    the similarity of two texts is the Jaccard index of their sets. MinHash signatures
    (Broder, 1997) cut into bands (Leskovec, Rajaraman and Ullman, 2014, chapter 3) bring
    candidates together: the bands are as long as they can be while a pair at the threshold is
    found with a probability of 99% at least (from a threshold of 0.04 on, with 128 hashes).
    Candidates are then compared exactly, so that chance can miss a pair but never make one.

    Copies, whose sets are equal, are all found. The others are compared within a band and a
    stretch of time; where many share both, as the templates of a temporary work agency do, each
    is compared with its 32 nearest in size only: the time grows with the number of offers, not
    with its square.

    **Groups are chains.** A vacancy that is reposted every month for two years is one group,
    although its first and last post are far more than the window apart, and so is a text that
    changes little by little. ``groups`` has the first and last day, to cut where that matters.
    Offers without a date, which no window can judge, are compared with one another only: they
    would chain what was posted years apart. Offers without any word are alone.

    Memory: about 1.5 kB an offer of 300 words, whatever the length of the source. The groups
    are the same in every process and on every machine, for any number of workers.

    Examples
    --------
    >>> import pandas as pd
    >>> from jocas_themes import find_near_duplicates
    >>> offers = pd.DataFrame({
    ...     "offer_id": ["A1", "B7", "C2", "A9"],
    ...     "site_name": ["site_a", "site_b", "site_c", "site_a"],
    ...     "date_firstSeenDay": ["2023-03-01", "2023-03-09", "2023-03-02", "2024-03-01"],
    ...     "job_title": ["Cariste H/F à Lyon, CACES 3 exigé, travail en 2x8"] * 2
    ...     + ["Boulanger à Nantes", "CARISTE (H/F) - Lyon - CACES 3 exigé - travail en 2x8"],
    ... })
    >>> found = find_near_duplicates(offers, threshold=0.5)
    >>> found.offers
      offer_id  group  is_first
    0       A1      0      True
    1       B7      0     False
    2       C2      1      True
    3       A9      2      True
    >>> found.boards.head(2)
       group site_name  n_offers
    0      0    site_a         1
    1      0    site_b         1
    """
    collector = Collector(
        window_days=window_days,
        threshold=threshold,
        n_hashes=n_hashes,
        random_state=random_state,
        n_jobs=n_jobs,
    )
    _check_offers(offers)
    offers = to_frame(offers)
    total = len(offers) if hasattr(offers, "__len__") else None
    undatable: Counter[tuple[str, ...]] = Counter()
    with tqdm(desc="hashing", total=total, unit=" offers", disable=not progress) as bar:
        for chunk in _iter_chunks(offers, text_columns):
            names = _find_date_columns(chunk, date_column)
            days = read_first_days(chunk, names)
            if window_days is not None:
                undatable[tuple(names)] += count_unreadable(chunk, names, days)
            ids, texts = chunk["offer_id"].tolist(), chunk["text"].tolist()
            collector.add(ids, texts, days, read_boards(chunk))
            bar.update(len(chunk))
    index = offers.index if isinstance(offers, (pd.DataFrame, pd.Series)) else None
    found = collector.finish(index=index, progress=progress)
    _warn_of_unreadable_dates(undatable, len(found.offers))
    return found


def group_near_duplicates(
    offers: Any, *, threshold: float = 0.8, text_columns: Sequence[str] | None = None
) -> npt.NDArray[np.int64]:
    """Give each offer the number of its group of near-duplicates, whatever their dates.

    Parameters
    ----------
    offers : sequence of str, DataFrame or pyarrow.Table of n_offers
        Texts, or a table of offers.
    threshold : float, default=0.8
        Similarity from which two offers are near-duplicates.
    text_columns : sequence of str, optional
        Columns that hold the text, when they are not the JOCAS ones.

    Returns
    -------
    ndarray of shape (n_offers,)
        Each offer's group, from 0 on in the order of first appearance.
    """
    found = find_near_duplicates(
        offers, window_days=None, threshold=threshold, text_columns=text_columns
    )
    return found.offers["group"].to_numpy()


def read_boards(offers: pd.DataFrame) -> list[str | None]:
    """Read the board of each offer, None where it is not known."""
    if _BOARD_COLUMN not in offers.columns:
        return [None] * len(offers)
    return [None if is_missing(board) else str(board).strip() for board in offers[_BOARD_COLUMN]]


def _check_offers(offers: Any) -> None:
    """Refuse what is easily taken for offers."""
    wanted = "offers must be texts, a table, or an iterator of tables, got"
    if isinstance(offers, (str, bytes, PathLike)):
        raise TypeError(
            f"{wanted} {reprlib.repr(offers)}. Read files with iter_offers, put a single text in "
            f"a list."
        )
    if isinstance(offers, (list, tuple)) and any(isinstance(one, _TABLES) for one in offers[:1]):
        raise TypeError(f"{wanted} a list of tables. Pass iter(tables), or pandas.concat(tables).")


def _iter_chunks(offers: Any, text_columns: Sequence[str] | None) -> Iterator[pd.DataFrame]:
    """Yield offers with their ids and texts, some thousands at a time."""
    for table in _iter_tables(offers):
        if not isinstance(table, pd.DataFrame):
            yield as_offers(table)
            continue
        for start in range(0, max(len(table), 1), _CHUNK_ROWS):
            yield as_offers(table.iloc[start : start + _CHUNK_ROWS], text_columns=text_columns)


def _iter_tables(offers: Any) -> Iterator[Any]:
    """Yield the tables of an iterator, or what was given as the only one."""
    if not isinstance(offers, Iterator):
        yield offers
        return
    head = list(islice(offers, 1))
    if head and isinstance(head[0], _TABLES):
        yield from map(to_frame, chain(head, offers))
    else:
        yield [*head, *offers]


def _warn_of_unreadable_dates(counts: Counter[tuple[str, ...]], n_offers: int) -> None:
    """Warn of offers that the window does not judge, though something is in their dates."""
    if n_unreadable := counts.total():
        names = list(dict.fromkeys(name for names in +counts for name in names))
        warnings.warn(
            f"{n_unreadable} of {n_offers} offers have something in {names!r} that is no date: "
            f"they count as undated, and are compared with one another whatever their dates. "
            f"Dates must be datetimes, or ISO, YYYYMMDD or DD/MM/YYYY.",
            JocasThemesWarning,
            stacklevel=3,
        )


def _find_date_columns(offers: pd.DataFrame, date_column: str | None) -> list[str]:
    """Find the columns of dates, none at all if none is asked for."""
    names = choose_date_columns(list(offers.columns), date_column)
    if date_column is not None and not names:
        raise ValueError(
            f"offers lack the date_column {date_column!r}; found {list(offers.columns)[:5]!r} "
            f"({len(offers.columns)} in all). Name one that is there, or leave it out."
        )
    return names
