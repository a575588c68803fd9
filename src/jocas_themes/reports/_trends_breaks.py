"""The section of the breaks: by how much a share jumped or turned at a step."""

from typing import Any

import pandas as pd

from jocas_themes.plots._canvas import GREY, color_themes
from jocas_themes.plots._panels import open_panels, write_panels_note
from jocas_themes.plots._rows import ROW_INCHES, Row, draw_rows
from jocas_themes.reports._pictures import Picture
from jocas_themes.reports._sections import Section
from jocas_themes.reports._trends_view import WIDTH, View

_ALPHA = 0.05
_MARGIN = 0.05  # of the scale


def build_breaks(breaks: pd.DataFrame, view: View) -> Section:
    """Build the section of what `test_break` found at each step."""
    titles = {
        "level": view.say("Jump, in points", "Saut, en points"),
        "slope": view.say(
            "Change of slope, in points a year", "Changement de pente, en points par an"
        ),
    }

    def draw(axes: Any) -> None:
        panels = open_panels(axes, 2, columns=2, size=(WIDTH / 2, 2), purpose="a picture")
        for ax, (effect, title) in zip(panels, titles.items(), strict=True):
            _draw_effect(ax, breaks[breaks["effect"] == effect], title, view)
        panels[1].tick_params(axis="y", labelleft=False)
        hollow = view.say(
            "Hollow: not significant at 5%, adjusted for all that is in this panel.",
            "Creux : non significatif au seuil de 5\N{NO-BREAK SPACE}%, ajusté pour tout ce que "
            "montre ce panneau.",
        )
        write_panels_note(panels, [hollow])

    n_rows = (breaks["effect"] == "level").sum() + breaks["at"].nunique()
    return Section(
        heading=view.say("Jumps and turns", "Sauts et inflexions"),
        note=view.say(
            "How far the share leaves its own trend and seasons at a step: at once, and year by "
            "year from then on. Where an interval holds 0 there may be no break; p, corrected, is "
            "of both together. Whatever else began in that month is in it.",
            "De combien la part quitte sa propre tendance et ses saisons à une date : d’un coup, "
            "puis d’année en année. Un intervalle qui contient 0 ne tranche pas ; p, corrigée, "
            "porte sur les deux ensemble. Tout ce qui a commencé ce mois-là s’y trouve mêlé.",
        ),
        picture=Picture(
            draw,
            1.1 + ROW_INCHES * n_rows,
            view.say("Jump and change of slope, by theme", "Saut et inflexion, par thème"),
            width=WIDTH,
            panels=(1, 2),
        ),
        table=_list_breaks(breaks, view),
    )


def _list_breaks(breaks: pd.DataFrame, view: View) -> pd.DataFrame:
    """Write the breaks, a row a theme and step."""
    levels, slopes, joint = (
        breaks[breaks["effect"] == effect] for effect in ("level", "slope", "joint")
    )
    return pd.DataFrame(
        {
            view.say("Theme", "Thème"): view.name_themes(levels),
            view.say("From", "Depuis"): [view.words.month(step) for step in levels["at"]],
            view.say("Jump, points", "Saut, points"): view.write_points(levels, "change"),
            view.say("Slope, points a year", "Pente, points par an"): view.write_points(
                slopes, "change"
            ),
            view.say("p, corrected", "p corrigée"): [view.write_p(p) for p in joint["p_adjusted"]],
        }
    )


def _draw_effect(ax: Any, effect: pd.DataFrame, title: str, view: View) -> None:
    """Draw the jumps or the turns, one row a theme, under its step."""
    colors = color_themes(effect["theme"])
    rows = []
    for step in sorted(set(effect["at"])):
        rows.append(Row(view.words.month(step), is_heading=True))
        part = effect[effect["at"] == step]
        for name, row in zip(view.name_themes(part), part.to_dict("records"), strict=True):
            rows.append(
                Row(
                    name,
                    color=colors[row["theme"]],
                    score=row["change"],
                    low=row["ci_low"],
                    high=row["ci_high"],
                    figures=(view.words.number(100 * row["change"], sign=True),),
                    is_shaky=not row["p_adjusted"] < _ALPHA,
                )
            )
    draw_rows(ax, rows, ("",), axis_label=title)
    low, high = min(effect["ci_low"].min(), 0), max(effect["ci_high"].max(), 0)
    margin = _MARGIN * (high - low)
    ax.set_xlim(low - margin, high + margin)
    ax.axvline(0, color=GREY, lw=1, zorder=1)
    ax.xaxis.set_major_formatter(lambda change, _: view.words.points(change))
