"""The axis of shares: honest limits, and notes that fit."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from jocas_themes.plots._language import Language
from jocas_themes.plots._share_axis import (
    SMALLEST_SPAN,
    align_limits,
    find_limits,
    fit_note,
    say_scale,
    write_note,
    write_ticks,
)

ENGLISH = Language.open("en")


@given(st.floats(0, 1), st.floats(0, 1))
def test_limits_hold_the_shares_and_are_not_too_close(one: float, other: float) -> None:
    low, high = sorted((one, other))
    bottom, top = find_limits(low, high)
    assert bottom <= low
    assert top >= high
    assert bottom >= 0
    assert top - bottom >= SMALLEST_SPAN - 1e-12


def test_limits_begin_at_zero_where_that_is_near() -> None:
    assert find_limits(0.02, 0.10)[0] == 0
    assert find_limits(0.50, 0.60)[0] > 0.4


def test_a_share_below_zero_is_seen() -> None:
    assert find_limits(-0.01, 0.05)[0] == -0.01


def test_nothing_known_is_refused() -> None:
    with pytest.raises(ValueError, match="table must hold a known share, got NaN in every row"):
        find_limits(np.nan, np.nan)


def test_a_scale_that_does_not_begin_at_zero_says_so() -> None:
    assert say_scale(0.0, ENGLISH) == say_scale(-0.01, ENGLISH) == ""
    assert say_scale(0.1, ENGLISH) == "The scale does not start at 0."


def test_scales_are_equally_long_and_end_a_little_above_all() -> None:
    limits = align_limits([(0.3, 0.5), (0.9, 0.98)])
    spans = [top - bottom for bottom, top in limits]
    # 20 points and a margin of 6% on both sides; nothing is drawn beyond 102%.
    assert spans == pytest.approx([0.224, 0.224])
    assert limits[0] == pytest.approx((0.288, 0.512))
    assert limits[1] == pytest.approx((0.796, 1.02))


def test_ticks_are_percentages() -> None:
    ax = Figure().subplots()
    ax.set_ylim(0, 0.1)
    write_ticks(ax, ENGLISH)
    ax.set_yticks([0, 0.05, 0.1])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0%", "5%", "10%"]


def test_a_note_leaves_out_what_is_empty_and_breaks_its_lines() -> None:
    label = Figure().text(0, 0, "")
    sentences = ["One sentence.", "", "Another, which is longer."]
    fit_note(label, sentences, 1000)
    assert label.get_text() == "One sentence. Another, which is longer."
    width = label.get_window_extent().width
    fit_note(label, sentences, 0.9 * width)
    assert label.get_text() == "One sentence. Another, which is\nlonger."


def test_an_empty_note_is_no_line() -> None:
    ax = Figure().subplots()
    write_note(ax, ["", ""])
    assert ax.get_xlabel() == ""


def test_a_note_stays_inside_the_figure() -> None:
    figure = Figure(figsize=(6, 3), layout="constrained")
    ax = figure.subplots()
    ax.set_yticks([0, 1], ["a rather long name of a row", "another"])
    write_note(ax, ["Words and more words."] * 12)
    figure.draw_without_rendering()
    box = ax.xaxis.label.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.width
    assert box.y0 >= 0


@pytest.mark.parametrize("dpi", [72, 100, 150])
def test_a_note_stays_inside_at_any_resolution(dpi: int) -> None:
    figure = Figure(figsize=(6, 3), layout="constrained")
    ax = figure.subplots()
    ax.set_yticks([0, 1], ["a rather long name of a row", "another"])
    write_note(ax, ["Words and more words."] * 12)
    for format_ in ("svg", "png"):
        figure.savefig(io.BytesIO(), format=format_, dpi=dpi)
        assert ax.xaxis.label.get_window_extent().x0 >= 0
