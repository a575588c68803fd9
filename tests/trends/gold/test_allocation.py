import numpy as np
import pytest

from jocas_themes.trends.gold._allocation import allocate_gold


def test_by_hand() -> None:
    # S = 0.5 and, of 0.01 raised to 0.02, 0.1414. N S = 50 and 56.57, that is 0.469 and 0.531 of
    # their sum; sqrt(N) = 10 and 20, 0.333 and 0.667: the weights are 0.401 and 0.599. Two of
    # each, then the highest of w / (2 n + 1): 0.599/5 = 0.120; 0.599/7 = 0.086; 0.401/5 = 0.080;
    # 0.599/9 = 0.067; 0.401/7 = 0.0573 before 0.599/11 = 0.0544; and then the latter.
    draws = allocate_gold(np.array([100, 400]), np.array([0.25, 0.01]), 10)
    assert draws.tolist() == [0, 1, 0, 1, 1, 1, 0, 1, 0, 1]


def test_too_few_for_the_strata() -> None:
    with pytest.raises(ValueError, match=r"n must be at least 5 for 3 strata, 2 of each, got 4"):
        allocate_gold(np.array([9, 1, 9]), np.full(3, 0.1), 4)
