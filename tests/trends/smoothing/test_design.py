import numpy as np
import pandas as pd
import pytest

from jocas_themes.trends.smoothing._design import build_design, build_seasons

JANUARY = pd.Timestamp("2018-01-01")
STEP = pd.Timestamp("2020-03-01")


def test_columns_of_months() -> None:
    observed = np.array([0, 1, 3, 4])
    design, lacks = build_design(pd.Timestamp("2020-01-01"), observed, 1, [STEP], season=False)
    assert lacks == []
    assert design.n_season == 0
    expected = np.column_stack([np.ones(5), np.arange(5) / 12, [0, 0, 1, 1, 1]])
    np.testing.assert_allclose(design.fixed, expected)
    assert len(design.wiggles) == 5


def test_a_quarter_holds_a_step_in_part() -> None:
    # Of January to March 2020 the step holds in March alone.
    observed = np.arange(6)
    design, _ = build_design(pd.Timestamp("2019-07-01"), observed, 3, [STEP], season=False)
    np.testing.assert_allclose(design.fixed[:, 1], np.arange(6) / 4)
    np.testing.assert_allclose(design.fixed[:, 2], [0, 0, 1 / 3, 1, 1, 1])


@pytest.mark.parametrize("step", ["2017-06-01", "2018-01-01", "2019-01-01"])
def test_a_step_outside_is_left_out(step: str) -> None:
    design, lacks = build_design(JANUARY, np.arange(12), 1, [pd.Timestamp(step)], season=False)
    assert design.fixed.shape == (12, 2)
    (lack,) = lacks
    assert lack.startswith(f"the step of {step[:7]} was left out")


def test_of_two_steps_in_one_gap_the_first_stays() -> None:
    observed = np.array([0, 1, 2, 6, 7, 8])
    steps = [pd.Timestamp("2018-05-01"), pd.Timestamp("2018-06-01")]
    design, lacks = build_design(JANUARY, observed, 1, steps, season=False)
    np.testing.assert_allclose(design.fixed[:, 2], [0, 0, 0, 0, 1, 1, 1, 1, 1])
    assert len(lacks) == 1
    assert "2018-06" in lacks[0]


def test_seasons_of_months() -> None:
    # From March on: the third month of the year is the first row, December (the tenth) is minus
    # the sum of the others.
    seasons = build_seasons(pd.Timestamp("2018-03-01"), np.arange(24.0), 1)
    assert seasons.shape == (24, 11)
    assert seasons[0].tolist() == [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    assert seasons[9].tolist() == [-1] * 11
    assert seasons[10].tolist() == [1, *[0] * 10]
    np.testing.assert_array_equal(seasons[:12], seasons[12:])
    np.testing.assert_array_equal(seasons[:12].sum(axis=0), 0)


def test_seasons_of_quarters_and_years() -> None:
    seasons = build_seasons(pd.Timestamp("2018-07-01"), 3 * np.arange(4.0), 3)
    assert seasons.tolist() == [[0, 0, 1], [-1, -1, -1], [1, 0, 0], [0, 1, 0]]
    assert build_seasons(JANUARY, 12 * np.arange(4.0), 12).shape == (4, 0)


def test_seasons_are_last() -> None:
    observed = np.arange(36)
    design, lacks = build_design(JANUARY, observed, 1, [STEP], season=True)
    assert lacks == []
    assert design.n_season == 11
    assert design.fixed.shape == (36, 3 + 11)
    np.testing.assert_array_equal(
        design.fixed[:, 3:], build_seasons(JANUARY, np.arange(36.0), width=1)
    )


@pytest.mark.parametrize(
    "observed",
    [
        np.arange(23),
        np.delete(np.arange(40), np.arange(10, 28)),  # 22 of 40
        np.array([month for month in range(48) if month % 12 != 7]),  # never an August
    ],
)
def test_seasons_that_are_not_told(observed: np.ndarray) -> None:
    design, lacks = build_design(JANUARY, observed, 1, [], season=True)
    assert design.n_season == 0
    assert design.fixed.shape == (observed[-1] + 1, 2)
    (lack,) = lacks
    assert lack.startswith("seasons were left out: they need 24 observed months")


def test_24_months_are_enough() -> None:
    design, lacks = build_design(JANUARY, np.arange(24), 1, [], season=True)
    assert (design.n_season, lacks) == (11, [])
