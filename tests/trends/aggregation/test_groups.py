"""Groups: from the first column that can be read; what cannot is unknown, never dropped."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from jocas_themes.trends.aggregation import GROUPS
from jocas_themes.trends.aggregation._groups import choose_group_columns, code_group


def _derive(name: str, table: pd.DataFrame) -> list[Any]:
    codes, values = code_group(table, choose_group_columns(name, list(table.columns)))
    return values[codes].tolist()


def test_the_first_column_that_can_be_read_counts() -> None:
    table = pd.DataFrame(
        {
            "location_zipcode": ["13001", "13001", "13001", None, "xyz"],
            "location_departement": ["75", None, "the moon", "nan", "2A"],
        }
    )
    assert _derive("region", table) == ["11", "93", "93", "unknown", "94"]
    assert _derive("region", table[["location_zipcode"]]) == ["93"] * 3 + ["unknown"] * 2


def test_sectors_and_professions() -> None:
    table = pd.DataFrame(
        {
            "entrepriseSecteur_NAF88": ["62", "85.0", None],
            "entrepriseSecteur_NAF21": [None, "c", None],
            "job_ROME_code": ["M1805", "k2101", ""],
        }
    )
    assert _derive("sector", table) == ["J", "C", "unknown"]
    assert _derive("rome_family", table) == ["M", "K", "unknown"]
    assert _derive("rome_domain", table) == ["M18", "K21", "unknown"]


def test_boards_are_as_they_are_written() -> None:
    table = pd.DataFrame({"site_name": [" site_a", "Site_A", "nan", None]})
    assert _derive("board", table) == ["site_a", "Site_A", "unknown", "unknown"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["a", None, "nan"], ["a", "unknown", "unknown"]),
        (np.array(["a", 1, None], dtype=object), ["a", "1", "unknown"]),
        (pd.Categorical(["a", "b", None]), ["a", "b", "unknown"]),
        (pd.array([3, None, 1], dtype="Int8"), [3, "unknown", 1]),
        ([1.5, np.nan, 2.0], [1.5, "unknown", 2.0]),
        ([True, False, True], ["True", "False", "True"]),
        (np.array([True, None], dtype=object), ["True", "unknown"]),
        (
            pd.to_datetime(["2020-01-01", None, "2020-01-01"]),
            [pd.Timestamp("2020-01-01"), "unknown", pd.Timestamp("2020-01-01")],
        ),
    ],
    ids=[
        "strings",
        "mixed",
        "categories",
        "integers",
        "floats",
        "booleans",
        "some booleans",
        "datetimes",
    ],
)
def test_a_column_of_the_labels_is_used_as_it_is(cells: Any, expected: list[Any]) -> None:
    assert _derive("size", pd.DataFrame({"size": cells})) == expected


def test_a_column_that_is_there_is_not_derived() -> None:
    table = pd.DataFrame({"region": ["Nord"], "location_departement": ["75"]})
    assert _derive("region", table) == ["Nord"]


def test_no_rows() -> None:
    assert _derive("region", pd.DataFrame({"location_departement": []})) == []


def test_what_is_not_there_is_named_with_what_is() -> None:
    with pytest.raises(ValueError, match=r"by must name .* got 'nace'.*\['a'\] \(1 in all\)"):
        choose_group_columns("nace", ["a"])
    with pytest.raises(ValueError, match=r"'region' is derived from 'location_departement' or"):
        choose_group_columns("region", ["a"])
    for name in GROUPS:
        with pytest.raises(ValueError, match=r"Keep one: label_corpus\(keep_columns"):
            choose_group_columns(name, [])
