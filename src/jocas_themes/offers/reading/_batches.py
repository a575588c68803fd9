"""Offers as Arrow batches, file by file: an id, a text and some columns of each, for millions."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from jocas_themes.errors import OffersError
from jocas_themes.offers._assembly import assemble_arrow
from jocas_themes.offers._columns import CODE_WIDTHS, TEXT_COLUMNS
from jocas_themes.offers._frames import hash_text
from jocas_themes.offers._text import is_missing
from jocas_themes.offers.reading._cells import (
    RawColumn,
    find_arrow_type,
    is_string,
    mend_surrogates,
    settle_arrow,
    settle_column,
    to_arrow,
)
from jocas_themes.offers.reading._ids import read_known_ids
from jocas_themes.offers.reading._parquet import count_parquet_rows
from jocas_themes.offers.reading._reading import (
    DEFAULT_ENCODING,
    DEFAULT_REJECTS_PATH,
    Reading,
    check_chunk_rows,
    open_reading,
)
from jocas_themes.offers.reading._rejects import UnreadableCells
from jocas_themes.offers.reading._selection import RawPiece, Selection, build_selection
from jocas_themes.offers.reading._sources import Source, SourceFile


class OfferBatch(NamedTuple):
    """Some offers of one file, and the row of that file at which they start, counted from 0."""

    file: SourceFile
    first_row: int
    offers: pa.RecordBatch


def iter_batches(
    source: Source,
    chunk_rows: int = 2_000,
    *,
    columns: Sequence[str] = (),
    text_columns: Sequence[str] | None = None,
    first_rows: Mapping[str, int | None] | None = None,
    rejects_path: str | os.PathLike[str] | None = DEFAULT_REJECTS_PATH,
    encoding: str = DEFAULT_ENCODING,
) -> Iterator[OfferBatch]:
    r"""Read the ids, the texts and some columns of offers as Arrow batches, file by file.

    Parameters
    ----------
    source : str, path-like or iterable of these
        As for `iter_offers`.
    chunk_rows : int, default=2_000
        Offers of a batch; only the last one of a file may have fewer.
    columns : sequence of str, default=()
        Further columns, null where they are missing, also in all files.
    text_columns : sequence of str, optional
        Columns that make the text of an offer, when they are not the JOCAS ones.
    first_rows : mapping from str to int or None, optional
        For a file, by its name, the row to start at, counted from 0 among those that are not
        malformed; with None the file is not opened. A file that is not named is read whole.
    rejects_path : path-like or None, default="offers_rejects.jsonl"
        Where malformed rows are kept; None makes the first of them an error.
    encoding : str, default="utf-8-sig"
        How CSV and JSON lines are encoded.

    Returns
    -------
    iterator of OfferBatch
        ``offers`` has the columns ``offer_id``, as `iter_offers` gives it, and ``text``, as
        `as_offers` makes it of the file's columns, both large strings and never null, then
        those asked for: ``date_*`` as timestamps, figures as doubles, all others as strings.

    Raises
    ------
    OffersError
        If there is nothing to read, a file cannot be read or has no text column, or no file
        has one of ``text_columns``.
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
    iter_offers : All columns, as pandas tables.
    count_rows : How many offers a file has, where that is cheap to know.

    Notes
    -----
    In a Parquet file, row groups that end before the first row are not read; in other files
    the rows before it are read and dropped. The first row of a batch plus its length is where
    to go on after it. Batches of 10,000 full texts are hardly faster than those of 2,000, and
    take 150 MB more.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from jocas_themes.offers.reading import iter_batches
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "20210305_offers.csv")
    ...     _ = path.write_text("ID_JOCAS;job_title\nA1;Cariste\nA2;<b>Soudeur</b>\nA3;NaN\n")
    ...     for batch in iter_batches(path, chunk_rows=2, columns=["site_name"]):
    ...         print(batch.first_row, batch.offers.to_pydict())
    0 {'offer_id': ['A1', 'A2'], 'text': ['Cariste', 'Soudeur'], 'site_name': [None, None]}
    2 {'offer_id': ['A3'], 'text': [''], 'site_name': [None]}
    """
    asked = build_selection(columns, text_columns)
    needed = {*columns, *(asked.text_columns or ("text", *TEXT_COLUMNS))}
    reading = open_reading(
        source,
        Selection(needed.__contains__, asked.text_columns),
        piece_rows=check_chunk_rows(chunk_rows),
        rejects_path=rejects_path,
        encoding=encoding,
    )
    return _iter_files(reading, columns, first_rows or {})


def iter_file_batches(
    reading: Reading, file: SourceFile, columns: Sequence[str], *, first_row: int = 0
) -> Iterator[pa.RecordBatch]:
    """Read one file of a reading, from a row on, as `iter_batches` does.

    Parameters
    ----------
    reading : Reading
        Its selection takes ``columns`` and all columns that make a text; its rejects receive
        the malformed rows of the whole file; ``piece_rows`` is the length of a batch.
    file : SourceFile
        One of its files.
    columns : sequence of str
        Columns beside ``offer_id`` and ``text``, which come first and once.
    first_row : int, default=0
        Row to start at, counted from 0 among those that are not malformed.

    Yields
    ------
    pyarrow.RecordBatch
        The offers, at least one.

    Raises
    ------
    OffersError
        If the file cannot be read or has no text column.
    """
    met: set[str] = set()
    n_rows = 0
    for piece in reading.iter_pieces(file, first_row):
        met.update(piece.columns)
        if piece.n_rows:
            if file.format != "jsonl":  # whose keys are only known at its end
                require_text(file, met, reading.selection)
            yield build_batch(piece, columns, reading.selection, reading.unreadable)
            n_rows += piece.n_rows
    if n_rows and not first_row:
        require_text(file, met, reading.selection)


def count_rows(file: SourceFile) -> int | None:
    """Count a file's offers where its footer tells them, as in Parquet; None where none does."""
    return count_parquet_rows(file) if file.format == "parquet" else None


