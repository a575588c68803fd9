"""`agreement`: how far two annotations of the same offers agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom

from jocas_themes._rendering import render_html, render_text
from jocas_themes.annotations import Themes
from jocas_themes.confidence._arrays import FloatArray, IntArray
from jocas_themes.confidence._bands import BANDS, check_bands, iter_bands
from jocas_themes.confidence._chance import compute_alpha, compute_kappa, tabulate_pairs
from jocas_themes.confidence._matching import match_cells


@dataclass(frozen=True, eq=False)
class Agreement:
    """How far two annotations of the same offers agree; made by `agreement`.

    Parameters
    ----------
    themes : DataFrame of shape (n_themes + 1, 9)
        One row a theme, then ``all``: ``theme``, ``n_cells`` (known on both sides),
        ``agreement`` (0-1), ``cohen_kappa``, ``krippendorff_alpha``, ``share_a``, ``share_b``
        (of the cells where the theme is present), ``difference`` (``share_b - share_a``) and
        ``mcnemar_p``.
    bands : DataFrame of shape (n_bands, 6)
        By confidence: ``low``, ``high`` (the upper limit belongs to the next band, 100 to the
        last), ``n_cells``, ``agreement``, ``agreement_from`` (of all cells at ``low`` or more)
        and ``agreement_under`` (of all cells under ``low``).
    n_offers : int
        Offers that both hold.
    n_only_a : int
        Offers left out because `b` lacks them.
    n_only_b : int
        Offers left out because `a` lacks them.
    """

    themes: pd.DataFrame
    bands: pd.DataFrame
    n_offers: int
    n_only_a: int
    n_only_b: int

    def __str__(self) -> str:
        return render_text(*self._lay_out())

    def _repr_html_(self) -> str:
        return render_html(*self._lay_out())

    def _lay_out(self) -> tuple[str, dict[str, pd.DataFrame]]:
        title = (
            f"Agreement of two annotations of {self.n_offers} offers "
            f"({self.n_only_a} only in a and {self.n_only_b} only in b are left out)"
        )
        tables = {"By theme": self.themes}
        if self.bands["n_cells"].any():
            tables["By confidence"] = self.bands
        return title, tables


def agreement(
    a: Any, b: Any, *, themes: Themes = None, bands: Sequence[float] = BANDS
) -> Agreement:
    """Compare two annotations of the same offers, by theme and by confidence.

    Two passes of one teacher show its ceiling; a pass before and one after a change of model
    show the drift: ``difference`` and ``mcnemar_p``.

    Parameters
    ----------
    a, b : array-like, DataFrame or pyarrow.Table of shape (n_offers, n_themes)
        Annotated tables, or labels 0, 1 or NaN (unknown). Two tables with an ``offer_id`` are
        matched by it, others by position.
    themes : Taxonomy or sequence of str, optional
        The themes' codes. By default those of the first of the two that is a table.
    bands : sequence of float, default=(0, 50, 60, 70, 80, 90)
        Lower limits of the bands of confidence, rising from 0.

    Returns
    -------
    Agreement
        The tables ``themes`` and ``bands``, and how many offers were matched.

    Raises
    ------
    ValueError
        If an offer is there twice or has no id, if the two share no offer, if arrays differ in
        length, if a label is not 0, 1 or NaN, or if the bands do not rise from 0.

    See Also
    --------
    teacher_report : Compare with what humans say.

    Notes
    -----
    A cell unknown on either side does not count. Its confidence is the smaller of the two, or
    the only one there is; a cell without any is in no band.

    With :math:`A_o` the agreement that is observed and :math:`A_e` the one expected by chance,
    Cohen's kappa (1960) is :math:`(A_o - A_e) / (1 - A_e)`, with each side's own shares in
    :math:`A_e`. Krippendorff's alpha for nominal data (2004, "Content Analysis", chapter 11)
    takes the shares of both sides together instead, without replacement. Both are NaN where one
    class alone is seen.

    ``mcnemar_p`` is two-sided and exact: the probability of a difference at least as large if
    the two sides of each offer were swapped at random. For one theme that is McNemar's test
    (1947). The cells of an offer are not independent, so that the row ``all`` swaps whole
    offers. The p-values are not adjusted for the number of themes.

    Examples
    --------
    >>> from jocas_themes import load_sample_annotations
    >>> from jocas_themes.confidence import agreement
    >>> a = load_sample_annotations()
    >>> b = a.iloc[:100].assign(DIVERSITY=1 - a["DIVERSITY"].iloc[:100])
    >>> result = agreement(a, b)
    >>> result.n_offers, result.n_only_a
    (100, 200)
    >>> result.themes.loc[:1, ["theme", "n_cells", "agreement"]]
                       theme  n_cells  agreement
    0              DIVERSITY      100        0.0
    1  COMPENSATION_BENEFITS      100        1.0
    """
    check_bands(bands, name="bands")
    matched = match_cells(a, b, themes=themes, names=("a", "b"))
    cells = matched.cells[matched.cells[["a", "b"]].notna().all(axis=1)]
    rows = [_compare(code, cells[cells["theme"] == code]) for code in matched.codes]
    return Agreement(
        themes=pd.DataFrame([*rows, _compare("all", cells)]),
        bands=_tabulate_bands(cells, bands),
        n_offers=len(matched.rows[0]),
        n_only_a=matched.n_unmatched[0],
        n_only_b=matched.n_unmatched[1],
    )


def _compare(theme: str, cells: pd.DataFrame) -> dict[str, Any]:
    """Compute one row of the table of themes."""
    a, b = cells["a"].to_numpy(), cells["b"].to_numpy()
    pairs = tabulate_pairs(a, b, np.ones(len(a)))
    share_a, share_b = _average(a), _average(b)
    return {
        "theme": theme,
        "n_cells": len(a),
        "agreement": _average(a == b),
        "cohen_kappa": compute_kappa(pairs),
        "krippendorff_alpha": compute_alpha(pairs, len(a)),
        "share_a": share_a,
        "share_b": share_b,
        "difference": share_b - share_a,
        "mcnemar_p": _compute_swap_p(b - a, cells["offer"].to_numpy()),
    }


def _average(values: Any) -> float:
    """Compute the mean; NaN of nothing."""
    return float(values.mean()) if len(values) else np.nan


def _compute_swap_p(changes: FloatArray, offers: IntArray) -> float:
    """Compute the chance of a total change as large, if each offer's sign were tossed."""
    if not len(changes):
        return np.nan
    by_offer = np.bincount(offers, changes)
    sizes, counts = np.unique(np.abs(by_offer[by_offer != 0]).astype(int), return_counts=True)
    # The distribution of the total, from -reach to reach: n offers that change by s move it by
    # s * (2 * Binomial(n, 1/2) - n).
    distribution, reach = np.ones(1), 0
    for size, count in zip(sizes, counts, strict=True):
        steps = np.zeros(2 * size * count + 1)
        steps[:: 2 * size] = binom.pmf(np.arange(count + 1), count, 0.5)
        distribution, reach = np.convolve(distribution, steps), reach + size * count
    as_large = np.abs(np.arange(-reach, reach + 1)) >= abs(round(changes.sum()))
    return min(1.0, float(distribution[as_large].sum()))


def _tabulate_bands(cells: pd.DataFrame, bands: Sequence[float]) -> pd.DataFrame:
    """Compute the agreement in each band of confidence, from it up and under it."""
    agree = (cells["a"] == cells["b"]).to_numpy()
    confidences = np.fmin(cells["confidence_a"].to_numpy(), cells["confidence_b"].to_numpy())
    rows = [
        {
            "low": low,
            "high": high,
            "n_cells": int(inside.sum()),
            "agreement": _average(agree[inside]),
            "agreement_from": _average(agree[confidences >= low]),
            "agreement_under": _average(agree[confidences < low]),
        }
        for low, high, inside in iter_bands(confidences, bands)
    ]
    return pd.DataFrame(rows)
