"""`count_cells`: what the labels sum up to, by period and group."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.trends.aggregation._groups import UNKNOWN
from jocas_themes.trends.aggregation._ids import FirstRows, Repeats, read_ids
from jocas_themes.trends.aggregation._labels import PROBABILITY
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
    n_rows: int = 0
    n_repeated: int = 0

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def variance_sum(self) -> Array:
        """Sums of p (1 - p), of shape (n_cells, n_themes): 0 for labels."""
        return self.prediction_sum - self.prediction_squares


def count_cells(
    labels: pd.DataFrame | str | Path,
    *,
    by: Sequence[str],
    themes: Sequence[str] | None = None,
    prediction: str | None = None,
    date_column: str | None = None,
    steps: Sequence[Any] = (),
    offer_ids: Iterable[Any] | None = None,
    n_bins: int | None = None,
    find_ids: Iterable[Any] | None = None,
    reserved: Sequence[str] = (),
    stacklevel: int = 2,
) -> Cells:
    """Count the offers of each cell and sum their predictions, in one pass of bounded memory.

    Parameters
    ----------
    labels : DataFrame of n_offers, str or Path
        Labelled table, or the folder of Parquet parts that `label_corpus` wrote.
    by : sequence of str
        Columns, or periods and groups derived from them.
    themes : sequence of str, optional
        Codes of the themes. By default those that have a ``CODE_probability`` column.
    prediction : {"probability", "label"}, optional
        What predicts a theme; by default its probability where all have one, else its label.
    date_column : str, optional
        Column of dates. By default the first there of ``date_firstSeenDay``,
        ``date_sitePublicationDay`` and ``date_lastSeenDay``.
    steps : sequence of months, default=()
        First months of new stretches, for ``period``.
    offer_ids : iterable, optional
        Count these offers alone, the first row of each. By default all rows count.
    n_bins : int, optional
        Number of bins of the histogram of the probabilities; none by default.
    find_ids : iterable, optional
        Offers whose rows to return, the first of each, among those that count. The rows whose
        id recurs are counted then.
    reserved : sequence of str, default=()
        Names that `by` must not have, beside those of the themes and ``offer_id``.
    stacklevel : int, default=2
        As of `warnings.warn`.

    Returns
    -------
    Cells
        Those that have offers.

    Raises
    ------
    ValueError
        If a column is not there and cannot be derived, `by` has a name that is reserved, or a
        prediction is out of range.
    TypeError
        If ids are a single string.
    FileNotFoundError
        If the folder holds no part.
    OffersError
        If a part is not a Parquet file.

    Warns
    -----
    JocasThemesWarning
        If offers have no readable date though a period is asked for: they are left out, of
        ``found`` too; if a folder is incomplete.

    See Also
    --------
    iter_labels : The rows themselves.

    Examples
    --------
    >>> import pandas as pd
    >>> from jocas_themes.trends.aggregation import count_cells
    >>> labels = pd.DataFrame({
    ...     "date_firstSeenDay": ["2020-02-03", "2020-02-28", "2020-04-01"],
    ...     "location_departement": ["75", "92", None],
    ...     "REMOTE": [0, 1, 1],
    ...     "REMOTE_probability": [0.25, 0.75, 1.0],
    ... })
    >>> cells = count_cells(labels, by=("quarter", "region"))
    >>> cells.keys.assign(n=cells.n_offers[:, 0], expected=cells.prediction_sum[:, 0])
         quarter   region    n  expected
    0 2020-01-01       11  2.0       1.0
    1 2020-04-01  unknown  1.0       1.0
    """
    if n_bins is not None and n_bins < 1:
        raise ValueError(f"n_bins must be 1 or more, or None, got {n_bins!r}.")
    rows = Rows(
        labels,
        by=by,
        columns=() if find_ids is None else ("offer_id",),
        themes=themes,
        prediction=prediction,
        date_column=date_column,
        steps=steps,
        offer_ids=offer_ids,
        probabilities=n_bins is not None,
        stacklevel=stacklevel,
    )
    _check_by(rows, reserved)
    wanted = None if find_ids is None else FirstRows(read_ids(find_ids, "find_ids", rows.columns))
    sums = _Sums(rows, n_bins or 0)
    repeats, found = Repeats(), []
    for batch in rows.iter_batches():
        sums.add(batch)
        if wanted is not None:
            repeats.add(batch.table["offer_id"])
            if (is_found := wanted.find(batch.table)).any():
                found.append(_take(batch, is_found, rows.themes))
    rows.warn_of_undated(stacklevel)
    table = pd.concat(found, ignore_index=True) if found else _take_none(rows)
    return sums.build(table, repeats.count())


def _check_by(rows: Rows, reserved: Sequence[str]) -> None:
    """Refuse groups by columns whose names the results need for themselves."""
    probabilities = [code + PROBABILITY for code in rows.themes]
    taken = {"offer_id", *reserved, *rows.themes, *probabilities}
    wrong = [name for name in rows.by if name in taken]
    if wrong:
        raise ValueError(
            f"by must name no column that the result has of its own, nor a theme, got {wrong!r}. "
            f"Copy it under another name: labels.assign(my_{wrong[0]}=labels[{wrong[0]!r}])."
        )


class _Sums:
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

    def build(self, found: pd.DataFrame, n_repeated: int) -> Cells:
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


def _take(batch: Batch, mask: npt.NDArray[np.bool_], themes: Sequence[str]) -> pd.DataFrame:
    """Return some rows of a batch as a table."""
    columns: dict[str, Any] = {"offer_id": batch.table["offer_id"].to_numpy(dtype=object)[mask]}
    columns |= {name: values[codes[mask]] for name, (codes, values) in batch.keys.items()}
    if batch.months is not None and "month" not in columns:
        columns["month"] = batch.months[mask].astype("datetime64[ns]")
    columns |= {code: batch.predictions[mask, place] for place, code in enumerate(themes)}
    if (probabilities := batch.probabilities) is not None:
        columns |= {code + PROBABILITY: probabilities[mask, n] for n, code in enumerate(themes)}
    return pd.DataFrame(columns)


def _take_none(rows: Rows) -> pd.DataFrame:
    """Return the table of no offer."""
    names = ["offer_id", *rows.by, *(["month"] if rows.dates else []), *rows.themes]
    return pd.DataFrame(columns=list(dict.fromkeys(names)))
