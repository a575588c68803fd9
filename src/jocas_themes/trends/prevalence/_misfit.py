"""Whether the labels' errors follow the course that the rectifier gives them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import f as fisher_f

from jocas_themes.trends.aggregation import derive_time
from jocas_themes.trends.prevalence._design import Design, compute_rank, compute_root
from jocas_themes.trends.prevalence._population import Drawn, Population
from jocas_themes.trends.prevalence._rectification import choose_rectifier
from jocas_themes.trends.prevalence._rectified import Sample
from jocas_themes.trends.prevalence._rectifier import ENOUGH, Basis, build_index

Array = npt.NDArray[np.float64]

_THRESHOLD = 0.005  # of all themes together: who is warned of chance stops reading
_NEGLIGIBLE = 1e-8  # of a column, beside what the model says of it already


def tell_misfits(population: Population, gold: Drawn, *, tune: bool) -> list[str]:
    """Tell of which themes the errors do not follow the smooth rectifier."""
    p_values = {}
    for place, theme in enumerate(population.cells.themes):
        sample = gold.select(place)
        basis = choose_rectifier("smooth", population, sample.keys)
        p_values[theme] = compute_misfit(sample, basis, population.groups, tune=tune)
    return describe_misfits(p_values)


def describe_misfits(p_values: dict[str, float]) -> list[str]:
    """Say which p-values are too small for chance, all themes considered."""
    wrong = {theme: p for theme, p in p_values.items() if p < _THRESHOLD / len(p_values)}
    if not wrong:
        return []
    named = [f"{theme} (p = {p:.2g})" for theme, p in wrong.items()]
    return [
        f"the labels' errors do not follow a parabola of time with steps, for {named[:6]!r}: "
        f"shares of periods are off where they differ from it. Name the months in which the "
        f"errors change (steps=...), or take rectifier='cell' with periods long enough for "
        f"{ENOUGH} gold rows in each."
    ]


def compute_misfit(sample: Sample, basis: Basis, groups: Sequence[str], *, tune: bool) -> float:
    """Test whether the mean error of a year, or of a group in a year, is not what was fitted.

    Parameters
    ----------
    sample : Sample
        Labels and predictions of one theme.
    basis : Basis
        How the errors were taken to differ.
    groups : sequence of str
        Columns of the groups.
    tune : bool
        Whether the predictions' worth was learnt too.

    Returns
    -------
    float
        The p-value; NaN where no year and group has 30 gold rows beyond what is fitted.

    Notes
    -----
    A score test with the design's covariance, by the adjusted F of Korn and Graubard (1990),
    "Simultaneous testing of regression coefficients with complex survey data".
    """
    x, y = basis.evaluate(sample.keys), sample.labels - sample.predictions
    if tune:
        x = np.column_stack([x, sample.predictions])
    scale = np.sqrt(sample.design.weights)[:, None]
    cells = _mark_cells(sample.keys, groups)
    both = np.column_stack([y, cells])
    both = both - x @ np.linalg.lstsq(scale * x, scale * both, rcond=None)[0]
    residual, rest = both[:, :1], both[:, 1:]
    return _test_score(sample.design, residual, rest[:, np.abs(rest).max(axis=0) > _NEGLIGIBLE])


def _mark_cells(keys: pd.DataFrame, groups: Sequence[str]) -> Array:
    """Mark the years, and the groups in years, that have 30 rows, a column for each."""
    years = derive_time(keys["month"], "year")
    marks = []
    for columns in [[], *([name] for name in groups)]:
        codes, _ = pd.factorize(build_index(keys[columns].assign(_year=years), ["_year", *columns]))
        sizes = np.bincount(codes[codes >= 0])
        marks.append((codes[:, None] == np.flatnonzero(sizes >= ENOUGH)).astype(np.float64))
    return np.hstack(marks)


def _test_score(design: Design, residual: Array, columns: Array) -> float:
    """Test whether residuals have nothing to do with some columns."""
    rank = compute_rank(columns) if columns.size else 0
    n_free = design.dof - rank + 1
    if rank == 0 or n_free < 1:
        return np.nan
    added = columns * residual * design.weights[:, None]
    root = compute_root(added, design)
    total = added.sum(axis=0)
    solved = np.linalg.pinv(root @ root.T, rcond=_NEGLIGIBLE, hermitian=True) @ total
    statistic = float(total @ solved) / rank * n_free / design.dof
    return float(fisher_f.sf(statistic, rank, n_free))
