"""The inverse power law: laws that are known are found again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes.evaluation._power_law import apply_power_law, fit_power_law

SIZES = np.array([100, 200, 400, 800, 1600])


def test_a_law_is_found_again() -> None:
    # 0.9 - 2 n^-0.5: 0.7 at 100, 0.8 at 400, 0.85 at 1600; 0.8646 at 3200.
    scores = 0.9 - 2 * SIZES[None] ** -0.5
    assert scores[0, [0, 2, 4]].tolist() == pytest.approx([0.7, 0.8, 0.85])
    law = fit_power_law(SIZES, scores)
    assert [float(coefficient[0]) for coefficient in law] == pytest.approx([0.9, 2, 0.5])
    assert apply_power_law(law, np.array([3200]))[0, 0] == pytest.approx(0.9 - 2 / np.sqrt(3200))


def test_many_curves_are_fitted_each_by_itself() -> None:
    scores = np.stack([0.9 - 2 * SIZES**-0.5, 0.8 - 3 * SIZES**-1.0])
    both = fit_power_law(SIZES, scores)
    for row in range(2):
        alone = fit_power_law(SIZES, scores[[row]])
        assert [float(c[0]) for c in alone] == pytest.approx([float(c[row]) for c in both])


def test_flat_and_falling_curves_give_no_gain() -> None:
    falling = np.linspace(0.8, 0.7, 5)
    a, b, _ = fit_power_law(SIZES, np.stack([np.full(5, 0.8), falling]))
    assert b.tolist() == pytest.approx([0, 0], abs=1e-12)
    # The weighted mean: (0.8 + 2 * 0.775 + 3 * 0.75 + 4 * 0.725 + 5 * 0.7) / 15
    assert a.tolist() == pytest.approx([0.8, 11 / 15])


def test_no_law_goes_over_one() -> None:
    # A straight line on a logarithmic axis, that would pass 1 at about 5,000.
    scores = 0.9 + 0.02 * np.log2(SIZES / SIZES[-1])[None]
    law = fit_power_law(SIZES, scores)
    assert law[0][0] <= 1
    assert apply_power_law(law, np.array([10**9]))[0, 0] <= 1
    np.testing.assert_allclose(apply_power_law(law, SIZES), scores, atol=0.01)


@given(st.lists(st.floats(0, 1), min_size=5, max_size=5))
@settings(max_examples=200, deadline=None)
def test_laws_never_fall_and_stay_under_one(scores) -> None:
    law = fit_power_law(SIZES, np.array([scores]))
    curve = apply_power_law(law, np.geomspace(100, 10**6, 40))[0]
    assert (np.diff(curve) >= -1e-12).all()
    assert curve[-1] <= 1 + 1e-12
    assert 0.05 <= law[2][0] <= 2
