"""The predictions of each theme, corrected by the teacher's answers if any, then by gold."""

import numpy as np
import pandas as pd

from jocas_themes.trends.prevalence._population import Drawn, Population
from jocas_themes.trends.prevalence._rectified import Means, know_exactly, rectify, spread_variance
from jocas_themes.trends.prevalence._rectifier import (
    Basis,
    choose_basis,
    choose_cells,
    number_groups,
)

RECTIFIERS = ("smooth", "cell")


def rectify_themes(
    population: Population, drawn: dict[str, Drawn], rectifier: str, *, tune: bool
) -> list[Means]:
    """Correct the mean predictions of each theme in each cell.

    Parameters
    ----------
    population : Population
        The labels' cells.
    drawn : dict of str to Drawn
        ``gold`` and, in a three-phase design, ``teacher``.
    rectifier : {"smooth", "cell"}
        How the errors may differ.
    tune : bool
        Whether to learn how much the predictions are worth.

    Returns
    -------
    list of Means
        Of each theme, in the cells' order of themes.
    """
    cells = population.cells
    predicted = cells.prediction_sum / np.maximum(cells.n_offers, 1)
    groups = number_groups(population.keys, population.groups)
    rectified = []
    for place in range(len(cells.themes)):
        means = know_exactly(predicted[:, place])
        for name in ("teacher", "gold"):
            if name in drawn:
                sample = drawn[name].select(place)
                basis = choose_rectifier(rectifier, population, sample.keys)
                means = rectify(means, population.keys, sample, basis, tune=tune)
        rectified.append(spread_variance(means, cells.n_offers[:, place], groups))
    return rectified


def choose_rectifier(rectifier: str, population: Population, keys: pd.DataFrame) -> Basis:
    """Choose the basis for the months and groups of drawn rows."""
    if rectifier == "cell":
        return choose_cells(keys, by=population.by)
    return choose_basis(
        keys, groups=population.groups, steps=population.steps, span=population.span
    )
