"""Ids of offers: finding some of them among the labels, and counting those that recur."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from jocas_themes.offers import NearDuplicates, to_frame

_FEW_IDS = 100_000


def read_ids(ids: Iterable[Any], name: str, columns: Iterable[str]) -> pd.Index:
    """Read the ids of some offers, each known one once; the labels must have ids too."""
    if isinstance(ids, str):
        raise TypeError(f"{name} must be several ids, got {ids!r}. Put a single one in a list.")
    columns = list(columns)
    if "offer_id" not in columns:
        raise ValueError(
            f"the labels lack the column 'offer_id', which {name} speak of; found "
            f"{columns[:5]!r} ({len(columns)} in all). Add it, or leave {name} out."
        )
    known: pd.Index = pd.Index(list(ids), dtype=object).dropna().unique()
    return known


class Lookup:
    """Finds the places of ids among those of some offers; all are compared as strings."""

    def __init__(self, ids: Any) -> None:
        wanted = _to_strings(ids)
        self._wanted = wanted
        self._index: pd.Index | None = None
        if len(wanted) > _FEW_IDS:
            # Arrow hashes the wanted ids again for each table, pandas once.
            self._index = pd.Index(wanted.to_numpy(zero_copy_only=False), dtype=object)

    def find(self, ids: pd.Series) -> npt.NDArray[np.int64]:
        """Return the place of each id among the wanted ones, -1 of others."""
        strings = _to_strings(ids)
        if self._index is None:
            found = pc.index_in(strings, value_set=self._wanted, skip_nulls=True).fill_null(-1)
            return np.asarray(found.to_numpy(), dtype=np.int64)
        objects = pd.Index(strings.to_numpy(zero_copy_only=False), dtype=object)
        return np.asarray(self._index.get_indexer(objects), dtype=np.int64)


class FirstRows:
    """Finds, table after table, the first row of each of some offers."""

    def __init__(self, ids: pd.Index) -> None:
        self._wanted = Lookup(ids)
        # The last place is where ids that are not wanted go, by -1.
        self._met = np.zeros(len(ids) + 1, dtype=bool)
        self._met[-1] = True

    def find(self, table: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Return the mask of the rows that are the first of a wanted offer."""
        places = self._wanted.find(table["offer_id"])
        is_first: npt.NDArray[np.bool_] = ~self._met[places]
        is_first[is_first] = ~pd.Index(places[is_first]).duplicated()
        self._met[places] = True
        return is_first


class Repeats:
    """Counts, table after table, the rows whose id came before; 8 bytes a row are held."""

    def __init__(self) -> None:
        self._hashes: list[npt.NDArray[np.uint64]] = []

    def add(self, ids: "pd.Series[Any]") -> None:
        """Add the ids of a table; rows without one are no repetitions."""
        self._hashes.append(hash_ids(ids.dropna()))

    def count(self) -> int:
        """Count the rows beside the first of each id."""
        if not self._hashes:
            return 0
        hashes = np.sort(np.concatenate(self._hashes))  # np.unique takes ten times as long
        return int((hashes[1:] == hashes[:-1]).sum())


def hash_ids(ids: "pd.Series[Any]", seed: int = 0) -> npt.NDArray[np.uint64]:
    """Hash each id, as a string, in a way that the seed keys."""
    values = ids.to_numpy(dtype=object)
    return pd.util.hash_array(values, hash_key=f"{seed % 2**64:016x}", categorize=False)


def read_groups(groups: Any, name: str) -> pd.DataFrame:
    """Read which offers are the same vacancy: ``offer_id`` and ``group``, each known id once."""
    table = to_frame(groups.offers if isinstance(groups, NearDuplicates) else groups)
    names = ["offer_id", "group"]
    found = list(table.columns) if isinstance(table, pd.DataFrame) else table
    if not isinstance(table, pd.DataFrame) or not {*names} <= {*found}:
        seen = repr(found[:5] if isinstance(found, list) else found)
        raise ValueError(
            f"{name} must have the columns offer_id and group, got {seen}. Pass what "
            f"find_near_duplicates gives, or its table offers."
        )
    known: pd.DataFrame = table[names].dropna().drop_duplicates("offer_id")
    return known


def _to_strings(ids: Any) -> pa.Array:
    """Write ids as Arrow's strings, null where missing."""
    try:
        array = pa.array(ids, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # of several types
        array = pa.array([None if pd.isna(value) else str(value) for value in ids], pa.string())
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return array.cast(pa.large_string())
