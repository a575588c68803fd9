"""The section of the fixed mix: both courses of each theme are drawn, whole."""

import numpy as np
import pandas as pd
import pytest

from jocas_themes.plots._language import Language
from jocas_themes.reports._pictures import draw_picture
from jocas_themes.reports._trends_mix import build_standardized
from jocas_themes.reports._trends_view import View

pytest.importorskip("matplotlib")

_MONTHS = pd.date_range("2020-01-01", periods=8, freq="MS")
_STEP = pd.Timestamp("2020-03-01")


def make_view(time: str = "month") -> View:
    return View(
        time=time,
        group="sector",
        before=(_STEP, _STEP),
        after=(_STEP, _STEP),
        steps=(_STEP,),
        names={},
        words=Language.open("en"),
    )


def make_trend(level: float) -> pd.DataFrame:
    themes = [
        pd.DataFrame({"theme": theme, "month": _MONTHS, "estimate": level + shift})
        for theme, shift in (("DIVERSITY", 0.0), ("WORK_LIFE_BALANCE", 0.3))
    ]
    trend = pd.concat(themes, ignore_index=True)
    share = trend["estimate"].where(trend["month"] != _MONTHS[4])  # a month without offers
    return trend.assign(
        share=share, ci_low=trend["estimate"] - 0.02, ci_high=trend["estimate"] + 0.02
    )


def test_both_courses_are_drawn_on_equal_scales() -> None:
    section = build_standardized(make_trend(0.30), make_trend(0.10), make_view())
    with draw_picture(section.picture) as figure:
        diversity, balance = figure.axes
        note = figure.get_supxlabel()
        spans = [np.diff(ax.get_ylim())[0] for ax in (diversity, balance)]
        bottom, top = diversity.get_ylim()
        drawn = {
            float(line.get_ydata()[0]) for line in diversity.lines if len(line.get_ydata()) > 2
        }
    assert drawn == {0.1, 0.3}
    assert bottom < 0.1 < 0.3 < top
    assert spans[0] == pytest.approx(spans[1])
    assert "Grey dashes: mix as it was. Shaded: no offers." in note.replace("\n", " ")
    assert section.table.columns.tolist() == [
        "Period",
        "Diversity and inclusion",
        "Work-life balance",
    ]


def test_shares_of_a_few_years_are_drawn_without_a_trend() -> None:
    years = pd.DataFrame({"theme": "DIVERSITY", "year": pd.to_datetime(["2019", "2020", "2021"])})
    years = years.assign(estimate=[0.1, 0.2, np.nan], ci_low=[0.0, 0.1, np.nan])
    years["ci_high"] = years["estimate"] + 0.1
    section = build_standardized(years, years, make_view("year"))
    with draw_picture(section.picture) as figure:
        assert len(figure.axes) == 1
    assert section.table["Diversity and inclusion"].tolist()[2] == ""
