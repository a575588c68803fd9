"""The picture of the probabilities: all themes with whiskers, each theme as a thin line."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from jocas_themes.plots import plot_reliability


def _build_bins(theme: str, n: tuple[int, ...] = (500, 100)) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "theme": theme,
            "low": [0.0, 0.5],
            "high": [0.4, 1.0],
            "n": n,
            "mean_probability": [0.1, 0.8],
            "share": [0.05, 0.9],
            "ci_low": [0.03, 0.84],
            "ci_high": [0.07, 0.95],
        }
    )


def _get_line(ax: Axes, label: str) -> Line2D:
    (line,) = (line for line in ax.lines if line.get_label() == label)
    return line


def test_all_themes_have_a_line_with_whiskers() -> None:
    ax = plot_reliability(_build_bins("all"), Figure().subplots())
    line = _get_line(ax, "All themes")
    assert line.get_xdata().tolist() == [0.1, 0.8]
    assert line.get_ydata().tolist() == [0.05, 0.9]
    whiskers = ax.collections[0].get_segments()
    np.testing.assert_allclose(whiskers, [[[0.1, 0.03], [0.1, 0.07]], [[0.8, 0.84], [0.8, 0.95]]])


def test_themes_have_thin_lines_without() -> None:
    table = pd.concat([_build_bins("DIVERSITY"), _build_bins("all")])
    ax = plot_reliability(table, Figure().subplots())
    theme, whole = _get_line(ax, "Diversity"), _get_line(ax, "All themes")
    assert theme.get_linewidth() < whole.get_linewidth()
    assert len(ax.collections) == 1


def test_a_theme_is_broken_at_bins_of_few_cells() -> None:
    ax = plot_reliability(_build_bins("DIVERSITY", n=(500, 19)), Figure().subplots())
    np.testing.assert_array_equal(_get_line(ax, "Diversity").get_ydata(), [0.05, np.nan])


def test_the_diagonal_is_named() -> None:
    ax = plot_reliability(_build_bins("all"), Figure().subplots())
    assert ax.lines[0].get_xydata().tolist() == [[0, 0], [1, 1]]
    assert ax.texts[0].get_text() == "calibrated"


def test_axes_have_the_same_scale_from_0_to_1() -> None:
    ax = plot_reliability(_build_bins("all"), Figure().subplots())
    assert (ax.get_xlim(), ax.get_ylim()) == ((0, 1), (0, 1))
    assert ax.get_aspect() == 1


def test_labels_follow_the_order_of_the_table() -> None:
    table = pd.concat([_build_bins(theme) for theme in ("B", "A", "all")])
    ax = plot_reliability(table, Figure().subplots())
    names = {text.get_text(): text.xy[1] for text in ax.texts[1:] if text.get_text() != "●"}
    assert names["B"] > names["A"] > names["All themes"]


def test_of_many_themes_only_all_together_are_drawn() -> None:
    table = pd.concat([_build_bins(theme) for theme in [*"ABCDEFGHI", "all"]])
    ax = plot_reliability(table, Figure().subplots())
    assert [line.get_label() for line in ax.lines[1:]] == ["All themes"]
