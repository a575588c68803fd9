"""`plot_reliability`: whether a probability of 0.7 comes true seven times in ten."""

from typing import TYPE_CHECKING

import pandas as pd

from jocas_themes.plots._canvas import (
    FULL,
    GREY,
    SMALL,
    add_grid,
    check_table,
    color_themes,
    find_ink,
    label_ends,
    open_axes,
    write_name,
)
from jocas_themes.plots._names import name_theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAX_THEMES = 8
_FEWEST_CELLS = 20


def plot_reliability(table: pd.DataFrame, ax: "Axes | None" = None) -> "Axes":
    """Draw how often a theme is present, by the probability that the student gives.

    Parameters
    ----------
    table : DataFrame of shape (n_rows, 8)
        As `compute_reliability` gives it: ``theme``, ``n``, ``mean_probability``, ``share``,
        ``ci_low`` and ``ci_high`` (0-1) are drawn.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib Axes
        A line with 95% intervals for all themes together, a thin one for each of up to eight
        themes, broken at bins of fewer than 20 cells, and the diagonal on which calibrated
        probabilities lie.

    Raises
    ------
    TypeError
        If the table is not a DataFrame.
    ValueError
        If a column is missing or there is no row.
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    plot_theme_scores : How well the themes are told apart.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> from jocas_themes.plots import plot_reliability
    >>> table = pd.DataFrame({
    ...     "theme": "all", "n": [900, 100], "mean_probability": [0.1, 0.8],
    ...     "share": [0.05, 0.9], "ci_low": [0.04, 0.83], "ci_high": [0.07, 0.95],
    ... })
    >>> ax = plot_reliability(table, ax=Figure().subplots())
    >>> ax.get_xlabel()
    'Mean probability of the student (0 to 1)'
    """
    columns = ["theme", "n", "mean_probability", "share", "ci_low", "ci_high"]
    table = check_table(table, columns, maker="compute_reliability")
    table = table[table["share"].notna()]
    ax = open_axes(ax, (7.4, 4.8), purpose="plot_reliability")
    ax.set(
        xlim=(0, 1),
        ylim=(0, 1),
        aspect="equal",
        xlabel="Mean probability of the student (0 to 1)",
        ylabel="Share of cells with the theme (0 to 1)",
    )
    add_grid(ax, "both")
    ax.plot([0, 1], [0, 1], ls=(0, (4, 3)), color=GREY, lw=1)
    ax.text(0.5, 0.485, "calibrated", color=GREY, fontsize=SMALL, rotation=45, ha="left", va="top")
    colors = color_themes(table["theme"])
    themes = {str(theme): bins for theme, bins in table.groupby("theme", sort=False)}
    if len(themes.keys() - {"all"}) > _MAX_THEMES:
        themes = {theme: bins for theme, bins in themes.items() if theme == "all"} or themes
    for theme, bins in themes.items():
        _draw_bins(ax, theme, bins.sort_values("mean_probability"), colors[theme])
    # The lines end in one corner: the labels follow the table's order, not that of the ends.
    label_ends(ax, [(1.0, FULL, colors[theme], write_name(name_theme(theme))) for theme in themes])
    return ax


def _draw_bins(ax: "Axes", theme: str, bins: pd.DataFrame, color: str | None) -> None:
    """Draw one line; only that of all themes has whiskers, which would hide one another."""
    name = write_name(name_theme(theme))
    if theme != "all":
        share = bins["share"].where(bins["n"] >= _FEWEST_CELLS)
        ax.plot(bins["mean_probability"], share, "o-", color=color, ms=3, lw=1, label=name)
        return
    x = bins["mean_probability"]
    color = color or find_ink(ax)
    ax.vlines(x, bins["ci_low"], bins["ci_high"], color=color, lw=1.6, zorder=4)
    ax.plot(x, bins["share"], "o-", color=color, ms=5, lw=2, label=name, zorder=4)
