"""`plot_changes`: before and after, sector by sector, with the change beside it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from jocas_themes.plots._canvas import (
    BLUE,
    GREY,
    SMALL,
    add_grid,
    color_themes,
    find_ink,
    open_axes,
)
from jocas_themes.plots._language import Language, LanguageCode
from jocas_themes.plots._rows import ROW_INCHES
from jocas_themes.plots._series import check_series, choose_theme, find_group, read_table
from jocas_themes.plots._share_axis import find_limits, say_scale, write_note, write_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = ("theme", "before", "after", "change", "ci_low", "ci_high", "p_adjusted")
# Where the columns of figures end, in points right of the axes.
_CHANGE_POINTS, _INTERVAL_POINTS = 40.0, 124.0


def plot_changes(
    changes: pd.DataFrame,
    *,
    by: str | None = None,
    theme: str | None = None,
    alpha: float = 0.05,
    names: Mapping[str, str] | None = None,
    ax: "Axes | None" = None,
    language: LanguageCode = "en",
) -> "Axes":
    """Draw the shares before and after, one row a sector, region, board or theme.

    Parameters
    ----------
    changes : DataFrame of shape (n_rows, n_columns)
        As `compare_periods` gives it: ``theme``, ``before``, ``after`` (0-1), ``change``,
        ``ci_low``, ``ci_high`` and ``p_adjusted`` are drawn.
    by : str, optional
        Column that makes the rows; by default the table's group, or the theme without any.
    theme : str, optional
        Code of the theme, when the table has several and the rows are groups.
    alpha : float, default=0.05
        A change is hollow when its p-value, adjusted for all that were compared, is not below.
    names : mapping of str to str, optional
        What to write for the code of a theme or group.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure, as high as there are rows.
    language : {"en", "fr"}, default="en"
        Of words and numbers.

    Returns
    -------
    matplotlib Axes
        One row each, the largest rise first: a small grey dot before, a large one after, and
        the change in points with its interval.

    Raises
    ------
    TypeError
        If the table is not a DataFrame.
    ValueError
        If a column is missing, several rows have one name, or the theme is not clear.
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    plot_map : Changes by region, on a map.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> from jocas_themes.plots import plot_changes
    >>> changes = pd.DataFrame({
    ...     "theme": "DIVERSITY", "sector": ["C", "J"], "before": [0.10, 0.20],
    ...     "after": [0.11, 0.26], "change": [0.01, 0.06], "ci_low": [-0.01, 0.03],
    ...     "ci_high": [0.03, 0.09], "p_adjusted": [0.4, 0.001],
    ... })
    >>> names = {"C": "Manufacturing", "J": "Information and communication"}
    >>> ax = plot_changes(changes, names=names, ax=Figure().subplots())
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['Information and communication', 'Manufacturing']
    """
    words = Language.open(language)
    table = read_table(changes, _COLUMNS, maker="compare_periods")
    by = find_group(table, by) or "theme"
    code = None
    if by != "theme":
        table, code = choose_theme(table, theme)
    table = check_series(table, [by]).sort_values("change", ascending=False, kind="stable")
    table = table[table["change"].notna()]
    if table.empty:
        raise ValueError("table must hold a known change, got NaN in every row.")
    ax = open_axes(ax, (8.2, 1.4 + ROW_INCHES * len(table)), purpose="plot_changes")
    shares = table[["before", "after"]]
    limits = find_limits(float(shares.min().min()), float(shares.max().max()))
    _set_rows(ax, table, by, names, words, limits)
    colors = color_themes(table["theme"])
    ink = find_ink(ax)
    for place, row in enumerate(table.to_dict("records")):
        color = BLUE if by != "theme" else colors[row["theme"]] or BLUE
        is_sure = row["p_adjusted"] < alpha
        ax.plot([row["before"], row["after"]], [place, place], color=color, lw=1.8, alpha=0.7)
        ax.plot(row["before"], place, "o", color=GREY, ms=4, clip_on=False)
        inside = color if is_sure else ax.get_facecolor()
        ax.plot(row["after"], place, "o", color=color, mfc=inside, ms=7, mew=1.5, clip_on=False)
        change = words.number(100 * row["change"], sign=True)
        interval = words.interval(row["ci_low"], row["ci_high"], sign=True)
        _write_figures(ax, place, change, interval, ink)
    headers = words.choose("change", "écart"), words.choose("interval", "intervalle")
    _write_figures(ax, -0.95, *headers, GREY)
    if code is not None:
        ax.set_title(words.theme(code, names), loc="left", pad=20)
    write_note(ax, [*_explain(alpha, words), say_scale(limits[0], words)])
    return ax


def _set_rows(
    ax: "Axes",
    table: pd.DataFrame,
    by: str,
    names: Mapping[str, str] | None,
    words: Language,
    limits: tuple[float, float],
) -> None:
    """Set both axes: the rows by name, the shares in percent."""
    ax.set_xlim(*limits)
    ax.set_ylim(len(table) - 0.4, -0.6)
    ax.set_yticks(range(len(table)), [words.row(value, by, names) for value in table[by]])
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    write_ticks(ax, words, "x")
    add_grid(ax, "both")


def _write_figures(ax: "Axes", place: float, change: str, interval: str, color: Any) -> None:
    """Write the change and its interval right of the axes."""
    for text, shift in ((change, _CHANGE_POINTS), (interval, _INTERVAL_POINTS)):
        ax.annotate(
            text,
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(shift, 0),
            textcoords="offset points",
            ha="right",
            va="center_baseline",
            color=color,
            fontsize=SMALL,
            annotation_clip=False,
        )


def _explain(alpha: float, words: Language) -> list[str]:
    """Say how to read the dots."""
    level = words.tick(alpha)
    return [
        words.choose(
            f"Share of offers: small grey dot before, large dot after. Right: change and its "
            f"confidence interval, in points. Hollow: not significant at {level}, adjusted for "
            f"all comparisons.",
            f"Part des offres : petit point gris avant, grand point après. À droite : écart et "
            f"intervalle de confiance, en points. Creux : non significatif à {level}, après "
            f"correction pour comparaisons multiples.",
        )
    ]
