"""The mix of offers, and which months an interval has."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from jocas_themes.trends._result import Shares
from jocas_themes.trends.composition import compute_mix
from trends.composition.made_shares import make_shares

_ROWS = [
    ("2019-01-01", "C", 60, 0.1),
    ("2019-01-01", "J", 40, 0.5),
    ("2019-04-01", "C", 50, 0.1),
    ("2020-01-01", "unknown", 50, 0.2),
]


def _count(mix: pd.DataFrame) -> dict[Any, int]:
    return dict(zip(mix["sector"], mix["n_offers"], strict=True))


def test_all_months() -> None:
    mix = compute_mix(make_shares(_ROWS, ["month", "sector"]), by=("sector",))
    assert _count(mix) == {"C": 110, "J": 40, "unknown": 50}
    np.testing.assert_allclose(mix["weight"], [0.55, 0.2, 0.25])


def test_an_interval_keeps_the_groups_without_offers() -> None:
    shares = make_shares(_ROWS, ["month", "sector"])
    mix = compute_mix(shares, by=["sector"], period=("2019-02", "2019-12"))
    assert _count(mix) == {"C": 50, "J": 0, "unknown": 0}
    assert mix["weight"].tolist() == [1, 0, 0]


def test_quarters_are_taken_whole() -> None:
    shares = make_shares(_ROWS, ["quarter", "sector"])
    mix = compute_mix(shares, by=["sector"], period=("2019-01", "2019-03"))
    assert _count(mix) == {"C": 60, "J": 40, "unknown": 0}
    with pytest.raises(ValueError, match="cuts the quarter that begins on 2019-04-01"):
        compute_mix(shares, by=["sector"], period=("2019-01", "2019-05"))


def test_themes_with_unknown_labels_do_not_shrink_the_mix() -> None:
    # B is known of fewer offers of C; the mix is that of all of them.
    first = make_shares([("C", 100, 0.1), ("J", 100, 0.1)], ["sector"])
    second = make_shares([("C", 20, 0.1), ("J", 100, 0.1)], ["sector"])
    table = pd.concat([first.table, second.table.assign(theme="B")], ignore_index=True)
    shares = Shares(table, np.zeros((4, 1)), np.zeros(4), by=("sector",))
    assert _count(compute_mix(shares, by=("sector",))) == {"C": 100, "J": 100}


@pytest.mark.parametrize(
    ("by", "period", "match"),
    [
        (("naf",), None, r"told apart by, \['month', 'sector'\], got \['naf'\]"),
        ((), None, r"got \[\]"),
        (("sector",), ("2019-01",), "a first and a last month"),
        (("sector",), "2019-01", "a first and a last month"),
        (("sector",), ("2019-02", "2019-01"), "must begin before it ends"),
        (("sector",), ("2021-01", "2021-12"), "which go from 2019-01 to 2020-01"),
        (("sector",), ("2019-02", "2019-03"), "must hold months of the shares"),
        (("sector",), ("2019", "2020"), "period must be a month, got '2019'"),
    ],
)
def test_refusals(by: Any, period: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        compute_mix(make_shares(_ROWS, ["month", "sector"]), by=by, period=period)


def test_a_single_column_may_stand_alone() -> None:
    shares = make_shares(_ROWS, ["month", "sector"])
    pd.testing.assert_frame_equal(
        compute_mix(shares, by="sector"), compute_mix(shares, by=("sector",))
    )


def test_intervals_need_a_time() -> None:
    shares = make_shares([("C", 100, 0.1)], ["sector"])
    with pytest.raises(ValueError, match=r"to choose months, got \['sector'\]"):
        compute_mix(shares, by=("sector",), period=("2019-01", "2019-12"))


def test_no_offers() -> None:
    shares = make_shares([("C", 0, 0.1)], ["sector"])
    with pytest.raises(ValueError, match="must hold offers"):
        compute_mix(shares, by=("sector",))
