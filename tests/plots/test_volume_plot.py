"""The volumes: each board's offers, its gaps, its entry and its exit."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

from jocas_themes.plots import plot_volume
from jocas_themes.plots._time_axis import place_dates


@pytest.fixture
def volumes() -> pd.DataFrame:
    months = pd.date_range("2020-01-01", periods=4, freq="MS")
    return pd.DataFrame(
        {
            "board": ["all"] * 4 + ["b"] * 4,
            "month": [*months, *months],
            "n_offers": [500, 1200, 3, 900, 0, 200, 3, 100],
            "status": [
                *("present", "present", "missing", "present"),
                *("absent", "entry", "missing", "exit"),
            ],
        }
    )


def _draw(volumes: pd.DataFrame, **options: object):
    return plot_volume(volumes, axes=Figure(layout="constrained").subplots(2, 1), **options)


def _read_steps(ax) -> list[list[float]]:
    return [list(patch.get_data()[0]) for patch in ax.patches if isinstance(patch, StepPatch)]


def test_areas_are_the_offers(volumes: pd.DataFrame) -> None:
    whole, board = _draw(volumes)
    assert _read_steps(whole) == [[500, 1200, 3, 900]]
    assert _read_steps(board) == [[0, 200, 3, 100]]


def test_each_board_has_its_own_scale_from_zero(volumes: pd.DataFrame) -> None:
    axes = _draw(volumes, language="fr")
    assert [ax.get_ylim()[0] for ax in axes] == [0, 0]
    assert [ax.get_yticklabels()[1].get_text() for ax in axes] == [
        "1\N{NO-BREAK SPACE}200",
        "200",
    ]
    assert [ax.get_ylabel() for ax in axes] == ["Tous les sites", "b"]


def test_missing_months_are_shaded_and_absent_ones_are_not(volumes: pd.DataFrame) -> None:
    for ax in _draw(volumes):
        (shade,) = (patch for patch in ax.patches if not isinstance(patch, StepPatch))
        box = shade.get_window_extent().transformed(ax.transData.inverted())
        assert [box.x0, box.x1] == pytest.approx(place_dates(["2020-03-01", "2020-04-01"]))


def test_entries_and_exits_are_triangles(volumes: pd.DataFrame) -> None:
    whole, board = _draw(volumes)
    assert not [line for line in whole.lines if line.get_marker() in "<>"]
    marks = [
        (line.get_marker(), line.get_xdata()[0])
        for line in board.lines
        if line.get_marker() in ("<", ">")
    ]
    first, last = (
        np.mean(place_dates(ends))
        for ends in (["2020-02-01", "2020-03-01"], ["2020-04-01", "2020-05-01"])
    )
    assert marks == [(">", first), ("<", last)]


def test_vacancies_are_drawn_over_offers(volumes: pd.DataFrame) -> None:
    axes = _draw(volumes.assign(n_vacancies=volumes["n_offers"] // 2))
    assert _read_steps(axes[1]) == [[0, 200, 3, 100], [0, 100, 1, 50]]
    assert "near-duplicates" in axes[0].figure.get_supxlabel()


def test_an_unknown_status_is_refused(volumes: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"status must be one of .* got \['gone'\]"):
        _draw(volumes.replace({"status": {"exit": "gone"}}))


def test_a_month_that_comes_twice_is_refused(volumes: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="one row for each board and month, got several"):
        _draw(pd.concat([volumes, volumes]))
