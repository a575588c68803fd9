"""Scales: round ticks, dates where they belong."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.plots._scale import Scale, name_period


def _fit(first: str, last: str, highest_share: float = 0.5, freq: str = "M") -> Scale:
    return Scale.fit(pd.period_range(first, last, freq=freq), highest_share)


@pytest.mark.parametrize(
    ("highest_share", "labels"),
    [
        (0.0, ["0%", "1%"]),
        (0.03, ["0%", "1%", "2%", "3%"]),
        (0.30000000000000004, ["0%", "10%", "20%", "30%"]),
        (0.62, ["0%", "20%", "40%", "60%", "80%"]),
        (1.0, ["0%", "20%", "40%", "60%", "80%", "100%"]),
    ],
)
def test_share_ticks_are_round_and_few(highest_share: float, labels: list[str]) -> None:
    scale = _fit("2020-01", "2020-12", highest_share)
    assert [label for _, label in scale.list_share_ticks()] == labels


@given(st.floats(0, 1))
def test_all_shares_fit(highest_share: float) -> None:
    scale = _fit("2020-01", "2020-12", highest_share)
    assert 0 <= scale.place_share(highest_share) <= 1 + 1e-9
    assert 2 <= len(scale.list_share_ticks()) <= 6


def test_dates_run_from_the_first_day_to_the_end_of_the_last_period() -> None:
    scale = _fit("2021-01", "2021-12")  # 365 days
    assert scale.place_date(pd.Timestamp("2021-01-01")) == 0
    assert scale.place_date(pd.Timestamp("2022-01-01")) == 1
    # The middle of January is 15.5 days after its first.
    assert scale.place_period(pd.Period("2021-01", "M")) == pytest.approx(15.5 / 365)


def test_years_are_named_over_a_long_time_and_months_over_a_short_one() -> None:
    spans = _fit("2019-07", "2021-06").list_date_spans()
    assert [label for *_, label in spans] == ["2019", "2020", "2021"]
    assert spans[0][0] == 0
    assert spans[-1][1] == 1
    months = _fit("2020-11", "2021-01").list_date_spans()
    assert [label for *_, label in months] == ["Nov 2020", "Dec 2020", "Jan 2021"]


@pytest.mark.parametrize(
    ("period", "by", "name"),
    [
        (pd.Period("2020-03", "M"), "month", "March 2020"),
        (pd.Period("2020Q2", "Q"), "quarter", "2020 Q2"),
        (pd.Period("2020", "Y"), "year", "2020"),
    ],
)
def test_names_of_periods(period: pd.Period, by: str, name: str) -> None:
    assert name_period(period, by) == name
