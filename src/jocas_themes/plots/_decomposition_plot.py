"""`plot_decomposition`: how much of a change is within groups, how much of their mix."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from jocas_themes.plots._canvas import (
    BLUE,
    GREY,
    PALETTE,
    SMALL,
    add_grid,
    find_ink,
    open_axes,
)
from jocas_themes.plots._language import Language, LanguageCode
from jocas_themes.plots._series import check_series, choose_theme, read_table
from jocas_themes.plots._share_axis import write_note

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = ("theme", "group", "component", "estimate", "ci_low", "ci_high")
_ALL = "all"
# Of each component: its colour (None for the ink), where it lies in its row, its name.
_LOOKS: dict[str, tuple[str | None, float, tuple[str, str]]] = {
    "within": (BLUE, -0.26, ("within groups", "effet propre")),
    "composition": (PALETTE[4], 0.0, ("mix of groups", "effet de structure")),
    "total": (None, 0.26, ("total", "total")),
}
_BAR = 0.24
_ROW_INCHES = 0.48
_LEGEND: dict[str, Any] = {"ncols": 3, "frameon": False, "fontsize": SMALL, "borderaxespad": 0.4}


def plot_decomposition(
    table: pd.DataFrame,
    *,
    theme: str | None = None,
    by: str | None = None,
    names: Mapping[str, str] | None = None,
    ax: "Axes | None" = None,
    language: LanguageCode = "en",
) -> "Axes":
    """Draw what of a change comes from within groups, and what from their mix.

    Parameters
    ----------
    table : DataFrame of shape (n_rows, n_columns)
        As `decompose` gives it: ``theme``, ``group``, ``component`` ("within", "composition",
        "total"), ``estimate``, ``ci_low`` and ``ci_high`` are drawn.
    theme : str, optional
        Code of a theme whose groups make the rows; by default a table of several themes has a
        row for each of them, that of one theme has its groups.
    by : str, optional
        What the groups are, such as "sector", so that their official names are written.
    names : mapping of str to str, optional
        What to write for the code of a theme or group.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure, as high as there are rows.
    language : {"en", "fr"}, default="en"
        Of words and numbers.

    Returns
    -------
    matplotlib Axes
        In each row a bar for each component, and a diamond for the total, all with intervals.

    Raises
    ------
    TypeError
        If the table is not a DataFrame.
    ValueError
        If a column is missing, a component is unknown or comes twice, or the theme is unknown.
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    plot_changes : The changes, with before and after.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> from jocas_themes.plots import plot_decomposition
    >>> table = pd.DataFrame({
    ...     "theme": "DIVERSITY", "group": ["all"] * 3,
    ...     "component": ["within", "composition", "total"],
    ...     "estimate": [0.10, -0.05, 0.05], "ci_low": [0.08, -0.06, 0.03],
    ...     "ci_high": [0.12, -0.04, 0.07],
    ... })
    >>> ax = plot_decomposition(table, language="fr", ax=Figure().subplots())
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['Tous les groupes']
    """
    words = Language.open(language)
    table = _check_components(read_table(table, _COLUMNS, maker="decompose"))
    is_by_theme = theme is None and len(set(table["theme"])) > 1
    key = "theme" if is_by_theme else "group"
    if is_by_theme:
        rows, code = table[table["group"] == _ALL], None
    else:
        rows, code = choose_theme(table, theme)
    check_series(rows, [key, "component"])
    keys = list(dict.fromkeys(rows[key]))
    if not keys:
        raise ValueError(f"table must have the rows of the group {_ALL!r}, got none.")
    ax = open_axes(ax, (8.2, 1.7 + _ROW_INCHES * len(keys)), purpose="plot_decomposition")
    every = {_ALL: words.choose("All groups", "Tous les groupes"), **(names or {})}
    column = "theme" if is_by_theme else by or key
    _set_rows(ax, [words.row(value, column, every) for value in keys], words)
    if not is_by_theme and keys[0] == _ALL and len(keys) > 1:
        ax.axhline(0.5, color=GREY, lw=0.8)
    handles = []
    for name in _LOOKS:
        part = rows[rows["component"] == name]
        places = [keys.index(value) for value in part[key]]
        handles.append(_draw_component(ax, name, part, places, words))
    ax.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), **_LEGEND)
    if code is not None:
        ax.set_title(words.theme(code, names), loc="left", pad=28)
    meaning = words.choose(
        "Change of the share of offers, in points, with confidence intervals.",
        "Écart de la part des offres, en points, et intervalles de confiance.",
    )
    write_note(ax, [meaning])
    return ax


def _check_components(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table if its components are those that are drawn."""
    unknown = sorted(set(table["component"]) - set(_LOOKS))
    if unknown:
        raise ValueError(f"component must be one of {list(_LOOKS)!r}, got {unknown[:5]!r}.")
    return table


def _set_rows(ax: "Axes", names: list[str], words: Language) -> None:
    """Set both axes: the rows by name, changes in points around zero."""
    ax.set_ylim(len(names) - 0.45, -0.55)
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.axvline(0, color=GREY, lw=1)
    add_grid(ax, "x")
    ax.xaxis.set_major_formatter(lambda value, _: words.points(value))


def _draw_component(
    ax: "Axes", name: str, rows: pd.DataFrame, places: list[int], words: Language
) -> Any:
    """Draw one component of every row, with its interval; return what its legend shows."""
    color, shift, (english, french) = _LOOKS[name]
    color = color or find_ink(ax)
    heights = [place + shift for place in places]
    values = rows["estimate"].astype(float)
    label = words.choose(english, french)
    ax.hlines(heights, rows["ci_low"], rows["ci_high"], color=find_ink(ax), lw=1.2, zorder=4)
    if name != "total":
        return ax.barh(heights, values, height=_BAR, color=color, label=label, zorder=2)
    (marks,) = ax.plot(values, heights, "D", color=color, ms=6, label=label, zorder=5)
    return marks
