"""The pictures of trends: each point, each line, each gap where the table has it."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from jocas_themes.plots import plot_trend, plot_trends
from jocas_themes.plots._time_axis import place_dates


@pytest.fixture
def trend() -> pd.DataFrame:
    """Six months, of which the second is missing; the fourth begins a stretch."""
    months = pd.date_range("2019-12-01", periods=6, freq="MS")
    estimate = np.array([0.10, 0.11, 0.12, 0.20, 0.21, 0.22])
    return pd.DataFrame(
        {
            "theme": "DIVERSITY",
            "month": months,
            "n_offers": [100, 0, 400, 200, 100, 100],
            "share": [0.11, np.nan, 0.11, 0.21, 0.20, 0.23],
            "estimate": estimate,
            "ci_low": estimate - 0.02,
            "ci_high": estimate + 0.02,
            "is_observed": [True, False, True, True, True, True],
        }
    )


def _draw(trend: pd.DataFrame, **options: object):
    return plot_trend(trend, ax=Figure(layout="constrained").subplots(), **options)


def _find_middles(trend: pd.DataFrame) -> np.ndarray:
    starts = place_dates(trend["month"])
    ends = place_dates(trend["month"] + pd.DateOffset(months=1))
    return (starts + ends) / 2


def test_points_are_the_shares_with_areas_by_offers(trend: pd.DataFrame) -> None:
    (points,) = _draw(trend).collections[:1]
    np.testing.assert_allclose(points.get_offsets()[:, 0], _find_middles(trend))
    assert np.ma.filled(points.get_offsets()[:, 1], np.nan).tolist() == pytest.approx(
        trend["share"].tolist(), nan_ok=True
    )
    areas = points.get_sizes()
    assert areas.argmax() == 2
    assert areas[0] < areas[3] < areas[2]


def test_the_line_is_broken_at_the_step_and_dotted_in_the_gap(trend: pd.DataFrame) -> None:
    dotted, solid, after_dotted, after, step = _draw(trend).lines
    assert dotted.get_ydata().tolist() == pytest.approx([0.10, 0.11, 0.12])
    assert solid.get_ydata().tolist() == pytest.approx([0.10, np.nan, 0.12], nan_ok=True)
    assert after.get_ydata().tolist() == pytest.approx([0.20, 0.21, 0.22])
    assert after_dotted.get_ydata().tolist() == pytest.approx([0.20, 0.21, 0.22])
    assert step.get_xdata()[0] == place_dates(["2020-03-01"])[0]


def test_without_steps_the_line_goes_on(trend: pd.DataFrame) -> None:
    dotted, _ = _draw(trend, steps=()).lines
    assert len(dotted.get_ydata()) == 6


def test_the_band_is_the_interval(trend: pd.DataFrame) -> None:
    before, _ = _draw(trend).collections[1:3]
    heights = before.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == pytest.approx((0.08, 0.14))


def test_the_missing_month_is_shaded(trend: pd.DataFrame) -> None:
    ax = _draw(trend)
    (shade,) = ax.patches
    box = shade.get_window_extent().transformed(ax.transData.inverted())
    # January 2020.
    assert [box.x0, box.x1] == pytest.approx(place_dates(["2020-01-01", "2020-02-01"]))


def test_a_month_without_a_row_is_shaded_too(trend: pd.DataFrame) -> None:
    ax = _draw(trend.drop(index=1))
    assert len(ax.patches) == 1
    assert "Shaded, dotted: periods without offers." in ax.get_xlabel().replace("\n", " ")


def test_the_table_may_be_in_any_order(trend: pd.DataFrame) -> None:
    expected = _draw(trend).lines[0].get_ydata()
    assert _draw(trend.sample(frac=1, random_state=1)).lines[0].get_ydata().tolist() == (
        expected.tolist()
    )


def test_local_regression_has_no_band_and_goes_through_the_step(trend: pd.DataFrame) -> None:
    ax = _draw(trend.assign(ci_low=np.nan, ci_high=np.nan))
    assert len(ax.lines[0].get_ydata()) == 6
    assert "without an interval" in ax.get_xlabel().replace("\n", " ")


def test_words_are_french(trend: pd.DataFrame) -> None:
    ax = _draw(trend, language="fr")
    assert ax.get_ylabel() == "Part des offres"
    assert ax.get_title(loc="left") == "Diversité"
    assert [text.get_text() for text in ax.texts] == ["Covid-19, mars 2020"]


def test_several_series_are_refused(trend: pd.DataFrame) -> None:
    twice = pd.concat([trend.assign(sector="C"), trend.assign(sector="J")])
    with pytest.raises(ValueError, match="one row for each month, got several for"):
        _draw(twice)
    ax = _draw(twice[twice["sector"] == "C"])
    assert ax.get_title(loc="left") == "Diversity and inclusion, C · Manufacturing"


def test_panels_have_scales_of_one_length(trend: pd.DataFrame) -> None:
    other = trend.assign(theme="WORK_LIFE_BALANCE")
    other[["share", "estimate", "ci_low", "ci_high"]] *= 3
    both = pd.concat([other, trend])
    axes = plot_trends(both, axes=Figure(layout="constrained").subplots(1, 2))
    spans = [np.ptp(ax.get_ylim()) for ax in axes]
    assert spans[0] == pytest.approx(spans[1])
    # In the table's order.
    assert [ax.get_title(loc="left") for ax in axes] == [
        "Work-life balance",
        "Diversity and inclusion",
    ]
    for ax, rows in zip(axes, (other, trend), strict=True):
        assert ax.lines[0].get_ydata().tolist() == pytest.approx(rows["estimate"][:3].tolist())


def test_no_panel_goes_far_above_100_percent(trend: pd.DataFrame) -> None:
    high = trend.assign(theme="B")
    high[["share", "estimate", "ci_low", "ci_high"]] = 0.97
    low = trend.assign(share=[0, np.nan, 0.5, 0.6, 0.2, 0.1])
    axes = plot_trends(pd.concat([low, high]), axes=Figure().subplots(1, 2))
    assert axes[1].get_ylim()[1] == pytest.approx(1.02)


def test_panels_by_group(trend: pd.DataFrame) -> None:
    both = pd.concat([trend.assign(sector="C"), trend.assign(sector="J")])
    axes = plot_trends(both, by="sector", axes=Figure().subplots(2, 2))
    assert [ax.get_title(loc="left") for ax in axes] == [
        "C · Manufacturing",
        "J · Information and communication",
    ]


def test_too_few_axes_are_refused(trend: pd.DataFrame) -> None:
    both = pd.concat([trend, trend.assign(theme="B")])
    with pytest.raises(ValueError, match="axes must hold at least 2 axes, one a panel, got 1"):
        plot_trends(both, axes=Figure().subplots())


def test_a_trend_by_year(trend: pd.DataFrame) -> None:
    years = pd.date_range("2016-01-01", periods=6, freq="YS")
    ax = _draw(trend.drop(columns="month").assign(year=years))
    assert [label.get_text() for label in ax.get_xticklabels(minor=True)] == [
        str(year) for year in range(2016, 2022)
    ]
