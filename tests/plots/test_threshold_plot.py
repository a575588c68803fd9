"""The picture of the threshold curve: which lines, of what, and what each threshold keeps."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jocas_themes.plots import plot_threshold_curve

_NAMES = ("kept_teacher", "all_teacher", "kept_gold", "all_gold")


def _build_curve(thresholds: list[float], **f1: list[float]) -> pd.DataFrame:
    table = pd.DataFrame(
        {"threshold": thresholds, "coverage": np.linspace(1, 0.5, len(thresholds))}
    )
    for name in _NAMES:
        values = np.array(f1.get(name, [np.nan] * len(thresholds)))
        table[[f"f1_{name}", f"f1_{name}_low", f"f1_{name}_high"]] = np.column_stack(
            [values, values - 0.02, values + 0.02]
        )
    return table


def _read_ticks(ax: Axes) -> list[str]:
    return [label.get_text() for label in ax.get_xticklabels()]


@pytest.fixture
def by_teacher() -> pd.DataFrame:
    return _build_curve([0.0, 80.0], kept_teacher=[0.76, 0.79], all_teacher=[0.76, 0.74])


def test_without_gold_two_lines_are_drawn(by_teacher: pd.DataFrame) -> None:
    ax = plot_threshold_curve(by_teacher, Figure().subplots())
    drawn = {line.get_label(): line.get_ydata().tolist() for line in ax.lines}
    assert drawn == {
        "Kept cells, against the teacher": [0.76, 0.79],
        "All offers, against the teacher": [0.76, 0.74],
    }
    assert len(ax.collections) == 2


def test_with_gold_four_and_gold_is_the_full_one(by_teacher: pd.DataFrame) -> None:
    table = _build_curve(
        [0.0, 80.0],
        kept_teacher=[0.76, 0.79],
        all_teacher=[0.76, 0.74],
        kept_gold=[0.73, 0.75],
        all_gold=[0.73, 0.70],
    )
    ax = plot_threshold_curve(table, Figure().subplots())
    is_full = {
        line.get_label(): line.get_markerfacecolor() == line.get_color() for line in ax.lines
    }
    assert is_full == {
        "Kept cells, against the teacher": False,
        "Kept cells, against gold": True,
        "All offers, against the teacher": False,
        "All offers, against gold": True,
    }


def test_bands_span_the_intervals(by_teacher: pd.DataFrame) -> None:
    ax = plot_threshold_curve(by_teacher, Figure().subplots())
    kept = ax.collections[0].get_paths()[0].vertices[:, 1]
    # 0.76 - 0.02 at threshold 0, 0.79 + 0.02 at threshold 80
    assert (kept.min(), kept.max()) == pytest.approx((0.74, 0.81))


def test_lines_are_labelled_beside_and_no_legend_is_needed(by_teacher: pd.DataFrame) -> None:
    ax = plot_threshold_curve(by_teacher, Figure().subplots())
    texts = [text.get_text() for text in ax.texts]
    assert texts == [
        "○",
        "All offers,\nagainst the teacher",
        "○",
        "Kept cells,\nagainst the teacher",
    ]
    assert ax.get_legend() is None


def test_thresholds_say_what_they_keep(by_teacher: pd.DataFrame) -> None:
    ax = plot_threshold_curve(by_teacher, Figure().subplots())
    assert _read_ticks(ax) == ["0\n100%", "80\n50%"]


def test_where_there_is_no_room_whole_tens_are_labelled() -> None:
    thresholds = [0.0, 50, 60, 70, 75, 80, 85, 90, 95]
    table = _build_curve(thresholds, all_teacher=[0.7] * 9)
    ax = plot_threshold_curve(table, Figure().subplots())
    # 95 / 11 = 8.6 apart at least: 75, 85 and 95 are too close to whole tens
    assert [tick.split("\n")[0] for tick in _read_ticks(ax)] == ["0", "50", "60", "70", "80", "90"]


def test_one_threshold_alone_can_be_drawn() -> None:
    ax = plot_threshold_curve(_build_curve([80.0], all_gold=[0.7]), Figure().subplots())
    assert _read_ticks(ax) == ["80\n100%"]


def test_rows_are_put_in_order(by_teacher: pd.DataFrame) -> None:
    ax = plot_threshold_curve(by_teacher.iloc[::-1], Figure().subplots())
    assert ax.lines[0].get_xdata().tolist() == [0, 80]


def test_a_threshold_without_f1_is_left_out() -> None:
    table = _build_curve([0.0, 80.0, 90.0], all_teacher=[0.7, 0.6, np.nan])
    ax = plot_threshold_curve(table, Figure().subplots())
    assert ax.lines[0].get_xdata().tolist() == [0, 80]


def test_a_table_without_any_f1_is_refused() -> None:
    with pytest.raises(ValueError, match="must hold a known F1, got NaN in every column"):
        plot_threshold_curve(_build_curve([0.0, 80.0]), Figure().subplots())
