"""The source of a labelling: which files, and their offers chunk by chunk, from any place on."""

import fnmatch
import glob
import os
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pandas as pd
import pyarrow as pa

from jocas_themes.corpus._destination import Destination, LocalFolder
from jocas_themes.corpus._rejects import PartRejects
from jocas_themes.errors import OffersError
from jocas_themes.offers.reading import count_rows, iter_file_batches, require_text
from jocas_themes.offers.reading._reading import Reading, check_chunk_rows, open_reading
from jocas_themes.offers.reading._selection import Columns, build_selection
from jocas_themes.offers.reading._sources import SourceFile
from jocas_themes.offers.reading._urls import open_url

# Batches of 5,000 full texts are hardly faster, and take 50 to 100 MB more. Where batches are read
# ahead, twice as many are held.
_BATCH_ROWS = 2_000
_BATCH_ROWS_AHEAD = 1_000
# Each takes a request or two.
_MAX_REMOTE_FOOTERS = 100
# What tells one version of a remote file from another, as storages call it.
_VERSIONS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "updated")


class Place(NamedTuple):
    """Where in a source to go on: the number of a file, and how much of it is done.

    ``line`` is that of the last malformed row of the file that was kept aside.
    """

    file: int = 0
    row: int = 0
    line: int = 0

    @property
    def n_begun(self) -> int:
        """How many files are done, in whole or in part."""
        return self.file + (self.row > 0)


Offers: TypeAlias = pd.DataFrame | pa.RecordBatch


class Chunk(NamedTuple):
    """Offers of one file, the place behind them, and whether a part is full with them."""

    offers: Offers
    end: Place
    fills_part: bool


def open_source(
    sources: list[str | os.PathLike[str]],
    *,
    required: Collection[str],
    columns: Columns,
    text_columns: Collection[str] | None,
    chunk_rows: int,
    encoding: str,
) -> Reading:
    """Find the files, once, and refuse a column that none of them has."""
    _forget_listings(sources)
    names = None if text_columns is None else list(text_columns)
    reading = open_reading(
        sources,
        build_selection(sorted(required), names),
        piece_rows=check_chunk_rows(chunk_rows),
        rejects_path=None,
        encoding=encoding,
        asked_by="keep_columns=..., or of the model",
    )
    return replace(reading, selection=build_selection(columns, names))


def iter_chunks(
    reading: Reading,
    start: Place,
    rejects: PartRejects,
    columns: Sequence[str] | None,
    *,
    n_threads: int = 1,
) -> Generator[Chunk, None, None]:
    """Read chunks from a place on; ``piece_rows`` of them make a part.

    A chunk lies in one file and in one part, so that neither its columns nor what becomes of an
    offer depend on other files. Files before the place are not opened. Chunks are batches of ids,
    texts and some columns, settled; or tables of all columns, where ``columns`` is None. With
    threads to spare, the next batch is read while one is labelled.
    """
    room = reading.piece_rows  # in the part
    for number in range(start.file, len(reading.files)):
        row = start.row if number == start.file else 0
        rejects.enter(start.line if number == start.file else 0)
        of_file = replace(reading, files=[reading.files[number]], rejects=rejects)
        for offers, is_last in _mark_last(_iter_offers(of_file, row, columns, n_threads)):
            first = 0
            while first < len(offers):
                taken = _take(offers, first, min(room, len(offers) - first))
                first += len(taken)
                end = Place(number, row + len(taken), rejects.line)
                if is_last and first == len(offers):
                    end = Place(number + 1)
                room -= len(taken)
                yield Chunk(taken, end, fills_part=room == 0)
                room = room or reading.piece_rows
                row += len(taken)


def _iter_offers(
    reading: Reading, first_row: int, columns: Sequence[str] | None, n_threads: int
) -> Iterator[Offers]:
    """Read the one file of a reading from a row on; nothing that is empty."""
    (file,) = reading.files
    if columns is not None:
        reads_ahead = n_threads > 1 and _may_read_aside(file)
        n_rows = min(_BATCH_ROWS_AHEAD if reads_ahead else _BATCH_ROWS, reading.piece_rows)
        cut = replace(reading, piece_rows=n_rows)
        batches = iter_file_batches(cut, file, columns, first_row=first_row)
        yield from _read_ahead(batches) if reads_ahead else batches
        return
    row = 0
    for table in reading.iter_offers():
        if len(table) and file.format != "jsonl":  # of which absent keys are null
            require_text(file, table.columns, reading.selection)
        rest = table.iloc[max(0, first_row - row) :]
        row += len(table)
        if len(rest):
            yield rest


