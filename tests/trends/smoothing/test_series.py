import numpy as np
import pandas as pd
import pytest

from jocas_themes.trends._result import Shares
from jocas_themes.trends.smoothing import (
    choose_level,
    find_time,
    is_known,
    iter_series,
    list_groups,
)
from trends.smoothing.made_series import join_shares, make_shares, permute


def _with_by(by: tuple[str, ...]) -> Shares:
    return Shares(pd.DataFrame({"theme": ["A"]}), np.zeros((1, 0)), np.zeros(1), by=by)


@pytest.mark.parametrize(
    ("time", "width"), [("month", 1), ("quarter", 3), ("semester", 6), ("year", 12)]
)
def test_find_time(time: str, width: int) -> None:
    shares = _with_by(("sector", time))
    assert find_time(shares) == (time, width)
    assert list_groups(shares) == ["sector"]


@pytest.mark.parametrize("by", [(), ("sector",), ("period",), ("month", "year")])
def test_no_single_time_is_refused(by: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"shares must be by one of .*'month'.* got by="):
        find_time(_with_by(by))


def test_a_table_is_no_shares() -> None:
    with pytest.raises(TypeError, match=r"got DataFrame. Pass shares, not shares.table"):
        choose_level(make_shares([0.1] * 8).table, None)  # type: ignore[arg-type]


def test_choose_level() -> None:
    shares = make_shares([0.1], level=0.9)
    assert choose_level(shares, None) == 0.9
    assert choose_level(shares, 0.5) == 0.5
    for level in (0, 1, 95):
        with pytest.raises(ValueError, match=rf"level must be in \(0, 1\), got {level}"):
            choose_level(shares, level)


def test_rows_without_offers_are_not_known() -> None:
    shares = make_shares([0.1, np.nan, 0.0, 0.3], n_offers=[10, 20, 0, 30])
    assert is_known(shares).tolist() == [True, False, False, True]
    (series,) = iter_series(shares)
    assert series.months.tolist() == [0, 3]
    assert series.first == pd.Timestamp("2018-01-01")
    assert series.n_offers.tolist() == [10, 30]


def test_first_month_is_the_first_one_known() -> None:
    (series,) = iter_series(make_shares([0.2, 0.1, 0.3], n_offers=[0, 10, 10]))
    assert series.first == pd.Timestamp("2018-02-01")
    assert series.months.tolist() == [0, 1]


def test_chance_of_the_offers_by_hand() -> None:
    # Months 0 and 3 are near each other: of their 400 offers 10 + 90 carry the theme, with half an
    # offer more 100.5 / 401. Month 12 is alone: 25.5 / 51 = 1/2.
    months = ["2018-01", "2018-04", "2019-01"]
    (series,) = iter_series(make_shares([0.1, 0.3, 0.5], months=months, n_offers=[100, 300, 50]))
    near = 100.5 / 401 * (1 - 100.5 / 401)
    np.testing.assert_allclose(series.covariance, np.diag([near / 100, near / 300, 0.25 / 50]))


def test_chance_is_never_none() -> None:
    for share in (0.0, 1.0, -0.02, 1.01):
        (series,) = iter_series(make_shares([share] * 3, n_offers=4))
        assert (np.diag(series.covariance) > 0).all()


def test_larger_noise_and_the_factor_count() -> None:
    # The chance is 1/4 / 100 = 0.0025 at most: noise of 0.01 takes its place.
    factor = [[0.1, 0.0], [0.2, 0.1]]
    (series,) = iter_series(make_shares([0.5, 0.5], n_offers=100, factor=factor, noise=0.01))
    np.testing.assert_allclose(series.covariance, [[0.02, 0.02], [0.02, 0.06]])


def test_series_of_groups_in_order_of_time() -> None:
    a = make_shares([0.1, 0.2, 0.3], n_offers=[1, 2, 3], factor=[[0.1], [0.2], [0.3]])
    b = make_shares([0.7, 0.8], first="2019-01", n_offers=[4, 5], factor=[[0.0], [0.0]])
    shares = permute(join_shares({"A": a, "B": b}), [4, 1, 3, 2, 0])
    first, second = iter_series(shares)
    assert str(first) == "REMOTE, B"
    assert first.key == {"theme": "REMOTE", "sector": "B"}
    assert first.estimates.tolist() == [0.7, 0.8]
    assert second.estimates.tolist() == [0.1, 0.2, 0.3]
    assert second.n_offers.tolist() == [1, 2, 3]
    assert second.covariance[0, 2] == pytest.approx(0.03)


def test_missing_group_is_a_group() -> None:
    parts = {"A": make_shares([0.1, 0.2]), "B": make_shares([0.3, 0.4])}
    shares = join_shares(parts)
    shares.table["sector"] = shares.table["sector"].where(shares.table["sector"] == "A")
    assert [series.estimates.tolist() for series in iter_series(shares)] == [[0.1, 0.2], [0.3, 0.4]]


def test_group_without_offers_has_an_empty_series() -> None:
    (series,) = iter_series(make_shares([0.1, 0.2], n_offers=0))
    assert len(series.months) == 0
    assert series.covariance.shape == (0, 0)
