"""What all matplotlib pictures share: limits, colours, names, and labels that do not overlap."""

import sys
from itertools import pairwise

import matplotlib.style
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from jocas_themes.errors import MissingDependencyError
from jocas_themes.plots import (
    plot_learning_curve,
    plot_reliability,
    plot_strata_scores,
    plot_theme_scores,
    plot_threshold_curve,
)
from jocas_themes.plots._canvas import (
    color_themes,
    find_ink,
    find_span,
    label_ends,
    open_axes,
    write_name,
)
from jocas_themes.plots._names import name_grouping, name_theme
from jocas_themes.taxonomy import HR_THEMES

_TABLE_PLOTS = [
    (plot_theme_scores, "compute_score_intervals"),
    (plot_strata_scores, "compute_strata_scores"),
    (plot_threshold_curve, "threshold_curve"),
    (plot_reliability, "compute_reliability"),
]


def test_without_axes_a_new_figure_of_the_given_size_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plt.switch_backend("Agg")
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(True))
    before = plt.get_fignums()
    ax = open_axes(None, (5.0, 3.0), purpose="x")
    assert ax.figure.get_size_inches().tolist() == [5.0, 3.0]
    plt.close(ax.figure)
    assert plt.get_fignums() == before
    assert not shown


def test_axes_given_are_drawn_on_and_no_figure_is_made() -> None:
    ax = Figure().subplots()
    before = plt.get_fignums()
    assert open_axes(ax, (5.0, 3.0), purpose="x") is ax
    assert plt.get_fignums() == before


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("matplotlib", "matplotlib.pyplot"):
        monkeypatch.setitem(sys.modules, module, None)
    table = pd.DataFrame({"theme": ["A"], "f1": 0.5, "f1_low": 0.4, "f1_high": 0.6, "support": 9})
    with pytest.raises(MissingDependencyError) as caught:
        plot_theme_scores(table)
    assert str(caught.value) == (
        "plot_theme_scores needs matplotlib. Install it with: pip install 'jocas-themes[plots]'."
    )


@pytest.mark.parametrize(("plot", "maker"), _TABLE_PLOTS)
def test_a_table_of_other_columns_is_refused_with_what_makes_it(plot: object, maker: str) -> None:
    with pytest.raises(ValueError, match=rf"it lacks \[.*Make it with {maker}"):
        plot(pd.DataFrame({"theme": ["A"], "score": [0.5]}))


@pytest.mark.parametrize(("plot", "maker"), _TABLE_PLOTS)
def test_what_is_no_table_is_refused(plot: object, maker: str) -> None:
    with pytest.raises(TypeError, match=f"must be a DataFrame, got list. Make it with {maker}"):
        plot([0.5])


def test_what_is_no_learning_curve_is_refused() -> None:
    with pytest.raises(TypeError, match=r"got NoneType\. Make it with compute_learning_curve"):
        plot_learning_curve([0.5])


@pytest.mark.parametrize(("plot", "maker"), _TABLE_PLOTS)
def test_a_table_without_rows_is_refused(plot: object, maker: str) -> None:
    names = [f"f1_{x}_{y}" for x in ("kept", "all") for y in ("teacher", "gold")]
    columns = [name + end for name in names for end in ("", "_low", "_high")]
    columns += ["theme", "f1", "f1_low", "f1_high", "support", "by", "stratum", "n_offers"]
    columns += ["threshold", "coverage", "n", "mean_probability", "share", "ci_low", "ci_high"]
    with pytest.raises(ValueError, match=f"a row at least, got none. Make it with {maker}"):
        plot(pd.DataFrame(columns=columns))


@pytest.mark.parametrize(
    ("low", "high", "span"),
    [
        (0.72, 0.81, (0.7, 1.0)),  # 0.7 to 0.9 is under 0.3: room is made upwards first
        (0.3, 0.3, (0.3, 0.6)),
        (0.95, 0.99, (0.7, 1.0)),  # there is none above 1
        (0.0, 1.0, (0.0, 1.0)),
        (0.1, 0.2, (0.1, 0.4)),
    ],
)
def test_limits_are_round_and_not_too_close(
    low: float, high: float, span: tuple[float, float]
) -> None:
    assert find_span(low, high) == pytest.approx(span)


@given(st.floats(0, 1), st.floats(0, 1))
def test_limits_hold_the_shares(a: float, b: float) -> None:
    low, high = find_span(min(a, b), max(a, b))
    assert 0 <= low <= min(a, b) + 1e-9
    assert max(a, b) - 1e-9 <= high <= 1
    assert high - low >= 0.3 - 1e-9


def test_a_theme_keeps_its_colour_whatever_else_is_drawn() -> None:
    alone = color_themes(["WORK_LIFE_BALANCE"])["WORK_LIFE_BALANCE"]
    assert alone == color_themes([*HR_THEMES.codes, "micro"])["WORK_LIFE_BALANCE"]


def test_the_six_themes_have_six_colours_and_averages_none() -> None:
    colors = color_themes([*HR_THEMES.codes, "micro", "macro", "all"])
    assert len({colors[code] for code in HR_THEMES.codes}) == 6
    assert [colors[name] for name in ("micro", "macro", "all")] == [None] * 3


def test_ink_follows_the_style() -> None:
    with matplotlib.style.context("dark_background"):
        assert find_ink(Figure().subplots()) == "white"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("board_5", "board_5"),
        ("$x_{", r"\$x_{"),  # no mathematics
        ("a\x00b\nc\u200bd", "a b c d"),  # nothing that no font draws
        ("word " * 20, "word word word word word word…"),
    ],
)
def test_names_are_written_so_that_they_can_be_drawn(name: str, written: str) -> None:
    assert write_name(name) == written


def test_codes_are_made_readable() -> None:
    assert name_theme("WORK_LIFE_BALANCE") == "Work life balance"
    assert name_theme("micro") == "All cells (micro)"
    assert name_grouping("site_name") == "Board"
    assert name_grouping("job_sector") == "job_sector"


def _read_heights(heights: list[float]) -> list[float]:
    """Label lines that end at these heights, and return where the labels are."""
    ax = Figure((6, 4)).subplots()
    ax.set_ylim(0, 1)
    label_ends(ax, [(height, "●", "red", f"label {height}") for height in heights])
    return [text.xy[1] for text in ax.texts if text.get_text() != "●"]


def test_labels_with_room_stand_at_their_lines() -> None:
    assert _read_heights([0.2, 0.8, 0.5]) == pytest.approx([0.2, 0.5, 0.8])


def test_labels_of_equal_height_part_evenly_the_first_on_top() -> None:
    ax = Figure((6, 4)).subplots()
    ax.set_ylim(0, 1)
    label_ends(ax, [(0.5, "●", "red", "first"), (0.5, "●", "blue", "second")])
    second, first = (text for text in ax.texts if text.get_text() != "●")
    assert (first.get_text(), second.get_text()) == ("first", "second")
    assert first.xy[1] + second.xy[1] == pytest.approx(1.0)


@settings(deadline=None, max_examples=40)  # each draws a figure
@given(st.lists(st.floats(0, 1), min_size=2, max_size=8))
def test_labels_are_in_order_and_apart(heights: list[float]) -> None:
    # One line of 9 points, 1.3 apart, of the 3.08 inches that the axes of a 4-inch figure have.
    line = 1.3 * 9 / 72 / 3.08
    placed = _read_heights(heights)
    assert len(placed) == len(heights)
    assert all(after - before >= line - 1e-9 for before, after in pairwise(placed))
    assert np.min(placed) >= -1e-9
    assert np.max(placed) <= 1 + 1e-9
