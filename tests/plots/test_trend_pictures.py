"""What holds for all pictures of trends: their errors, and what they leave alone."""

from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from jocas_themes.plots import (
    plot_changes,
    plot_correction,
    plot_decomposition,
    plot_errors,
    plot_heatmap,
    plot_map,
    plot_trend,
    plot_trends,
    plot_volume,
)

SHARES = pd.DataFrame(
    {
        "theme": "DIVERSITY",
        "month": pd.date_range("2020-01-01", periods=3, freq="MS"),
        "n_offers": [400, 0, 900],
        "share": [0.11, None, 0.15],
        "estimate": [0.12, 0.12, 0.14],
        "ci_low": [0.10, 0.10, 0.12],
        "ci_high": [0.14, 0.14, 0.16],
        "is_observed": [True, False, True],
        "sector": "J",
        "region": ["11", "53", "01"],
        "before": 0.1,
        "after": 0.2,
        "change": 0.1,
        "p_adjusted": 0.01,
        "group": "all",
        "component": ["within", "composition", "total"],
        "rate": ["sensitivity", "specificity", "false_positive_rate"],
        "n_gold": 50,
        "board": "board_1",
        "status": ["entry", "missing", "present"],
    }
)
# Each picture of this one table, with the rows and columns that it asks for.
PICTURES: dict[str, Callable[..., Any]] = {
    "trend": lambda table, **options: plot_trend(table, **options),
    "trends": lambda table, **options: plot_trends(table, **options),
    "correction": lambda table, **options: plot_correction(table, table, **options),
    "changes": lambda table, **options: plot_changes(table[:1], by="sector", **options),
    "heatmap": lambda table, **options: plot_heatmap(table, by="sector", **options),
    "map": lambda table, **options: plot_map(table, **options),
    "decomposition": lambda table, **options: plot_decomposition(table, **options),
    "errors": lambda table, **options: plot_errors(table, by="sector", **options),
    "volume": lambda table, **options: plot_volume(table, **options),
}


@pytest.fixture(params=PICTURES)
def draw(request: pytest.FixtureRequest):
    yield PICTURES[request.param]
    plt.close("all")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_pictures_fit_their_figures(draw: Callable[..., Any], language: str) -> None:
    first = np.ravel(draw(SHARES, language=language))[0]
    figure = first.figure
    figure.draw_without_rendering()
    for ax in figure.axes:
        box = ax.get_tightbbox()
        assert box.x0 >= -1
        assert box.y0 >= -1
        assert box.x1 <= figure.bbox.width + 1
        assert box.y1 <= figure.bbox.height + 1


def test_pictures_leave_table_and_settings_alone(draw: Callable[..., Any]) -> None:
    table, before = SHARES.copy(), dict(mpl.rcParams)
    draw(table)
    assert dict(mpl.rcParams) == before
    pd.testing.assert_frame_equal(table, SHARES)


def test_words_are_white_on_black(draw: Callable[..., Any]) -> None:
    with plt.style.context("dark_background"):
        for ax in np.ravel(draw(SHARES)):
            assert isinstance(ax, Axes)
            words = [ax.xaxis.label, ax.yaxis.label, ax.title, *ax.get_yticklabels()]
            assert {to_hex(word.get_color()) for word in words} == {"#ffffff"}


def test_an_unknown_language_is_refused(draw: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=r"language must be one of \['en', 'fr'\], got 'de'"):
        draw(SHARES, language="de")


def test_another_thing_than_a_table_is_refused(draw: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="table must be a DataFrame, got list"):
        draw([1, 2])


def test_a_table_without_its_columns_is_refused(draw: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=r"table must have the columns .* it lacks \["):
        draw(SHARES[["month"]])


def test_a_table_without_rows_is_refused(draw: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="table must have a row at least, got none"):
        draw(SHARES[:0])
