"""`plot_theme_scores` and `plot_strata_scores`: where the student is good, and where it is not."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from jocas_themes.plots._canvas import (
    BLUE,
    check_table,
    color_themes,
    open_axes,
    write_name,
)
from jocas_themes.plots._names import FEW_OFFERS, name_grouping, name_theme
from jocas_themes.plots._rows import ROW_INCHES, Row, draw_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_AXIS_LABEL = "F1 (0 to 1) and its 95% interval"
_WIDTH = 7.2


def plot_theme_scores(table: pd.DataFrame, ax: "Axes | None" = None) -> "Axes":
    """Draw the F1 of each theme with its interval.

    Parameters
    ----------
    table : DataFrame of shape (n_themes + 2, 8)
        As `compute_score_intervals` gives it: ``theme``, ``f1``, ``f1_low``, ``f1_high``
        (0-1) and ``support`` are drawn.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure, as high as there are themes.

    Returns
    -------
    matplotlib Axes
        One row a theme, in the table's order, with its F1 and how many offers have it.

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
    plot_strata_scores : The same by board, period, ROME family and length.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> from jocas_themes.plots import plot_theme_scores
    >>> table = pd.DataFrame({
    ...     "theme": ["DIVERSITY", "micro"], "f1": [0.90, 0.84], "f1_low": [0.85, 0.81],
    ...     "f1_high": [0.95, 0.87], "support": [137, 2510],
    ... })
    >>> ax = plot_theme_scores(table, ax=Figure().subplots())
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['Diversity', 'All cells (micro)']
    """
    columns = ["theme", "f1", "f1_low", "f1_high", "support"]
    table = check_table(table, columns, maker="compute_score_intervals")
    colors = color_themes(table["theme"])
    rows = [
        _build_row(write_name(name_theme(row["theme"])), colors[row["theme"]], row, row["support"])
        for row in table.to_dict("records")
    ]
    ax = open_axes(ax, (_WIDTH, 1 + ROW_INCHES * len(rows)), purpose="plot_theme_scores")
    draw_rows(ax, rows, ("F1", "present"), axis_label=_AXIS_LABEL)
    return ax


def plot_strata_scores(table: pd.DataFrame, ax: "Axes | None" = None) -> "Axes":
    """Draw the F1 of each stratum of offers: board, year, ROME family, length.

    Parameters
    ----------
    table : DataFrame of shape (n_strata, 7)
        As `compute_strata_scores` gives it: ``by``, ``stratum``, ``n_offers``, ``f1``,
        ``f1_low`` and ``f1_high`` (0-1) are drawn.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure, as high as there are strata.

    Returns
    -------
    matplotlib Axes
        One row a stratum, in the table's order, under the heading of its grouping; the dot is
        hollow for fewer than 30 offers, whose interval says too little.

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
    plot_theme_scores : The same by theme.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> from jocas_themes.plots import plot_strata_scores
    >>> table = pd.DataFrame({
    ...     "by": "year", "stratum": ["2022", "2023"], "n_offers": [437, 712],
    ...     "f1": [0.77, 0.79], "f1_low": [0.74, 0.76], "f1_high": [0.81, 0.81],
    ... })
    >>> ax = plot_strata_scores(table, ax=Figure().subplots())
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['Year', '2022', '2023']
    """
    columns = ["by", "stratum", "n_offers", "f1", "f1_low", "f1_high"]
    table = check_table(table, columns, maker="compute_strata_scores")
    rows = []
    for by, strata in table.groupby("by", sort=False):
        rows.append(Row(write_name(name_grouping(str(by))), is_heading=True))
        rows += [
            _build_row(
                write_name(str(row["stratum"])),
                BLUE,
                row,
                row["n_offers"],
                is_shaky=row["n_offers"] < FEW_OFFERS,
            )
            for row in strata.to_dict("records")
        ]
    ax = open_axes(ax, (_WIDTH, 1 + ROW_INCHES * len(rows)), purpose="plot_strata_scores")
    axis_label = f"{_AXIS_LABEL}; hollow: under {FEW_OFFERS} offers"
    draw_rows(ax, rows, ("F1", "offers"), axis_label=axis_label)
    return ax


def _build_row(
    name: str, color: str | None, row: Mapping[Any, Any], count: int, *, is_shaky: bool = False
) -> Row:
    """Build the row of a score; one that is not defined is left blank."""
    score = "" if pd.isna(row["f1"]) else f"{row['f1']:.2f}"
    return Row(
        name=name,
        color=color,
        score=row["f1"],
        low=row["f1_low"],
        high=row["f1_high"],
        figures=(score, f"{count:,}"),
        is_shaky=is_shaky,
    )
