"""Periods that the labels have themselves: read as dates, whatever they are written as."""

from typing import Any

import pandas as pd
import pytest

from jocas_themes.trends.aggregation import count_cells
from jocas_themes.trends.aggregation._times import is_own, read_own_months

_DATETIME, _TEXT, _NUMBER = (pd.Series(cells).dtype for cells in (["2020-01-01"], ["a"], [1]))
_DATETIME = pd.to_datetime(pd.Series(["2020-01-01"])).dtype


@pytest.mark.parametrize(
    ("name", "dtype", "with_dates", "without"),
    [
        ("month", _DATETIME, True, True),
        ("month", _TEXT, False, True),
        ("month", _NUMBER, False, False),
        ("year", _NUMBER, False, True),
        ("period", _TEXT, True, True),
        ("sector", _DATETIME, False, False),
    ],
)
def test_what_is_a_period_of_its_own(
    name: str, dtype: Any, with_dates: bool, without: bool
) -> None:
    assert is_own(name, {name: dtype}, has_dates=True) == with_dates
    assert is_own(name, {name: dtype}, has_dates=False) == without
    assert not is_own(name, {}, has_dates=False)


_MONTHS = ["2020-03", "2020-03", "2021-11"]


@pytest.mark.parametrize(
    "written",
    [
        pd.to_datetime(["2020-03-05 12:00", "2020-03-31", "2021-11-01"], format="mixed"),
        pd.to_datetime(["2020-03-05", "2020-03-31", "2021-11-01"]).tz_localize("Europe/Paris"),
        pd.PeriodIndex(_MONTHS, freq="M"),
        pd.Categorical(_MONTHS),
        _MONTHS,
        ["2020-03-05", "31/03/2020", "2021-11-01T08:00:00"],
    ],
)
def test_months_are_their_first_days(written: Any) -> None:
    labels = pd.DataFrame({"month": written, "A": [1, 0, 1]})
    months = read_own_months(labels, "month")
    assert months.astype(str).tolist() == _MONTHS
    cells = count_cells(labels, by=("month",), themes=["A"])
    assert cells.keys["month"].tolist() == [pd.Timestamp("2020-03-01"), pd.Timestamp("2021-11-01")]
    assert cells.n_offers[:, 0].tolist() == [2, 1]


@pytest.mark.parametrize("written", [[2019, 2019, 2021], [2019.0, 2019.0, 2021.0], ["2019"] * 3])
def test_years_are_numbers_too(written: list[Any]) -> None:
    labels = pd.DataFrame({"year": written, "A": [1, 0, 1]})
    cells = count_cells(labels, by=("year",), themes=["A"])
    assert cells.keys["year"].tolist() == [
        pd.Timestamp(int(year), 1, 1) for year in dict.fromkeys(written)
    ]


def test_longer_periods_begin_with_their_first_month() -> None:
    days = pd.to_datetime(["2020-02-03", "2020-03-31", "2020-04-01"])
    labels = pd.DataFrame({"quarter": days, "semester": days, "A": [1, 0, 1]})
    cells = count_cells(labels, by=("quarter", "semester"), themes=["A"])
    assert cells.keys["quarter"].dt.month.tolist() == [1, 4]
    assert cells.keys["semester"].dt.month.tolist() == [1, 1]


def test_what_is_no_period_is_refused() -> None:
    labels = pd.DataFrame({"month": ["2020-03", "mars", None], "A": [1, 0, 1]})
    with pytest.raises(ValueError, match=r"column 'month' must hold dates, got \['mars'\] \(1 val"):
        count_cells(labels, by=("month",), themes=["A"])
    numbers = labels.assign(month=3)
    with pytest.raises(ValueError, match="the labels lack a date column"):
        count_cells(numbers, by=("month",), themes=["A"])
    assert count_cells(numbers, by=(), themes=["A"]).n_offers.tolist() == [[3]]
