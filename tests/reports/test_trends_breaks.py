"""The section of the breaks, word for word."""

import pandas as pd
import pytest

from jocas_themes.plots._language import Language
from jocas_themes.reports._pictures import draw_picture
from jocas_themes.reports._trends_breaks import build_breaks
from jocas_themes.reports._trends_view import View

_MONTH = pd.Timestamp("2020-03-01")
_LATER = pd.Timestamp("2021-06-01")


def make_view(language: str) -> View:
    return View(
        time="month",
        group=None,
        before=(_MONTH, _MONTH),
        after=(_LATER, _LATER),
        steps=(_MONTH, _LATER),
        names={},
        words=Language.open(language),
    )


@pytest.fixture
def breaks() -> pd.DataFrame:
    effects = pd.DataFrame(
        {
            "theme": "DIVERSITY",
            "effect": ["level", "slope", "joint"],
            "change": [0.05, -0.012, None],
            "ci_low": [0.02, -0.03, None],
            "ci_high": [0.08, 0.006, None],
            "p_adjusted": [0.002, 0.3, 0.0001],
        }
    )
    return pd.concat([effects.assign(at=month) for month in (_MONTH, _LATER)], ignore_index=True)


def test_the_table_has_a_row_a_theme_and_step(breaks: pd.DataFrame) -> None:
    assert build_breaks(breaks, make_view("en")).table.to_dict("records")[1] == {
        "Theme": "Diversity and inclusion",
        "From": "Jun 2021",
        "Jump, points": "+5.0 [+2.0, +8.0]",
        "Slope, points a year": "−1.2 [−3.0, +0.6]",
        "p, corrected": "< 0.001",
    }
    french = build_breaks(breaks, make_view("fr")).table
    assert french.columns.tolist() == [
        "Thème",
        "Depuis",
        "Saut, points",
        "Pente, points par an",
        "p corrigée",
    ]


def test_the_picture_shows_both_effects_under_their_step(breaks: pd.DataFrame) -> None:
    pytest.importorskip("matplotlib")
    with draw_picture(build_breaks(breaks, make_view("en")).picture) as figure:
        jumps, turns = figure.axes
        rows = [text.get_text() for text in jumps.get_yticklabels()]
        dots = [[line for line in ax.lines if line.get_marker() == "o"] for ax in (jumps, turns)]
    assert rows == ["Mar 2020", "Diversity and inclusion", "Jun 2021", "Diversity and inclusion"]
    assert [line.get_xdata()[0] for line in dots[0]] == [0.05, 0.05]
    assert jumps.get_xlim()[0] < 0 < jumps.get_xlim()[1]
    # full where p is under 0.05, hollow where not
    assert dots[0][0].get_markerfacecolor() == dots[0][0].get_color()
    assert dots[1][0].get_markerfacecolor() != dots[1][0].get_color()
