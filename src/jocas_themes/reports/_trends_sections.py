"""The sections of a report on trends: what they are called, say, list and draw."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from jocas_themes.plots import (
    plot_changes,
    plot_correction,
    plot_decomposition,
    plot_errors,
    plot_map,
    plot_trends,
    plot_volume,
)
from jocas_themes.plots._rows import ROW_INCHES
from jocas_themes.reports._pictures import Picture, build_panels
from jocas_themes.reports._sections import Section
from jocas_themes.reports._trends_breaks import build_breaks
from jocas_themes.reports._trends_mix import build_standardized
from jocas_themes.reports._trends_view import WIDTH, View
from jocas_themes.trends._volume import ALL_BOARDS

_MOST_BOARDS = 8
_REGION = "region"

Tables = Mapping[str, pd.DataFrame]


def iter_sections(tables: Tables, view: View) -> Iterator[tuple[str, Section]]:
    """Yield the sections in order, each with the name under which its picture is kept."""
    if "trends" in tables:  # not of a few years
        yield "trends", _build_trends(tables["trends"], view)
    yield "changes", _build_changes(tables["changes"], view)
    if "breaks" in tables:
        yield "breaks", build_breaks(tables["breaks"], view)
    yield "correction", _build_correction(tables["naive"], tables["shares"], view)
    if "errors" in tables:
        yield "errors", _build_errors(tables["errors"], view)
    if view.group is not None:
        yield from _iter_group(tables, view.group, view)
    if "volume" in tables:
        yield "volume", _build_volume(tables["volume"], view)


def _build_trends(trends: pd.DataFrame, view: View) -> Section:
    return Section(
        heading=view.say("The trends", "Les tendances"),
        note=view.say(
            "Points: the share of each period, the labels' errors counted in. Line and band: the "
            "trend without season and its 95% interval, wider where periods are missing.",
            "Points : la part de chaque période, erreurs d’étiquetage comprises. Ligne et bande : "
            "la tendance désaisonnalisée et son intervalle à 95 %, plus large là où des périodes "
            "manquent.",
        ),
        picture=build_panels(
            view.say("Trend of each theme", "Tendance de chaque thème"),
            lambda axes: plot_trends(trends, steps=view.steps, axes=axes, **view.drawing),
            width=WIDTH,
            n_panels=trends["theme"].nunique(),
        ),
        table=view.pivot(trends),
    )


def _build_changes(changes: pd.DataFrame, view: View) -> Section:
    caution = view.say(
        "A change whose interval holds 0 may be none; p-values are corrected for the number of "
        "comparisons. That something changed at a date does not say why.",
        "Une évolution dont l’intervalle contient 0 peut être nulle ; les valeurs p sont "
        "corrigées du nombre de comparaisons. Une coïncidence de dates n’est pas une cause.",
    )
    return Section(
        heading=view.say("What changed", "Ce qui a changé"),
        note=f"{view.stretches} {caution}",
        picture=_draw_changes(changes, "theme", None, view),
        table=view.list_changes(changes, "theme"),
    )


def _build_correction(naive: pd.DataFrame, corrected: pd.DataFrame, view: View) -> Section:
    themes = list(dict.fromkeys(corrected["theme"]))

    def draw(axes: Any) -> None:
        for theme, ax in zip(themes, np.ravel(axes), strict=False):
            plot_correction(naive, corrected, theme=theme, steps=view.steps, ax=ax, **view.drawing)

    return Section(
        heading=view.say("What the labels' errors did", "L’effet des erreurs d’étiquetage"),
        note=view.say(
            "The shares as labels are counted, beside those that gold corrects. Where they part "
            "by more than the bands, the count is wrong.",
            "Les parts telles qu’on les compte, et celles que la lecture humaine corrige. Là où "
            "elles s’écartent au-delà des bandes, le comptage se trompe.",
        ),
        picture=build_panels(
            view.say("Counted and corrected shares", "Parts comptées et corrigées"),
            draw,
            width=WIDTH,
            n_panels=len(themes),
            columns=1,
            row_height=3.2,
        ),
        table=view.pivot(corrected),
    )


def _build_errors(errors: pd.DataFrame, view: View) -> Section:
    if "period" not in errors:
        errors = errors.assign(period=view.say("all offers", "toutes les offres"))
    n_rows = errors["theme"].nunique() * (2 + errors["period"].nunique())
    names = {
        "sensitivity": view.say("sensitivity", "sensibilité"),
        "specificity": view.say("specificity", "spécificité"),
    }
    shown = errors[errors["rate"].isin(names)]
    return Section(
        heading=view.say("The labels' errors", "Les erreurs d’étiquetage"),
        note=view.say(
            "Sensitivity: of the offers with the theme, the part so labelled. Specificity: of "
            "those without, the part labelled without. Where they drift, counts mislead.",
            "Sensibilité : part des offres du thème étiquetées comme telles. Spécificité : part "
            "des autres étiquetées sans. Là où elles dérivent, les comptages trompent.",
        ),
        picture=Picture(
            lambda axes: plot_errors(errors, axes=axes, **view.drawing),
            1.5 + 0.18 * n_rows,
            view.say("Sensitivity and specificity", "Sensibilité et spécificité"),
            width=WIDTH,
            panels=(1, 2),
        ),
        table=pd.DataFrame(
            {
                view.say("Theme", "Thème"): view.name_themes(shown),
                view.say("Period", "Période"): [
                    view.words.period(period, "period") for period in shown["period"]
                ],
                view.say("Rate", "Taux"): shown["rate"].map(names),
                view.say("Estimate", "Estimation"): view.write_estimates(shown),
                view.say("Read", "Lues"): shown["n_gold"],
            }
        ),
    )


def _build_volume(volume: pd.DataFrame, view: View) -> Section:
    sizes = volume.groupby("board", sort=False)["n_offers"].sum()
    largest = volume[volume["board"].isin(sizes.nlargest(_MOST_BOARDS).index)]
    n_boards = largest["board"].nunique()
    wide = largest.pivot(index=view.time, columns="board", values="n_offers")
    wide = wide[list(dict.fromkeys(largest["board"]))]
    every = {ALL_BOARDS: view.say("All boards", "Tous les sites"), **view.names}
    wide.columns = pd.Index([view.words.group(board, "board", every) for board in wide.columns])
    periods = [view.words.period(period, view.time) for period in wide.index]
    wide.insert(0, view.say("Period", "Période"), periods, allow_duplicates=True)
    note = view.say(
        "A board that enters or leaves changes the mix, and with it the shares. The largest "
        "boards are drawn.",
        "Un site qui entre ou sort change la composition, donc les parts. Les plus grands "
        "sites sont dessinés.",
    )
    return Section(
        heading=view.say("How many offers", "Combien d’offres"),
        note=note,
        picture=Picture(
            lambda axes: plot_volume(largest, steps=view.steps, axes=axes, **view.drawing),
            0.9 + 1.05 * n_boards,
            view.say("Offers by period and board", "Offres par période et par site"),
            width=WIDTH,
            panels=(n_boards, 1),
        ),
        table=wide,
    )


def _iter_group(tables: Tables, group: str, view: View) -> Iterator[tuple[str, Section]]:
    """Yield the changes by group, theme by theme, and what the mix has to do with them."""
    changes = tables[f"changes_by_{group}"]
    for theme, rows in changes.groupby("theme", sort=False):
        name = view.words.theme(str(theme), view.names)
        section = Section(
            heading=f"{name}, {view.say('by', 'par')} {view.name_group(group)}",
            note=view.stretches,
            picture=_draw_changes(rows, group, str(theme), view),
            table=view.list_changes(rows, group),
        )
        yield f"changes_by_{group}_{theme}", section
    if group == _REGION:
        yield "map", _build_map(changes, view)
    yield f"standardized_by_{group}", build_standardized(*_choose_courses(tables, group), view)
    yield (
        f"decomposition_by_{group}",
        _build_decomposition(tables[f"decomposition_by_{group}"], group, view),
    )


def _choose_courses(tables: Tables, group: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Choose what to show with the mix as it was, and held fixed: trends where both have one."""
    names = "trends", f"standardized_trends_by_{group}"
    if not set(names) <= tables.keys():
        names = "shares", f"standardized_by_{group}"
    return tables[names[0]], tables[names[1]]


