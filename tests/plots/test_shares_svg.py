"""The picture of shares: what it says, where its points are, where its line stops."""

import xml.etree.ElementTree as ET
from itertools import pairwise

import pandas as pd
import pytest

from jocas_themes.datasets import load_sample_annotations
from jocas_themes.plots import draw_shares_svg
from jocas_themes.plots._shares_svg import _compute_runs, _lay_out
from jocas_themes.taxonomy import HR_THEMES
from jocas_themes.trends import compute_shares

_SVG = "{http://www.w3.org/2000/svg}"


def _build_shares(months: list[str], shares: list[float], theme: str = "A") -> pd.DataFrame:
    return pd.DataFrame(
        {"theme": theme, "month": pd.to_datetime(months), "n_offers": 10, "share": shares}
    )


def _find(picture: str, tag: str, class_: str) -> list[ET.Element]:
    root = ET.fromstring(picture.encode("utf-8"))
    return [element for element in root.iter(_SVG + tag) if element.get("class") == class_]


@pytest.fixture(scope="module")
def sample_shares() -> pd.DataFrame:
    return compute_shares(load_sample_annotations(), themes=HR_THEMES.codes)


def test_the_picture_says_what_it_is(sample_shares: pd.DataFrame) -> None:
    names = {theme.code: theme.name_fr for theme in HR_THEMES}
    picture = draw_shares_svg(sample_shares, names=names)
    root = ET.fromstring(picture.encode("utf-8"))
    texts = [element.text for element in root.iter(_SVG + "text")]
    assert "Share of job offers labelled with each theme, by month" in texts
    assert (
        "Observed shares of predicted labels, not corrected for the classifier's errors." in texts
    )
    assert "300 offers, January 2019 to December 2023." in texts
    assert [element.text for element in _find(picture, "text", "theme")] == list(names.values())
    assert root.get("width") == "960"


def test_the_same_shares_give_the_same_picture(sample_shares: pd.DataFrame) -> None:
    assert draw_shares_svg(sample_shares) == draw_shares_svg(sample_shares.copy())


def test_the_picture_depends_on_nothing_outside(sample_shares: pd.DataFrame) -> None:
    picture = draw_shares_svg(sample_shares)
    assert "href" not in picture
    assert "url(" not in picture
    assert "<script" not in picture


def test_points_are_where_the_shares_are() -> None:
    picture = draw_shares_svg(_build_shares(["2021-01-01", "2021-02-01"], [0.0, 0.5]))
    _, *points = _find(picture, "circle", "point")  # the first is the key's
    assert [point.find(_SVG + "title").text for point in points] == [
        "January 2021: 0.0% of 10 offers",
        "February 2021: 50.0% of 10 offers",
    ]
    # One panel, 888 wide from 52, 150 high from 142; 59 days; the top tick is 50%.
    assert [float(point.get("cx")) for point in points] == pytest.approx(
        [52 + 888 * 15.5 / 59, 52 + 888 * (31 + 14) / 59], abs=0.05
    )
    assert [float(point.get("cy")) for point in points] == [292, 142]


def test_the_line_is_a_weighted_mean_of_three_months_and_stops_at_gaps() -> None:
    shares = _build_shares(
        ["2020-01-01", "2020-02-01", "2020-03-01", "2020-05-01"], [0.1, 0.4, 0.7, 0.9]
    ).assign(n_offers=[10, 20, 10, 5])
    table = shares.assign(period=pd.PeriodIndex(shares["month"], freq="M"))
    first, last = _compute_runs(table, half_window=1)
    # January (1 + 8) / 30, February (1 + 8 + 7) / 40, March (8 + 7) / 30; May stands alone.
    assert [mean for _, mean in first] == pytest.approx([0.3, 0.4, 0.5])
    assert [mean for _, mean in last] == pytest.approx([0.9])
    # A run of one month has no line: the key's, and the one from January to March.
    picture = draw_shares_svg(shares)
    assert len(_find(picture, "polyline", "mean")) == 2


def test_a_gap_in_the_sample_cuts_each_line(sample_shares: pd.DataFrame) -> None:
    # No sample offer is of April and May 2020, nor of August 2021: three runs a theme.
    assert len(_find(draw_shares_svg(sample_shares), "polyline", "mean")) == 1 + 3 * 6