def _may_read_aside(file: SourceFile) -> bool:
    """Tell whether a file can be read in a thread while labels are written in another.

    The readers of other formats note malformed rows where the writer reads and empties them; and
    some remote file systems, such as fsspec's FTP, have one connection that both would use.
    """
    is_safe = file.is_local or getattr(file.filesystem, "async_impl", False)
    return file.format == "parquet" and bool(is_safe)


def _read_ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Read the next batch in a thread while the one before is used."""
    with ThreadPoolExecutor(1, thread_name_prefix="reading") as thread:
        try:
            ahead = [thread.submit(next, batches, None)]
        except RuntimeError:  # the machine has no more threads
            yield from batches
            return
        # Taken off the list: a failure must not hold this frame that holds the failure.
        while (batch := ahead.pop().result()) is not None:
            ahead.append(thread.submit(next, batches, None))
            yield batch


def _take(offers: Offers, first: int, n_rows: int) -> Offers:
    if isinstance(offers, pa.RecordBatch):
        return offers.slice(first, n_rows)
    return offers.iloc[first : first + n_rows].reset_index(drop=True)


def describe_files(files: Iterable[SourceFile]) -> list[dict[str, Any]]:
    """Describe files by their name, size and version, so that a change of one shows."""
    return [_describe(file) for file in files]


def count_offers(files: Collection[SourceFile]) -> int | None:
    """Count the offers of all files where their footers tell at little cost."""
    if sum(not file.is_local for file in files) > _MAX_REMOTE_FOOTERS:
        return None
    total = 0
    for file in files:
        try:
            n_rows = count_rows(file)
        except OffersError:  # said again when its turn to be read comes
            return None
        if n_rows is None:
            return None
        total += n_rows
    return total


def check_apart(
    sources: list[str | os.PathLike[str]], files: Iterable[SourceFile], destination: Destination
) -> None:
    """Refuse to write among what is read: labels would be read as offers, or replace them."""
    place = _name_fully(destination)
    inside = any(_name_fully(file).startswith(f"{place}/") for file in files)
    if inside or any(_would_read(os.fspath(one), place) for one in sources):
        raise ValueError(
            f"destination {destination.name!r} and source overlap: the labels would be read as "
            f"offers, or replace them. Choose a folder beside the source."
        )


def _mark_last(tables: Iterable[Offers]) -> Iterator[tuple[Offers, bool]]:
    """Tell of each table whether it is the last one."""
    iterator = iter(tables)
    table = next(iterator, None)
    while table is not None:
        following = next(iterator, None)
        yield table, following is None
        table = following


def _forget_listings(sources: Iterable[Any]) -> None:
    """Have remote folders listed as they are now, not as they were before in this process."""
    for one in sources:
        if isinstance(one, str) and "://" in one:
            with suppress(ImportError, ValueError):  # finding the files says what is wrong
                open_url(one, purpose="")[0].invalidate_cache()


def _describe(file: SourceFile) -> dict[str, Any]:
    """Describe one file."""
    with file.name_failures():
        if file.is_local:
            state = Path(file.path).stat()
            return {
                "name": _name_fully(file),
                "size": state.st_size,
                "version": str(state.st_mtime_ns),
            }
        facts: dict[str, Any] = file.filesystem.info(file.path)  # type: ignore[attr-defined]
    version = next((str(facts[name]) for name in _VERSIONS if facts.get(name)), None)
    return {"name": _name_fully(file), "size": facts.get("size"), "version": version}


def _would_read(source: str, place: str) -> bool:
    """Tell whether the files of a folder would be part of a source."""
    root = _name_url(source) if "://" in source else _name_path(source)
    if not glob.has_magic(root) or Path(root).is_dir():
        return place == root or place.startswith(f"{root}/")
    paths = (place, f"{place}/part-00000.parquet")
    if "**" in root:
        patterns = (root, root.replace("**/", ""))
        return any(fnmatch.fnmatchcase(path, pattern) for path in paths for pattern in patterns)
    names = root.split("/")
    return any(
        len(names) == path.count("/") + 1 and all(map(fnmatch.fnmatchcase, path.split("/"), names))
        for path in paths
    )


def _name_fully(place: SourceFile | Destination) -> str:
    """Name a file or a folder alike from wherever it is looked at."""
    is_local = isinstance(place, LocalFolder) or getattr(place, "is_local", False)
    return _name_path(place.name) if is_local else _name_url(place.name)


def _name_path(path: str) -> str:
    return Path(path).expanduser().resolve().as_posix()


def _name_url(url: str) -> str:
    """Settle a URL's slashes, and leave out what may be a signature."""
    scheme, _, rest = url.partition("://")
    rest = rest.strip("/")
    if scheme in {"http", "https"}:
        rest = rest.partition("?")[0]
    return f"{scheme}://{rest}"
