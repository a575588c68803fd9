"""Ids of offers: found as strings, counted once, and read with their groups."""

from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from jocas_themes import find_near_duplicates
from jocas_themes.trends.aggregation import _ids, read_ids
from jocas_themes.trends.aggregation._ids import FirstRows, Repeats, read_groups


@pytest.fixture(params=["few", "many"])
def _both_ways_to_look_ids_up(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if request.param == "many":
        monkeypatch.setattr(_ids, "_FEW_IDS", 0)


@pytest.mark.usefixtures("_both_ways_to_look_ids_up")
def test_the_first_row_of_each_offer() -> None:
    first = FirstRows(read_ids(["b", "a", "b", "z", None], "offer_ids", ["offer_id"]))
    tables = [["x", "a", "a"], ["b", "a", None], ["b", "z"]]
    found = [first.find(pd.DataFrame({"offer_id": ids})).tolist() for ids in tables]
    assert found == [[False, True, False], [True, False, False], [False, True]]


@pytest.mark.usefixtures("_both_ways_to_look_ids_up")
@pytest.mark.parametrize(
    ("ids", "wanted"),
    [([1, 2, 3], [2]), ([1, 2, 3], ["2"]), (["1", "2", "3"], [2]), ([1, "2", None], ["2"])],
)
def test_ids_are_compared_as_strings(ids: list[Any], wanted: list[Any]) -> None:
    first = FirstRows(read_ids(wanted, "offer_ids", ["offer_id"]))
    assert first.find(pd.DataFrame({"offer_id": ids})).tolist() == [False, True, False]


@pytest.mark.usefixtures("_both_ways_to_look_ids_up")
def test_no_offer_is_wanted() -> None:
    first = FirstRows(read_ids([], "offer_ids", ["offer_id"]))
    assert not first.find(pd.DataFrame({"offer_id": ["a", None]})).any()


def test_rows_whose_id_came_before_are_counted() -> None:
    repeats = Repeats()
    assert repeats.count() == 0
    for ids in (["a", "b", "a", None], [], ["b", None, "c"]):
        repeats.add(pd.Series(ids, dtype=object))
    assert repeats.count() == 2  # the second a, the second b
    numbers = Repeats()
    numbers.add(pd.Series([1, 2]))
    numbers.add(pd.Series(["2", "3"]))
    assert numbers.count() == 1  # as strings


def test_groups_are_read_from_what_finds_them() -> None:
    offers = pd.DataFrame({"offer_id": ["a", "b", "a", None], "text": "Cariste à Lyon"})
    found = find_near_duplicates(offers[:2])
    for given in (found, found.offers, pa.Table.from_pandas(found.offers)):
        assert read_groups(given, "clusters")["offer_id"].tolist() == ["a", "b"]
    table = offers.assign(group=[0, 1, 2, 3], note=None)
    assert read_groups(table, "clusters")["group"].tolist() == [0, 1]  # whatever notes hold
    with pytest.raises(ValueError, match=r"clusters must have .* and group, got 'a table'. Pass"):
        read_groups("a table", "clusters")
