"""`plot_errors`: how well the labels find each theme, and whether that changes with time."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jocas_themes.plots._canvas import GREY, PALETTE, SMALL, add_grid
from jocas_themes.plots._language import Language, LanguageCode
from jocas_themes.plots._names import FEW_OFFERS
from jocas_themes.plots._panels import open_panels, write_panels_note
from jocas_themes.plots._series import (
    check_series,
    order_stretches,
    read_table,
)
from jocas_themes.plots._share_axis import write_ticks
from jocas_themes.trends.aggregation import TIMES
from jocas_themes.trends.aggregation._periods import WIDTHS

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

_COLUMNS = ("theme", "rate", "n_gold", "estimate", "ci_low", "ci_high")
_RATES = {
    "sensitivity": ("Sensitivity", "Sensibilité"),
    "specificity": ("Specificity", "Spécificité"),
}
_MARKS = ("o", "s", "D", "^", "v", "P")
_ROW, _PERIOD = 0.30, 0.17  # inches: of a theme, and of each of its periods
_SMALLEST_SPAN = 0.1
_LEGEND: dict[str, Any] = {"ncols": 3, "frameon": False, "fontsize": SMALL}


def plot_errors(
    table: pd.DataFrame,
    *,
    by: str | None = None,
    names: Mapping[str, str] | None = None,
    axes: Any = None,
    language: LanguageCode = "en",
) -> "npt.NDArray[np.object_]":
    """Draw the sensitivity and the specificity of the labels, theme by theme and period by period.

    Parameters
    ----------
    table : DataFrame of shape (n_themes * n_periods * n_rates, n_columns)
        As `compute_error_rates` gives it: ``theme``, ``rate``, ``n_gold``, ``estimate``,
        ``ci_low`` and ``ci_high`` (0-1) are drawn, for up to six periods.
    by : str, optional
        Column of the periods, or of groups; by default ``period``, or the table's time.
    names : mapping of str to str, optional
        What to write for the code of a theme or group.
    axes : array of 2 matplotlib Axes, optional
        Where to draw; by default a new figure, as high as there are themes.
    language : {"en", "fr"}, default="en"
        Of words, months and numbers.

    Returns
    -------
    ndarray of 2 matplotlib Axes
        Sensitivity and specificity: a row a theme, in it a mark and an interval a period, hollow
        where the rate is one of fewer than 30 gold rows.

    Raises
    ------
    TypeError
        If the table is not a DataFrame.
    ValueError
        If a column is missing, a rate comes twice, or there are more than six periods.
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    plot_correction : What these errors do to a trend.

    Notes
    -----
    Where the marks of a theme lie apart, its labels' errors drift, and so do shares of labels.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> from jocas_themes.plots import plot_errors
    >>> table = pd.DataFrame({
    ...     "theme": "DIVERSITY", "period": ["until 2020-02", "from 2020-03"] * 2,
    ...     "rate": ["sensitivity"] * 2 + ["specificity"] * 2, "n_gold": [80, 20, 400, 350],
    ...     "estimate": [0.8, 0.7, 0.97, 0.95], "ci_low": [0.7, 0.5, 0.95, 0.93],
    ...     "ci_high": [0.87, 0.85, 0.98, 0.97],
    ... })
    >>> axes = plot_errors(table, language="fr", axes=Figure().subplots(1, 2))
    >>> [ax.get_title(loc="left") for ax in axes]
    ['Sensibilité', 'Spécificité']
    >>> [text.get_text() for text in axes[0].get_legend().get_texts()]
    ['jusqu’à févr. 2020', 'depuis mars 2020']
    """
    words = Language.open(language)
    table = read_table(table, _COLUMNS, maker="compute_error_rates")
    column = by or _find_periods(table)
    if column is None:  # all offers together
        column, table = "period", table.assign(period="")
    check_series(table, ["theme", column, "rate"])
    periods = _list_periods(table, column)
    themes = list(dict.fromkeys(table["theme"]))
    height = _ROW + _PERIOD * len(periods)
    size = (4.2, 1.2 + height * len(themes))
    panels = open_panels(axes, len(_RATES), columns=2, size=size, purpose="plot_errors")
    shifts = (np.arange(len(periods)) - (len(periods) - 1) / 2) * _PERIOD / height
    for ax, (rate, titles) in zip(panels, _RATES.items(), strict=True):
        rows = table[table["rate"] == rate]
        for place, period in enumerate(periods):
            part = rows[rows[column] == period]
            heights = [themes.index(theme) + shifts[place] for theme in part["theme"]]
            name = _name_period(period, column, words, names)
            _draw_period(ax, part, heights, look=(PALETTE[place], _MARKS[place]), label=name)
        _set_rows(ax, [words.theme(theme, names) for theme in themes], rows, words)
        ax.set_title(words.choose(*titles), loc="left", pad=_find_pad(len(periods)))
    panels[1].tick_params(labelleft=False)
    if len(periods) > 1:
        legend = panels[0].legend(loc="lower left", bbox_to_anchor=(0, 1), **_LEGEND)
        legend.set_in_layout(False)  # as wide as both panels, in the room below their titles
    write_panels_note(panels, _explain(words))
    return panels


def _find_periods(table: pd.DataFrame) -> str | None:
    """Return the column of periods, None without any."""
    return next((name for name in ("period", *WIDTHS) if name in table.columns), None)


def _name_period(period: Any, column: str, words: Language, names: Mapping[str, str] | None) -> str:
    """Write the name of a period, or of a group."""
    return words.period(period, column) if column in TIMES else words.group(period, column, names)


def _find_pad(n_periods: int) -> float:
    """Leave room for the legend between the titles and the axes."""
    return 6.0 if n_periods == 1 else 12.0 + 15.0 * -(-n_periods // _LEGEND["ncols"])


def _list_periods(table: pd.DataFrame, column: str) -> list[Any]:
    """List the periods in order, if they are few enough to be told apart."""
    periods = list(dict.fromkeys(table[column]))
    if column == "period":
        periods = order_stretches(periods)
    if len(periods) > len(_MARKS):
        raise ValueError(
            f"table must have at most {len(_MARKS)} values of {column!r}, got {len(periods)}. "
            f"Compute the rates by longer periods."
        )
    return periods


def _draw_period(
    ax: "Axes", rows: pd.DataFrame, heights: list[float], *, look: tuple[str, str], label: str
) -> None:
    """Draw the rates of one period: a mark and an interval a theme."""
    color, mark = look
    ax.hlines(heights, rows["ci_low"], rows["ci_high"], color=color, lw=1.8, alpha=0.7)
    ax.plot([], [], mark, color=color, ms=6, label=label)
    for height, rate, n_gold in zip(heights, rows["estimate"], rows["n_gold"], strict=True):
        inside = ax.get_facecolor() if n_gold < FEW_OFFERS else color
        ax.plot(rate, height, mark, color=color, mfc=inside, ms=6, clip_on=False)


def _set_rows(ax: "Axes", themes: Sequence[str], rows: pd.DataFrame, words: Language) -> None:
    """Set both axes: the rows by theme, rates up to 100%."""
    lowest = rows[["estimate", "ci_low"]].min().min()
    low = 0.0 if pd.isna(lowest) else min(np.floor(20 * lowest) / 20, 1 - _SMALLEST_SPAN)
    ax.set_xlim(low, 1)
    ax.set_ylim(len(themes) - 0.5, -0.5)
    ax.set_yticks(range(len(themes)), themes)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    write_ticks(ax, words, "x")
    add_grid(ax, "x")
    for place in range(1, len(themes)):
        ax.axhline(place - 0.5, color=GREY, lw=0.6, alpha=0.4)


def _explain(words: Language) -> list[str]:
    """Say what the rates are, and which marks are shaky."""
    return [
        words.choose(
            "Sensitivity: part of the offers with the theme that are so labelled. Specificity: "
            "part of those without it that are labelled without. With confidence intervals; "
            f"hollow: fewer than {FEW_OFFERS} gold labels. The two scales differ.",
            "Sensibilité : part des offres avec le thème qui sont étiquetées ainsi. Spécificité : "
            "part de celles sans le thème étiquetées sans. Avec intervalles de confiance ; "
            f"creux : moins de {FEW_OFFERS} étiquettes humaines. Les deux échelles diffèrent.",
        )
    ]
