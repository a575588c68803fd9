"""The rectifier's basis: the few ways in which a student's errors may differ and drift."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.trends.aggregation._periods import count_months

Array = npt.NDArray[np.float64]

ENOUGH = 30  # gold rows for a coefficient of their own
ENOUGH_FOR_SLOPE = 3 * ENOUGH  # in a group, which has a level and a step before
_DEGREE = 2  # of the polynomial of time


@dataclass(frozen=True, eq=False)
class Effect:
    """A column for each group that has gold enough, of its level, own step or own slope.

    Parameters
    ----------
    columns : tuple of str
        What tells the groups apart.
    groups : Index of shape (n_groups,)
        Groups with a column of their own.
    pool : ndarray of shape (n_groups,)
        What stands in these columns for all other groups: 0 where together they have gold
        enough for an effect in common; else shares, so that theirs is the mean of the others'.
    step : Timestamp, optional
        Month from which on the columns count; by default always.
    power : int, default=0
        Of time, by which the columns are multiplied.
    """

    columns: tuple[str, ...]
    groups: "pd.Index[Any]"
    pool: Array
    step: pd.Timestamp | None = None
    power: int = 0

    def evaluate(self, keys: pd.DataFrame, time: Array) -> Array:
        """Compute the columns, of shape (n_rows, n_groups), at some times, -1 to 1."""
        places = self.groups.get_indexer(build_index(keys, self.columns))
        rows: Array = np.vstack([np.eye(len(self.groups)), self.pool])[places]  # -1 is the pool
        if self.step is not None:
            rows *= _is_after(keys, [self.step])
        return rows * time[:, None] ** self.power


@dataclass(frozen=True, eq=False)
class Basis:
    """Functions of month and group in which the predictions' errors are described.

    Parameters
    ----------
    degree : int
        Highest power of time; 0 for a constant alone.
    first, last : Timestamp, optional
        Months that stand at -1 and at 1 on the polynomial's axis.
    steps : tuple of Timestamp
        Months from which on the errors may be others.
    effects : tuple of Effect
        Those of the groups.
    """

    degree: int = 0
    first: pd.Timestamp | None = None
    last: pd.Timestamp | None = None
    steps: tuple[pd.Timestamp, ...] = ()
    effects: tuple[Effect, ...] = ()

    def evaluate(self, keys: pd.DataFrame) -> Array:
        """Compute the basis at some months and groups.

        Parameters
        ----------
        keys : DataFrame of n_rows
            ``month``, where the basis speaks of time, and the columns of the groups.

        Returns
        -------
        ndarray of shape (n_rows, n_functions)
            They need not be linearly independent. A row is NaN where nothing can be said.
        """
        time = self._scale(keys) if self.degree else np.zeros(len(keys))
        blocks = [time[:, None] ** np.arange(self.degree + 1)]
        if self.steps:
            blocks.append(_is_after(keys, self.steps))
        blocks += [effect.evaluate(keys, time) for effect in self.effects]
        return np.hstack(blocks)

    def _scale(self, keys: pd.DataFrame) -> Array:
        """Put months on an axis where the labels go from -1 to 1."""
        length = count_months(pd.Series([self.last]), self.first)[0]
        places: Array = 2 * count_months(keys["month"], self.first) / length - 1
        return places


def choose_basis(
    keys: pd.DataFrame,
    n_gold: npt.ArrayLike | None = None,
    *,
    groups: Sequence[str] = (),
    steps: Sequence[pd.Timestamp] = (),
    span: tuple[pd.Timestamp, pd.Timestamp] | None = None,
) -> Basis:
    """Choose what the gold rows can bear: about one coefficient for each 30 of them.

    Parameters
    ----------
    keys : DataFrame of n_rows
        ``month``, where there are dates, and the columns of `groups`.
    n_gold : array-like of shape (n_rows,), optional
        Gold rows at each of the keys, or how many are to be expected there; by default one.
    groups : sequence of str, optional
        Columns whose values may differ in their errors.
    steps : sequence of Timestamp, optional
        Months from which on the errors may be others, in their order.
    span : (Timestamp, Timestamp), optional
        First and last month of the labels; without it the basis knows no time.

    Returns
    -------
    Basis
        A constant; time and its square; the steps with 30 gold rows in the stretches on both of
        their sides; a level of each group with 30, its own step where it has 30 in both
        stretches, and its own slope where it has 90.
    """
    counts = np.ones(len(keys)) if n_gold is None else np.asarray(n_gold, dtype=np.float64)
    keys, counts = keys[counts > 0], counts[counts > 0]
    if span is None:
        return Basis(effects=_choose_effects(keys, counts, groups, ()))
    kept = _choose_steps(keys["month"], counts, steps)
    n_bearable = min(keys["month"].nunique(), int(counts.sum() / ENOUGH)) - 1 - len(kept)
    degree = int(np.clip(n_bearable, 0, _DEGREE)) if span[0] < span[1] else 0
    effects = _choose_effects(keys, counts, groups, kept, has_slopes=degree > 0)
    return Basis(degree, *span, kept, effects)


def choose_cells(keys: pd.DataFrame, by: Sequence[str], *, n_least: int = 2) -> Basis:
    """Give each cell a constant of its own; those with too few gold rows have none at all."""
    if not by:
        return Basis()
    counts = build_index(keys, by).value_counts()
    cells = counts.index[counts.to_numpy() >= n_least]
    if not len(cells):
        raise ValueError(
            f"rectifier='cell' needs {n_least} gold rows in a cell of {tuple(by)!r}, got none with "
            f"as many. Take coarser ones, or rectifier='smooth'."
        )
    return Basis(effects=(Effect(tuple(by), cells, np.full(len(cells), np.nan)),))


def build_index(keys: pd.DataFrame, columns: Sequence[str]) -> "pd.Index[Any]":
    """Return the values of one or several columns as an index."""
    index: pd.Index[Any] = (
        pd.Index(keys[columns[0]])
        if len(columns) == 1
        else pd.MultiIndex.from_frame(keys[list(columns)])
    )
    return index


def number_groups(keys: pd.DataFrame, columns: Sequence[str]) -> npt.NDArray[np.intp]:
    """Give each group a number, whatever the period; one of all where there are no columns."""
    if not columns:
        return np.zeros(len(keys), dtype=np.intp)
    return pd.factorize(build_index(keys, columns))[0]


def _choose_steps(
    months: "pd.Series[Any]", counts: Array, steps: Sequence[pd.Timestamp]
) -> tuple[pd.Timestamp, ...]:
    """Keep the steps that have gold enough since the one before, and afterwards."""
    kept: list[pd.Timestamp] = []
    for step in steps:
        since = months >= kept[-1] if kept else months.notna()
        before, after = counts[since & (months < step)].sum(), counts[months >= step].sum()
        if min(before, after) >= ENOUGH:
            kept.append(step)
    return tuple(kept)


def _choose_effects(
    keys: pd.DataFrame,
    counts: Array,
    groups: Sequence[str],
    steps: Sequence[pd.Timestamp],
    *,
    has_slopes: bool = False,
) -> tuple[Effect, ...]:
    """Choose the level of each group, its own steps, and its own slope."""
    stretch = _is_after(keys, steps).sum(axis=1) if steps else np.zeros(len(keys))
    rows = counts[:, None]
    effects = []
    for name in groups:
        effects.append(_choose_effect(keys, name, rows))
        for place, step in enumerate(steps):
            sides = stretch[:, None] == [place, place + 1]
            effects.append(_choose_effect(keys, name, rows * sides, step=step))
        if has_slopes:
            effects.append(_choose_effect(keys, name, rows, ENOUGH_FOR_SLOPE, power=1))
    return tuple(effect for effect in effects if len(effect.groups))


def _choose_effect(
    keys: pd.DataFrame,
    name: str,
    counts: Array,
    least: int = ENOUGH,
    **options: Any,
) -> Effect:
    """Choose the groups with gold enough on each side, and what the others have in common."""
    table = pd.DataFrame(counts).groupby(keys[name].to_numpy()).sum()
    enough = (table >= least).all(axis=1).to_numpy()
    own = table[enough].sum(axis=1).to_numpy(dtype=np.float64)
    others_are_enough = bool((table[~enough].sum() >= least).all())
    pool = np.zeros(len(own)) if others_are_enough else own / own.sum()
    return Effect((name,), table.index[enough], pool, **options)


def _is_after(keys: pd.DataFrame, steps: Sequence[pd.Timestamp]) -> Array:
    """Tell for each row and step whether the row is of that month or later, as 0 or 1."""
    months = keys["month"].to_numpy(dtype="datetime64[ns]")
    limits = np.array(steps, dtype="datetime64[ns]")
    after: Array = (months[:, None] >= limits).astype(np.float64)
    return after
