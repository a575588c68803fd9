"""`plot_correction`: what the classifier's errors did to a trend."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from jocas_themes.plots._canvas import (
    BAND,
    BLUE,
    FULL,
    HOLLOW,
    VERMILLION,
    add_grid,
    label_ends,
    open_axes,
)
from jocas_themes.plots._language import Language, LanguageCode
from jocas_themes.plots._series import (
    check_series,
    choose_theme,
    find_time,
    name_series,
    read_table,
)
from jocas_themes.plots._share_axis import find_limits, say_scale, write_note, write_ticks
from jocas_themes.plots._time_axis import Timeline, draw_steps, draw_time_axis, shade_missing
from jocas_themes.trends.aggregation import parse_steps

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = ("theme", "estimate", "ci_low", "ci_high")


def plot_correction(
    naive: Any,
    corrected: Any,
    *,
    theme: str | None = None,
    steps: Sequence[Any] = ("2020-03",),
    names: Mapping[str, str] | None = None,
    ax: "Axes | None" = None,
    language: LanguageCode = "en",
) -> "Axes":
    """Draw the naive shares of predicted labels against those corrected for their errors.

    Parameters
    ----------
    naive, corrected : Shares or DataFrame of shape (n_periods, n_columns)
        As `estimate_prevalence` gives them, by the same time (``month``, ``quarter``,
        ``semester`` or ``year``): ``theme``, ``estimate``, ``ci_low`` and ``ci_high`` (0-1)
        are drawn.
    theme : str, optional
        Code of the theme, when the tables have several.
    steps : sequence of months, default=("2020-03",)
        Months to mark.
    names : mapping of str to str, optional
        What to write for a theme's code.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.
    language : {"en", "fr"}, default="en"
        Of words, months and numbers.

    Returns
    -------
    matplotlib Axes
        A line and a band for each; broken, and shaded, where a period is in neither.

    Raises
    ------
    TypeError
        If a table is none, or its periods are no dates.
    ValueError
        If a column or a period is not as it must be, several series are left, or the two are
        not by the same time.
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    plot_errors : The errors themselves.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> from jocas_themes.plots import plot_correction
    >>> corrected = pd.DataFrame({
    ...     "theme": "DIVERSITY", "year": pd.to_datetime(["2019-01-01", "2020-01-01"]),
    ...     "estimate": [0.11, 0.12], "ci_low": [0.09, 0.10], "ci_high": [0.13, 0.14],
    ... })
    >>> naive = corrected.assign(estimate=[0.15, 0.22], ci_low=[0.15, 0.22], ci_high=[0.15, 0.22])
    >>> ax = plot_correction(naive, corrected, ax=Figure().subplots())
    >>> [line.get_label() for line in ax.lines]
    ['Naive', 'Corrected', ...]
    """
    words = Language.open(language)
    tables, code = [], theme
    for table in (naive, corrected):
        rows, code = choose_theme(read_table(table, _COLUMNS, maker="estimate_prevalence"), code)
        if rows["estimate"].isna().all():
            raise ValueError("table must hold a known estimate, got NaN in every row.")
        tables.append(check_series(rows, [find_time(rows)]))
    by, by_corrected = (find_time(rows) for rows in tables)
    if by != by_corrected:
        raise ValueError(
            f"naive and corrected must be by the same time, got {by!r} and {by_corrected!r}."
        )
    ax = open_axes(ax, (7.6, 4.2), purpose="plot_correction")
    both = pd.concat(tables)
    timeline = Timeline.fit(both[by], by)
    limits = find_limits(
        float(both[["estimate", "ci_low"]].min().min()),
        float(both[["estimate", "ci_high"]].max().max()),
    )
    ax.set_ylim(*limits)
    draw_time_axis(ax, timeline, words)
    known = both.loc[both["estimate"].notna(), by]
    shade_missing(ax, timeline, timeline.starts.isin(known))
    labels = [words.choose("Naive", "Naïf"), words.choose("Corrected", "Corrigé")]
    looks = [(VERMILLION, HOLLOW, 1.4), (BLUE, FULL, 2.2)]
    ends = []
    for rows, label, (color, mark, width) in zip(tables, labels, looks, strict=True):
        whole = timeline.complete(rows)
        _draw_line(ax, whole, timeline, color=color, width=width, label=label)
        ends.append((float(whole["estimate"].dropna().iloc[-1]), mark, color, label))
    draw_steps(ax, timeline.keep(parse_steps(steps)), words)
    write_ticks(ax, words)
    add_grid(ax, "y")
    ax.set_ylabel(words.choose("Share of offers", "Part des offres"))
    ax.set_title(name_series(tables[1], words, names), loc="left", pad=18)
    label_ends(ax, ends)
    write_note(ax, [*_explain(timeline, known, words), say_scale(limits[0], words)])
    return ax


def _draw_line(
    ax: "Axes", rows: pd.DataFrame, timeline: Timeline, *, color: str, width: float, label: str
) -> None:
    """Draw one estimate with its band; small points show the periods between two gaps."""
    is_naive = color == VERMILLION
    x = timeline.middles
    band = rows[["ci_low", "ci_high"]].to_numpy(dtype=float).T
    ax.fill_between(x, *band, color=color, alpha=BAND, lw=0)
    ax.plot(
        x,
        rows["estimate"].astype(float),
        "o-",
        color=color,
        mfc=ax.get_facecolor() if is_naive else color,
        ms=3 if len(x) > 40 else 5,
        mew=1,
        lw=width,
        label=label,
    )


def _explain(timeline: Timeline, known: pd.Series, words: Language) -> list[str]:
    """Say what the two lines are."""
    sentences = [
        words.choose(
            "Naive: share of predicted labels, its interval without the classifier’s errors. "
            "Corrected: from gold labels. Bands: confidence intervals.",
            "Naïf : part des étiquettes prédites, son intervalle ignore les erreurs du "
            "classifieur. Corrigé : à partir d’étiquettes humaines. Bandes : intervalles de "
            "confiance.",
        )
    ]
    if not timeline.starts.isin(known).all():
        sentences.append(
            words.choose("Shaded: periods without estimate.", "Grisé : périodes sans estimation.")
        )
    return sentences
