"""The day of each offer, whatever type its column of dates has."""

from datetime import date, datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from jocas_themes.offers import find_near_duplicates
from jocas_themes.offers._days import read_first_days

NOON = datetime(2020, 1, 2, 12)


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (date(2020, 1, 2), pa.date32()),
        (date(2020, 1, 2), pa.date64()),
        (NOON, pa.timestamp("us")),
        (NOON, pa.timestamp("ns", "UTC")),
        ("02/01/2020", pa.string()),
    ],
    ids=str,
)
def test_columns_of_arrow_types_are_read(value: Any, type_: pa.DataType) -> None:
    days = pd.Series([value, None], dtype=pd.ArrowDtype(type_))
    read = read_first_days(pd.DataFrame({"day": days, "else": ["2021-05-06"] * 2}), ["day", "else"])
    assert read.tolist() == [pd.Timestamp("2020-01-02"), pd.Timestamp("2021-05-06")]


@pytest.mark.parametrize("dtype", [object, float, "Int64", str])
def test_days_written_as_whole_numbers_are_read(dtype: Any) -> None:
    days = pd.Series([20230328, None], dtype="Int64").astype(dtype)
    read = read_first_days(pd.DataFrame({"day": days}), ["day"])
    assert read.tolist() == [pd.Timestamp("2023-03-28"), pd.NaT]


def test_near_duplicates_are_found_among_offers_with_arrow_dates() -> None:
    days = [date(2020, 1, 2), date(2020, 1, 3), date(2021, 1, 2)]
    offers = pd.DataFrame({"text": ["Cariste à Lyon"] * 3})
    offers["date_firstSeenDay"] = pd.array(days, dtype=pd.ArrowDtype(pa.date32()))
    assert find_near_duplicates(offers).offers["group"].tolist() == [0, 0, 1]
