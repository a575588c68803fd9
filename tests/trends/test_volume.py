"""Volumes: counted by hand, with the months that boards lack."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes import find_near_duplicates
from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends import _volume
from jocas_themes.trends._volume import find_constant_boards, volume
from jocas_themes.trends.aggregation import _labels


def _make_offers(counts: dict[str, list[int]]) -> pd.DataFrame:
    """Make so many offers a month, from January 2020 on, of each board."""
    starts = pd.date_range("2020-01-01", periods=len(next(iter(counts.values()))), freq="MS")
    rows = [
        (board, start.strftime("%Y-%m-15"))
        for board, numbers in counts.items()
        for start, number in zip(starts, numbers, strict=True)
        for _ in range(number)
    ]
    offers = pd.DataFrame(rows, columns=["site_name", "date_firstSeenDay"])
    offers["offer_id"] = [f"id{row}" for row in range(len(offers))]
    return offers.sample(frac=1, random_state=0)


def _get_statuses(table: pd.DataFrame, board: str) -> list[str]:
    return table.loc[table["board"] == board, "status"].tolist()


def test_each_board_has_each_month() -> None:
    table = volume(_make_offers({"b": [2, 3, 1], "a": [0, 1, 0]}))
    assert table["board"].tolist() == ["all"] * 3 + ["a"] * 3 + ["b"] * 3
    assert table["month"].dt.month.tolist() == [1, 2, 3] * 3
    assert table["n_offers"].tolist() == [2, 4, 1, 0, 1, 0, 2, 3, 1]
    assert list(table.columns) == ["board", "month", "n_offers", "status"]


def test_statuses() -> None:
    # The median around the 1 of `falls` is 100, of which 0.05 is 5. `early` is there from the
    # beginning, `late` to the end; whether they came or went then cannot be seen.
    table = volume(
        _make_offers(
            {
                "early": [5, 5, 5, 5, 0, 0, 0],
                "falls": [100, 100, 100, 1, 100, 100, 100],
                "gap": [9, 0, 0, 9, 9, 9, 9],
                "late": [0, 0, 0, 5, 5, 5, 5],
                "once": [0, 0, 0, 3, 0, 0, 0],
            }
        )
    )
    assert _get_statuses(table, "early") == ["present"] * 3 + ["exit"] + ["absent"] * 3
    assert _get_statuses(table, "falls") == ["present"] * 3 + ["missing"] + ["present"] * 3
    assert _get_statuses(table, "gap") == ["present", "missing", "missing"] + ["present"] * 4
    assert _get_statuses(table, "late") == ["absent"] * 3 + ["entry"] + ["present"] * 3
    assert _get_statuses(table, "once") == ["absent"] * 3 + ["entry"] + ["absent"] * 3
    assert _get_statuses(table, "all") == ["present"] * 7


def test_the_floor_of_a_fall() -> None:
    # The positive ones among the three before and the three after: 100, 40, 60, 80; median 70.
    offers = _make_offers({"a": [100, 0, 40, 7, 60, 80, 0, 90]})
    assert _get_statuses(volume(offers, floor=0.1), "a")[3] == "present"  # 7 is not under 7
    assert _get_statuses(volume(offers, floor=0.11), "a")[3] == "missing"
    assert _get_statuses(volume(offers, floor=0), "a").count("missing") == 2


def test_a_month_that_all_boards_lack() -> None:
    table = volume(_make_offers({"a": [3, 0, 3], "b": [3, 0, 3]}))
    assert _get_statuses(table, "all") == ["present", "missing", "present"]


def test_a_fall_that_lasts_is_no_gap() -> None:
    table = volume(_make_offers({"a": [100] * 4 + [2] * 5}))
    assert "missing" not in _get_statuses(table, "a")[5:]


@pytest.mark.parametrize(
    ("by", "starts"),
    [("quarter", ["2020-01", "2020-04"]), ("semester", ["2020-01"]), ("year", ["2020-01"])],
)
def test_longer_periods(by: str, starts: list[str]) -> None:
    table = volume(_make_offers({"a": [1, 1, 1, 1, 0]}), by=by)
    assert table.loc[table["board"] == "a", by].dt.strftime("%Y-%m").tolist() == starts
    assert table.loc[table["board"] == "a", "n_offers"].sum() == 4


def test_a_vacancy_counts_once_in_the_month_of_its_first_post() -> None:
    offers = pd.DataFrame(
        {
            "offer_id": ["a1", "a2", "b1", "b2", "b3"],
            "site_name": ["a", "a", "b", "b", "b"],
            "date_firstSeenDay": ["2020-02-01", "2020-01-01", "2020-01-02", "2020-02-01"] * 1
            + ["2020-02-01"],
        }
    )
    # a2, a1 and b2 are one vacancy, in this order; b1 is another; nothing is known of b3.
    groups = pd.DataFrame({"offer_id": ["a1", "a2", "b2", "b1"], "group": [7, 7, 7, 9]})
    table = volume(offers, near_duplicates=groups)
    assert table["n_offers"].tolist() == [2, 3, 1, 1, 1, 2]
    # all: a2 and b1 in January, b3 in February. a: its one in January. b: b1, then b2 and b3.
    assert table["n_vacancies"].tolist() == [2, 1, 1, 0, 1, 2]


def test_groups_of_near_duplicates_are_taken_as_they_are_found() -> None:
    offers = pd.DataFrame(
        {
            "offer_id": ["A1", "B7", "A9"],
            "site_name": ["a", "b", "a"],
            "date_firstSeenDay": ["2020-01-01", "2020-01-03", "2020-01-05"],
            "text": ["Cariste à Lyon", "CARISTE À LYON", "Juriste"],
        }
    )
    table = volume(offers, near_duplicates=find_near_duplicates(offers).offers)
    assert table["n_vacancies"].tolist() == [2, 2, 1]


def test_folders_in_many_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offers = _make_offers({"a": [4, 2, 3], "b": [1, 0, 5]})
    groups = offers[["offer_id"]].assign(group=np.arange(len(offers)) // 2)
    expected = volume(offers, near_duplicates=groups)
    for start in range(0, len(offers), 4):
        offers.iloc[start : start + 4].to_parquet(tmp_path / f"part-{start:02}.parquet")
    monkeypatch.setattr(_labels, "_BATCH_ROWS", 3)
    pd.testing.assert_frame_equal(volume(tmp_path, near_duplicates=groups), expected)


def test_offers_without_date_or_board() -> None:
    offers = pd.DataFrame(
        {"site_name": ["a", None, "b"], "date_firstSeenDay": ["2020-01-01", "2020-01-01", "?"]}
    )
    with pytest.warns(JocasThemesWarning, match=r"1 offers have no readable date in") as caught:
        table = volume(offers)
    assert [warning.filename for warning in caught] == [__file__]
    # b, whose only offer has no date, is there with none.
    assert table["board"].tolist() == ["all", "a", "b", "unknown"]
    assert table["n_offers"].tolist() == [2, 1, 0, 1]
    assert find_constant_boards(table) == ["a"]


def test_no_offer() -> None:
    table = volume(pd.DataFrame({"site_name": [], "date_firstSeenDay": []}))
    assert list(table.columns) == ["board", "month", "n_offers", "status"]
    assert table.empty
    assert find_constant_boards(table) == []


def test_other_columns() -> None:
    offers = pd.DataFrame({"office": ["Lyon", "Lille"], "posted": ["2020-01-01", "2020-01-02"]})
    table = volume(offers, board="office", date_column="posted")
    assert table["board"].tolist() == ["all", "Lille", "Lyon"]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"by": "week"}, r"by must be one of \['month', 'quarter', 'semester', 'year'\], got 'w"),
        ({"floor": 1}, r"floor must be 0 or more, and under 1, got 1"),
        ({"board": "shop"}, r"by must name columns of the labels, .* got 'shop'"),
        ({"date_column": "day"}, r"the labels lack a date column: none of \['day'\]"),
        (
            {"near_duplicates": pd.DataFrame({"offer_id": []})},
            r"offer_id and group, got \['offer_id'\]",
        ),
    ],
)
def test_bad_options(options: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        volume(_make_offers({"a": [1]}), **options)


def test_near_duplicates_speak_of_ids() -> None:
    groups = pd.DataFrame({"offer_id": ["a"], "group": [0]})
    with pytest.raises(ValueError, match="lack the column 'offer_id', which near_duplicates speak"):
        volume(_make_offers({"a": [1]}).drop(columns="offer_id"), near_duplicates=groups)


def test_constant_boards() -> None:
    table = volume(
        _make_offers(
            {
                "always": [9] * 10,
                "nearly": [9] * 4 + [0] + [9] * 5,
                "late": [0] * 2 + [9] * 8,
            }
        )
    )
    # Ten, nine and eight of the ten months; an entry counts as present.
    assert find_constant_boards(table) == ["always", "nearly"]
    assert find_constant_boards(table, share=1) == ["always"]
    assert find_constant_boards(table, share=0.8) == ["always", "late", "nearly"]


@pytest.mark.parametrize("share", [0, -0.5, 1.1])
def test_a_share_out_of_range(share: float) -> None:
    with pytest.raises(ValueError, match=rf"share must be above 0, up to 1, got {share}"):
        find_constant_boards(volume(_make_offers({"a": [1]})), share=share)


def test_constant_boards_need_the_table() -> None:
    with pytest.raises(ValueError, match=r"lack the columns \['status'\].* Make the table with"):
        find_constant_boards(pd.DataFrame({"board": []}))


@given(st.lists(st.integers(0, 200), min_size=1, max_size=24), st.floats(0, 0.99))
def test_statuses_agree_with_the_counts(counts: list[int], floor: float) -> None:
    statuses = _volume._find_statuses(np.array(counts), floor)
    for number, status in zip(counts, statuses, strict=True):
        if number == 0:
            assert status in {"absent", "missing"}
        else:
            assert status != "absent"
    assert (statuses != "absent").sum() == len(np.trim_zeros(np.array(counts)))


def test_near_duplicates_are_taken_as_found_with_whatever_notes() -> None:
    offers = _make_offers({"a": [2]}).assign(text="Cariste à Lyon")
    found = find_near_duplicates(offers)
    for groups in (found, found.offers.assign(note=None)):
        assert volume(offers, near_duplicates=groups)["n_vacancies"].tolist() == [1, 1]


def test_the_offers_asked_for_alone_count_and_once() -> None:
    # b2 is not asked for, a1 comes twice: its first row, in January, counts.
    offers = pd.DataFrame(
        {
            "offer_id": ["a1", "b1", "b2", "a1"],
            "site_name": ["a", "b", "b", "a"],
            "date_firstSeenDay": ["2020-01-01", "2020-02-01", "2020-02-01", "2020-02-01"],
        }
    )
    groups = pd.DataFrame({"offer_id": ["a1", "b1"], "group": [0, 0]})
    table = volume(offers, offer_ids=iter(["a1", "b1", "other"]), near_duplicates=groups)
    assert table["board"].tolist() == ["all", "all", "a", "a", "b", "b"]
    assert table["n_offers"].tolist() == [1, 1, 1, 0, 0, 1]
    assert table["n_vacancies"].tolist() == [1, 0, 1, 0, 0, 1]
    assert volume(offers, offer_ids=[]).empty
    with pytest.raises(TypeError, match="offer_ids must be several ids, got 'a1'"):
        volume(offers, offer_ids="a1")
    with pytest.raises(ValueError, match="lack the column 'offer_id', which offer_ids speak of"):
        volume(offers.drop(columns="offer_id"), offer_ids=["a1"])


def test_a_board_called_all_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no board must be called 'all'.* column 'site_name' has"):
        volume(_make_offers({"all": [1], "a": [1]}))
