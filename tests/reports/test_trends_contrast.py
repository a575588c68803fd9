"""What a report compares, where nobody said."""

import pandas as pd
import pytest

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.reports._trends_contrast import choose_contrast

_STEP = ("2020-03",)


def list_periods(first: str, n_periods: int, width: int = 1) -> "pd.Series[pd.Timestamp]":
    return pd.Series(pd.date_range(first, periods=n_periods, freq=f"{width}MS"))


def choose(periods, *, width=1, steps=(), before=None, after=None):
    chosen = choose_contrast(periods, width, steps, before, after)
    return [f"{month:%Y-%m}" for month in (*chosen.before, *chosen.after)]


def test_all_before_the_first_step_and_from_the_last_on() -> None:
    months = list_periods("2019-01", 36)
    steps = ("2021-02", "2020-03", "2030-01")  # the last one is outside
    assert choose(months, steps=steps) == ["2019-01", "2020-02", "2021-02", "2021-12"]


def test_without_a_step_the_first_and_the_last_year() -> None:
    months = list_periods("2019-01", 24)
    assert choose(months) == ["2019-01", "2019-12", "2020-01", "2020-12"]
    assert choose(months.drop(11)) == ["2019-01", "2019-11", "2020-01", "2020-12"]


def test_less_than_two_years_are_split_in_the_middle() -> None:
    with pytest.warns(JocasThemesWarning, match="first 11 months are compared with their last"):
        # of 23 months the twelfth is in neither half
        assert choose(list_periods("2019-01", 23)) == ["2019-01", "2019-11", "2020-01", "2020-11"]
    quarters = list_periods("2019-01", 3, 3)
    with pytest.warns(JocasThemesWarning, match="first 3 months are compared with their last"):
        assert choose(quarters, width=3) == ["2019-01", "2019-03", "2019-07", "2019-09"]


def test_two_years_are_two_halves() -> None:
    years = list_periods("2019-01", 2, 12)
    assert choose(years, width=12) == ["2019-01", "2019-12", "2020-01", "2020-12"]


def test_what_is_said_is_kept() -> None:
    months = list_periods("2019-01", 18)
    said = {"before": ("2019-01", "2019-02"), "after": ("2020-01", "2020-02")}
    assert choose(months, **said) == ["2019-01", "2019-02", "2020-01", "2020-02"]


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(ValueError, match="two periods are needed to compare, got 2019-01 alone"):
        choose(list_periods("2019-01", 1))
    with pytest.raises(ValueError, match="got none before or after 2020-03"):
        choose(list_periods("2020-01", 2, 12), width=12, steps=_STEP)
