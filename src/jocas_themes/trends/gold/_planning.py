"""`plan_gold`: how exact the trends will be, before anybody reads an offer."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jocas_themes.trends._result import compute_interval
from jocas_themes.trends.aggregation._labels import choose_dates
from jocas_themes.trends.aggregation._periods import TIMES, parse_steps
from jocas_themes.trends.aggregation._rows import Rows
from jocas_themes.trends.gold._allocation import allocate_gold
from jocas_themes.trends.gold._expectation import compute_se, list_kinds
from jocas_themes.trends.gold._frame import build_frame
from jocas_themes.trends.gold._moments import read_moments
from jocas_themes.trends.gold._sampling import (
    check_integer,
    check_names,
    open_rows,
    warn_of_excess,
    warn_of_left_out,
)
from jocas_themes.trends.gold._stratifier import SCORE_BIN

_COLUMNS = ["n", "theme", "domain", "half_width", "half_width_worst", "n_domains", "n_pooled"]


def plan_gold(
    labels: pd.DataFrame | str | Path,
    n: int | Sequence[int],
    *,
    by: Sequence[str] = ("month", "semester", "sector"),
    strata: Sequence[str] = ("semester", SCORE_BIN),
    themes: Sequence[str] | None = None,
    date_column: str | None = None,
    steps: Sequence[Any] = ("2020-03",),
    level: float = 0.95,
    design_effect: float = 1.0,
    progress: bool = False,
) -> pd.DataFrame:
    r"""Tell how wide the intervals will be with so many gold labels, before any is read.

    Parameters
    ----------
    labels : DataFrame of n_offers, str or Path
        As for `sample_gold`, with probabilities.
    n : int or sequence of int
        How many offers people would read.
    by : sequence of str, default=("month", "semester", "sector")
        The domains of interest, each by itself: periods and groups, as in
        `estimate_prevalence`.
    strata : sequence of str, default=("semester", "score_bin")
        As for `sample_gold`.
    themes : sequence of str, optional
        Codes of the themes. By default those that have a ``CODE_probability`` column.
    date_column : str, optional
        Column of dates. By default the first there of ``date_firstSeenDay``,
        ``date_sitePublicationDay`` and ``date_lastSeenDay``.
    steps : sequence of months, default=("2020-03",)
        First months of new stretches: the change at each of them is planned, too.
    level : float, default=0.95
        Confidence level of the intervals, 0 to 1.
    design_effect : float, default=1.0
        Factor of the gold labels' part of the variance, for what the labels do not tell: above
        1 where near-duplicates are drawn together, or the probabilities are too sure.
    progress : bool, default=False
        Show bars.

    Returns
    -------
    DataFrame of shape (n_rows, 7)
        ``n``; ``theme``; ``domain``, one of `by` or such as "change 2020-03", from the stretch
        before a step to the one after it; ``half_width``, the median over such domains, and
        ``half_width_worst``, as shares (0.01 is a point); ``n_domains``, how many there are; and
        ``n_pooled``, how many of them are groups with under 30 gold labels to expect. Their
        correction would be that of other groups, and no interval would tell how much theirs
        differs: they are left out of the half-widths, NaN where there are no others.

    Raises
    ------
    ValueError
        If the labels have no probabilities, `n` is too small for two offers a stratum, a column
        is not there, or a number is out of range.
    TypeError
        If `by` or `strata` is a single string.
    FileNotFoundError
        If the folder holds no part.
    OffersError
        If a part is not a Parquet file.

    Warns
    -----
    JocasThemesWarning
        If offers have no readable date, or no prediction; if ids recur; if there are fewer offers
        than `n`, which then is planned as all of them; if a folder is incomplete.

    See Also
    --------
    sample_gold : Draw them.
    estimate_prevalence : Whose intervals these are.

    Notes
    -----
    If the probabilities :math:`f` are calibrated, a gold label :math:`y` has the mean :math:`f`
    and the variance :math:`v = f (1 - f)`. Then the regression of :math:`y` on
    :math:`x = (b, f)`, with the rectifier's basis :math:`b` of month and group that so many
    gold labels would bear, has coefficients of variance :math:`V = A^{-1} M A^{-1}` with

    .. math:: A = \sum_i x_i x_i', \quad M = \sum_h \frac{N_h}{n_h} \sum_{i \in h} v_i x_i x_i',

    sums over all offers, for :math:`n_h` of the :math:`N_h` offers of stratum :math:`h`: the
    sandwich of Binder (1983) in its expectation under the model, as Isaki and Fuller (1982)
    plan surveys. The share of a domain :math:`c` of :math:`N_c` offers has the variance
    :math:`\bar x_c' V \bar x_c + \bar v_c / N_c`; a change takes the difference of two means
    :math:`\bar x`. The interval is Student's, with n less the number of strata degrees of
    freedom.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from jocas_themes.trends import plan_gold
    >>> labels = pd.DataFrame({
    ...     "offer_id": [f"A{number}" for number in range(4_000)],
    ...     "date_firstSeenDay": np.repeat(["2019-10-02", "2020-05-03"], 2000),
    ...     "REMOTE": 0,
    ...     "REMOTE_probability": np.tile([0.02, 0.5], 2000),
    ... })
    >>> plan = plan_gold(labels, [200, 800], by=["semester"])
    >>> plan[["n", "domain", "half_width", "half_width_worst"]].round(3)
         n          domain  half_width  half_width_worst
    0  200        semester       0.068             0.068
    1  200  change 2020-03       0.096             0.096
    2  800        semester       0.036             0.036
    3  800  change 2020-03       0.052             0.052
    """
    sizes = [n] if isinstance(n, (int, np.integer)) else list(n)
    for size in sizes:
        check_integer("n", size, least=1)
    _check_numbers(level, design_effect)
    strata, by, starts = check_names(strata, "strata"), check_names(by, "by"), parse_steps(steps)
    groups = [name for name in by if name not in TIMES]
    rows = open_rows(labels, strata, groups, themes=themes, date_column=date_column, steps=starts)
    _check_rows(rows, by, date_column)
    frame = build_frame(rows, strata, random_state=0, progress=progress)
    warn_of_left_out(rows, frame)
    warn_of_excess(max(sizes, default=0), frame, "more are planned as all of them. Plan for fewer.")
    sizes = list(dict.fromkeys(min(size, len(frame.turns)) for size in sizes))
    moments = read_moments(rows, frame, [None, *groups], progress=progress)
    kinds = list(list_kinds(moments, by, starts))
    plan = []
    for size in sizes:
        draws = allocate_gold(frame.sizes, frame.variances, size)
        rates = np.bincount(draws, minlength=len(frame.sizes)) / frame.sizes
        dof = max(len(draws) - len(frame.sizes), 1)
        for (place, theme), kind in product(enumerate(rows.themes), kinds):
            se, is_own = compute_se(kind, place, rates, starts, design_effect)
            half = compute_interval(0, se[is_own], level=level, dof=dof)[1]
            middle, worst = np.quantile(half, [0.5, 1]) if len(half) else (np.nan, np.nan)
            if len(se):
                row = (len(draws), theme, kind.name, middle, worst, len(se), (~is_own).sum())
                plan.append(row)
    return pd.DataFrame(plan, columns=_COLUMNS)


def _check_numbers(level: float, design_effect: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, got {level!r}.")
    if not 0 < design_effect < np.inf:
        raise ValueError(f"design_effect must be above 0, got {design_effect!r}.")


def _check_rows(rows: Rows, by: Sequence[str], date_column: str | None) -> None:
    """Refuse labels that say nothing of the errors to expect, or periods without dates."""
    if rows.prediction != "probability":
        raise ValueError(
            f"the labels must have CODE_probability for {list(rows.themes)[:5]!r}, from which the "
            f"errors to expect are known. Without, draw with sample_gold, and extend the sample "
            f"until the intervals of estimate_prevalence are narrow enough."
        )
    if any(name in TIMES for name in by):
        choose_dates(rows.columns, date_column)
