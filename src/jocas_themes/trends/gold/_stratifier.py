"""Strata: by columns, periods and groups, and by how unsure the student is of an offer."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.trends.aggregation._periods import TIMES
from jocas_themes.trends.aggregation._rows import Batch, Coded

SCORE_BIN = "score_bin"

_N_BINS = 4
_MOST_THEMES = 3  # labelled 1 in an offer: the last bin holds those with more, too

Integers = npt.NDArray[np.signedinteger[Any]]
Scores = npt.NDArray[np.float32]


class Combinations:
    """Numbers combinations of values, in the order in which they turn up."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[Any, ...], int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self._numbers)

    def find(self, columns: Sequence[Coded], n_rows: int) -> Integers:
        """Return the number of each row's combination."""
        combined = np.zeros(n_rows, dtype=np.int64)
        for codes, values in columns:
            combined = combined * len(values) + codes
        places, distinct = pd.factorize(combined)
        coded = np.unravel_index(distinct, [len(values) for _, values in columns] or [1])
        named = [values[codes] for codes, (_, values) in zip(coded, columns, strict=False)]
        keys = list(zip(*named, strict=True)) if named else [()] * len(distinct)
        numbers = [self._numbers.setdefault(key, len(self._numbers)) for key in keys]
        return np.array(numbers, dtype=np.int64)[places]


class Stratifier:
    """Tells in which stratum a row is, by its group and its score.

    Parameters
    ----------
    names : sequence of str
        Columns that make the strata, ``score_bin`` among them or not.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._groups = Combinations()
        self._edges: Scores = np.empty(0, dtype=np.float32)
        self._first_bin = 1

    def find_groups(self, batch: Batch, rows: npt.NDArray[np.bool_]) -> Integers:
        """Find the groups, which are strata but for the score, of some rows, as numbers."""
        coded = [batch.keys[name] for name in self._names if name != SCORE_BIN]
        columns = [(codes[rows], values) for codes, values in coded]
        return self._groups.find(columns, int(rows.sum()))

    def rank_groups(self) -> Integers:
        """Rank the groups by what they read as, whatever the order in which they turned up."""
        names = [name for name in self._names if name != SCORE_BIN]
        written = [tuple(map(write_value, names, values)) for values in self._groups]
        ranks = np.empty(len(written), dtype=np.int64)
        ranks[sorted(range(len(written)), key=written.__getitem__)] = np.arange(len(written))
        return ranks

    def fit_bins(self, scores: Scores, prediction: str) -> None:
        """Choose the borders of the bins of the score, as `sample_gold` says."""
        if SCORE_BIN not in self._names:
            return
        if prediction == "label":
            self._edges, self._first_bin = np.arange(1, _MOST_THEMES + 1, dtype=np.float32), 0
            return
        ordered = np.sort(scores)
        errors = np.cumsum(np.sqrt(ordered, dtype=np.float64))
        quarters = np.searchsorted(errors, errors[-1] * np.arange(1, _N_BINS) / _N_BINS)
        edges = np.unique(ordered[quarters])
        self._edges = edges[edges > ordered[0]]

    def find_strata(self, groups: Integers, scores: Scores) -> Integers:
        """Find the strata, as numbers; some of these may not be in use."""
        bins = np.searchsorted(self._edges, scores, side="right")
        return np.asarray(groups * (len(self._edges) + 1) + bins)

    def describe(self, numbers: Integers) -> pd.DataFrame:
        """Return the columns that make some strata, and their names as ``stratum``."""
        groups, bins = np.divmod(numbers, len(self._edges) + 1)
        known = list(self._groups)
        values = {SCORE_BIN: (bins + self._first_bin).tolist()}
        others = [name for name in self._names if name != SCORE_BIN]
        values |= {
            name: [known[group][place] for group in groups] for place, name in enumerate(others)
        }
        table = pd.DataFrame({name: values[name] for name in self._names}, index=numbers)
        rows = zip(*(values[name] for name in self._names), strict=True)
        written = [" | ".join(map(write_value, self._names, row)) for row in rows]
        return table.assign(stratum=written or "all")


def compute_scores(predictions: npt.NDArray[np.float64], prediction: str) -> Scores:
    """Compute each row's score over the themes that are known, NaN where none is.

    The mean of p (1 - p); of labels, the number of themes that are present. Theme by theme, as
    the rounding of a sum over several columns at once would depend on the rows read together.
    """
    total, n_known = np.zeros(len(predictions)), np.zeros(len(predictions))
    for values in predictions.T:
        known = ~np.isnan(values)
        total[known] += (values * (1 - values) if prediction == "probability" else values)[known]
        n_known += known
    total[n_known == 0] = np.nan
    if prediction == "probability":
        total /= np.maximum(n_known, 1)
    return total.astype(np.float32)


def write_value(name: str, value: Any) -> str:
    """Write a value in the name of a stratum: a semester as 2020S1."""
    if name not in TIMES or not isinstance(value, (np.datetime64, pd.Timestamp)):
        return str(value)
    start = pd.Timestamp(value)
    if name == "month":
        return f"{start:%Y-%m}"
    if name == "year":
        return f"{start:%Y}"
    n_months = 3 if name == "quarter" else 6
    return f"{start.year}{name[0].upper()}{(start.month - 1) // n_months + 1}"
