"""Tables of any length and columns, made chunks of one length with the columns of all."""

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from jocas_themes.offers.reading._cells import build_missing


class Chunker:
    """Cuts a stream of tables into chunks of one length.

    ``columns`` come first and are always there; the others follow in the order in which they
    are met. Where rows lack a column that was met, they get missing values.
    """

    def __init__(self, chunk_rows: int, columns: Iterable[str]) -> None:
        self._chunk_rows = chunk_rows
        self._dtypes: dict[str, Any] = dict.fromkeys(columns)
        self._tables: list[pd.DataFrame] = []
        self.n_rows = 0

    def add(self, table: pd.DataFrame) -> None:
        """Take a table."""
        for name in table.columns:
            self._dtypes[name] = self._dtypes.get(name) or table[name].dtype
        if len(table):
            self._tables.append(table)
            self.n_rows += len(table)

    def pop_full(self) -> Iterator[pd.DataFrame]:
        """Yield the chunks that are full, and keep the rows that are left."""
        if self.n_rows < self._chunk_rows:
            return
        joined = self.join()
        n_full = len(joined) - len(joined) % self._chunk_rows
        for start in range(0, n_full, self._chunk_rows):
            yield joined.iloc[start : start + self._chunk_rows].reset_index(drop=True)
        rest = joined.iloc[n_full:]
        self._tables = [] if rest.empty else [rest]
        self.n_rows = len(rest)

    def join(self) -> pd.DataFrame:
        """Join the rows that are left; a table without rows has the columns all the same."""
        return pd.DataFrame(
            {name: self._join_column(name, dtype) for name, dtype in self._dtypes.items()}
        )

    def _join_column(self, name: str, dtype: Any) -> pd.Series:
        """Join the parts of a column, missing where a table lacks it."""
        parts = [
            table[name] if name in table.columns else build_missing(name, dtype, len(table))
            for table in self._tables
        ]
        if not parts:
            return build_missing(name, dtype, 0)
        return pd.concat(parts, ignore_index=True)
