"""What a source of offers holds: missing values, offers a month, lengths of texts; streaming."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import pandas as pd

from jocas_themes._progress import make_offers_bar
from jocas_themes.offers._columns import JOCAS_COLUMNS
from jocas_themes.offers._days import choose_date_columns, read_first_days
from jocas_themes.offers._frames import read_ids
from jocas_themes.offers._sketch import DistinctCounter
from jocas_themes.offers._text import is_missing, require_own_names
from jocas_themes.offers.duplicates import Collector, NearDuplicates, read_boards
from jocas_themes.offers.reading._cells import is_known, to_raw
from jocas_themes.offers.reading._ids import read_texts
from jocas_themes.offers.reading._reading import (
    DEFAULT_ENCODING,
    DEFAULT_REJECTS_PATH,
    check_chunk_rows,
    open_reading,
    settle_piece,
)
from jocas_themes.offers.reading._rejects import UnreadableCells
from jocas_themes.offers.reading._selection import RawPiece, Selection, build_selection
from jocas_themes.offers.reading._sources import Source

_RELIABLE_UNDER = 0.20
_UNUSABLE_OVER = 0.70
_QUANTILES = (0.01, 0.05, 0.25, 0.50, 0.75, 0.95, 0.99)


@dataclass(frozen=True, eq=False, repr=False)
class OffersProfile:
    """What a source of offers holds.

    Parameters
    ----------
    n_offers : int
        Offers that were read.
    n_undated : int
        Offers without any date, which ``months`` leaves out.
    columns : DataFrame of shape (n_columns, 5)
        ``column``, ``n_offers``, ``share_missing`` (0-1), ``n_distinct`` and ``verdict``:
        "reliable" under 20% missing, "unusable" over 70%, else "partial".
    months : DataFrame of shape (n_months, 2)
        ``month``, its first day, and ``n_offers``, from the first month to the last.
    text_lengths : DataFrame of shape (1, 12)
        In characters, of the assembled texts, empty ones included: ``n_offers``,
        ``share_empty`` (0-1), ``mean``, ``min``, quantiles ``p1`` to ``p99``, ``max``.
    near_duplicates : NearDuplicates, optional
        Groups of offers that are nearly the same, and what boards have in common, if asked for.

    See Also
    --------
    profile_offers : What makes one.
    """

    n_offers: int
    n_undated: int
    columns: pd.DataFrame
    months: pd.DataFrame
    text_lengths: pd.DataFrame
    near_duplicates: NearDuplicates | None = None

    def __repr__(self) -> str:
        columns = self.columns.to_string(index=False, float_format="{:.1%}".format)
        lengths = self.text_lengths.to_string(
            index=False,
            float_format="{:.0f}".format,
            formatters={"share_empty": "{:.1%}".format},
        )
        parts = [self._summarise(), columns, f"Text lengths, in characters\n{lengths}"]
        if self.near_duplicates is not None:
            parts.append(f"Near-duplicates\n{self.near_duplicates!r}")
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        titled = {"Columns": self.columns, "Months": self.months, "Texts": self.text_lengths}
        parts = [f"<h4>{title}</h4>{table.to_html(index=False)}" for title, table in titled.items()]
        if self.near_duplicates is not None:
            parts.append(f"<h4>Near-duplicates</h4>{self.near_duplicates._repr_html_()}")
        return f"<p>{self._summarise()}</p>" + "".join(parts)

    def _summarise(self) -> str:
        """Say in a line how many offers there are, and from when."""
        months = self.months["month"]
        period = f"{months.iloc[0]:%Y-%m} to {months.iloc[-1]:%Y-%m}" if len(months) else "no date"
        verdicts = self.columns["verdict"].value_counts()
        sorted_out = ", ".join(
            f"{verdicts.get(name, 0)} {name}" for name in ("reliable", "partial", "unusable")
        )
        return (
            f"{self.n_offers} offers, {period} ({self.n_undated} without a date); "
            f"{len(self.columns)} columns: {sorted_out}"
        )


def profile_offers(
    source: Source | pd.DataFrame,
    *,
    chunk_rows: int = 10_000,
    text_columns: Sequence[str] | None = None,
    rejects_path: str | os.PathLike[str] | None = DEFAULT_REJECTS_PATH,
    encoding: str = DEFAULT_ENCODING,
    near_duplicates: bool = False,
    window_days: int | None = 60,
    progress: bool = True,
) -> OffersProfile:
    """Count what is missing, the offers of each month, and the lengths of the texts.

    Parameters
    ----------
    source : str, path-like, iterable of these or DataFrame
        Offers, as `iter_offers` reads them, or a table of them.
    chunk_rows : int, default=10_000
        Offers in memory at once. The result does not depend on it.
    text_columns : sequence of str, optional
        Columns that make the text of an offer, when they are not the JOCAS ones.
    rejects_path : path-like or None, default="offers_rejects.jsonl"
        Where malformed rows are kept. None makes the first of them an error.
    encoding : str, default="utf-8-sig"
        How CSV and JSON lines are encoded.
    near_duplicates : bool, default=False
        Whether to look for near-duplicates too, which takes longer than all the rest, and
        memory for each offer: see `find_near_duplicates`.
    window_days : int or None, default=60
        How many days apart near-duplicates may be, None for no limit.
    progress : bool, default=True
        Whether to show a progress bar.

    Returns
    -------
    OffersProfile
        Tables ``columns``, ``months`` and ``text_lengths``; ``near_duplicates`` if asked for.

    Raises
    ------
    OffersError
        If there is nothing to read, or a file cannot be read.
    ValueError
        If ``chunk_rows``, ``text_columns``, ``encoding`` or ``window_days`` is not valid.

    Warns
    -----
    JocasThemesWarning
        If rows were malformed, or dates or figures unreadable.

    See Also
    --------
    iter_offers : What is read, and how.
    find_near_duplicates : The groups alone, with more options.

    Notes
    -----
    An offer's date is its first of ``date_firstSeenDay``, ``date_sitePublicationDay`` and
    ``date_lastSeenDay``. A column that only some files have is missing in the others. Up to
    4,095 distinct values are counted exactly; more are estimated from the 4,096 smallest hashes,
    with a relative standard error of 1.6% (Bar-Yossef et al., 2002; Beyer et al., 2007). The
    quantiles are exact, interpolated as NumPy does.

    Examples
    --------
    >>> import pandas as pd
    >>> from jocas_themes import profile_offers
    >>> offers = pd.DataFrame({"job_title": ["Cariste", "Soudeur"], "salary_min": [None, "1 800"]})
    >>> profile_offers(offers, progress=False).columns
            column  n_offers  share_missing  n_distinct   verdict
    0    job_title         2            0.0           2  reliable
    1   salary_min         2            0.5           1   partial
    """
    chunk_rows = check_chunk_rows(chunk_rows)
    selection = build_selection(None, text_columns)
    profiler = _Profiler(selection, Collector(window_days=window_days) if near_duplicates else None)
    with make_offers_bar("profiling", progress=progress) as bar:
        if isinstance(source, pd.DataFrame):
            unreadable = UnreadableCells()
            for piece in _cut_frame(source, selection, chunk_rows):
                profiler.add(settle_piece(piece, selection, unreadable))
                bar.update(piece.n_rows)
            unreadable.warn(stacklevel=2)
        else:
            reading = open_reading(
                source,
                selection,
                piece_rows=chunk_rows,
                rejects_path=rejects_path,
                encoding=encoding,
            )
            with closing(reading.rejects):
                for table in reading.iter_tables():
                    profiler.add(table)
                    bar.update(len(table))
            reading.warn(stacklevel=2)
    return profiler.finish(progress=progress)


class _Profiler:
    """Adds up what each table holds."""

    def __init__(self, selection: Selection, collector: Collector | None) -> None:
        self._selection = selection
        self._collector = collector
        self._n_offers = 0
        self._n_present: Counter[str] = Counter()
        self._distinct: dict[str, DistinctCounter] = {}
        self._months: Counter[int] = Counter()  # months since January 1970
        self._lengths: Counter[int] = Counter()

    def add(self, table: pd.DataFrame) -> None:
        """Count some offers."""
        self._n_offers += len(table)
        for name in table.columns:
            counter = self._distinct.setdefault(name, DistinctCounter())
            present = table[name][_find_present(table[name])]
            self._n_present[name] += len(present)
            counter.add(present)
        texts = read_texts(table, self._selection)
        self._lengths.update(map(len, texts))
        days = read_first_days(table, choose_date_columns(list(table.columns)))
        self._months.update(days.dropna().to_numpy().astype("datetime64[M]").astype(int).tolist())
        if self._collector is not None:
            self._collector.add(read_ids(table, texts), texts, days, read_boards(table))

    def finish(self, *, progress: bool) -> OffersProfile:
        """Build the tables."""
        collector = self._collector
        return OffersProfile(
            n_offers=self._n_offers,
            n_undated=self._n_offers - self._months.total(),
            columns=self._build_columns(),
            months=_build_months(self._months),
            text_lengths=_build_text_lengths(self._lengths),
            near_duplicates=None if collector is None else collector.finish(progress=progress),
        )

    def _build_columns(self) -> pd.DataFrame:
        """Build the table of missing values, in JOCAS's order, other columns at the end."""
        place = {name: number for number, name in enumerate(("offer_id", *JOCAS_COLUMNS))}
        names = sorted(self._distinct, key=lambda name: place.get(name, len(place)))
        n_missing = self._n_offers - np.array([self._n_present[name] for name in names])
        share_missing = n_missing / self._n_offers if self._n_offers else np.nan * n_missing
        verdicts = np.where(share_missing < _RELIABLE_UNDER, "reliable", "partial")
        verdicts[~(share_missing <= _UNUSABLE_OVER)] = "unusable"  # also of no offer
        return pd.DataFrame(
            {
                "column": names,
                "n_offers": self._n_offers,
                "share_missing": share_missing,
                "n_distinct": [self._distinct[name].estimate() for name in names],
                "verdict": verdicts,
            }
        )