def _iter_files(
    reading: Reading, columns: Sequence[str], first_rows: Mapping[str, int | None]
) -> Iterator[OfferBatch]:
    """Read file after file, and say at the end what could not be read."""
    with closing(reading.rejects):
        for file in reading.files:
            row = first_rows.get(file.name, 0)
            if row is None:
                continue
            for batch in iter_file_batches(reading, file, columns, first_row=row):
                yield OfferBatch(file, row, batch)
                row += batch.num_rows
    reading.warn(stacklevel=2)


def require_text(file: SourceFile, names: Iterable[str], selection: Selection) -> None:
    """Refuse a file without any text column."""
    if not any(selection.makes_text(name) for name in names):
        wanted = list(selection.text_columns or ("text", *TEXT_COLUMNS))
        raise OffersError(
            f"{file.name!r} has no text: none of the columns {wanted[:8]!r} is there. Leave it "
            "out of the source, or name its text: text_columns=('my_column',)."
        )


def build_batch(
    piece: RawPiece, columns: Sequence[str], selection: Selection, unreadable: UnreadableCells
) -> pa.RecordBatch:
    """Settle the columns of a piece, and assemble its texts; see `iter_batches`."""
    names = [name for name in dict.fromkeys(columns) if name not in ("offer_id", "text")]
    text_columns = selection.text_columns
    written = {
        name: _write_texts(name, raw)
        for name, raw in piece.columns.items()
        if selection.makes_text(name)
    }
    texts = _assemble(written, piece.n_rows, text_columns)
    arrays = {"offer_id": _build_ids(piece, texts, written, text_columns), "text": texts}
    for name in names:
        raw = piece.columns.get(name)
        if raw is None:
            arrays[name] = pa.nulls(piece.n_rows, find_arrow_type(name))
        else:
            arrays[name] = settle_arrow(name, raw, unreadable)
    return pa.RecordBatch.from_pydict(arrays)


def _write_texts(name: str, raw: RawColumn) -> pa.Array:
    """Write a text column's cells as `as_offers` does once they are settled; strings are left."""
    if isinstance(raw, list):
        are_strings = set(map(type, raw)) <= {str, type(None)}
    else:
        raw = to_arrow(raw)
        are_strings = is_string(raw.type) or pa.types.is_null(raw.type)
    if are_strings and find_arrow_type(name) == pa.string() and name not in CODE_WIDTHS:
        return to_arrow(raw)
    cells = settle_column(name, raw, UnreadableCells())
    strings = [None if is_missing(cell) else mend_surrogates(str(cell)) for cell in cells]
    return pa.array(strings, pa.large_string())


def _assemble(
    columns: Mapping[str, pa.Array], n_rows: int, text_columns: Sequence[str] | None
) -> pa.Array:
    """Assemble the texts, those of rows without any text column empty."""
    if not columns:
        return pa.repeat(pa.scalar("", pa.large_string()), n_rows)
    present = None if text_columns is None else [n for n in text_columns if n in columns]
    return assemble_arrow(columns, n_rows, text_columns=present)


def _build_ids(
    piece: RawPiece,
    texts: pa.Array,
    written: Mapping[str, pa.Array],
    text_columns: Sequence[str] | None,
) -> pa.Array:
    """Give each row the id that it brings, else one made from its text, as `build_ids` does."""
    ids = read_known_ids(piece.columns, piece.n_rows)
    if not ids.null_count:
        return ids
    without = ids.is_null()
    texts = texts.filter(without)
    others = {name: column.filter(without) for name, column in written.items() if name != "text"}
    if text_columns is None and len(others) < len(written) and others:
        # An id may come from the JOCAS columns where the text that is there already is empty.
        texts = pc.if_else(pc.equal(texts, ""), _assemble(others, len(texts), None), texts)
    made = [hash_text(text) for text in texts.to_pylist()]
    return pc.replace_with_mask(ids, without, pa.array(made, pa.large_string()))
