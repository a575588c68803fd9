"""The axis of time: no period is forgotten, none is misplaced."""

import pandas as pd
import pytest
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from jocas_themes.plots._language import Language
from jocas_themes.plots._time_axis import (
    Timeline,
    draw_steps,
    draw_time_axis,
    place_dates,
    shade_missing,
)

ENGLISH = Language.open("en")


def _fit(first: str, last: str, by: str) -> Timeline:
    return Timeline.fit(pd.Series(pd.to_datetime([first, last])), by)


def test_a_timeline_has_all_periods() -> None:
    timeline = _fit("2019-01-01", "2020-07-01", "semester")
    assert [str(start.date()) for start in timeline.starts] == [
        "2019-01-01",
        "2019-07-01",
        "2020-01-01",
        "2020-07-01",
    ]
    assert timeline.edges[-1] == date2num(pd.Timestamp("2021-01-01"))


def test_dates_lie_where_matplotlib_puts_them() -> None:
    assert place_dates(["1970-01-11"]).tolist() == [10.0]


def test_a_day_inside_a_period_is_refused() -> None:
    months = pd.Series(pd.to_datetime(["2020-01-01", "2020-02-15", "2020-03-01"]))
    with pytest.raises(ValueError, match="month must hold the first days of periods, got"):
        Timeline.fit(months, "month")


def test_steps_outside_are_left_out() -> None:
    timeline = _fit("2020-01-01", "2020-12-01", "month")
    steps = [pd.Timestamp(day) for day in ("2020-01-01", "2020-03-01", "2021-01-01")]
    assert timeline.keep(steps) == [pd.Timestamp("2020-03-01")]


@pytest.mark.parametrize(
    ("first", "last", "by", "names"),
    [
        ("2020-01-01", "2020-03-01", "month", ["Jan 2020", "Feb 2020", "Mar 2020"]),
        # A corner of 2018 has no room for its name.
        ("2018-12-01", "2021-12-01", "month", ["2019", "2020", "2021"]),
        ("2019-01-01", "2021-01-01", "year", ["2019", "2020", "2021"]),
        # 0.42 inches a year, and 4.96 of axes: 11 names, so every other of 20 years.
        ("2001-01-01", "2020-01-01", "year", [str(year) for year in range(2001, 2021, 2)]),
    ],
)
def test_years_or_months_are_named(first: str, last: str, by: str, names: list[str]) -> None:
    ax = Figure(figsize=(6.4, 4.8)).subplots()
    draw_time_axis(ax, _fit(first, last, by), ENGLISH)
    assert [label.get_text() for label in ax.get_xticklabels(minor=True)] == names


def test_missing_periods_in_a_row_are_one_shade() -> None:
    ax = Figure().subplots()
    timeline = _fit("2020-01-01", "2020-06-01", "month")
    known = timeline.starts.isin(pd.to_datetime(["2020-01-01", "2020-04-01", "2020-05-01"]))
    shade_missing(ax, timeline, known)
    boxes = [patch.get_window_extent().transformed(ax.transData.inverted()) for patch in ax.patches]
    # February and March, and June to its end.
    ends = place_dates(["2020-02-01", "2020-04-01", "2020-06-01", "2020-07-01"])
    assert [end for box in boxes for end in (box.x0, box.x1)] == pytest.approx(ends)


def test_a_step_is_drawn_where_its_month_begins_and_named() -> None:
    ax = Figure().subplots()
    draw_time_axis(ax, _fit("2020-01-01", "2021-12-01", "month"), ENGLISH)
    draw_steps(ax, [pd.Timestamp("2020-03-01"), pd.Timestamp("2021-06-01")], ENGLISH)
    assert [line.get_xdata()[0] for line in ax.lines] == list(
        place_dates(["2020-03-01", "2021-06-01"])
    )
    assert [text.get_text() for text in ax.texts] == ["Covid-19, Mar 2020", "Jun 2021"]
