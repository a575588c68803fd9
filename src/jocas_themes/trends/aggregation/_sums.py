"""`Cells`: what the labels sum up to in each period and group, and the sums that grow to them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.trends.aggregation._groups import UNKNOWN
from jocas_themes.trends.aggregation._rows import Batch, Rows

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cells:
    """What the labels sum up to in each cell, a combination of periods and groups.

    Parameters
    ----------
    by : tuple of str
        Columns that tell the cells apart; none for a single cell.
    themes : tuple of str
        Codes of the themes.
    prediction : {"probability", "label"}
        What was summed.
    keys : DataFrame of shape (n_cells, len(by))
        Values of `by` in each cell, in order, ``unknown`` last.
    n_offers : ndarray of shape (n_cells, n_themes)
        Offers whose prediction is known.
    prediction_sum : ndarray of shape (n_cells, n_themes)
        Sum of the predictions.
    prediction_squares : ndarray of shape (n_cells, n_themes)
        Sum of their squares.
    histogram : ndarray of shape (n_cells, n_themes, n_bins) or None
        Number of probabilities in each of as many equal bins from 0 to 1, whatever was summed;
        None where no theme has any.
    found : DataFrame
        The offers looked up: ``offer_id``, the columns of `by`, ``month`` where there are dates,
        and per theme ``CODE``, the prediction, and ``CODE_probability`` where there is a
        histogram, NaN for a theme without.
    n_undated : int
        Offers left out because they have no readable date, where a period was asked for.
    undated : frozenset of str
        Offers looked up that are left out for it.
    unread : object
        What one of the offers left out has instead of a date; None where all of these are empty.
    n_rows, n_repeated : int
        Rows that count, and how many of them have an ``offer_id`` that came before; 0 where no
        offers were looked up.

    See Also
    --------
    count_cells : Makes them.
    """

    by: tuple[str, ...]
    themes: tuple[str, ...]
    prediction: str
    keys: pd.DataFrame
    n_offers: Array
    prediction_sum: Array
    prediction_squares: Array
    histogram: Array | None = field(repr=False)
    found: pd.DataFrame = field(repr=False)
    n_undated: int
    undated: frozenset[str] = frozenset()
    unread: Any = None
    n_rows: int = 0
    n_repeated: int = 0

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def variance_sum(self) -> Array:
        """Sums of p (1 - p), of shape (n_cells, n_themes): 0 for labels."""
        return self.prediction_sum - self.prediction_squares


class Sums:
    """Sums by cell, which grow as cells turn up."""

    def __init__(self, rows: Rows, n_bins: int) -> None:
        self._rows = rows
        self._n_bins = n_bins
        self._n_rows, self._has_histogram = 0, False
        # Of each column of `by`, the number of each value; of each cell, its place in the sums.
        self._codes: list[dict[Any, int]] = [{} for _ in rows.by]
        self._places: dict[tuple[int, ...], int] = {}
        self._sums = np.zeros((0, len(rows.themes), 3 + n_bins))

    def add(self, batch: Batch) -> None:
        """Add the rows of a batch."""
        self._n_rows += len(batch.predictions)
        cells = self._find_cells(batch)
        n_cells = len(self._places)
        if n_cells > len(self._sums):
            grown = np.zeros((max(n_cells, 2 * len(self._sums)), *self._sums.shape[1:]))
            grown[: len(self._sums)] = self._sums
            self._sums = grown
        for theme, predictions in enumerate(batch.predictions.T):
            is_known = ~np.isnan(predictions)
            places, values = cells[is_known], predictions[is_known]
            sums = self._sums[:n_cells, theme]
            sums[:, 0] += np.bincount(places, minlength=n_cells)
            sums[:, 1] += np.bincount(places, values, n_cells)
            sums[:, 2] += np.bincount(places, values**2, n_cells)
        if self._n_bins and batch.probabilities is not None:
            self._has_histogram = True
            for theme, probabilities in enumerate(batch.probabilities.T):
                is_known = ~np.isnan(probabilities)
                bins = bin_probabilities(probabilities[is_known], self._n_bins)
                places = cells[is_known] * self._n_bins + bins
                flat = np.bincount(places, minlength=n_cells * self._n_bins)
                self._sums[:n_cells, theme, 3:] += flat.reshape(n_cells, self._n_bins)

    def _find_cells(self, batch: Batch) -> npt.NDArray[np.int64]:
        """Return each row's place in the sums."""
        n_rows = len(batch.predictions)
        places = np.zeros(n_rows, dtype=np.int64)
        for codes, values in batch.keys.values():
            places = pd.factorize(places * len(values) + codes)[0]
        # The first row of each of the batch's own cells says which one it is.
        first = np.flatnonzero(~pd.Index(places).duplicated())
        columns = []
        for numbers, (codes, values) in zip(self._codes, batch.keys.values(), strict=True):
            known = np.array([numbers.setdefault(value, len(numbers)) for value in values])
            columns.append(known[codes[first]].tolist())
        keys = zip(*columns, strict=True) if columns else [()] * len(first)
        cells = [self._places.setdefault(key, len(self._places)) for key in keys]
        return np.array(cells, dtype=np.int64)[places]

    def build(
        self, found: pd.DataFrame, undated: frozenset[str] = frozenset(), n_repeated: int = 0
    ) -> Cells:
        """Put the cells in order."""
        rows, n_cells = self._rows, len(self._places)
        codes = np.array(list(self._places), dtype=np.int64).reshape(n_cells, len(rows.by))
        columns, ranks = {}, []
        for name, numbers, column in zip(rows.by, self._codes, codes.T, strict=True):
            values = _sort(numbers, rows.stretches if name == "period" else [])
            rank = np.empty(len(values), dtype=np.int64)
            rank[[numbers[value] for value in values]] = np.arange(len(values))
            ranks.append(rank[column])
            columns[name] = _build_column(name, values, rows)[ranks[-1]]
        order = np.lexsort(ranks[::-1]) if ranks else np.arange(n_cells)
        sums = self._sums[order]
        return Cells(
            by=rows.by,
            themes=rows.themes,
            prediction=rows.prediction,
            keys=pd.DataFrame(columns, index=range(n_cells)).iloc[order].reset_index(drop=True),
            n_offers=sums[:, :, 0],
            prediction_sum=sums[:, :, 1],
            prediction_squares=sums[:, :, 2],
            histogram=sums[:, :, 3:] if self._has_histogram else None,
            found=found,
            n_undated=rows.n_undated,
            undated=undated,
            unread=rows.unread,
            n_rows=self._n_rows,
            n_repeated=n_repeated,
        )


def bin_probabilities(probabilities: Array, n_bins: int) -> npt.NDArray[np.int64]:
    """Return which of as many equal bins from 0 to 1 each probability is in."""
    return np.minimum((probabilities * n_bins).astype(np.int64), n_bins - 1)


def _build_column(name: str, values: Sequence[Any], rows: Rows) -> Any:
    """Make an array of the values of a column, of datetimes also where there is none."""
    is_time = name in rows.times and name != "period"
    return pd.Series(values, dtype="datetime64[ns]" if is_time else None).array


def _sort(values: Iterable[Any], stretches: Sequence[str]) -> list[Any]:
    """Sort the values of a column, stretches in the order of time, ``unknown`` last."""
    if stretches:
        return sorted(values, key=list(stretches).index)
    return sorted(values, key=lambda value: (value == UNKNOWN, value))
