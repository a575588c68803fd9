"""Whether probabilities mean what they say: among offers at 0.3, 30% should have the theme."""

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.annotations import Themes
from jocas_themes.confidence._intervals import compute_interval
from jocas_themes.evaluation._scores import read_scored

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


def compute_reliability(
    y_true: Any, probabilities: Any, *, themes: Themes = None, n_bins: int = 10
) -> pd.DataFrame:
    """Compare probabilities with the shares observed, bin by bin.

    Parameters
    ----------
    y_true : array-like or DataFrame of shape (n_offers, n_themes)
        0, 1 or NaN where the label is unknown: such cells do not count.
    probabilities : array-like or DataFrame of shape (n_offers, n_themes)
        Probabilities, 0 to 1, of models that did not learn from these offers.
    themes : Taxonomy or sequence of str, optional
        The themes' codes, chosen as in `evaluate_themes`.
    n_bins : int, default=10
        How many bins at most.

    Returns
    -------
    DataFrame of shape (n_rows, 8)
        ``theme`` (the codes, then ``all`` for the cells of all themes together), ``low`` and
        ``high`` (smallest and largest probability in the bin), ``n`` (known cells),
        ``mean_probability``, ``share`` (observed), ``ci_low`` and ``ci_high`` (95% interval of
        the share). A theme without a known label has no row.

    Raises
    ------
    ValueError
        As `evaluate_themes`; if no label is known; or if `n_bins` is not a positive integer.

    See Also
    --------
    compute_calibration_error : The same in one figure a theme.

    Notes
    -----
    Bins hold the same number of cells, but that equal probabilities are never parted. Themes
    are rare: of bins of equal width most would be nearly empty, and their shares mere noise,
    while the first would hide what matters most for the total of small probabilities.

    Intervals are Clopper and Pearson's (1934). For ``all``, where the cells of one offer are
    not independent, they are taken at the effective sample size of Korn and Graubard (1998),
    offers being the clusters.

    Examples
    --------
    >>> import numpy as np
    >>> from jocas_themes.evaluation import compute_reliability
    >>> probabilities = np.repeat([0.1, 0.8], 10)
    >>> y_true = np.array([0] * 9 + [1] + [0] * 4 + [1] * 6)
    >>> reliability = compute_reliability(y_true, probabilities, themes=["DIVERSITY"], n_bins=2)
    >>> reliability.loc[:1, ["mean_probability", "share", "ci_low", "ci_high"]].round(2)
       mean_probability  share  ci_low  ci_high
    0               0.1    0.1    0.00     0.45
    1               0.8    0.6    0.26     0.88
    """
    rows = []
    for theme, labels, chances, offers in _iter_themes(y_true, probabilities, themes, n_bins):
        bins = _put_in_bins(chances, n_bins)
        for number in np.unique(bins):
            inside = bins == number
            hits = labels[inside]
            ci_low, ci_high = compute_interval(hits, np.ones(len(hits)), offers[inside])
            rows.append(
                {
                    "theme": theme,
                    "low": chances[inside].min(),
                    "high": chances[inside].max(),
                    "n": len(hits),
                    "mean_probability": chances[inside].mean(),
                    "share": hits.mean(),
                    "ci_low": ci_low,
                    "ci_high": ci_high,
                }
            )
    return pd.DataFrame(rows)


def compute_calibration_error(
    y_true: Any, probabilities: Any, *, themes: Themes = None, n_bins: int = 10
) -> pd.DataFrame:
    r"""Compute how far probabilities are from the shares observed, theme by theme.

    Parameters
    ----------
    y_true : array-like or DataFrame of shape (n_offers, n_themes)
        0, 1 or NaN where the label is unknown: such cells do not count.
    probabilities : array-like or DataFrame of shape (n_offers, n_themes)
        Probabilities, 0 to 1, of models that did not learn from these offers.
    themes : Taxonomy or sequence of str, optional
        The themes' codes, chosen as in `evaluate_themes`.
    n_bins : int, default=10
        How many bins at most, as in `compute_reliability`.

    Returns
    -------
    DataFrame of shape (n_themes + 1, 5)
        ``theme`` (the codes, then ``all`` for the cells of all themes together), ``ece``
        (expected calibration error, 0 to 1), ``bias`` (mean probability minus share observed,
        -1 to 1: above 0 the theme is over-estimated), ``brier`` (0 to 1) and ``n_offers``
        (known cells); NaN of no cell.

    Raises
    ------
    ValueError
        As `evaluate_themes`; if no label is known; or if `n_bins` is not a positive integer.

    See Also
    --------
    compute_reliability : The bins, to see where the error lies.

    Notes
    -----
    With the bins :math:`b` of `compute_reliability`, of :math:`n_b` cells, mean probability
    :math:`p_b` and share :math:`s_b`, the error is :math:`\sum_b n_b |p_b - s_b| / n` (Naeini,
    Cooper and Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian
    binning"). Chance alone makes it positive, the more so the fewer the cells of a bin: up
    to about 0.03 for 1,000 offers in 10 bins of a theme that a fifth of them has. Brier's
    (1950) score is the mean of :math:`(p - y)^2`, which also rewards telling offers apart.
    What a mean of probabilities over many offers errs by is the bias.

    Examples
    --------
    >>> import numpy as np
    >>> from jocas_themes.evaluation import compute_calibration_error
    >>> probabilities = np.repeat([0.1, 0.8], 10)
    >>> y_true = np.array([0] * 9 + [1] + [0] * 4 + [1] * 6)
    >>> compute_calibration_error(y_true, probabilities, themes=["DIVERSITY"]).round(3)
           theme  ece  bias  brier  n_offers
    0  DIVERSITY  0.1   0.1  0.185        20
    1        all  0.1   0.1  0.185        20
    """
    rows = []
    for theme, labels, chances, _ in _iter_themes(y_true, probabilities, themes, n_bins):
        gaps = chances - labels
        by_bin = np.bincount(_put_in_bins(chances, n_bins), gaps)
        n_cells = len(gaps)
        rows.append(
            {
                "theme": theme,
                "ece": np.abs(by_bin).sum() / n_cells if n_cells else np.nan,
                "bias": gaps.mean() if n_cells else np.nan,
                "brier": np.square(gaps).mean() if n_cells else np.nan,
                "n_offers": n_cells,
            }
        )
    return pd.DataFrame(rows)


def _iter_themes(
    y_true: Any, probabilities: Any, themes: Themes, n_bins: Any
) -> Iterator[tuple[str, FloatArray, FloatArray, IntArray]]:
    """Yield the labels, probabilities and offers of each theme's known cells, then of all."""
    if not isinstance(n_bins, Integral) or n_bins < 1:
        raise ValueError(f"n_bins must be an integer of at least 1, got {n_bins!r}.")
    truth, predicted, given, codes = read_scored(y_true, probabilities, 0.5, themes)
    chances = predicted.astype(float) if given is None else given
    known = ~np.isnan(truth)
    if not known.any():
        raise ValueError(
            f"y_true must hold labels, got NaN in all of its {truth.size} cells. Compare on the "
            f"offers whose labels are known."
        )
    for column, code in enumerate(codes):
        offers = np.flatnonzero(known[:, column])
        yield code, truth[offers, column], chances[offers, column], offers
    yield "all", truth[known], chances[known], np.nonzero(known)[0]


def _put_in_bins(chances: FloatArray, n_bins: int) -> IntArray:
    """Give each cell the number of its bin; equal probabilities have equal ranks."""
    ranks = np.searchsorted(np.sort(chances), chances)
    return ranks * n_bins // max(len(chances), 1)
