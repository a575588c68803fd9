"""What a plan needs of all offers: sums over the cells of month, group and stratum."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes._progress import tqdm
from jocas_themes.trends.aggregation._rows import Batch, Coded, Rows
from jocas_themes.trends.gold._frame import Frame, is_dated
from jocas_themes.trends.gold._stratifier import Combinations, Integers, compute_scores

Array = npt.NDArray[np.float64]

_N_SUMS = 6


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over cells.

    Parameters
    ----------
    keys : DataFrame of n_cells
        ``month``, where there are dates, and the group, where one is told apart.
    strata : ndarray of shape (n_cells,)
        Their row in the frame's strata.
    sums : ndarray of shape (n_cells, n_themes, 6)
        Of 1, f and f^2, and of v, v f and v f^2, where f is the probability and v = f (1 - f).
    """

    keys: pd.DataFrame
    strata: Integers
    sums: Array


class _Sums:
    """Sums by cell, which grow as cells turn up."""

    def __init__(self, n_themes: int) -> None:
        self.cells = Combinations()
        self._sums = np.zeros((0, n_themes, _N_SUMS))

    def add(self, columns: Sequence[Coded], predictions: Array) -> None:
        """Add rows, with their month, group and stratum."""
        cells = self.cells.find(columns, len(predictions))
        n_cells = len(self.cells)
        if n_cells > len(self._sums):
            grown = np.zeros((2 * n_cells, *self._sums.shape[1:]))
            grown[: len(self._sums)] = self._sums
            self._sums = grown
        for theme, values in enumerate(predictions.T):
            known = ~np.isnan(values)
            places, f = cells[known], values[known]
            v = f * (1 - f)
            for power, summed in enumerate((None, f, f * f, v, v * f, v * f * f)):
                self._sums[:n_cells, theme, power] += np.bincount(places, summed, n_cells)

    def build(self, names: Sequence[str]) -> Moments:
        """Return the sums; the last value of each cell is its stratum."""
        table = pd.DataFrame(list(self.cells), columns=[*names, "stratum"])
        strata = table.pop("stratum").to_numpy(dtype=np.int64)
        return Moments(table, strata, self._sums[: len(table)])


def read_moments(
    rows: Rows, frame: Frame, groups: Sequence[str | None], *, progress: bool
) -> dict[str | None, Moments]:
    """Sum up all rows by month and stratum, and by each of the groups; None is no group."""
    sums = {group: _Sums(len(rows.themes)) for group in groups}
    batches = tqdm(rows.iter_batches(), disable=not progress, desc="Plan", unit="batch")
    for batch in batches:
        strata = _find_strata(batch, rows, frame)
        drawn = strata >= 0
        shared = [(strata[drawn], np.arange(len(frame.strata)).astype(object))]
        months = [] if batch.months is None else [_code_months(batch, drawn)]
        for group, summed in sums.items():
            coded = [] if group is None else [batch.keys[group]]
            columns = [(codes[drawn], values) for codes, values in coded]
            summed.add([*months, *columns, *shared], batch.predictions[drawn])
    dates = ["month"] if rows.dates else []
    return {
        group: summed.build([*dates, *([] if group is None else [group])])
        for group, summed in sums.items()
    }


def _find_strata(batch: Batch, rows: Rows, frame: Frame) -> Integers:
    """Find each row's stratum, -1 where it cannot be drawn."""
    scores = compute_scores(batch.predictions, rows.prediction)
    eligible = is_dated(batch) & ~np.isnan(scores)
    groups = frame.stratifier.find_groups(batch, eligible)
    found = np.full(len(scores), -1, dtype=np.int64)
    numbers = frame.stratifier.find_strata(groups, scores[eligible])
    found[eligible] = frame.strata.index.get_indexer(pd.Index(numbers))
    return found


def _code_months(batch: Batch, rows: npt.NDArray[np.bool_]) -> Coded:
    """Return each row's place among the months, and these."""
    assert batch.months is not None
    codes, distinct = pd.factorize(batch.months[rows])
    return codes, np.asarray(distinct).astype("datetime64[ns]")
