"""The pictures of scores: each dot, each interval, each figure where it belongs."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from jocas_themes.plots import plot_strata_scores, plot_theme_scores


def _read_names(ax: Axes) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def _read_dots(ax: Axes) -> list[tuple[float, float]]:
    return [tuple(line.get_xydata()[0]) for line in ax.lines if line.get_marker() == "o"]


def _read_whiskers(ax: Axes) -> list[list[float]]:
    return [list(line.get_xdata()) for line in ax.lines if line.get_marker() != "o"]


@pytest.fixture
def scores() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "theme": ["DIVERSITY", "WORK_LIFE_BALANCE", "micro", "macro"],
            "precision": 0.8,
            "recall": 0.8,
            "f1": [0.90, np.nan, 0.84, 0.87],
            "f1_low": [0.85, np.nan, 0.81, 0.80],
            "f1_high": [0.95, np.nan, 0.87, 0.91],
            "support": [137, 0, 2510, 2510],
            "n_offers": [2077, 2077, 12462, 12462],
        }
    )


@pytest.fixture
def strata() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "by": ["site_name", "site_name", "year"],
            "stratum": ["board_5", "$board_7$", "2023"],
            "n_offers": [1208, 29, 712],
            "support": [1316, 38, 776],
            "f1": [0.78, 0.73, 0.79],
            "f1_low": [0.76, 0.59, 0.76],
            "f1_high": [0.80, 0.84, 0.81],
        }
    )


def test_each_theme_has_a_dot_and_a_whisker_in_its_row(scores: pd.DataFrame) -> None:
    ax = plot_theme_scores(scores, Figure().subplots())
    assert _read_names(ax) == [
        *("Diversity", "Work life balance", "All cells (micro)", "Mean of themes (macro)"),
    ]
    np.testing.assert_array_equal(_read_dots(ax), [(0.90, 0), (np.nan, 1), (0.84, 2), (0.87, 3)])
    np.testing.assert_array_equal(
        _read_whiskers(ax), [[0.85, 0.95], [np.nan, np.nan], [0.81, 0.87], [0.80, 0.91]]
    )


def test_the_first_row_is_on_top(scores: pd.DataFrame) -> None:
    bottom, top = plot_theme_scores(scores, Figure().subplots()).get_ylim()
    assert bottom > 3 > 0 > top


def test_figures_stand_beside_and_an_unknown_one_is_blank(scores: pd.DataFrame) -> None:
    ax = plot_theme_scores(scores, Figure().subplots())
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["0.90", "137", "", "0", "0.84", "2,510", "0.87", "2,510", "F1", "present"]


def test_axis_says_its_unit(scores: pd.DataFrame) -> None:
    ax = plot_theme_scores(scores, Figure().subplots())
    assert ax.get_xlabel() == "F1 (0 to 1) and its 95% interval"
    assert ax.get_xlim() == pytest.approx((0.7, 1.0))  # 0.80 to 0.95, widened to 0.3


def test_no_score_at_all_gives_the_whole_axis(scores: pd.DataFrame) -> None:
    ax = plot_theme_scores(scores.iloc[[1]], Figure().subplots())
    assert ax.get_xlim() == (0, 1)


def test_strata_stand_under_the_heading_of_their_grouping(strata: pd.DataFrame) -> None:
    ax = plot_strata_scores(strata, Figure().subplots())
    assert _read_names(ax) == ["Board", "board_5", r"\$board_7\$", "Year", "2023"]
    assert _read_dots(ax) == [(0.78, 1), (0.73, 2), (0.79, 4)]
    weights = [label.get_fontweight() for label in ax.get_yticklabels()]
    assert weights == ["bold", "normal", "normal", "bold", "normal"]


def test_the_dot_of_few_offers_is_hollow(strata: pd.DataFrame) -> None:
    ax = plot_strata_scores(strata, Figure().subplots())
    insides = [to_hex(line.get_markerfacecolor()) for line in ax.lines if line.get_marker() == "o"]
    assert insides == ["#0072b2", "#ffffff", "#0072b2"]
    assert "hollow: under 30 offers" in ax.get_xlabel()


def test_a_board_whose_name_looks_like_mathematics_can_be_drawn(strata: pd.DataFrame) -> None:
    strata.loc[0, "stratum"] = r"$\frac{"
    figure = Figure()
    plot_strata_scores(strata, figure.subplots())
    figure.draw_without_rendering()


def test_tables_are_not_changed(scores: pd.DataFrame, strata: pd.DataFrame) -> None:
    copies = scores.copy(), strata.copy()
    plot_theme_scores(scores, Figure().subplots())
    plot_strata_scores(strata, Figure().subplots())
    pd.testing.assert_frame_equal(scores, copies[0])
    pd.testing.assert_frame_equal(strata, copies[1])
