"""Means of the predictions in each cell, and what gold labels make of them."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.trends.prevalence._design import Design, compute_rank, fit_regression
from jocas_themes.trends.prevalence._rectifier import Basis

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Means:
    """Means of something over the offers of each cell, as far as they are known.

    Parameters
    ----------
    estimate : ndarray of shape (n_cells,)
        The means.
    factor : ndarray of shape (n_cells, n_factors)
        Root of the covariance between the cells.
    variance : ndarray of shape (n_cells,)
        Of one offer of the cell: a cell of n offers has 1 / n of it for itself.
    """

    estimate: Array
    factor: Array
    variance: Array


@dataclass(frozen=True, eq=False)
class Sample:
    """Drawn offers: where they stand, what was read in them, and what had been predicted.

    Parameters
    ----------
    keys : DataFrame of n_rows
        Month and groups.
    labels, predictions : ndarray of shape (n_rows,)
        Of one theme, all known.
    design : Design
        How the offers were drawn.
    """

    keys: pd.DataFrame
    labels: Array
    predictions: Array
    design: Design

    def take(self, rows: npt.NDArray[np.bool_]) -> "Sample":
        """Return some of the rows."""
        return Sample(
            self.keys[rows], self.labels[rows], self.predictions[rows], self.design.take(rows)
        )


def know_exactly(means: Array) -> Means:
    """Return means that were counted."""
    return Means(means, np.zeros((len(means), 0)), np.zeros(len(means)))


def rectify(
    predicted: Means, cells: pd.DataFrame, sample: Sample, basis: Basis, *, tune: bool
) -> Means:
    r"""Correct the mean predictions of cells by what a sample tells of their errors.

    Parameters
    ----------
    predicted : Means
        Mean predictions of each cell.
    cells : DataFrame of n_cells
        Month and groups of the cells.
    sample : Sample
        Labels of offers drawn from the cells.
    basis : Basis
        How the errors may differ.
    tune : bool
        Whether to learn how much the predictions are worth; else they count in full.

    Returns
    -------
    Means
        Of the labels; NaN in a cell of which the basis knows nothing.

    Notes
    -----
    With the basis :math:`b`, the prediction :math:`f` and the label :math:`y`, the regression
    :math:`y = b'\beta + \lambda f` is fitted to the sample, and a cell's mean is
    :math:`\bar b'\hat\beta + \hat\lambda \bar f` (Särndal, Swensson and Wretman 1992,
    chapter 6). Where :math:`\bar f` is itself an estimate, of another sample, its errors are
    carried on times :math:`\hat\lambda` and added as if independent.
    """
    x = basis.evaluate(sample.keys)
    usable = ~np.isnan(x.sum(axis=1))
    x, sample = x[usable], sample.take(usable)
    at_cells = basis.evaluate(cells)
    if tune and _adds_something(x, sample.predictions):
        fit = fit_regression(np.column_stack([x, sample.predictions]), sample.labels, sample.design)
        at_cells = np.column_stack([at_cells, predicted.estimate])
        slope, estimate = fit.coefficients[-1], at_cells @ fit.coefficients
    else:
        fit = fit_regression(x, sample.labels - sample.predictions, sample.design)
        slope, estimate = 1.0, predicted.estimate + at_cells @ fit.coefficients
    factor = np.hstack([at_cells @ fit.root, slope * predicted.factor])
    return Means(estimate, factor, fit.variance + slope**2 * predicted.variance)


def spread_variance(means: Means, n_offers: Array, groups: npt.NDArray[np.intp]) -> Means:
    r"""Share the offers' variance out among cells: a rare theme varies less than a common one.

    Parameters
    ----------
    means : Means
        Of cells, with the same variance in all.
    n_offers : ndarray of shape (n_cells,)
        Offers of each cell.
    groups : ndarray of shape (n_cells,)
        Number of the group that a cell is a period of.

    Returns
    -------
    Means
        The variance is proportional to :math:`p(1 - p)`, its mean over the offers as it was.
        With :math:`p` halfway between the cell's share and its group's, so that no cell's chance
        share of 0 makes it sure.
    """
    known = ~np.isnan(means.estimate) & (n_offers > 0)
    n, cell = np.where(known, n_offers, 0), np.where(known, means.estimate, 0).clip(0, 1)
    group = (np.bincount(groups, n * cell) / np.bincount(groups, n).clip(1))[groups]
    share = (cell + group) / 2
    odds = share * (1 - share)
    mean = n @ odds / max(n.sum(), 1)
    return replace(means, variance=means.variance * (odds / mean if mean > 0 else 1.0))


def _adds_something(x: Array, predictions: Array) -> bool:
    """Tell whether the predictions are more than a mixture of the basis."""
    return compute_rank(np.column_stack([x, predictions])) > compute_rank(x)
