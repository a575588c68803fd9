"""The section of the fixed mix: the course of each theme, had the groups kept their sizes."""

from typing import Any

import numpy as np
import pandas as pd

from jocas_themes.plots._canvas import BAND, BLUE, GREY, add_grid, color_themes
from jocas_themes.plots._panels import open_panels, write_panels_note
from jocas_themes.plots._share_axis import align_limits, write_ticks
from jocas_themes.plots._time_axis import Timeline, draw_steps, draw_time_axis, shade_missing
from jocas_themes.reports._pictures import build_panels
from jocas_themes.reports._sections import Section
from jocas_themes.reports._trends_view import WIDTH, View

_POINT = 9.0  # square points


def build_standardized(crude: pd.DataFrame, fixed: pd.DataFrame, view: View) -> Section:
    """Build the section of shares with a fixed mix, beside those with the mix as it was.

    Both tables are those of `smooth_trend`, or where there are too few periods those of shares.
    """
    group = view.name_group(view.group or "")
    return Section(
        heading=view.say(
            f"Had each {group} kept its size", f"Si chaque {group} avait gardé son poids"
        ),
        note=view.say(
            f"In colour: the shares, and their trend, if each {group} had the same part of the "
            f"offers in every period as in all of them together. Grey: as they were. Where the "
            f"two part, the mix changed; small gaps also come of gold, which corrects each "
            f"{group} by itself.",
            f"En couleur : les parts, et leur tendance, si chaque {group} pesait à chaque période "
            f"autant que sur l’ensemble. En gris : telles qu’elles furent. Là où les deux "
            f"s’écartent, la composition a bougé ; de petits écarts tiennent aussi à la "
            f"correction, faite {group} par {group}.",
        ),
        picture=build_panels(
            view.say("Shares with a fixed mix, by theme", "Parts à composition fixe, par thème"),
            lambda axes: _draw_courses(axes, crude, fixed, view),
            width=WIDTH,
            n_panels=fixed["theme"].nunique(),
        ),
        table=view.pivot(fixed),
    )


def _draw_courses(axes: Any, crude: pd.DataFrame, fixed: pd.DataFrame, view: View) -> None:
    """Draw both courses of each theme, on scales that are equally long."""
    themes = list(dict.fromkeys(fixed["theme"]))
    known = fixed["share"] if "share" in fixed else fixed["estimate"]
    panels = open_panels(axes, len(themes), columns=2, size=(3.1, 2.35), purpose="a picture")
    timeline = Timeline.fit(pd.concat([crude[view.time], fixed[view.time]]), view.time)
    has_gaps = not timeline.starts.isin(fixed.loc[known.notna(), view.time]).all()
    colors = color_themes(themes)
    pairs = [[table[table["theme"] == theme] for table in (crude, fixed)] for theme in themes]
    limits = align_limits([_find_range(*pair) for pair in pairs])
    for ax, theme, pair, ends in zip(panels, themes, pairs, limits, strict=True):
        ax.set_ylim(*ends)
        draw_time_axis(ax, timeline, view.words)
        _draw_course(ax, pair[1], timeline, view, colors[theme] or BLUE)
        _draw_line(ax, pair[0], timeline, view, GREY, lw=1.4, ls=(0, (4, 1.5)))
        draw_steps(ax, timeline.keep(view.steps), view.words, is_named=False)
        write_ticks(ax, view.words)
        add_grid(ax, "y")
        ax.set_title(view.words.theme(theme, view.names), loc="left", fontsize="medium")
    write_panels_note(
        panels,
        [
            view.say("Colour, band: fixed mix.", "Couleur, bande : composition fixe."),
            view.say("Grey dashes: mix as it was.", "Tirets gris : composition réelle."),
            view.say("Shaded: no offers.", "Grisé : sans offres.") if has_gaps else "",
            view.say("Not all scales start at 0.", "Toutes les échelles ne partent pas de 0.")
            if any(ax.get_ylim()[0] > 0 for ax in panels)
            else "",
        ],
    )


def _find_range(crude: pd.DataFrame, fixed: pd.DataFrame) -> tuple[float, float]:
    """Find the least and the largest of what will be drawn of a theme."""
    drawn = fixed[[name for name in ("share", "ci_low", "ci_high") if name in fixed]]
    values = np.concatenate([drawn.to_numpy(dtype=float).ravel(), crude["estimate"]])
    return float(np.nanmin(values)), float(np.nanmax(values))


def _draw_course(ax: Any, rows: pd.DataFrame, timeline: Timeline, view: View, color: str) -> None:
    """Draw the shares of a theme as points, their line and its band."""
    whole = timeline.complete(rows)
    points = whole["share"] if "share" in whole else whole["estimate"]
    shade_missing(ax, timeline, points.notna().to_numpy())
    ax.scatter(timeline.middles, points, s=_POINT, color=color, alpha=0.4, lw=0, zorder=2)
    for part in _split(timeline, view):
        band = whole.loc[part, ["ci_low", "ci_high"]].to_numpy(dtype=float).T
        ax.fill_between(timeline.middles[part], *band, color=color, alpha=BAND, lw=0)
    _draw_line(ax, rows, timeline, view, color, lw=2.2)


def _draw_line(
    ax: Any, rows: pd.DataFrame, timeline: Timeline, view: View, color: str, **look: Any
) -> None:
    """Draw the line of a course, broken at the steps."""
    estimates = timeline.complete(rows)["estimate"].to_numpy(dtype=float)
    for part in _split(timeline, view):
        ax.plot(timeline.middles[part], estimates[part], color=color, zorder=3, **look)


def _split(timeline: Timeline, view: View) -> list["np.typing.NDArray[np.bool_]"]:
    """Tell the periods of each stretch between the steps."""
    passed = sum((timeline.starts >= step).astype(int) for step in view.steps)
    stretches = np.zeros(len(timeline.starts), dtype=int) + passed
    return [stretches == place for place in np.unique(stretches)]
