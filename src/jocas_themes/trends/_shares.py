"""`compute_shares`: how many offers of each period are labelled with each theme."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from jocas_themes.errors import JocasThemesWarning, OffersError
from jocas_themes.offers import to_frame
from jocas_themes.offers._columns import DATE_COLUMNS
from jocas_themes.offers._days import choose_date_columns, read_first_days

PERIODS = {"month": "M", "quarter": "Q", "year": "Y"}
_BATCH_ROWS = 65_536
_PROBABILITY = "_probability"


def compute_shares(
    labelled: pd.DataFrame | str | Path,
    *,
    themes: Sequence[str] | None = None,
    by: str = "month",
    date_column: str | None = None,
    offer_ids: Iterable[str] | None = None,
) -> pd.DataFrame:
    """Compute the observed share of offers labelled with each theme, by period.

    **These are observed shares of predicted labels ("classify and count"). They carry the
    classifier's errors: they are not the prevalence of the themes, and their changes may be
    changes of the errors. Look at them, do not publish them as such.**

    Parameters
    ----------
    labelled : DataFrame of n_offers, str or Path
        Labelled table: a date column, and for each theme ``CODE`` (0, 1 or missing); or the
        folder of Parquet parts that `label_corpus` wrote, read part by part in bounded memory.
    themes : sequence of str, optional
        Codes of the themes. By default those that have a ``CODE_probability`` column.
    by : {"month", "quarter", "year"}, default="month"
        Length of a period.
    date_column : str, optional
        Column of dates: datetimes, or ISO or DD/MM/YYYY strings. By default the first there of
        ``date_firstSeenDay``, ``date_sitePublicationDay`` and ``date_lastSeenDay``.
    offer_ids : iterable of str, optional
        Count these offers alone, by their ``offer_id``. With the first offer of each group that
        `find_near_duplicates` found, a vacancy that was posted on four boards counts once, in
        the period of its first post. Where an id recurs among the labels, its first row counts.
        By default all offers count.

    Returns
    -------
    DataFrame of shape (n_themes * n_periods, 4)
        ``theme``; ``month``, ``quarter`` or ``year`` (its first day); ``n_offers``, those of the
        period whose label is known; ``share``, the labelled ones among them (0-1). A period
        without offers has no row.

    Raises
    ------
    ValueError
        If `by` is not one of the three, if a column is not there, if a label is not 0 or 1, or
        if `labelled` is a URL.
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
    find_near_duplicates : Which offers are the same vacancy.

    Notes
    -----
    With a sensitivity :math:`s` and a false positive rate :math:`f`, a prevalence :math:`p`
    shows as the share :math:`s p + f (1 - p)`; see Forman (2008), "Quantifying counts and costs
    via classification".

    Examples
    --------
    >>> import pandas as pd
    >>> from jocas_themes.trends import compute_shares
    >>> labelled = pd.DataFrame({
    ...     "date_firstSeenDay": ["2020-02-03", "2020-02-28", "2020-04-01"],
    ...     "REMOTE": [0, 1, 1],
    ...     "REMOTE_probability": [0.1, 0.8, 0.9],
    ... })
    >>> compute_shares(labelled)
        theme      month  n_offers  share
    0  REMOTE 2020-02-01         2    0.5
    1  REMOTE 2020-04-01         1    1.0

    Each vacancy once, however often it was posted:

    >>> from jocas_themes import find_near_duplicates
    >>> labelled = labelled.assign(
    ...     offer_id=["A1", "B7", "A9"], text=["Cariste à Lyon", "CARISTE À LYON", "Juriste"]
    ... )
    >>> offers = find_near_duplicates(labelled).offers
    >>> compute_shares(labelled, offer_ids=offers.loc[offers["is_first"], "offer_id"])
        theme      month  n_offers  share
    0  REMOTE 2020-02-01         1    0.0
    1  REMOTE 2020-04-01         1    1.0
    """
    if by not in PERIODS:
        raise ValueError(f"by must be one of {list(PERIODS)}, got {by!r}.")
    labelled = to_frame(labelled)
    source = labelled if isinstance(labelled, pd.DataFrame) else _list_parts(labelled)
    _warn_if_incomplete(labelled)
    columns = _read_columns(source)
    codes = _choose_themes(columns, themes)
    dates = _choose_date_columns(columns, date_column)
    tables = _iter_tables(source, [*dates, *codes])
    if offer_ids is not None:
        wanted = _read_ids(offer_ids, columns)
        tables = _keep_offers(_iter_tables(source, ["offer_id", *dates, *codes]), wanted)
    counts, n_undated = _count(tables, dates, codes, PERIODS[by])
    if n_undated:
        warnings.warn(
            f"{n_undated} offers have no readable date in {dates!r} and are left out of "
            f"the shares. Dates must be datetimes, or ISO or DD/MM/YYYY strings; another column "
            f"can be named: date_column=...",
            JocasThemesWarning,
            stacklevel=2,
        )
    return _tidy(counts, codes, by)


def _warn_if_incomplete(labelled: pd.DataFrame | str | Path) -> None:
    """Warn of a folder whose labelling was interrupted: its parts end somewhere in the source."""
    if not isinstance(labelled, pd.DataFrame) and (Path(labelled) / "_INCOMPLETE").exists():
        warnings.warn(
            f"labelling was interrupted in {str(labelled)!r}: the shares are those of the "
            f"beginning of the source only. Go on with it: label_corpus(..., resume=True).",
            JocasThemesWarning,
            stacklevel=3,
        )


def _list_parts(labelled: str | Path) -> list[Path]:
    """List the parts of a folder, but for hidden and unfinished ones; or the one file."""
    scheme, is_url, _ = str(labelled).partition("://")
    if is_url:
        raise ValueError(
            f"labelled must be a DataFrame or a folder of this machine, got a URL ({scheme}://). "
            f"Pass the table of done.read(), where done is what label_corpus returned."
        )
    folder = Path(labelled)
    if folder.is_file():
        return [folder]
    parts = sorted(
        path for path in folder.rglob("*.parquet") if not path.name.startswith((".", "_"))
    )
    if not parts:
        raise FileNotFoundError(
            f"labelled must be a DataFrame or a folder of Parquet parts, found no part in "
            f"{str(folder)!r}. Write them with label_corpus."
        )
    return parts


def _read_columns(source: pd.DataFrame | list[Path]) -> list[str]:
    """Return the names of the columns, from the first part's footer for a folder."""
    if isinstance(source, pd.DataFrame):
        return [str(name) for name in source.columns]
    with _open_part(source[0]) as part:
        return list(part.schema_arrow.names)


