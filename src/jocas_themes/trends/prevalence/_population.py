"""What is estimated of: the labels' cells, by month and group, and the drawn offers among them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.offers import to_frame
from jocas_themes.offers._days import choose_date_columns
from jocas_themes.trends.aggregation import TIMES, Cells, count_cells, derive_time
from jocas_themes.trends.aggregation._labels import PROBABILITY, list_parts, read_dtypes
from jocas_themes.trends.aggregation._periods import WIDTHS
from jocas_themes.trends.aggregation._times import is_own
from jocas_themes.trends.prevalence._design import Design, read_design
from jocas_themes.trends.prevalence._rectified import Sample

Array = npt.NDArray[np.float64]

# What the tables of shares and of error rates have beside the columns of `by`.
_COLUMNS = (
    "theme", "n_offers", "n_gold", "estimate", "se", "ci_low", "ci_high", "method", "rate"
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Population:
    """The labels' cells, as fine as the estimates need them.

    Parameters
    ----------
    cells : Cells
        By month, where there are dates, and by the groups.
    keys : DataFrame of n_cells
        Their months and groups, and the periods asked for.
    by, times, groups : tuple of str
        What is asked for, and which of it are periods or groups.
    steps : tuple of Timestamp
        First months of new stretches.
    """

    cells: Cells
    keys: pd.DataFrame
    by: tuple[str, ...]
    times: tuple[str, ...]
    groups: tuple[str, ...]
    steps: tuple[pd.Timestamp, ...]

    @property
    def span(self) -> tuple[pd.Timestamp, pd.Timestamp] | None:
        """First and last month, if there are dates."""
        if "month" not in self.keys or not len(self.keys):
            return None
        return self.keys["month"].min(), self.keys["month"].max()


@dataclass(frozen=True, eq=False)
class Drawn:
    """Offers that were drawn and read.

    Parameters
    ----------
    keys : DataFrame of n_rows
        As those of the population.
    labels, predictions : ndarray of shape (n_rows, n_themes)
        NaN where unknown.
    design : Design
        How they were drawn.
    probabilities : ndarray of shape (n_rows, n_themes), optional
        Those of the labels, whatever predicts; NaN where there are none.
    """

    keys: pd.DataFrame
    labels: Array
    predictions: Array
    design: Design
    probabilities: Array | None = None

    def select(self, theme: int) -> Sample:
        """Return the rows that are known of one theme."""
        labels, predictions = self.labels[:, theme], self.predictions[:, theme]
        everything = Sample(self.keys, labels, predictions, self.design)
        return everything.take(~np.isnan(labels + predictions))


def read_population(
    labels: pd.DataFrame | str | Path,
    by: Sequence[str],
    *,
    date_column: str | None,
    steps: tuple[pd.Timestamp, ...],
    by_month: bool = True,
    **options: Any,
) -> Population:
    """Count the labels in one pass, by group and month or period, and look some offers up."""
    times, groups, is_dated = _split_columns(labels, by, date_column)
    columns = (*times, *groups)
    if by_month:
        columns = (*groups, "month") if is_dated else groups
    cells = count_cells(
        labels,
        by=columns,
        date_column=date_column,
        steps=steps,
        reserved=_COLUMNS,
        stacklevel=4,
        **options,
    )
    found = cells.found.assign(offer_id=cells.found["offer_id"].astype(str))
    cells = replace(cells, found=found)
    keys = _add_times(cells.keys, times, steps) if by_month else cells.keys
    for name in WIDTHS:
        if name in keys and pd.to_datetime(keys[name], errors="coerce").isna().any():
            raise ValueError(
                f"the labels' column {name!r} must hold a date in each row, got rows without. "
                f"Leave them out, or name a column of dates: date_column=..., and drop {name!r}."
            )
    return Population(cells, keys, tuple(by), times, groups, steps)


def find_drawn(population: Population, table: pd.DataFrame) -> Drawn:
    """Look the rows of a gold table up among the labels, where all of them are."""
    themes = list(population.cells.themes)
    found = population.cells.found.set_index("offer_id").loc[table["offer_id"]].reset_index()
    return Drawn(
        _add_times(found, population.times, population.steps),
        table[themes].astype("float64").to_numpy(),
        found[themes].astype("float64").to_numpy(),
        read_design(table),
        found.reindex(columns=[code + PROBABILITY for code in themes]).to_numpy(dtype=np.float64),
    )


def _split_columns(
    labels: pd.DataFrame | str | Path, by: Sequence[str], date_column: str | None
) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Tell periods from groups, and whether the months are to be counted apart."""
    table = to_frame(labels)
    dtypes = read_dtypes(table if isinstance(table, pd.DataFrame) else list_parts(table))
    has_dates = bool(choose_date_columns(list(dtypes), date_column))
    own = {name for name in TIMES if is_own(name, dtypes, has_dates=has_dates)}
    is_month = pd.api.types.is_datetime64_any_dtype(dtypes.get("month", object))
    is_dated = has_dates or ("month" in own and (is_month or "month" in by))
    times = tuple(
        name
        for name in by
        if name in TIMES and (name not in own or (is_dated and name != "period"))
    )
    groups = tuple(name for name in by if name not in times)
    return times, groups, is_dated or bool(times)


def _add_times(
    keys: pd.DataFrame, times: Sequence[str], steps: Sequence[pd.Timestamp]
) -> pd.DataFrame:
    """Derive the periods from the months."""
    if "month" not in keys:
        return keys
    keys = keys.assign(month=pd.to_datetime(keys["month"], errors="coerce"))
    return keys.assign(**{name: derive_time(keys["month"], name, steps) for name in times})
