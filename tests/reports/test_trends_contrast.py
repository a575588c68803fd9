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
    assert choose(months, steps=("2021-02", "2020-03")) == [
        "2019-01",
        "2020-02",
        "2021-02",
        "2021-12",
    ]


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


def test_steps_outside_the_labels_are_refused_but_for_the_default() -> None:
    months = list_periods("2019-01", 36)
    for steps in (("2030-01",), ("2020-03", "2030-01"), ("2019-01",)):  # none before the first
        with pytest.raises(ValueError, match=r"after 2019-01 and up to 2021-12, got \['20"):
            choose(months, steps=steps)
    late = list_periods("2021-01", 36)
    assert choose(late, steps=_STEP) == ["2021-01", "2021-12", "2023-01", "2023-12"]


@pytest.mark.parametrize(
    ("said", "match"),
    [
        (
            {"before": ("2015-01", "2016-12"), "after": ("2020-01", "2020-12")},
            "before must hold a whole period of the labels, which go from 2019-01 to 2021-12, got "
            "2015-01 to 2016-12",
        ),
        ({"after": ("2030-01", "2030-12")}, "after must hold a whole period of the labels"),
        ({"before": ("2019-12", "2019-01")}, "before must end after it begins, got 2019-12 to"),
        # After is by default from March 2020 on.
        (
            {"before": ("2019-01", "2020-06")},
            "before until 2020-06 and after from 2020-03. after was not given, and this is its",
        ),
        # Before is by default until February 2020.
        ({"after": ("2020-01", "2020-06")}, "after from 2020-01. before was not given"),
        (
            {"before": ("2020-01", "2020-12"), "after": ("2020-12", "2021-12")},
            "before until 2020-12 and after from 2020-12.$",
        ),
    ],
)
def test_stretches_that_cannot_be_compared_are_refused(said, match) -> None:
    with pytest.raises(ValueError, match=match):
        choose(list_periods("2019-01", 36), steps=_STEP, **said)


def test_a_default_that_lies_apart_is_taken() -> None:
    months = list_periods("2019-01", 36)
    chosen = choose(months, steps=_STEP, before=("2019-01", "2019-12"))
    assert chosen == ["2019-01", "2019-12", "2020-03", "2021-12"]


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(ValueError, match="offers that count and have a readable date, got none"):
        choose(list_periods("2019-01", 0))
    with pytest.raises(ValueError, match="two periods are needed to compare, got 2019-01 alone"):
        choose(list_periods("2019-01", 1))
    with pytest.raises(ValueError, match="got none before or after 2020-03"):
        choose(list_periods("2020-01", 2, 12), width=12, steps=_STEP)