def _open_part(path: Path) -> pq.ParquetFile:
    """Open a part, or say which one is broken."""
    try:
        return pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise OffersError(
            f"{path} is not a Parquet file: {error}. Label the offers anew: label_corpus(..., "
            f"overwrite=True)."
        ) from error


def _choose_themes(columns: Sequence[str], themes: Sequence[str] | None) -> list[str]:
    """Return the codes asked for, or those that have a probability."""
    if themes is None:
        found = [
            name for name in columns if name + _PROBABILITY in columns and name != _PROBABILITY
        ]
        if not found:
            raise ValueError(
                f"labelled holds no theme: no CODE has a CODE{_PROBABILITY} column; found "
                f"{list(columns)[:5]!r} ({len(columns)} in all). Name them: themes=(...)."
            )
        return found
    if isinstance(themes, str) or not themes:
        raise ValueError(f"themes must be a non-empty sequence of codes, got {themes!r}.")
    absent = [code for code in themes if code not in columns]
    if absent:
        raise ValueError(
            f"labelled lacks the themes {absent[:5]!r} ({len(absent)} in all); found "
            f"{list(columns)[:5]!r} ({len(columns)} in all)."
        )
    return list(dict.fromkeys(themes))


def _choose_date_columns(columns: Sequence[str], date_column: str | None) -> list[str]:
    """Return the date column asked for, or those known: an offer's first date counts."""
    found = choose_date_columns(columns, date_column)
    if not found:
        candidates = DATE_COLUMNS if date_column is None else (date_column,)
        raise ValueError(
            f"labelled lacks a date column: none of {list(candidates)} is there. Keep one with "
            f"label_corpus(keep_columns=...), or name yours: date_column=..."
        )
    return found


