"""`iter_labels`: the rows of the labels with derived periods and groups, batch by batch."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.offers._days import choose_date_columns
from jocas_themes.trends.aggregation._groups import (
    UNKNOWN,
    Values,
    choose_group_columns,
    code_group,
)
from jocas_themes.trends.aggregation._ids import FirstRows, read_ids
from jocas_themes.trends.aggregation._labels import (
    PROBABILITY,
    choose_dates,
    choose_prediction,
    choose_themes,
    iter_tables,
    name_predictions,
    open_labels,
    read_dtypes,
    read_predictions,
)
from jocas_themes.trends.aggregation._periods import (
    TIMES,
    derive_time,
    name_stretches,
    parse_steps,
)
from jocas_themes.trends.aggregation._times import Months, is_own, read_months, read_own_months

Array = npt.NDArray[np.float64]
Coded = tuple[npt.NDArray[np.int64], Values]


@dataclass(frozen=True, eq=False)
class Batch:
    """Some rows of the labels; where a period is asked for, only those that have a date.

    `undated` has the columns of `table` for the rows that were left out.
    """

    table: pd.DataFrame
    undated: pd.DataFrame
    months: Months | None
    keys: dict[str, Coded]
    predictions: Array
    probabilities: Array | None = None


class Rows:
    """Reads the rows of the labels; what must be there is checked before the first one.

    Parameters are those of `iter_labels`, `offer_ids` to read the first row of each of some offers
    alone, and `probabilities` to read them beside labels, NaN where a theme has none. `stacklevel`
    is as of `warnings.warn` where this is called.
    """

    def __init__(
        self,
        labels: pd.DataFrame | str | Path,
        *,
        by: Sequence[str],
        columns: Sequence[str] = (),
        themes: Sequence[str] | None = None,
        prediction: str | None = None,
        date_column: str | None = None,
        steps: Sequence[Any] = (),
        offer_ids: Iterable[Any] | None = None,
        probabilities: bool = False,
        stacklevel: int = 2,
    ) -> None:
        self._source = open_labels(labels, stacklevel=stacklevel + 1)
        dtypes = read_dtypes(self._source)
        self.columns = list(dtypes)
        self.by = (by,) if isinstance(by, str) else tuple(dict.fromkeys(by))
        self.themes = choose_themes(self.columns, themes)
        self.prediction = choose_prediction(self.columns, self.themes, prediction)
        self._probable = [
            place
            for place, code in enumerate(self.themes)
            if probabilities and code + PROBABILITY in self.columns
        ]
        self.dates = choose_date_columns(self.columns, date_column)
        periods = [name for name in self.by if name in TIMES]
        own = [name for name in periods if is_own(name, dtypes, has_dates=bool(self.dates))]
        self.times = [name for name in periods if name not in own]
        if self.times:
            choose_dates(self.columns, date_column)
        self._own = [name for name in own if name != "period"]
        self._steps = parse_steps(steps)
        self.stretches = name_stretches(self._steps) if "period" in self.times else []
        groups = [name for name in self.by if name not in self.times]
        self._groups = {name: choose_group_columns(name, self.columns) for name in groups}
        self._carried = _check_columns(columns, self.columns)
        self._first: FirstRows | None = None
        if offer_ids is not None:
            self._first = FirstRows(read_ids(offer_ids, "offer_ids", self.columns))
            self._carried = list(dict.fromkeys(["offer_id", *self._carried]))
        self.n_undated = 0
        self.unread: Any = None

    def iter_batches(self) -> Iterator[Batch]:
        """Yield the rows, batch by batch."""
        for read in self._iter_tables():
            table = read if self._first is None else read[self._first.find(read)]
            months = read_months(table, self.dates) if self.dates else None
            undated = table[:0]
            if self.times and months is not None and np.isnat(months).any():
                is_dated = ~np.isnat(months)
                undated, table, months = table[~is_dated], table[is_dated], months[is_dated]
                self._note_undated(undated)
            keys = {name: self._code(name, table, months) for name in self.by}
            predictions = read_predictions(table, self.themes, self.prediction)
            yield Batch(table, undated, months, keys, predictions, self._read_probabilities(table))

    def warn_of_undated(self, stacklevel: int) -> None:
        """Warn once of the offers that were left out."""
        warn_of_undated(self.n_undated, self.dates, self.unread, stacklevel=stacklevel + 1)

    def _note_undated(self, undated: pd.DataFrame) -> None:
        """Count rows without a date, and keep the first value that is none as an example."""
        self.n_undated += len(undated)
        for name in self.dates:
            if self.unread is None:
                self.unread = next(iter(undated[name].dropna().tolist()), None)

    def _iter_tables(self) -> Iterator[pd.DataFrame]:
        """Yield the columns that are needed, those that repeat few values as categories."""
        sources = [column for readers in self._groups.values() for column in readers]
        coded = [name for name in (*self.dates, *sources) if name not in self._carried]
        predictions = name_predictions(self.themes, self.prediction)
        predictions += [self.themes[place] + PROBABILITY for place in self._probable]
        names = dict.fromkeys([*self._carried, *coded, *predictions])
        return iter_tables(self._source, list(names), list(dict.fromkeys(coded)))

    def _read_probabilities(self, table: pd.DataFrame) -> Array | None:
        """Read the probabilities of the themes that have them; None where no theme has."""
        if not self._probable:
            return None
        values = np.full((len(table), len(self.themes)), np.nan)
        codes = [self.themes[place] for place in self._probable]
        values[:, self._probable] = read_predictions(table, codes, "probability")
        return values

    def _code(self, name: str, table: pd.DataFrame, months: Months | None) -> Coded:
        """Return each row's place among a column's values, and these values."""
        if name in self._own:
            codes, distinct = pd.factorize(read_own_months(table, name))
            starts = derive_time(pd.Series(distinct), name).astype(object).to_numpy()
            return np.where(codes < 0, len(starts), codes), np.append(starts, [UNKNOWN])
        if months is None or name in self._groups:
            return code_group(table, self._groups[name])
        codes, distinct = pd.factorize(months)
        return codes, derive_time(pd.Series(distinct), name, self._steps).to_numpy()


def warn_of_undated(
    n_undated: int, dates: Sequence[str], unread: Any = None, *, stacklevel: int
) -> None:
    """Warn of offers without a date, if there are any; a cell that is none is an example."""
    if n_undated:
        example = f", such as {unread!r}," if unread is not None else ""
        warnings.warn(
            f"{n_undated} offers have no readable date in {list(dates)!r}{example} and are left "
            f"out. Dates must be datetimes, or ISO or DD/MM/YYYY strings; another column can be "
            f"named: date_column=...",
            JocasThemesWarning,
            stacklevel=stacklevel + 1,
        )


def iter_labels(
    labels: pd.DataFrame | str | Path,
    *,
    by: Sequence[str] = (),
    columns: Sequence[str] = (),
    themes: Sequence[str] | None = None,
    prediction: str | None = None,
    date_column: str | None = None,
    steps: Sequence[Any] = (),
    stacklevel: int = 2,
) -> Iterator[pd.DataFrame]:
    """Iterate over the labels in batches, with the periods and groups asked for.

    Parameters
    ----------
    labels : DataFrame of n_offers, str or Path
        Labelled table, or the folder of Parquet parts that `label_corpus` wrote.
    by : sequence of str, default=()
        Columns, or periods and groups derived from them.
    columns : sequence of str, default=()
        Further columns to carry over as they are.
    themes : sequence of str, optional
        Codes of the themes. By default those that have a ``CODE_probability`` column.
    prediction : {"probability", "label"}, optional
        What predicts a theme; by default its probability where all have one, else its label.
    date_column : str, optional
        Column of dates. By default the first there of ``date_firstSeenDay``,
        ``date_sitePublicationDay`` and ``date_lastSeenDay``.
    steps : sequence of months, default=()
        First months of new stretches, for ``period``.
    stacklevel : int, default=2
        As of `warnings.warn`.

    Yields
    ------
    DataFrame of shape (n_rows, n_columns)
        ``offer_id``, the columns of `by`, the further ones, and per theme ``CODE``, the
        prediction (0-1, NaN where unknown). Offers without a date are left out where a period
        is asked for, with a warning at the end.

    See Also
    --------
    count_cells : Their sums.

    Examples
    --------
    >>> import pandas as pd
    >>> from jocas_themes.trends.aggregation import iter_labels
    >>> labels = pd.DataFrame({
    ...     "offer_id": ["a", "b"],
    ...     "date_firstSeenDay": ["2020-02-03", "28/12/2020"],
    ...     "location_departement": ["75", "2A"],
    ...     "REMOTE": [0, 1],
    ... })
    >>> (rows,) = iter_labels(labels, by=("semester", "region"), themes=["REMOTE"])
    >>> rows
      offer_id   semester region  REMOTE
    0        a 2020-01-01     11     0.0
    1        b 2020-07-01     94     1.0
    """
    carried = list(dict.fromkeys(["offer_id", *columns]))
    rows = Rows(
        labels,
        by=by,
        columns=carried,
        themes=themes,
        prediction=prediction,
        date_column=date_column,
        steps=steps,
        stacklevel=stacklevel,
    )
    for batch in rows.iter_batches():
        table: dict[str, Any] = {"offer_id": batch.table["offer_id"].reset_index(drop=True)}
        table |= {name: values[codes] for name, (codes, values) in batch.keys.items()}
        table |= {name: batch.table[name].reset_index(drop=True) for name in columns}
        table |= {code: batch.predictions[:, n] for n, code in enumerate(rows.themes)}
        yield pd.DataFrame(table)
    rows.warn_of_undated(stacklevel)


def _check_columns(columns: Sequence[str], found: Sequence[str]) -> list[str]:
    """Return the columns to carry over, which must be there."""
    absent = [name for name in columns if name not in found]
    if absent:
        raise ValueError(
            f"the labels lack the columns {absent[:5]!r} ({len(absent)} in all); found "
            f"{list(found)[:5]!r} ({len(found)} in all). Keep them: "
            f"label_corpus(keep_columns=...)."
        )
    return list(columns)
