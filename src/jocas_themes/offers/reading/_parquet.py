"""Parquet: a batch of rows at a time, and only the columns that are wanted."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jocas_themes.errors import OffersError
from jocas_themes.offers._columns import ID_COLUMNS
from jocas_themes.offers.reading._ids import read_known_ids
from jocas_themes.offers.reading._selection import RawPiece, Selection
from jocas_themes.offers.reading._sources import SourceFile

_BUFFER_BYTES = 1 << 20


def iter_parquet(
    file: SourceFile, selection: Selection, n_rows: int, first_row: int
) -> Iterator[RawPiece]:
    """Read a Parquet file by pieces of n_rows; the last one may be smaller, or empty."""
    with _open(file) as parquet:
        names = [name for name in _read_names(file, parquet) if selection.reads(name)]
        only_for_ids = [n for n in names if not selection.takes(n) and n not in ID_COLUMNS]
        if only_for_ids and _identifies_all(parquet, n_rows):
            names = [name for name in names if name not in only_for_ids]
        yield RawPiece(_read_empty(parquet, names), 0)
        for batch in _cut(_iter_batches(parquet, names, n_rows, first_row), n_rows):
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            yield RawPiece({name: columns[name] for name in names}, batch.num_rows)


def count_parquet_rows(file: SourceFile) -> int:
    """Count a Parquet file's rows, from its footer alone."""
    with _open(file) as parquet:
        n_rows: int = parquet.metadata.num_rows
        return n_rows


def iter_parquet_names(file: SourceFile) -> Iterator[str]:
    """Read a Parquet file's column names."""
    with _open(file) as parquet:
        yield from _read_names(file, parquet)


@contextmanager
def _open(file: SourceFile) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file; Arrow reads local ones itself, which is faster."""
    with file.name_failures(), ExitStack() as stack:
        where = file.path if file.is_local else stack.enter_context(file.open())
        # Left to itself, Arrow holds a whole row group, compressed, beside the batch.
        parquet = pq.ParquetFile(where, buffer_size=_BUFFER_BYTES, pre_buffer=False)
        yield stack.enter_context(parquet)


def _read_names(file: SourceFile, parquet: pq.ParquetFile) -> list[str]:
    """Read and check the column names."""
    names: list[str] = parquet.schema_arrow.names
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise OffersError(
            f"{file.name!r}: each column needs its own name; repeated: {repeated[:5]!r}."
        )
    return names


def _read_empty(parquet: pq.ParquetFile, names: list[str]) -> dict[str, pa.Array]:
    """Build columns without a row, so that those of an empty file are known."""
    schema = parquet.schema_arrow
    return {name: pa.array([], schema.field(name).type) for name in names}


def _iter_batches(
    parquet: pq.ParquetFile, names: list[str], n_rows: int, first_row: int
) -> Iterator[pa.RecordBatch]:
    """Yield batches from a row on; the row groups that end before it are not read."""
    sizes = [parquet.metadata.row_group(g).num_rows for g in range(parquet.num_row_groups)]
    ends = np.cumsum(sizes, dtype=np.int64)
    n_passed = int(np.searchsorted(ends, first_row, side="right"))
    n_dropped = first_row - sum(sizes[:n_passed])
    groups = list(range(n_passed, len(sizes)))
    for batch in parquet.iter_batches(batch_size=n_rows, row_groups=groups, columns=names):
        rest = batch.slice(min(n_dropped, batch.num_rows))
        n_dropped -= batch.num_rows - rest.num_rows
        yield rest


def _cut(batches: Iterable[pa.RecordBatch], n_rows: int) -> Iterator[pa.RecordBatch]:
    """Cut batches of any length into batches of n_rows; fewer where Arrow cannot hold them."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        while sum(part.num_rows for part in held) >= n_rows:
            table = pa.Table.from_batches(held)
            held = table.slice(n_rows).to_batches()
            yield from table.slice(0, n_rows).combine_chunks().to_batches()
    if held:
        yield from pa.Table.from_batches(held).combine_chunks().to_batches()


def _identifies_all(parquet: pq.ParquetFile, n_rows: int) -> bool:
    """Tell whether every offer has an id, so that no text need be read to make one."""
    names = [name for name in ID_COLUMNS if name in parquet.schema_arrow.names]
    batches = parquet.iter_batches(batch_size=n_rows, columns=names)
    return bool(names) and all(
        read_known_ids(dict(zip(names, batch.columns, strict=True)), batch.num_rows).null_count == 0
        for batch in batches
    )
