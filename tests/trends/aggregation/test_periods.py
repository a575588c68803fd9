"""Periods: worked out by hand, the same from any day of a month."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.trends.aggregation import (
    TIMES,
    count_months,
    derive_time,
    name_stretches,
    parse_month,
    parse_steps,
)

MARCH = pd.Timestamp("2020-03-01")


@pytest.mark.parametrize(
    "value",
    [
        "2020-03",
        " 2020-03-17 ",
        pd.Timestamp("2020-03-17 12:00"),
        pd.Timestamp("2020-03-31 23:00", tz="Europe/Paris"),
        pd.Period("2020-03"),
        date(2020, 3, 31),
        np.datetime64("2020-03-31"),
    ],
)
def test_a_month_is_read_from_what_holds_one(value: Any) -> None:
    assert parse_month(value, "step") == MARCH


@pytest.mark.parametrize("value", ["2020", "2020-13", "03/2020", "", 2020, None, pd.NaT, 1.5])
def test_anything_else_is_no_month(value: Any) -> None:
    with pytest.raises(ValueError, match=r"step must be a month, got .* Write it as '2020-03'"):
        parse_month(value, "step")


def test_a_year_is_no_month_but_from_one_to_another() -> None:
    with pytest.raises(ValueError, match=r"got '2019'.* from '2019-01' to '2019-12'\.$"):
        parse_month("2019", "before")
    with pytest.raises(ValueError, match=r"got 'covid'\. Write it as '2020-03'\.$"):
        parse_month("covid", "before")


def test_steps_are_in_order_and_distinct() -> None:
    assert parse_steps(["2021-06", MARCH, "2020-03"]) == (MARCH, pd.Timestamp("2021-06-01"))
    assert parse_steps(()) == ()
    with pytest.raises(TypeError, match=r"steps must be a sequence of months, got '2020-03'"):
        parse_steps("2020-03")
    with pytest.raises(ValueError, match="each of steps must be a month, got 'covid'"):
        parse_steps(["covid"])


def test_periods_of_a_month() -> None:
    months = pd.Series(pd.to_datetime(["2019-12-31", "2020-06-01", None, "1969-05-02"]))
    expected = {
        "month": ["2019-12-01", "2020-06-01", None, "1969-05-01"],
        "quarter": ["2019-10-01", "2020-04-01", None, "1969-04-01"],
        "semester": ["2019-07-01", "2020-01-01", None, "1969-01-01"],
        "year": ["2019-01-01", "2020-01-01", None, "1969-01-01"],
    }
    for name, days in expected.items():
        actual = derive_time(months, name)
        assert actual.tolist() == pd.to_datetime(pd.Series(days)).tolist()
        assert actual.dtype == "datetime64[ns]"


def test_stretches_between_steps() -> None:
    months = pd.Series(pd.to_datetime(["2020-02-29", "2020-03-01", "2021-05-31", "2021-06-01"]))
    assert derive_time(months, "period", ["2020-03"]).tolist() == [
        "until 2020-02",
        "from 2020-03",
        "from 2020-03",
        "from 2020-03",
    ]
    assert derive_time(months, "period", ["2021-06", "2020-03"]).tolist() == [
        "until 2020-02",
        "2020-03 to 2021-05",
        "2020-03 to 2021-05",
        "from 2021-06",
    ]
    unknown = derive_time(pd.Series([pd.NaT], dtype="datetime64[ns]"), "period", ["2020-03"])
    assert unknown.isna().all()


def test_a_stretch_needs_a_step() -> None:
    with pytest.raises(ValueError, match=r"period is the stretch between steps. Give them"):
        name_stretches(())
    with pytest.raises(ValueError, match=r"name must be one of \['month', .*got 'week'"):
        derive_time(pd.Series([MARCH]), "week")


def test_months_are_counted_by_the_calendar() -> None:
    months = pd.Series(pd.to_datetime(["2020-03-31", "2018-12-01", None]))
    np.testing.assert_array_equal(count_months(months, "2020-02"), [1.0, -14.0, np.nan])


@given(day=st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_a_period_begins_a_period(day: date) -> None:
    months = pd.Series([pd.Timestamp(day)])
    for name in TIMES[:-1]:
        start = derive_time(months, name)
        assert start[0] <= months[0]
        assert derive_time(start, name).equals(start)