def _find_present(cells: pd.Series) -> pd.Series:
    """Tell which cells hold something; readers blank the columns that they know."""
    if cells.dtype == object and not is_known(str(cells.name)):
        return pd.Series([not is_missing(cell) for cell in cells], index=cells.index, dtype=bool)
    return cells.notna()


def _cut_frame(frame: pd.DataFrame, selection: Selection, chunk_rows: int) -> Iterator[RawPiece]:
    """Cut a table in memory as if it were a file."""
    require_own_names(frame)
    absent = [name for name in selection.required if name not in frame.columns]
    if absent:
        raise ValueError(f"offers lack the text_columns {absent[:5]!r}. Name those that are there.")
    for start in range(0, max(len(frame), 1), chunk_rows):
        rows = frame.iloc[start : start + chunk_rows]
        yield RawPiece({str(name): to_raw(rows[name]) for name in frame.columns}, len(rows))


def _build_months(n_offers: Counter[int]) -> pd.DataFrame:
    """Build the table of months, without gaps."""
    months = np.arange(min(n_offers), max(n_offers) + 1) if n_offers else np.empty(0, dtype=int)
    starts = months.astype("datetime64[M]").astype("datetime64[us]")
    counts = np.array([n_offers[month] for month in months.tolist()], dtype=int)
    return pd.DataFrame({"month": starts, "n_offers": counts})


def _build_text_lengths(n_offers: Counter[int]) -> pd.DataFrame:
    """Build the table of lengths from how many texts have each."""
    lengths = np.array(sorted(n_offers), dtype=float)
    counts = np.array([n_offers[int(length)] for length in lengths], dtype=int)
    n_texts = int(counts.sum())
    if n_texts == 0:
        lengths, counts = np.array([np.nan]), np.array([1])
    n_up_to = np.cumsum(counts)
    places = np.array(_QUANTILES) * (n_up_to[-1] - 1)
    below, above = (
        lengths[np.searchsorted(n_up_to, rounded(places), side="right")]
        for rounded in (np.floor, np.ceil)
    )
    quantiles = below + (above - below) * (places % 1)
    row = {
        "n_offers": n_texts,
        "share_empty": n_offers[0] / n_texts if n_texts else np.nan,
        "mean": np.average(lengths, weights=counts),
        "min": lengths[0],
        **{f"p{q * 100:.0f}": value for q, value in zip(_QUANTILES, quantiles, strict=True)},
        "max": lengths[-1],
    }
    return pd.DataFrame([row])
