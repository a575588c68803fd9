"""The parts of a folder of labels: their names, their files, and reading them back."""

import re
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from jocas_themes.corpus._destination import Destination
from jocas_themes.offers._columns import DATE_COLUMNS

_PART = re.compile(r"(?:year=\w+/(?:month=\w+/)?)?part-(\d{5,})\.parquet")
_PERIODS = ("year", "month")
_PERIOD_TYPE = pa.int32()
# How Hive names the folder of rows that have no value.
_UNKNOWN = "__HIVE_DEFAULT_PARTITION__"


def check_partition_by(partition_by: Sequence[str], keep_columns: Sequence[str]) -> tuple[str, ...]:
    """Refuse folders other than by year, or by year and month, of a date that is kept."""
    names = tuple(partition_by)
    if isinstance(partition_by, str) or names not in {(), ("year",), ("year", "month")}:
        raise ValueError(
            f"partition_by must be (), ('year',) or ('year', 'month'), got {partition_by!r}."
        )
    if names and not set(DATE_COLUMNS) & set(keep_columns):
        raise ValueError(
            f"partition_by needs a date: keep_columns must hold one of {list(DATE_COLUMNS)!r}, "
            f"got {list(keep_columns)[:5]!r}."
        )
    clashing = [name for name in keep_columns if name in names]
    if clashing:
        raise ValueError(
            f"keep_columns must not hold {clashing!r}, which partition_by makes columns of the "
            f"date. Leave one of the two out."
        )
    return names


def write_part(
    destination: Destination, number: int, table: pa.Table, partition_by: Sequence[str]
) -> int:
    """Write the files of one part, and count them."""
    # Ids and probabilities hardly recur: a dictionary of them takes time and a third more space.
    recurring = [
        field.name
        for field in table.schema
        if field.name != "offer_id" and not pa.types.is_floating(field.type)
    ]
    n_files = 0
    for folder, rows in _split(table, partition_by):
        buffer = pa.BufferOutputStream()
        pq.write_table(rows, buffer, compression="zstd", use_dictionary=recurring)
        destination.write(f"{folder}part-{number:05d}.parquet", [buffer.getvalue()])
        n_files += 1
    return n_files


def find_parts(names: Iterable[str], *, before: int | None = None) -> list[str]:
    """Find the files of all parts, or of those with a number before another."""
    found = []
    for name in names:
        part = _PART.fullmatch(name)
        if part and (before is None or int(part[1]) < before):
            found.append(name)
    return found


def read_parts(destination: Destination, columns: Sequence[str] | None = None) -> pa.Table:
    """Read all parts into one table, the periods of their folders as columns."""
    parts = find_parts(destination.list_names())
    if not parts:
        raise FileNotFoundError(f"there are no labels in {destination.name}.")
    folder, filesystem = destination.get_reader()
    periods = [period for period in _PERIODS if f"{period}=" in parts[0]]
    partitioning = ds.partitioning(
        pa.schema([(period, _PERIOD_TYPE) for period in periods]), flavor="hive"
    )
    dataset = ds.dataset(
        [f"{folder}/{name}" for name in parts],
        format="parquet",
        filesystem=filesystem,
        partitioning=partitioning if periods else None,
        partition_base_dir=folder,
    )
    return dataset.to_table(columns=list(columns) if columns is not None else None)


def _split(table: pa.Table, partition_by: Sequence[str]) -> Iterator[tuple[str, pa.Table]]:
    """Split offers by the period of their first date, ``year=2024/month=3/`` and so on."""
    if not partition_by:
        yield "", table
        return
    dates = pc.coalesce(*(table.column(n) for n in DATE_COLUMNS if n in table.column_names))
    months = pc.add(pc.multiply(pc.year(dates), 100), pc.month(dates))
    if "month" not in partition_by:
        months = pc.multiply(pc.year(dates), 100)
    months = pc.fill_null(months, 0)
    for month in sorted(pc.unique(months).to_pylist()) or [0]:  # none: the columns all the same
        values = {"year": f"{month // 100}", "month": f"{month % 100}"}
        folder = "".join(f"{name}={values[name] if month else _UNKNOWN}/" for name in partition_by)
        yield folder, table.filter(pc.equal(months, month))
