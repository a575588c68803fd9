"""The tables: sizes, boards and days of groups, worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from jocas_themes.offers import NearDuplicates, find_near_duplicates

# Groups: 0 (three boards' offers 1, 3 and 4), 1 (twice on board a), 2 (alone, undated, no board).
OFFERS = pd.DataFrame(
    {
        "offer_id": ["5", "1", "3", "2", "4", "6"],
        "text": ["b b b b", "c c c c", "c c c c", "b b b b", "c c c c", "d d d d"],
        "site_name": ["a", "b", "a", "a", "c", None],
        "date_firstSeenDay": ["2020-03-05", "2020-01-09", "2020-01-02", "", "2020-01-02", "nan"],
        "date_lastSeenDay": ["2020-04-01", None, None, "2020-03-04", None, None],
    },
    index=[10, 11, 12, 13, 14, 15],
)


@pytest.fixture(scope="module")
def found() -> NearDuplicates:
    return find_near_duplicates(OFFERS)


def test_offers_keep_their_order_and_index(found: NearDuplicates) -> None:
    assert found.offers.index.tolist() == OFFERS.index.tolist()
    assert found.offers["offer_id"].tolist() == OFFERS["offer_id"].tolist()
    assert found.offers["group"].tolist() == [0, 1, 1, 0, 1, 2]
    # Offers 3 and 4 came on one day: the one given first. Offer 2 was last seen a day before 5.
    assert found.offers["is_first"].tolist() == [False, False, True, True, False, True]


def test_groups(found: NearDuplicates) -> None:
    assert found.groups["group"].tolist() == [0, 1, 2]
    assert found.groups["n_offers"].tolist() == [2, 3, 1]
    assert found.groups["n_boards"].tolist() == [1, 3, 0]
    first = pd.to_datetime(["2020-03-04", "2020-01-02", None])
    last = pd.to_datetime(["2020-03-05", "2020-01-09", None])
    assert found.groups["first_day"].equals(pd.Series(first.astype("datetime64[s]")))
    assert found.groups["last_day"].equals(pd.Series(last.astype("datetime64[s]")))


def test_boards(found: NearDuplicates) -> None:
    rows = found.boards.to_numpy(dtype=object).tolist()
    assert rows == [[0, "a", 2], [1, "a", 1], [1, "b", 1], [1, "c", 1]]


def test_boards_that_repeat_one_another(found: NearDuplicates) -> None:
    # Board a has three offers: two are copies of each other, the third is on b and c too.
    expected = [
        ["a", "a", 2, 2 / 3],
        ["b", "a", 1, 1.0],
        ["b", "c", 1, 1.0],
        ["c", "a", 1, 1.0],
        ["c", "b", 1, 1.0],
        ["a", "b", 1, 1 / 3],
        ["a", "c", 1, 1 / 3],
    ]
    assert found.compare_boards().to_numpy(dtype=object).tolist() == expected


def test_summary(found: NearDuplicates) -> None:
    assert found.share_repeated == pytest.approx(5 / 6)
    expected = "6 offers in 3 groups: 83.3% have a near-duplicate, 50.0% are in a group of several"
    assert expected in repr(found)
    assert "Boards" in repr(found)
    assert "<table" in found._repr_html_()


def test_no_offer_and_no_board() -> None:
    nothing = find_near_duplicates([])
    assert repr(nothing).startswith("No offers")
    assert np.isnan(nothing.share_repeated)
    assert len(nothing.offers) == len(nothing.groups) == len(nothing.boards) == 0
    alone = find_near_duplicates(["Cariste"])
    assert repr(alone).startswith("1 offer in 1 group: ")
    assert repr(alone).endswith("the largest group has 1 offer")
    assert alone.boards.empty
    assert alone.compare_boards().empty
    assert alone.groups["first_day"].isna().all()