def _build_map(changes: pd.DataFrame, view: View) -> Section:
    themes = list(dict.fromkeys(changes["theme"]))

    def draw(axes: Any) -> None:
        for theme, ax in zip(themes, np.ravel(axes), strict=False):
            plot_map(changes, value="change", theme=theme, ax=ax, **view.drawing)

    return Section(
        heading=view.say("The changes on a map", "Les évolutions sur une carte"),
        note=view.stretches,
        picture=build_panels(
            view.say("Changes by region", "Évolutions par région"),
            draw,
            width=WIDTH,
            n_panels=len(themes),
            columns=1,
            row_height=6.0,
        ),
        table=view.list_changes(changes, _REGION),
    )


def _build_decomposition(parts: pd.DataFrame, group: str, view: View) -> Section:
    name = view.name_group(group)
    of_all = parts[parts["group"] == "all"]
    components = {
        "within": view.say("within", "à composition égale"),
        "composition": view.say("composition", "composition"),
        "total": "total",
    }
    return Section(
        heading=view.say(
            f"Within each {name}, or between them?",
            f"Au sein de chaque {name}, ou par la composition ?",
        ),
        note=view.say(
            f"The change is the sum of what happened within each {name} and of the offers that "
            f"moved between them.",
            f"L’évolution est la somme de ce qui a changé au sein de chaque {name} et du poids "
            f"pris ou perdu par chaque {name}.",
        ),
        picture=Picture(
            lambda ax: plot_decomposition(of_all, ax=ax, **view.drawing),
            1.7 + 0.55 * of_all["theme"].nunique(),
            view.say("Within and composition, by theme", "Effets propre et de composition"),
            width=WIDTH,
        ),
        table=pd.DataFrame(
            {
                view.say("Theme", "Thème"): view.name_themes(of_all),
                view.say("Part", "Effet"): of_all["component"].map(components),
                "Points": view.write_points(of_all, "estimate"),
            }
        ),
    )


def _draw_changes(changes: pd.DataFrame, by: str, theme: str | None, view: View) -> Picture:
    return Picture(
        lambda ax: plot_changes(changes, by=by, theme=theme, ax=ax, **view.drawing),
        1.5 + ROW_INCHES * len(changes),
        f"{view.say('Before and after', 'Avant et après')}, {view.name_group(by)}",
        width=WIDTH,
    )
