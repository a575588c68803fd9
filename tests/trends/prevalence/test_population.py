"""Periods of one rule: those that the labels have themselves, and those of their dates."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from jocas_themes.trends.prevalence import estimate_prevalence

Made = tuple[pd.DataFrame, npt.NDArray[np.float64]]


@pytest.mark.parametrize(
    "write",
    [
        lambda days: days,
        lambda days: days.dt.tz_localize("Europe/Paris"),
        lambda days: days.dt.to_period("M"),
        lambda days: days.dt.strftime("%Y-%m"),
        lambda days: days.dt.strftime("%Y-%m-%d").astype("category"),
    ],
)
def test_a_column_of_months_stands_for_dates(
    made: Made, drawn: pd.DataFrame, write: Callable[[Any], Any]
) -> None:
    labels, _ = made
    days = pd.to_datetime(labels["date_firstSeenDay"])
    own = labels.drop(columns="date_firstSeenDay").assign(month=write(days))
    expected = estimate_prevalence(labels, drawn, by=("month",)).table
    actual = estimate_prevalence(own, drawn, by=("month",)).table
    pd.testing.assert_frame_equal(actual, expected)


def test_numbers_of_years_without_dates_are_years(made: Made, drawn: pd.DataFrame) -> None:
    labels, _ = made
    years = pd.to_datetime(labels["date_firstSeenDay"]).dt.year
    own = labels.drop(columns="date_firstSeenDay").assign(year=years)
    table = estimate_prevalence(own, drawn, by=("year",)).table
    assert table["year"].dt.strftime("%m-%d").unique().tolist() == ["01-01"]
    assert table["year"].dt.year.tolist() == sorted(years.unique())
    # Beside dates they are what folders give, and count for nothing.
    beside = estimate_prevalence(labels.assign(year=1), drawn, by=("year",)).table
    assert beside["year"].dt.year.tolist() == sorted(years.unique())
    with pytest.raises(ValueError, match="'year' must hold a date in each row"):
        estimate_prevalence(own.assign(year=years.where(years > 2018)), drawn, by=("year",))
