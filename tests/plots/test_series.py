"""What pictures read of tables: one theme, one time, one group, each row once."""

import numpy as np
import pandas as pd
import pytest

from jocas_themes.plots._language import Language
from jocas_themes.plots._series import (
    check_series,
    choose_theme,
    find_group,
    find_time,
    name_series,
    order_stretches,
    read_table,
)
from jocas_themes.trends._result import Shares


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "theme": ["A", "A", "B"],
            "year": pd.to_datetime(["2019-01-01", "2020-01-01", "2019-01-01"]),
            "sector": ["C", "J", "C"],
            "estimate": [0.1, 0.2, 0.3],
        }
    )


def test_a_result_gives_its_table(table: pd.DataFrame) -> None:
    shares = Shares(table, np.zeros((3, 1)), np.ones(3), by=("year", "sector"))
    assert read_table(shares, ["estimate"], maker="estimate_prevalence") is table


def test_a_theme_is_chosen(table: pd.DataFrame) -> None:
    rows, code = choose_theme(table, "B")
    assert (code, rows["estimate"].tolist()) == ("B", [0.3])


@pytest.mark.parametrize("theme", [None, "C"])
def test_a_theme_that_is_not_clear_is_refused(table: pd.DataFrame, theme: str | None) -> None:
    with pytest.raises(ValueError, match=rf"theme must be one of the table's .* got {theme!r}"):
        choose_theme(table, theme)


def test_the_time_is_found(table: pd.DataFrame) -> None:
    assert find_time(table) == "year"


def test_no_time_or_two_are_refused(table: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"table must have one column of time .* got \[\]"):
        find_time(table.drop(columns="year"))
    with pytest.raises(ValueError, match=r"got \['month', 'year'\]"):
        find_time(table.assign(month=table["year"]))


def test_a_time_of_text_is_refused(table: pd.DataFrame) -> None:
    with pytest.raises(TypeError, match=r"table\['year'\] must hold dates, got"):
        find_time(table.assign(year="2019"))


def test_the_group_is_found(table: pd.DataFrame) -> None:
    assert find_group(table, None) == "sector"
    assert find_group(table, "theme") == "theme"
    assert find_group(table.drop(columns="sector"), None) is None


def test_a_group_that_is_not_clear_is_refused(table: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="by must name a column of the table, got 'size'"):
        find_group(table, "size")
    with pytest.raises(ValueError, match=r"by must name one of the table's groups \['region'"):
        find_group(table.assign(region="11")[["region", "sector"]], None)


def test_rows_that_come_twice_are_refused(table: pd.DataFrame) -> None:
    assert check_series(table, ["theme", "year"]) is table
    with pytest.raises(ValueError, match="one row for each year, got several for"):
        check_series(table, ["year"])


def test_stretches_are_put_in_order() -> None:
    names = ["2020-03 to 2021-05", "from 2021-06", "until 2020-02", "until 2020-02"]
    assert order_stretches(names) == ["until 2020-02", "2020-03 to 2021-05", "from 2021-06"]


def test_a_series_is_named_by_theme_and_group(table: pd.DataFrame) -> None:
    row = table[table["theme"] == "B"]
    assert (
        name_series(row, Language.open("fr"), {"B": "Nom"}) == "Nom, C · Industrie manufacturière"
    )
