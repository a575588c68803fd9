"""Groups derived from JOCAS's columns: board, region, sector, ROME family and domain."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.trends.nomenclatures import (
    read_boards,
    read_regions,
    read_rome_domains,
    read_rome_families,
    read_sections,
)

UNKNOWN = "unknown"

Values = npt.NDArray[np.object_]
Reader = Callable[[Values], Values]


# Each derived group, the columns that it is read from (an offer's first readable one counts), and
# how: distinct values in, the group or None out.
GROUPS: dict[str, dict[str, Reader]] = {
    "board": {"site_name": read_boards},
    "region": {"location_departement": read_regions, "location_zipcode": read_regions},
    "sector": {
        "entrepriseSecteur_NAF21": read_sections,
        "entrepriseSecteur_NAF88": read_sections,
    },
    "rome_family": {"job_ROME_code": read_rome_families},
    "rome_domain": {"job_ROME_code": read_rome_domains},
}


def choose_group_columns(name: str, columns: Sequence[str]) -> dict[str, Reader | None]:
    """Choose the columns of which a group is read: itself when it is there, as it is."""
    if name in columns:
        return {name: None}
    if name not in GROUPS:
        raise ValueError(
            f"by must name columns of the labels, or what is derived from them, got {name!r}. "
            f"There are {list(columns)[:8]!r} ({len(columns)} in all); derived are "
            f"{list(GROUPS)!r} and, from dates, month, quarter, semester, year and period."
        )
    found = {column: read for column, read in GROUPS[name].items() if column in columns}
    if not found:
        raise ValueError(
            f"{name!r} is derived from {' or '.join(map(repr, GROUPS[name]))}, which the labels "
            f"lack. Keep one: label_corpus(keep_columns=...), or add a column {name!r}."
        )
    return dict(found)


def code_group(
    table: pd.DataFrame, readers: dict[str, Reader | None]
) -> tuple[npt.NDArray[np.int64], Values]:
    """Return each row's place among the group's values, and these values."""
    codes = np.full(len(table), -1)
    values = np.empty(0, dtype=object)
    for column, read in readers.items():
        rows, distinct = pd.factorize(table[column])
        written = _keep(distinct) if read is None else read(_to_objects(distinct))
        places, groups = pd.factorize(written)  # -1 where None
        found = np.append(np.where(places < 0, -1, places + len(values)), [-1])[rows]
        codes = np.where(codes < 0, found, codes)
        values = np.concatenate([values, groups])
    return np.where(codes < 0, len(values), codes), np.append(values, [UNKNOWN])


def _to_objects(distinct: Any) -> Values:
    """Return distinct values as Python objects."""
    return np.asarray(pd.Series(distinct).to_numpy(dtype=object))


def _keep(distinct: Any) -> Values:
    """Keep the values of a column: numbers and datetimes as they are, all else as strings."""
    values = pd.Series(distinct)
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    objects = _to_objects(values)
    # Booleans beside missing ones are no longer booleans, and must read alike in all batches.
    is_number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if is_number or pd.api.types.is_datetime64_any_dtype(values):
        return objects
    return read_boards(objects)
