"""Offers from files of any format, all at once or chunk by chunk, with the same result."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing

import pandas as pd

from jocas_themes.offers.reading._chunks import Chunker
from jocas_themes.offers.reading._reading import (
    DEFAULT_ENCODING,
    DEFAULT_REJECTS_PATH,
    Reading,
    check_chunk_rows,
    open_reading,
)
from jocas_themes.offers.reading._selection import Columns, build_selection
from jocas_themes.offers.reading._sources import Source

_PIECE_ROWS = 10_000


def iter_offers(
    source: Source,
    chunk_rows: int = 10_000,
    *,
    columns: Columns = None,
    text_columns: Sequence[str] | None = None,
    rejects_path: str | os.PathLike[str] | None = DEFAULT_REJECTS_PATH,
    encoding: str = DEFAULT_ENCODING,
) -> Iterator[pd.DataFrame]:
    r"""Read offers chunk by chunk, in bounded memory.

    Parameters
    ----------
    source : str, path-like or iterable of these
        Files, folders, globs (``**`` included) or fsspec URLs of Parquet, JSON lines and JOCAS
        CSV, told apart by their extensions. Files are read in sorted order; of a folder, those
        of a known extension, at any depth. Folders named ``key=value`` become columns.
    chunk_rows : int, default=10_000
        Rows of a chunk; only the last one may have fewer.
    columns : sequence of str or callable, optional
        Columns to read, in this order, or a function from a name to whether it is read. By
        default all.
    text_columns : sequence of str, optional
        Columns that make the text of an offer, from which its id comes if it brings none, when
        they are not the JOCAS ones.
    rejects_path : path-like or None, default="offers_rejects.jsonl"
        Where malformed rows are kept, with file, line and reason. None makes the first of
        them an error.
    encoding : str, default="utf-8-sig"
        How CSV and JSON lines are encoded; a byte order mark may be there or not.

    Returns
    -------
    iterator of DataFrame of shape (chunk_rows, 1 + n_columns)
        ``offer_id``, then the columns. Without ``columns`` a chunk has all those that were met
        so far.

    Raises
    ------
    OffersError
        If there is nothing to read, a file cannot be read, no file has a column that was
        asked for, or offers have neither an id nor a text.
    ValueError
        If ``chunk_rows``, ``text_columns`` or ``encoding`` is not valid.
    TypeError
        If ``source`` is none of these, or a single name is passed as columns.
    MissingDependencyError
        If ``source`` is a URL and fsspec is not installed.

    Warns
    -----
    JocasThemesWarning
        Once at the end, if rows were malformed; and once if dates or figures were unreadable.

    See Also
    --------
    read_offers : The same as one table.
    profile_offers : What is missing in a source.

    Notes
    -----
    Columns named ``date_*`` become datetime64: the calendar day as it is written, whatever its
    hour and offset; 05/03/2021 is 5 March; only a Parquet timestamp with a time zone is moved
    to Paris first. The JOCAS figures become float64, its codes strings with their zeros, its
    other columns strings or None; lists become JSON text. Other columns keep what the file
    gives.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from jocas_themes import iter_offers
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "20210305_offers.csv")
    ...     _ = path.write_text("ID_JOCAS;job_title\nA1;Cariste\nA2;Soudeur\nA3;NaN\n")
    ...     [chunk["offer_id"].tolist() for chunk in iter_offers(path, chunk_rows=2)]
    [['A1', 'A2'], ['A3']]
    """
    reading = open_reading(
        source,
        build_selection(columns, text_columns),
        piece_rows=check_chunk_rows(chunk_rows),
        rejects_path=rejects_path,
        encoding=encoding,
    )
    return _iter_chunks(reading)


def read_offers(
    source: Source,
    columns: Columns = None,
    *,
    text_columns: Sequence[str] | None = None,
    rejects_path: str | os.PathLike[str] | None = DEFAULT_REJECTS_PATH,
    encoding: str = DEFAULT_ENCODING,
) -> pd.DataFrame:
    r"""Read offers into one table.

    Parameters
    ----------
    source : str, path-like or iterable of these
        Files, folders, globs (``**`` included) or fsspec URLs of Parquet, JSON lines and JOCAS
        CSV, told apart by their extensions.
    columns : sequence of str or callable, optional
        Columns to read, in this order, or a function from a name to whether it is read. By
        default all.
    text_columns : sequence of str, optional
        Columns that make the text of an offer, from which its id comes if it brings none, when
        they are not the JOCAS ones.
    rejects_path : path-like or None, default="offers_rejects.jsonl"
        Where malformed rows are kept, with file, line and reason. None makes the first of
        them an error.
    encoding : str, default="utf-8-sig"
        How CSV and JSON lines are encoded; a byte order mark may be there or not.

    Returns
    -------
    DataFrame of shape (n_offers, 1 + n_columns)
        ``offer_id``, then the columns of all files together; missing where a file lacks one.

    Raises
    ------
    OffersError
        If there is nothing to read, a file cannot be read, no file has a column that was
        asked for, or offers have neither an id nor a text.
    ValueError
        If ``text_columns`` or ``encoding`` is not valid.
    TypeError
        If ``source`` is none of these, or a single name is passed as columns.
    MissingDependencyError
        If ``source`` is a URL and fsspec is not installed.

    Warns
    -----
    JocasThemesWarning
        Once, if rows were malformed; and once if dates or figures were unreadable.

    See Also
    --------
    iter_offers : The same chunk by chunk, with what becomes of each type of column.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from jocas_themes import read_offers
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "20210305_offers.csv")
    ...     _ = path.write_text("offer_id;date_firstSeenDay;location_departement\nA;05/03/2021;1.0")
    ...     read_offers(path)
      offer_id date_firstSeenDay location_departement
    0        A        2021-03-05                   01
    """
    reading = open_reading(
        source,
        build_selection(columns, text_columns),
        piece_rows=_PIECE_ROWS,
        rejects_path=rejects_path,
        encoding=encoding,
    )
    chunker = Chunker(sys.maxsize, reading.selection.first_columns)
    with closing(reading.rejects):
        for table in reading.iter_offers():
            chunker.add(table)
    reading.warn(stacklevel=2)
    return chunker.join()


def _iter_chunks(reading: Reading) -> Iterator[pd.DataFrame]:
    """Read, cut into chunks, and say at the end what could not be read."""
    chunker = Chunker(reading.piece_rows, reading.selection.first_columns)
    with closing(reading.rejects):
        for table in reading.iter_offers():
            chunker.add(table)
            yield from chunker.pop_full()
        if chunker.n_rows:
            yield chunker.join()
    reading.warn(stacklevel=2)
