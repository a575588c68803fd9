"""Score intervals: by hand, and at the edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from jocas_themes.trends.smoothing._band import compute_band


@pytest.mark.parametrize(("count", "n"), [(3, 100), (50, 200), (199, 200)])
def test_of_a_count_they_are_wilsons(count: int, n: int) -> None:
    share = count / n
    se = np.sqrt(share * (1 - share) / n)
    low, high = compute_band([share], [se], level=0.95, dof=np.inf)
    assert (low[0], high[0]) == pytest.approx(proportion_confint(count, n, method="wilson"))


def test_edges() -> None:
    low, high = compute_band([-0.01, 0.0, 0.3, 1.0, 0.2, np.nan], [0.01, 0.02, 0, 0.02, 2, np.nan],
                             level=0.95, dof=np.inf)  # fmt: skip
    # Below 0 and at 0 the band begins at 0. With q = 1.96, s = 0.02 and a share taken as 0.02:
    # r = (1.96 * 0.02)**2 / (0.02 * 0.98) = 0.0784, and the end is r / (1 + r) = 0.0727.
    assert low[:2].tolist() == [0, 0]
    assert high[1] == pytest.approx(0.0727, abs=1e-4)
    assert 0 < high[0] < high[1]
    assert (low[2], high[2]) == pytest.approx((0.3, 0.3))
    assert (low[3], high[3]) == pytest.approx((1 - 0.0727, 1), abs=1e-4)
    assert 0 <= low[4] < 0.05
    assert 0.9 < high[4] <= 1
    assert np.isnan([low[5], high[5]]).all()


@given(st.floats(0, 1), st.floats(1e-6, 1), st.sampled_from([3.0, 50.0, np.inf]))
def test_the_share_is_inside(share: float, se: float, dof: float) -> None:
    low, high = compute_band([share], [se], level=0.9, dof=dof)
    assert 0 <= low[0] <= share + 1e-12
    assert share - 1e-12 <= high[0] <= 1
