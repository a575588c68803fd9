"""`plot_trend` and `plot_trends`: what was observed month by month, and the smoothed line."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jocas_themes.plots._canvas import BAND, BLUE, add_grid, color_themes, open_axes
from jocas_themes.plots._language import Language, LanguageCode
from jocas_themes.plots._panels import open_panels, write_panels_note
from jocas_themes.plots._series import (
    check_series,
    choose_theme,
    find_time,
    name_series,
    read_table,
)
from jocas_themes.plots._share_axis import (
    align_limits,
    find_limits,
    say_scale,
    write_note,
    write_ticks,
)
from jocas_themes.plots._time_axis import (
    Timeline,
    draw_steps,
    draw_time_axis,
    name_step,
    shade_missing,
)
from jocas_themes.trends.aggregation import parse_steps

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

_COLUMNS = (
    "theme",
    "n_offers",
    "share",
    "estimate",
    "ci_low",
    "ci_high",
    "is_observed",
)
_LARGEST_POINT, _SMALLEST_POINT = 34.0, 2.0  # square points


def plot_trend(
    trend: pd.DataFrame,
    *,
    theme: str | None = None,
    steps: Sequence[Any] = ("2020-03",),
    names: Mapping[str, str] | None = None,
    ax: "Axes | None" = None,
    language: LanguageCode = "en",
) -> "Axes":
    """Draw the trend of a theme: observed shares, the smoothed line and its band.

    Parameters
    ----------
    trend : DataFrame of shape (n_periods, n_columns)
        As `smooth_trend` gives it: ``theme``, ``month`` (or another time), ``n_offers``,
        ``share``, ``estimate``, ``ci_low``, ``ci_high`` (0-1) and ``is_observed`` are drawn. One
        row a period: of a table by sector, keep the rows of one.
    theme : str, optional
        Code of the theme, when the table has several.
    steps : sequence of months, default=("2020-03",)
        Where the trend may jump: the line is broken there, and the month written above.
    names : mapping of str to str, optional
        What to write for a theme's code.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.
    language : {"en", "fr"}, default="en"
        Of words, months and numbers.

    Returns
    -------
    matplotlib Axes
        Points with areas by the offers behind them; a line, dotted where nothing was observed,
        in its band; missing periods shaded.

    Raises
    ------
    TypeError
        If the table is not a DataFrame, or its periods are no dates.
    ValueError
        If a column or a step is not as it must be, or several series are left.
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    plot_trends : Several themes beside each other.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> from jocas_themes.plots import plot_trend
    >>> trend = pd.DataFrame({
    ...     "theme": "DIVERSITY", "month": pd.to_datetime(["2020-01", "2020-02", "2020-03"]),
    ...     "n_offers": [400, 0, 900], "share": [0.11, None, 0.15],
    ...     "estimate": [0.12, 0.12, 0.14], "ci_low": [0.10, 0.08, 0.12],
    ...     "ci_high": [0.14, 0.16, 0.16], "is_observed": [True, False, True],
    ... })
    >>> ax = plot_trend(trend, language="fr", ax=Figure().subplots())
    >>> ax.get_title(loc="left")
    'Diversité'
    >>> [label.get_text() for label in ax.get_xticklabels(minor=True)]
    ['janv. 2020', 'févr. 2020', 'mars 2020']
    """
    words = Language.open(language)
    table, code = choose_theme(read_table(trend, _COLUMNS, maker="smooth_trend"), theme)
    time = find_time(table)
    table = check_series(table, [time])
    timeline = Timeline.fit(table[time], time)
    known_steps = timeline.keep(parse_steps(steps))
    ax = open_axes(ax, (7.6, 4.2), purpose="plot_trend")
    bottom, top = find_limits(*_find_range(table))
    ax.set_ylim(bottom, top)
    draw_time_axis(ax, timeline, words)
    _draw_series(ax, table, timeline, known_steps, color_themes([code])[code] or BLUE)
    draw_steps(ax, known_steps, words)
    write_ticks(ax, words)
    add_grid(ax, "y")
    ax.set_ylabel(words.choose("Share of offers", "Part des offres"))
    ax.set_title(name_series(table, words, names), loc="left", pad=18)
    write_note(ax, [*_explain(table, timeline, words), say_scale(bottom, words)])
    return ax


def plot_trends(
    trend: pd.DataFrame,
    *,
    by: str = "theme",
    steps: Sequence[Any] = ("2020-03",),
    names: Mapping[str, str] | None = None,
    axes: Any = None,
    language: LanguageCode = "en",
) -> "npt.NDArray[np.object_]":
    """Draw the trends of several themes, or groups, in panels that can be compared.

    Parameters
    ----------
    trend : DataFrame of shape (n_panels * n_periods, n_columns)
        As `smooth_trend` gives it; the columns that `plot_trend` draws.
    by : str, default="theme"
        Column with a panel for each of its values, in the table's order. By another than the
        theme, the table must hold one theme.
    steps : sequence of months, default=("2020-03",)
        Where the trends may jump.
    names : mapping of str to str, optional
        What to write for a theme's or a group's code.
    axes : array of matplotlib Axes, optional
        Where to draw, at least one a panel; by default a new figure.
    language : {"en", "fr"}, default="en"
        Of words, months and numbers.

    Returns
    -------
    ndarray of matplotlib Axes
        One a panel, in order. All scales are as long, in points of percentage, so that a slope
        is as steep in every panel; where each begins may differ.

    Raises
    ------
    TypeError
        If the table is not a DataFrame, or its periods are no dates.
    ValueError
        If a column or a step is not as it must be, several series are left in a panel, or
        there are not enough axes.
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    plot_trend : One theme, larger.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> from jocas_themes.plots import plot_trends
    >>> trend = pd.DataFrame({
    ...     "theme": ["DIVERSITY"] * 2 + ["WORK_LIFE_BALANCE"] * 2,
    ...     "month": pd.to_datetime(["2020-01", "2020-02"] * 2), "n_offers": 400,
    ...     "share": [0.11, 0.12, 0.30, 0.33], "estimate": [0.11, 0.12, 0.31, 0.32],
    ...     "ci_low": [0.10, 0.10, 0.28, 0.29], "ci_high": [0.13, 0.14, 0.33, 0.34],
    ...     "is_observed": True,
    ... })
    >>> axes = plot_trends(trend, axes=Figure().subplots(1, 2))
    >>> [ax.get_title(loc="left") for ax in axes]
    ['Diversity and inclusion', 'Work-life balance']
    """
    words = Language.open(language)
    table = read_table(trend, [*dict.fromkeys([by, *_COLUMNS])], maker="smooth_trend")
    if by != "theme":
        table, _ = choose_theme(table, None)
    time = find_time(table)
    table = check_series(table, [by, time])
    timeline = Timeline.fit(table[time], time)
    known_steps = timeline.keep(parse_steps(steps))
    keys = list(dict.fromkeys(table[by]))
    panels = open_panels(axes, len(keys), columns=3, size=(3.1, 2.35), purpose="plot_trends")
    limits = align_limits([_find_range(table[table[by] == key]) for key in keys])
    colors = color_themes(keys) if by == "theme" else {}
    for ax, key, (bottom, top) in zip(panels, keys, limits, strict=True):
        rows = table[table[by] == key]
        ax.set_ylim(bottom, top)
        draw_time_axis(ax, timeline, words)
        _draw_series(ax, rows, timeline, known_steps, colors.get(key) or BLUE)
        draw_steps(ax, known_steps, words, is_named=False)
        write_ticks(ax, words)
        add_grid(ax, "y")
        ax.set_title(words.row(key, by, names), loc="left", fontsize="medium")
    note = [*_explain(table, timeline, words), *_explain_panels(known_steps, limits, words)]
    write_panels_note(panels, note)
    return panels


def _draw_series(
    ax: "Axes", table: pd.DataFrame, timeline: Timeline, steps: Sequence[pd.Timestamp], color: str
) -> None:
    """Draw the points, the line and the band of one series."""
    rows = timeline.complete(table)
    rows["x"] = timeline.middles
    observed = rows["is_observed"].eq(True).to_numpy()
    shade_missing(ax, timeline, observed)
    weight = rows["n_offers"] / max(1.0, float(rows["n_offers"].max()))
    size = _SMALLEST_POINT + (_LARGEST_POINT - _SMALLEST_POINT) * weight.fillna(0)
    ax.scatter(rows["x"], rows["share"], s=size, color=color, alpha=0.4, lw=0, zorder=2)
    # Local regression has no band, and is smooth across the steps.
    breaks = steps if rows["ci_low"].notna().any() else ()
    stretches = np.zeros(len(rows), dtype=np.int64)
    for step in breaks:
        stretches += timeline.starts >= step
    for _, part in rows.groupby(stretches):
        band = part[["x", "ci_low", "ci_high"]].to_numpy(dtype=float).T
        ax.fill_between(*band, color=color, alpha=BAND, lw=0)
        line = part["estimate"].astype(float)
        ax.plot(part["x"], line, color=color, lw=1.4, ls=(0, (1, 1.5)), zorder=3)
        ax.plot(part["x"], line.where(part["is_observed"].eq(True)), color=color, lw=2.2, zorder=3)


def _find_range(table: pd.DataFrame) -> tuple[float, float]:
    """Find the least and the largest of what will be drawn."""
    values = table[["share", "estimate", "ci_low", "ci_high"]].astype(float)
    return float(values.min().min()), float(values.max().max())


def _explain(table: pd.DataFrame, timeline: Timeline, words: Language) -> list[str]:
    """Say how to read points, band and shades."""
    has_band = table["ci_low"].notna().any()
    observed = table.loc[table["is_observed"].eq(True), timeline.by]
    return [
        words.choose(
            "Points: estimated period by period, areas by the number of offers.",
            "Points : estimations période par période, d’aires proportionnelles au nombre "
            "d’offres.",
        ),
        words.choose(
            "Line and band: trend and its confidence interval.",
            "Ligne et bande : tendance et son intervalle de confiance.",
        )
        if has_band
        else words.choose(
            "Line: local regression, exploratory, without an interval.",
            "Ligne : régression locale, exploratoire, sans intervalle.",
        ),
        ""
        if timeline.starts.isin(observed).all()
        else words.choose(
            "Shaded, dotted: periods without offers.",
            "Grisé, pointillé : périodes sans offres.",
        ),
    ]


def _explain_panels(
    steps: Sequence[pd.Timestamp], limits: Sequence[tuple[float, float]], words: Language
) -> list[str]:
    """Say how to compare panels, and where the steps are."""
    bottom, top = limits[0]
    span = words.number(100 * (top - bottom), 0)
    named = ", ".join(name_step(step, words) for step in steps)
    return [
        words.choose(
            f"All scales span {span} points.", f"Toutes les échelles couvrent {span} points."
        ),
        words.choose("Not all start at 0.", "Toutes ne partent pas de 0.")
        if any(bottom > 0 for bottom, _ in limits)
        else "",
        words.choose(f"Dashed line: {named}.", f"Ligne tiretée : {named}.") if steps else "",
    ]