def test_rows_need_not_be_in_order() -> None:
    shares = _build_shares(["2021-01-01", "2021-02-01", "2021-03-01"], [0.1, 0.2, 0.3])
    assert draw_shares_svg(shares) == draw_shares_svg(shares[::-1])


def test_the_event_is_drawn_in_each_panel_and_explained_once(sample_shares: pd.DataFrame) -> None:
    picture = draw_shares_svg(sample_shares)
    assert len(_find(picture, "polyline", "event")) == 6 + 1
    assert picture.count("March 2020, first Covid-19 lockdown") == 1


@pytest.mark.parametrize("event_date", [None, "2030-01-01", "2000-01-01"])
def test_no_event_none_or_out_of_sight(sample_shares: pd.DataFrame, event_date: str | None) -> None:
    picture = draw_shares_svg(sample_shares, event_date=event_date)
    assert not _find(picture, "polyline", "event")
    assert "lockdown" not in picture


@pytest.mark.parametrize(("by", "extent"), [("quarter", "2019 Q1 to 2023 Q4"), ("year", "2019 to")])
def test_quarters_and_years_are_joined_as_they_are(by: str, extent: str) -> None:
    shares = compute_shares(load_sample_annotations(), themes=["DIVERSITY"], by=by)
    picture = draw_shares_svg(shares)
    assert extent in picture
    assert "three months" not in picture
    points = [(p.get("cx"), p.get("cy")) for p in _find(picture, "circle", "point")][1:]
    (line,) = _find(picture, "polyline", "mean")
    assert [tuple(point.split(",")) for point in line.get("points").split()] == points


def test_offers_are_counted_once_a_theme_and_said_apart_where_they_differ() -> None:
    months = ["2021-01-01", "2021-02-01"]
    two = pd.concat(
        [_build_shares(months, [0.1, 0.2]), _build_shares(months[:1], [0.1], theme="B")]
    )
    assert "10 to 20 offers a theme, January 2021 to February 2021." in draw_shares_svg(two)


@pytest.mark.parametrize(
    ("n_panels", "n_columns"), [(1, 1), (2, 2), (3, 3), (4, 2), (5, 3), (6, 3), (7, 3), (20, 3)]
)
def test_panels_fill_the_width_and_do_not_overlap(n_panels: int, n_columns: int) -> None:
    frames = _lay_out(["name"] * n_panels)
    assert len({frame.left for frame in frames}) == n_columns
    assert max(frame.right for frame in frames) == pytest.approx(940)
    tops = sorted({frame.top for frame in frames})
    assert all(above + 150 < below for above, below in pairwise(tops))


def test_long_names_take_two_lines_and_then_stop() -> None:
    (short, *_), (long, *_) = (_lay_out([name] * 3) for name in ("Diversité", "inclusion " * 20))
    assert short.name == ("Diversité",)
    assert len(long.name) == 2
    assert long.name[1].endswith("…")
    assert long.top > short.top


def test_names_are_escaped() -> None:
    shares = _build_shares(["2021-01-01"], [0.1])
    (name,) = _find(draw_shares_svg(shares, names={"A": "<b>R&D</b>"}), "text", "theme")
    assert name.text == "<b>R&D</b>"


def test_missing_columns() -> None:
    with pytest.raises(ValueError, match="shares must have the columns 'theme', 'n_offers'"):
        draw_shares_svg(pd.DataFrame({"theme": ["A"], "share": [0.1]}))


def test_no_row() -> None:
    with pytest.raises(ValueError, match="shares must have a row at least"):
        draw_shares_svg(_build_shares([], []))


@pytest.mark.parametrize("share", [12.5, -0.1, float("nan")])
def test_shares_out_of_range(share: float) -> None:
    with pytest.raises(ValueError, match="shares must be between 0 and 1, got"):
        draw_shares_svg(_build_shares(["2021-01-01"], [share]))


def test_a_period_that_comes_twice() -> None:
    shares = _build_shares(["2021-01-01", "2021-01-01"], [0.1, 0.2])
    with pytest.raises(ValueError, match="one row a theme and month, 1 come again"):
        draw_shares_svg(shares)
