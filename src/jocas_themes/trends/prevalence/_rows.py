"""From means of cells, theme by theme, to rows of `Shares`."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.trends._result import Shares, build_shares
from jocas_themes.trends.prevalence._population import Drawn, Population
from jocas_themes.trends.prevalence._rectified import Means
from jocas_themes.trends.prevalence._rectifier import build_index

Array = npt.NDArray[np.float64]


def build_rows(
    population: Population,
    means: Sequence[Means],
    gold: Drawn | None,
    *,
    method: str,
    level: float,
) -> Shares:
    """Put the means of all themes in one table, and average cells that are the same in `by`."""
    cells, by = population.cells, list(population.by)
    order = _order_cells(population)
    width = max(theme.factor.shape[1] for theme in means)
    tables, estimates, factors, noises = [], [], [], []
    for place, (code, theme) in enumerate(zip(cells.themes, means, strict=True)):
        rows = order[cells.n_offers[order, place] > 0]
        n_offers = cells.n_offers[rows, place].astype(np.int64)
        n_gold = _count_gold(population, gold, place)[rows]
        table = population.keys[by].iloc[rows]
        tables.append(table.assign(theme=code, n_offers=n_offers, n_gold=n_gold))
        estimates.append(theme.estimate[rows])
        factors.append(np.pad(theme.factor[rows], ((0, 0), (0, width - theme.factor.shape[1]))))
        noises.append(theme.variance[rows] / n_offers)
    table = pd.concat(tables, ignore_index=True)[["theme", *by, "n_offers", "n_gold"]]
    dof = _find_dof(gold, len(cells.themes))
    estimate, factor, noise = map(np.concatenate, (estimates, factors, noises))
    shares = build_shares(table, estimate, factor, noise, by, method=method, level=level, dof=dof)
    totals = table.groupby(["theme", *by])["n_offers"].transform("sum")
    return shares.combine(table["n_offers"] / totals, by)


def _order_cells(population: Population) -> npt.NDArray[np.int64]:
    """Return the order of periods, then groups; the cells come in that of groups, then months."""
    keys = population.keys
    if "month" not in keys or not population.times:
        return np.arange(len(keys))
    first = [keys.groupby(name)["month"].transform("min") for name in population.times]
    return np.lexsort(first[::-1])


def _count_gold(population: Population, gold: Drawn | None, theme: int) -> npt.NDArray[np.int64]:
    """Count the gold rows of a theme in each cell."""
    by = population.cells.by
    if gold is None or not by:
        n = 0 if gold is None else len(gold.select(theme).keys)
        return np.full(len(population.keys), n)
    places = build_index(population.keys, by).get_indexer(build_index(gold.select(theme).keys, by))
    return np.bincount(places, minlength=len(population.keys))


def _find_dof(gold: Drawn | None, n_themes: int) -> float:
    """Return the least degrees of freedom of all themes, as their decisions may be missing."""
    if gold is None:
        return np.inf
    return float(min(gold.select(place).design.dof for place in range(n_themes)))
