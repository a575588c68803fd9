"""One pass over a source: its files one after the other, piece by piece, typed."""

import codecs
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from jocas_themes.errors import OffersError
from jocas_themes.offers.reading._cells import settle_column
from jocas_themes.offers.reading._csv import iter_csv, iter_csv_names
from jocas_themes.offers.reading._ids import build_ids
from jocas_themes.offers.reading._jsonl import iter_jsonl, iter_jsonl_names
from jocas_themes.offers.reading._parquet import iter_parquet, iter_parquet_names
from jocas_themes.offers.reading._rejects import Rejects, UnreadableCells
from jocas_themes.offers.reading._selection import RawPiece, Selection
from jocas_themes.offers.reading._sources import Source, SourceFile, find_files

DEFAULT_REJECTS_PATH = "offers_rejects.jsonl"
DEFAULT_ENCODING = "utf-8-sig"
_N_NAMED = 80  # more than JOCAS has; JSON lines may have any number of keys


@dataclass(frozen=True)
class Reading:
    """What is read, how, and what could not be."""

    files: list[SourceFile]
    selection: Selection
    piece_rows: int
    encoding: str
    rejects: Rejects
    unreadable: UnreadableCells = field(default_factory=UnreadableCells)

    def iter_offers(self) -> Iterator[pd.DataFrame]:
        """Yield tables of at most piece_rows offers, ``offer_id`` first."""
        for file in self.files:
            names: set[str] = set()
            n_rows = 0
            for piece in self.iter_pieces(file):
                names.update(piece.columns)
                n_rows += piece.n_rows
                if file.format != "jsonl":  # whose keys are only known at its end
                    self._check_identity(file, names, n_rows)
                ids = pd.Series(build_ids(piece, self.selection), dtype=object)
                own = settle_piece(piece, self.selection, self.unreadable).drop(
                    columns="offer_id", errors="ignore"
                )
                own.insert(0, "offer_id", ids)
                yield own
            self._check_identity(file, names, n_rows)

    def iter_tables(self) -> Iterator[pd.DataFrame]:
        """Yield tables of at most piece_rows rows, with the columns of the files alone."""
        for file in self.files:
            for piece in self.iter_pieces(file):
                yield settle_piece(piece, self.selection, self.unreadable)

    def warn(self, *, stacklevel: int) -> None:
        """Warn of the rows and of the cells that could not be read."""
        self.rejects.warn(stacklevel=stacklevel + 1)
        self.unreadable.warn(stacklevel=stacklevel + 1)

    def check_columns(self, asked_by: str) -> None:
        """Refuse, before any row is read, a column that no file has."""
        wanted = set(self.selection.required) - {"offer_id"}
        met: dict[str, None] = {}
        for file in self.files if wanted else ():
            for name in chain(file.partition, self._iter_names(file)):
                met[name] = None
                wanted.discard(name)
                if not wanted:
                    return
        if wanted and met:
            texts = wanted & set(self.selection.text_columns or ())
            raise OffersError(
                f"no file has the columns {sorted(texts or wanted)[:5]!r} of "
                f"{'text_columns=...' if texts else asked_by}; there are "
                f"{list(met)[:_N_NAMED]!r}. Ask for some of these."
            )

    def iter_pieces(self, file: SourceFile, first_row: int = 0) -> Iterator[RawPiece]:
        """Read one file from a row on, and add the columns that its folders give."""
        pieces: Iterable[RawPiece]
        if file.format == "parquet":
            pieces = iter_parquet(file, self.selection, self.piece_rows, first_row)
        else:
            iter_rows = iter_csv if file.format == "csv" else iter_jsonl
            pieces = iter_rows(
                file, self.selection, self.piece_rows, first_row, self.encoding, self.rejects
            )
        for piece in pieces:
            for name, value in file.partition.items():
                if name not in piece.columns and self.selection.reads(name):
                    piece.columns[name] = pa.repeat(pa.scalar(value), piece.n_rows)
            yield piece

    def _iter_names(self, file: SourceFile) -> Iterable[str]:
        """Read the names of one file's columns."""
        if file.format == "parquet":
            return iter_parquet_names(file)
        return (iter_csv_names if file.format == "csv" else iter_jsonl_names)(file, self.encoding)

    def _check_identity(self, file: SourceFile, names: set[str], n_rows: int) -> None:
        """Refuse a file whose offers all would have the same id."""
        uses = (self.selection.identifies, self.selection.makes_text)
        if n_rows and not any(use(name) for name in names for use in uses):
            raise OffersError(
                f"{file.name!r} has neither an id (offer_id, ID_JOCAS) nor a text to make one "
                f"from; found {sorted(names)[:5]!r}. Name its text: text_columns=('my_column',)."
            )


def settle_piece(
    piece: RawPiece, selection: Selection, unreadable: UnreadableCells
) -> pd.DataFrame:
    """Give each column that was asked for its type."""
    return pd.DataFrame(
        {
            name: settle_column(name, raw, unreadable)
            for name, raw in piece.columns.items()
            if selection.takes(name)
        },
        index=range(piece.n_rows),
    )


def open_reading(
    source: Source,
    selection: Selection,
    *,
    piece_rows: int,
    rejects_path: str | os.PathLike[str] | None,
    encoding: str,
    asked_by: str = "columns=...",
) -> Reading:
    """Find the files, and check what is asked of them; ``asked_by`` is named in an error."""
    # A file of rejects may lie among the offers that it comes from.
    skip = {DEFAULT_REJECTS_PATH}
    if rejects_path is not None:
        skip.add(Path(rejects_path).name)
    reading = Reading(
        find_files(source, skip=skip),
        selection,
        piece_rows,
        _check_encoding(encoding),
        Rejects(rejects_path),
    )
    reading.check_columns(asked_by)
    return reading


def check_chunk_rows(chunk_rows: int) -> int:
    """Refuse a chunk of no rows."""
    is_whole = isinstance(chunk_rows, (int, np.integer)) and not isinstance(chunk_rows, bool)
    if not is_whole or chunk_rows < 1:
        raise ValueError(f"chunk_rows must be a whole number from 1 on, got {chunk_rows!r}.")
    return int(chunk_rows)


def _check_encoding(encoding: str) -> str:
    """Refuse an encoding that is unknown, or in which a line does not end with one byte."""
    try:
        name = codecs.lookup(encoding).name
        ends_lines_with_a_byte = "\n".encode(encoding).removeprefix(codecs.BOM_UTF8) == b"\n"
    except (LookupError, TypeError) as error:
        raise ValueError(
            f"encoding must be known to Python, such as 'utf-8' or 'cp1252', got {encoding!r}."
        ) from error
    if not ends_lines_with_a_byte:
        raise ValueError(
            f"encoding must extend ASCII, such as 'utf-8' or 'cp1252', got {encoding!r}."
        )
    return "utf-8" if name == "utf-8-sig" else name
