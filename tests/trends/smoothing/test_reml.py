from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes.trends.smoothing import _reml
from jocas_themes.trends.smoothing._reml import Design, build_wiggles, fit_trend

Array = Any


def _make(seed: int, n_periods: int = 30) -> tuple[Array, Array, Design, Array]:
    """Draw values with errors in common, a design with a step, and the periods observed."""
    rng = np.random.default_rng(seed)
    periods = np.arange(n_periods)
    observed = np.delete(periods, [5, 6, 7, 20])
    step = (periods >= 15).astype(np.float64)
    fixed = np.column_stack([np.ones(n_periods), periods / 12, step])
    design = Design(fixed, 0, build_wiggles(periods / 12))
    factor = rng.normal(0, 0.02, (len(observed), 2))
    covariance = factor @ factor.T + np.diag(rng.uniform(1e-4, 1e-3, len(observed)))
    values = 0.2 + np.sqrt(np.diag(covariance)) * rng.normal(size=len(observed))
    return values, covariance, design, observed


def test_wiggles_by_hand() -> None:
    # min**2 (3 max - min) / 6: 1 * 2 / 6, 1 * 5 / 6, 4 * 4 / 6.
    wiggles = build_wiggles(np.array([0.0, 1.0, 2.0]))
    expected = [[0, 0, 0], [0, 1 / 3, 5 / 6], [0, 5 / 6, 8 / 3]]
    np.testing.assert_allclose(wiggles @ wiggles.T, expected, atol=1e-14)


def test_wiggles_of_ten_years_lose_nothing() -> None:
    years = np.arange(120) / 12
    first, second = np.minimum.outer(years, years), np.maximum.outer(years, years)
    wiggles = build_wiggles(years)
    assert wiggles.shape == (120, 60)
    exact = first**2 * (3 * second - first) / 6
    np.testing.assert_allclose(wiggles @ wiggles.T, exact, atol=1e-6 * exact.max())


def test_prediction_is_universal_kriging() -> None:
    """The same as the textbook's dense formulas, for given deviations."""
    values, covariance, design, observed = _make(1)
    log_irregular, log_walk = np.log(0.02), np.log(np.array([0.01, 0.3]))
    projection = _reml._project(values, covariance, design, observed, log_irregular)
    means, variances = _reml._predict(projection, design.fixed, design.wiggles, log_walk)
    for place, scale in enumerate(log_walk):
        walk = np.exp(2 * scale) * design.wiggles @ design.wiggles.T
        total = covariance + 0.02**2 * np.eye(len(values)) + walk[np.ix_(observed, observed)]
        inverse, columns = np.linalg.inv(total), design.fixed[observed]
        spread = np.linalg.inv(columns.T @ inverse @ columns)
        effects = spread @ columns.T @ inverse @ values
        weights = walk[:, observed] @ inverse
        mean = design.fixed @ effects + weights @ (values - columns @ effects)
        unknown = design.fixed - weights @ columns
        left = walk - weights @ walk[observed] + unknown @ spread @ unknown.T
        np.testing.assert_allclose(means[:, place], mean, atol=1e-10)
        np.testing.assert_allclose(variances[:, place], np.diag(left), atol=1e-10)


def test_likelihood_is_the_restricted_one() -> None:
    """The same as the dense formula, but for a constant and the logs of both priors."""
    values, covariance, design, observed = _make(2)
    columns = design.fixed[observed]
    wiggles = design.wiggles[observed]
    differences = []
    for log_irregular in np.log([0.005, 0.05]):
        projection = _reml._project(values, covariance, design, observed, log_irregular)
        log_walk = np.log(np.array([0.01, 0.1, 1.0]))
        weights = _reml._weigh(projection, log_irregular, log_walk)
        for weight, scale in zip(weights, log_walk, strict=True):
            irregular = np.exp(2 * log_irregular) * np.eye(len(values))
            total = covariance + irregular + np.exp(2 * scale) * wiggles @ wiggles.T
            inverse = np.linalg.inv(total)
            information = columns.T @ inverse @ columns
            effects = np.linalg.solve(information, columns.T @ inverse @ values)
            rest = values - columns @ effects
            determinants = np.linalg.slogdet(total)[1] + np.linalg.slogdet(information)[1]
            likelihood = -(determinants + rest @ inverse @ rest) / 2
            differences.append(weight - likelihood - log_irregular - scale)
    np.testing.assert_allclose(differences, differences[0], atol=1e-8)


