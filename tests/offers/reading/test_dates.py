"""Days are read as they are written, never day for month, and impossible ones are missing."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.offers.reading._dates import bound_days, parse_days


def parse_one(written: str) -> np.datetime64:
    return parse_days(pa.array([written]))[0]


@pytest.mark.parametrize(
    "written",
    [
        "2021-03-05",
        " 2021-03-05 ",
        "2021-3-5",
        "2021/03/05",
        "2021-03-05T23:30:00",
        "2021-03-05 23:30",
        "2021-03-05T23:30:00.123456Z",
        "2021-03-05T23:30:00+02:00",
        "2021-03-05 23:30:00 -0500",
        "2021-03-05T00:00:00 UTC",
        "20210305",
        "20210305T2330",
        "20210305 233000",
        "05/03/2021",
        "5/3/2021",
        "05-03-2021",
        "05.03.2021",
        "05/03/2021 23:30",
        "05/03/2021 23h30",
    ],
)
def test_each_way_of_writing_5_march_is_5_march(written):
    assert parse_one(written) == np.datetime64("2021-03-05")


@pytest.mark.parametrize(
    "written",
    [
        "31/02/2020",
        "2021-13-01",
        "2021-00-10",
        "2021-01-00",
        "03/25/2021",  # month first is not French
        "29/02/2021",
        "20211301",
        "05/03/21",
        "2021",
        "mars 2021",
        "2021-03-05 or later",
        "1614902400000",
        "0001-01-01",  # the "no date" of some data bases
        "9999-12-31",
        "٠٥/٠٣/٢٠٢١",
        "",
    ],
)
def test_what_is_no_day_is_missing(written):
    assert np.isnat(parse_one(written))


def test_leap_day_and_missing_values():
    days = parse_days(pa.array(["29/02/2020", None, "1900-01-01", "2199-12-31"]))
    assert [str(day) for day in days] == ["2020-02-29", "NaT", "1900-01-01", "2199-12-31"]


def test_bounds_apply_to_the_day_of_a_moment():
    # One second before midnight is still the day before.
    moments = np.array(["1969-12-31T23:59:59", "1899-12-31T23:59:59"], dtype="datetime64[s]")
    assert [str(day) for day in bound_days(moments)] == ["1969-12-31", "NaT"]


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_all_formats_agree_on_all_days(day):
    written = [f"{day:%Y-%m-%d}", f"{day:%Y%m%d}", f"{day:%d/%m/%Y}", f"{day:%d-%m-%Y} 10:00"]
    assert set(parse_days(pa.array(written)).tolist()) == {day}


@given(st.text())
def test_any_text_is_a_day_or_missing(text):
    assert len(parse_days(pa.array([text], pa.large_string()))) == 1


@given(
    written=st.lists(
        st.none()
        | st.dates().map(date.isoformat)
        | st.from_regex(r"-?[0-9]{3,5}-[0-9]{1,2}-[0-9]{1,2}", fullmatch=True),
        max_size=5,
    )
)
def test_a_day_does_not_depend_on_how_others_are_written(written: list[str | None]) -> None:
    """Where all are ISO another reader takes them."""
    alone = parse_days(pa.array(written, pa.large_string()))
    beside = parse_days(pa.array([*written, "05/03/2021"], pa.large_string()))[:-1]
    np.testing.assert_array_equal(alone, beside)
    assert alone.dtype == "datetime64[D]"
