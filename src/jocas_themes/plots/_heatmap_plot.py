"""`plot_heatmap`: shares by sector and period, and where too little is known to say."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from jocas_themes.plots._canvas import GREY, SMALL, open_axes
from jocas_themes.plots._language import Language, LanguageCode
from jocas_themes.plots._series import (
    check_series,
    choose_theme,
    find_group,
    find_time,
    order_stretches,
    read_table,
)
from jocas_themes.plots._share_axis import write_note
from jocas_themes.plots._time_axis import Timeline
from jocas_themes.plots._uncertainty import (
    HATCH,
    UNSURE_ALPHA,
    choose_ink,
    draw_color_bar,
    find_unsure,
    open_colors,
    say_unsure,
)
from jocas_themes.trends.aggregation._periods import WIDTHS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = ("theme", "n_offers", "estimate", "ci_low", "ci_high")
_MOST_WRITTEN = 10  # columns: in more there is no room for figures
_ROW_INCHES, _HEAD_INCHES = 0.25, 1.6
_MOST_NAMES, _MOST_LETTERS = 12, 48


def plot_heatmap(
    shares: Any,
    *,
    by: str | None = None,
    theme: str | None = None,
    max_half_width: float = 0.05,
    min_offers: int = 30,
    names: Mapping[str, str] | None = None,
    ax: "Axes | None" = None,
    language: LanguageCode = "en",
) -> "Axes":
    """Draw the shares of a theme by group and period as a heat map.

    Parameters
    ----------
    shares : Shares or DataFrame of shape (n_groups * n_periods, n_columns)
        As `estimate_prevalence` gives it by a time and a group, such as
        ``by=("semester", "sector")``: ``theme``, ``n_offers``, ``estimate``, ``ci_low`` and
        ``ci_high`` (0-1) are drawn.
    by : str, optional
        Column of the groups; by default the one of the usual groups that the table has.
    theme : str, optional
        Code of the theme, when the table has several.
    max_half_width : float, default=0.05
        A cell whose interval is wider than twice this (0-1) is grey and hatched.
    min_offers : int, default=30
        So is one of fewer offers.
    names : mapping of str to str, optional
        What to write for the code of a theme or group; by default the official names.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure, as high as there are groups.
    language : {"en", "fr"}, default="en"
        Of words, months and numbers.

    Returns
    -------
    matplotlib Axes
        A row a group, in order; a column a period, also those that no row has. Up to ten
        columns have their figures written, in percent.

    Raises
    ------
    TypeError
        If the table is none, or its periods are no dates.
    ValueError
        If a column is missing, a cell comes twice, or the groups or the theme are not clear.
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    plot_map : Shares by region, on a map.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> from jocas_themes.plots import plot_heatmap
    >>> shares = pd.DataFrame({
    ...     "theme": "DIVERSITY", "sector": ["C", "C", "J", "J"], "n_offers": [900, 12, 800, 700],
    ...     "year": pd.to_datetime(["2019-01-01", "2020-01-01"] * 2),
    ...     "estimate": [0.10, 0.30, 0.20, 0.22], "ci_low": [0.08, 0.10, 0.18, 0.20],
    ...     "ci_high": [0.12, 0.50, 0.22, 0.24],
    ... })
    >>> ax = plot_heatmap(shares, ax=Figure().subplots())
    >>> [text.get_text() for text in ax.texts]
    ['10.0', '20.0', '22.0']
    """
    words = Language.open(language)
    table, code = choose_theme(read_table(shares, _COLUMNS, maker="estimate_prevalence"), theme)
    time = "period" if "period" in table.columns else find_time(table)
    group = find_group(table, by)
    if group is None:
        raise ValueError("by must name the table's column of groups, got None.")
    table = check_series(table, [group, time])
    periods = _list_periods(table, time)
    groups = list(dict.fromkeys(table[group]))
    height = _HEAD_INCHES + _ROW_INCHES * len(groups)
    ax = open_axes(ax, (8.6, height), purpose="plot_heatmap")
    table = table.assign(
        row=pd.Index(groups).get_indexer(table[group]),
        column=pd.Index(periods).get_indexer(table[time]),
        is_unsure=find_unsure(table, max_half_width=max_half_width, min_offers=min_offers),
    )
    _set_cells(ax, [words.period(period, time) for period in periods])
    ax.set_ylim(len(groups) - 0.5, -0.5)
    ax.set_yticks(range(len(groups)), [words.group(value, group, names) for value in groups])
    _draw_cells(ax, table, words, is_written=len(periods) <= _MOST_WRITTEN)
    ax.set_title(words.theme(code, names), loc="left")
    blank = words.choose("Blank: no offers.", "Vide : aucune offre.")
    is_whole = len(table) == len(groups) * len(periods)
    unsure = say_unsure(max_half_width, min_offers, words) if table["is_unsure"].any() else ""
    write_note(ax, [unsure, "" if is_whole else blank])
    return ax


def _list_periods(table: pd.DataFrame, time: str) -> list[Any]:
    """List all periods from first to last, also those that the table lacks."""
    if time in WIDTHS:
        return list(Timeline.fit(table[time], time).starts)
    return order_stretches([str(period) for period in table[time]])


def _set_cells(ax: "Axes", periods: Sequence[str]) -> None:
    """Set the columns, so many of them named as there is room for."""
    every = -(-len(periods) // _MOST_NAMES)
    ax.set_xlim(-0.5, len(periods) - 0.5)
    shown = periods[::every]
    ax.set_xticks(range(0, len(periods), every), shown)
    if len(shown) * max(map(len, shown)) > _MOST_LETTERS:
        ax.tick_params(axis="x", rotation=45)
        for label in ax.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _draw_cells(ax: "Axes", table: pd.DataFrame, words: Language, *, is_written: bool) -> None:
    """Draw one rectangle a cell, coloured where enough is known, with its figure."""
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    sure = table[~table["is_unsure"]]
    colors = open_colors(sure["estimate"], is_signed=False)
    paper = ax.get_facecolor()
    for cell in table.to_dict("records"):
        corner = (cell["column"] - 0.5, cell["row"] - 0.5)
        if cell["is_unsure"]:
            fill, lines = to_rgba(GREY, UNSURE_ALPHA), to_rgba(GREY, 0.6)
            ax.add_patch(Rectangle(corner, 1, 1, fc=fill, ec=lines, hatch=HATCH, lw=0))
            continue
        color = colors.to_rgba(cell["estimate"])
        ax.add_patch(Rectangle(corner, 1, 1, fc=color, ec=paper, lw=0.8))
        if is_written:
            ax.text(
                cell["column"],
                cell["row"],
                words.number(100 * cell["estimate"]),
                ha="center",
                va="center",
                fontsize=SMALL - 1,
                color=choose_ink(color),
            )
    if not sure.empty:
        draw_color_bar(ax, colors, words, is_signed=False)