def _iter_tables(
    source: pd.DataFrame | list[Path], columns: Sequence[str]
) -> Iterator[pd.DataFrame]:
    """Yield the columns, batch by batch."""
    if isinstance(source, pd.DataFrame):
        yield source[list(columns)]
        return
    for path in source:
        with _open_part(path) as part:
            absent = sorted(set(columns) - set(part.schema_arrow.names))
            if absent:
                raise ValueError(
                    f"{path} lacks the columns {absent[:5]!r} of the first part. The parts of a "
                    f"folder must come from one model: label the offers again."
                )
            if not part.metadata.num_rows:
                yield part.schema_arrow.empty_table().select(list(columns)).to_pandas()
            # Batches come in the order of the file's columns.
            for batch in part.iter_batches(batch_size=_BATCH_ROWS, columns=list(columns)):
                yield batch.to_pandas()[list(columns)]


def _read_ids(offer_ids: Iterable[str], columns: Sequence[str]) -> pd.Index:
    """Read the ids to keep, which the offers must have too."""
    if isinstance(offer_ids, str):
        raise TypeError(
            f"offer_ids must be several ids, got {offer_ids!r}. Put a single one in a list."
        )
    if "offer_id" not in columns:
        raise ValueError(
            f"labelled lacks the column 'offer_id', which offer_ids speak of; found "
            f"{list(columns)[:5]!r} ({len(columns)} in all). Add it, or leave offer_ids out."
        )
    return pd.Index(list(offer_ids), dtype=object).unique()


def _keep_offers(tables: Iterable[pd.DataFrame], wanted: pd.Index) -> Iterator[pd.DataFrame]:
    """Keep the first offer of each of some ids."""
    met = np.zeros(len(wanted) + 1, dtype=bool)
    met[-1] = True  # where the indexer, by -1, puts ids that are not wanted
    for table in tables:
        places = wanted.get_indexer(pd.Index(table["offer_id"].to_numpy(dtype=object)))
        is_first = ~met[places] & ~pd.Index(places).duplicated()
        met[places] = True
        yield table[is_first]


def _count(
    tables: Iterable[pd.DataFrame], dates: Sequence[str], codes: Sequence[str], frequency: str
) -> tuple[pd.DataFrame, int]:
    """Count known and positive labels by period and theme, and the offers without a date."""
    counts, n_undated = [], 0
    for table in tables:
        days = read_first_days(table, dates)
        labels = table[list(codes)].astype("float64")
        _check_labels(labels)
        n_undated += int(days.isna().sum())
        periods = days.dt.to_period(frequency).dt.start_time
        grouped = labels.groupby(periods.to_numpy())
        counts.append(pd.concat({"n_offers": grouped.count(), "n_positive": grouped.sum()}, axis=1))
    total = pd.concat(counts)
    return total.groupby(level=0).sum(), n_undated


def _check_labels(labels: pd.DataFrame) -> None:
    """Refuse labels that are neither 0, 1 nor missing, such as probabilities."""
    for code in labels.columns:
        known = labels[code].dropna()
        wrong = known[~known.isin([0.0, 1.0])]
        if len(wrong):
            raise ValueError(
                f"labels must be 0, 1 or missing, got {wrong.iloc[:5].tolist()!r} in {code!r} "
                f"({len(wrong)} in all). Put a threshold on probabilities first."
            )


def _tidy(counts: pd.DataFrame, codes: Sequence[str], by: str) -> pd.DataFrame:
    """Put the counts in one row a theme and period, without the periods that hold nothing."""
    tables = []
    for code in codes:
        known = counts["n_offers", code].to_numpy()
        table = pd.DataFrame({"theme": code, by: counts.index, "n_offers": known})
        table["share"] = counts["n_positive", code].to_numpy() / known.clip(min=1)
        tables.append(table[table["n_offers"] > 0])
    return pd.concat(tables, ignore_index=True)
