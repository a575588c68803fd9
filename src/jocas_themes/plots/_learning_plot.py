"""`plot_learning_curve`: what more annotations would bring."""

import textwrap
from typing import TYPE_CHECKING, Any

import pandas as pd

from jocas_themes.plots._canvas import (
    BAND,
    BLUE,
    SMALL,
    add_grid,
    check_table,
    find_span,
    open_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ADVICE_LETTERS = 88


def plot_learning_curve(curve: Any, ax: "Axes | None" = None) -> "Axes":
    r"""Draw the student's F1 by the number of annotated offers it learns from.

    Parameters
    ----------
    curve : LearningCurve
        As `compute_learning_curve` gives it: ``table`` and the last row of ``forecast``, each
        with ``n_offers``, ``cost_usd``, ``f1``, ``f1_low`` and ``f1_high``, are drawn, and the
        ``advice`` is written above.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib Axes
        The F1 with its band, and dotted what twice the offers would bring, over a logarithmic
        axis on which each doubling is as wide.

    Raises
    ------
    TypeError
        If the curve lacks its tables.
    ValueError
        If a column is missing or there is no row.
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    plot_threshold_curve : Whether leaving unsure annotations out would help.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> from jocas_themes.evaluation import LearningCurve
    >>> from jocas_themes.plots import plot_learning_curve
    >>> table = pd.DataFrame({
    ...     "n_offers": [500, 1000], "cost_usd": [2.0, 4.0], "f1": [0.71, 0.75],
    ...     "f1_low": [0.68, 0.73], "f1_high": [0.74, 0.77],
    ... })
    >>> twice = table.tail(1) * [2, 2, 1.03, 1.02, 1.05]
    >>> curve = LearningCurve(table, twice, 0.02, "Twice the labels would gain 2 points.")
    >>> ax = plot_learning_curve(curve, ax=Figure().subplots())
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['500\n2.00', '1,000\n4.00', '2,000\n8.00']
    """
    columns = ["n_offers", "cost_usd", "f1", "f1_low", "f1_high"]
    measured, forecast = (
        check_table(getattr(curve, name, None), columns, maker="compute_learning_curve")
        for name in ("table", "forecast")
    )
    measured = measured.sort_values("n_offers")
    ahead = pd.concat([measured.tail(1), forecast.tail(1)])[columns]
    points = pd.concat([measured, forecast.tail(1)])[columns]
    ax = open_axes(ax, (7.2, 4.2), purpose="plot_learning_curve")
    ax.set_xscale("log", base=2)
    ax.set_ylim(*find_span(points["f1_low"].min(), points["f1_high"].max()))
    for rows, opacity in ((measured, BAND), (ahead, BAND / 2)):
        x = rows["n_offers"]
        ax.fill_between(x, rows["f1_low"], rows["f1_high"], color=BLUE, alpha=opacity, lw=0)
    hollow = ax.get_facecolor()
    ax.plot(ahead["n_offers"], ahead["f1"], "o:", color=BLUE, mfc=hollow, ms=5, lw=2.2)
    ax.plot(measured["n_offers"], measured["f1"], "o-", color=BLUE, ms=5, lw=2.2)
    _label_sizes(ax, points)
    ax.set_ylabel("F1 (0 to 1), with 95% interval")
    advice = textwrap.fill(curve.advice, _ADVICE_LETTERS)
    ax.set_title(advice, loc="left", fontsize="medium", parse_math=False)
    add_grid(ax, "y")
    return ax


def _label_sizes(ax: "Axes", points: pd.DataFrame) -> None:
    """Label the sizes with what they cost, and the points with their F1."""
    has_cost = bool(points["cost_usd"].notna().all())
    sizes, costs = points["n_offers"], points["cost_usd"]
    ticks = [f"{size:,.0f}" for size in sizes]
    if has_cost:
        ticks = [f"{tick}\n{cost:,.2f}" for tick, cost in zip(ticks, costs, strict=True)]
    ax.set_xticks(sizes, ticks)
    ax.minorticks_off()
    cost = ", and what they cost (USD)" if has_cost else ""
    ax.set_xlabel(f"Annotated offers{cost}; hollow: forecast")
    for size, f1 in zip(sizes, points["f1"], strict=True):
        ax.annotate(
            f"{f1:.2f}",
            (size, f1),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=SMALL,
        )
