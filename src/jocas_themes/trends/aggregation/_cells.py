"""`count_cells`: what the labels sum up to, by period and group."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.trends.aggregation._ids import FirstRows, Lookup, Repeats, read_ids
from jocas_themes.trends.aggregation._labels import PROBABILITY
from jocas_themes.trends.aggregation._rows import Batch, Rows
from jocas_themes.trends.aggregation._sums import Cells, Sums


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
    sums, found = Sums(rows, n_bins or 0), None
    if find_ids is not None:
        found = _Found(rows, read_ids(find_ids, "find_ids", rows.columns))
    for batch in rows.iter_batches():
        sums.add(batch)
        if found is not None:
            found.add(batch)
    rows.warn_of_undated(stacklevel)
    if found is None:
        return sums.build(_take_none(rows))
    return sums.build(found.build(), frozenset(found.undated), found.repeats.count())


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


class _Found:
    """The rows of some offers, and which of these have no date; and all ids that recur."""

    def __init__(self, rows: Rows, ids: pd.Index) -> None:
        self._rows = rows
        self._first, self._ids = FirstRows(ids), Lookup(ids)
        self._tables: list[pd.DataFrame] = []
        self.undated: set[str] = set()
        self.repeats = Repeats()

    def add(self, batch: Batch) -> None:
        """Add those of a batch."""
        self.repeats.add(batch.table["offer_id"])
        if (is_found := self._first.find(batch.table)).any():
            self._tables.append(_take(batch, is_found, self._rows.themes))
        undated = batch.undated["offer_id"]
        if len(undated):
            self.undated.update(map(str, undated[self._ids.find(undated) >= 0]))

    def build(self) -> pd.DataFrame:
        """Put the rows in one table."""
        if not self._tables:
            return _take_none(self._rows)
        return pd.concat(self._tables, ignore_index=True)


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
