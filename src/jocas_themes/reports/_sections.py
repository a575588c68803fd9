"""The sections of a report: what they are called, say, list and draw."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from jocas_themes.evaluation import LearningCurve
from jocas_themes.plots import (
    plot_learning_curve,
    plot_reliability,
    plot_strata_scores,
    plot_theme_scores,
    plot_threshold_curve,
)
from jocas_themes.plots._names import name_grouping, name_theme
from jocas_themes.plots._rows import ROW_INCHES
from jocas_themes.reports._findings import GOLD, TEACHER
from jocas_themes.reports._pictures import Picture


@dataclass(frozen=True, eq=False)
class Section:
    """A heading, a note, a picture, and a table whose cells are ready to be read."""

    heading: str
    note: str
    picture: Picture
    table: pd.DataFrame


def build_scores(scores: pd.DataFrame, *, by_gold: bool) -> Section:
    """Build the section of the themes, against gold or against the teacher."""
    truth = GOLD if by_gold else TEACHER
    note = (
        "Gold is what people say of the offers; offers drawn unequally are weighted for it."
        if by_gold
        else "How well the student imitates the teacher, which is not accuracy against people."
    )
    return Section(
        heading=f"Themes, against {truth}",
        note=note,
        picture=Picture(
            lambda ax: plot_theme_scores(scores, ax),
            1 + ROW_INCHES * len(scores),
            f"F1 of each theme against {truth}, with intervals",
        ),
        table=pd.DataFrame(
            {
                "Theme": scores["theme"].map(name_theme),
                "F1": _write(scores["f1"]),
                "95% interval": _write_intervals(scores),
                "Precision": _write(scores["precision"]),
                "Recall": _write(scores["recall"]),
                "With the theme": _write(scores["support"], ",.0f"),
                "Known": _write(scores["n_offers"], ",.0f"),
            }
        ),
    )


def build_reliability(reliability: pd.DataFrame, calibration: pd.DataFrame) -> Section:
    """Build the section of the probabilities."""
    return Section(
        heading="Are the probabilities right?",
        note=(
            "Of cells given a probability of 0.7, seven in ten should have the theme, as the "
            "teacher sees it. The error is the mean distance from that, the bias the mean "
            "probability minus the share observed: over 0, the theme is over-estimated."
        ),
        picture=Picture(
            lambda ax: plot_reliability(reliability, ax),
            4.8,
            "Share of cells with the theme by the student's mean probability",
        ),
        table=pd.DataFrame(
            {
                "Theme": calibration["theme"].map(name_theme),
                "Error (ECE)": _write(calibration["ece"], ".3f"),
                "Bias": _write(calibration["bias"], "+.3f"),
                "Brier score": _write(calibration["brier"], ".3f"),
                "Known": _write(calibration["n_offers"], ",.0f"),
            }
        ),
    )


def build_strata(strata: pd.DataFrame) -> Section:
    """Build the section of the strata."""
    n_rows = len(strata) + strata["by"].nunique()
    return Section(
        heading="Where it is weak",
        note=(
            "Over all cells of the offers of each stratum, against the teacher's answers. Of "
            "twenty intervals, one is expected to miss."
        ),
        picture=Picture(
            lambda ax: plot_strata_scores(strata, ax),
            1 + ROW_INCHES * n_rows,
            "F1 of each stratum of offers, with intervals",
        ),
        table=pd.DataFrame(
            {
                "By": strata["by"].map(name_grouping),
                "Stratum": strata["stratum"].astype(str),
                "F1": _write(strata["f1"]),
                "95% interval": _write_intervals(strata),
                "With a theme": _write(strata["support"], ",.0f"),
                "Offers": _write(strata["n_offers"], ",.0f"),
            }
        ),
    )


def build_threshold(curve: pd.DataFrame) -> Section:
    """Build the section of the filter on the confidence."""
    columns = {
        f"{scored}, by {truth}": f"f1_{key}_{truth}"
        for truth in ("teacher", "gold")
        for scored, key in (("Kept cells", "kept"), ("All offers", "all"))
        if curve[f"f1_{key}_{truth}"].notna().any()
    }
    return Section(
        heading="Does a filter on the confidence help?",
        note=(
            "The student learns from the annotations at or over each threshold. On the cells "
            "kept its F1 rises because they are easier; on all offers it tells what was gained."
        ),
        picture=Picture(
            lambda ax: plot_threshold_curve(curve, ax),
            4.4,
            "F1 on kept cells and on all offers, by the threshold of the filter",
        ),
        table=pd.DataFrame(
            {
                "Threshold": _write(curve["threshold"], "g"),
                "Kept": _write(curve["coverage"], ".1%"),
            }
            | {name: _write(curve[column], ".3f") for name, column in columns.items()}
        ),
    )


def build_learning(learning: LearningCurve) -> Section:
    """Build the section of the learning curve."""
    columns = ["n_offers", "cost_usd", "f1", "f1_low", "f1_high"]
    measured, ahead = learning.table[columns], learning.forecast[columns].tail(1)
    rows = pd.concat([measured.assign(kind="measured"), ahead.assign(kind="forecast")])
    cells: Mapping[str, Any] = {
        "Annotated offers": _write(rows["n_offers"], ",.0f"),
        "Cost (USD)": _write(rows["cost_usd"], ",.2f"),
        "F1": _write(rows["f1"], ".3f"),
        "95% interval": _write_intervals(rows),
        "": rows["kind"],
    }
    table = pd.DataFrame(cells)
    return Section(
        heading="Is it worth annotating more?",
        note="Against the teacher's answers, on offers that no size learns from.",
        picture=Picture(
            lambda ax: plot_learning_curve(learning, ax),
            4.2,
            "F1 by the number of annotated offers learnt from",
        ),
        table=table if rows["cost_usd"].notna().any() else table.drop(columns="Cost (USD)"),
    )


def _write(values: pd.Series, form: str = ".2f") -> pd.Series:
    """Write numbers; what is not known is left blank."""
    return values.map(lambda value: "" if pd.isna(value) else format(value, form))


def _write_intervals(table: pd.DataFrame) -> list[str]:
    return [
        "" if pd.isna(low) else f"{low:.2f} to {high:.2f}"
        for low, high in zip(table["f1_low"], table["f1_high"], strict=True)
    ]