@settings(max_examples=10, deadline=None)
@given(
    st.integers(0, 1_000),
    st.floats(-1, 1),
    st.floats(-0.1, 0.1),
    st.floats(-0.5, 0.5),
)
def test_what_the_fixed_part_tells_goes_into_the_trend(
    seed: int, level: float, slope: float, jump: float
) -> None:
    values, covariance, design, observed = _make(seed)
    more = design.fixed @ np.array([level, slope, jump])
    before = fit_trend(values, covariance, design, observed)
    after = fit_trend(values + more[observed], covariance, design, observed)
    np.testing.assert_allclose(after.trend, before.trend + more, atol=1e-8)
    np.testing.assert_allclose(after.variance, before.variance, rtol=1e-6)


def test_an_error_of_all_adds_its_variance() -> None:
    """An unknown shift of all values: the trend is as well known, but for its height."""
    values, covariance, design, observed = _make(3)
    alone = fit_trend(values, covariance, design, observed)
    shifted = fit_trend(values, covariance + 0.03**2, design, observed)
    np.testing.assert_allclose(shifted.trend, alone.trend, atol=1e-9)
    np.testing.assert_allclose(shifted.variance, alone.variance + 0.03**2)


def test_seasons_are_no_part_of_the_trend() -> None:
    periods = np.arange(48)
    season = np.tile([0.03, 0.0, -0.02, -0.01], 12)
    dummies = np.tile(np.vstack([np.eye(3), -np.ones(3)]), (12, 1))
    fixed = np.column_stack([np.ones(48), periods / 4, dummies])
    design = Design(fixed, 3, build_wiggles(periods / 4))
    smooth = fit_trend(0.2 + 0.001 * periods + season, 1e-4 * np.eye(48), design, periods)
    np.testing.assert_allclose(smooth.trend, 0.2 + 0.001 * periods, atol=1e-9)
    np.testing.assert_allclose(smooth.season, season, atol=1e-9)


def test_as_many_effects_as_values() -> None:
    fixed = np.column_stack([np.ones(4), np.arange(4), [0, 0, 1, 1], [0, 0, 0, 1]])
    values = np.array([0.1, 0.3, 0.2, 0.6])
    design = Design(fixed, 0, build_wiggles(np.arange(4) / 12))
    smooth = fit_trend(values, 1e-4 * np.eye(4), design, np.arange(4))
    np.testing.assert_allclose(smooth.trend, values)
    assert np.isfinite(smooth.variance).all()


def test_finer_grid_over_the_likely_points() -> None:
    grid = np.arange(6.0)
    likely = np.array([False, False, True, True, False, False])
    refined = _reml._refine(grid, likely)
    assert refined[[0, -1]].tolist() == [1, 4]
    assert _reml._refine(grid, grid < 0.5)[[0, -1]].tolist() == [0, 1]
    assert _reml._refine(grid, grid > 4.5)[[0, -1]].tolist() == [4, 5]


@pytest.mark.parametrize("n_values", [6, 100])
def test_values_without_any_spread(n_values: int) -> None:
    periods = np.arange(n_values)
    fixed = np.column_stack([np.ones(n_values), periods / 12])
    design = Design(fixed, 0, build_wiggles(periods / 12))
    smooth = fit_trend(np.full(n_values, 0.3), 1e-5 * np.eye(n_values), design, periods)
    np.testing.assert_allclose(smooth.trend, 0.3)
    assert (smooth.variance > 0).all()
