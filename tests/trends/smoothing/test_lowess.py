import numpy as np
import pytest

from jocas_themes.trends.smoothing._lowess import smooth_locally


def test_line_comes_back() -> None:
    x = np.array([0.0, 1, 2, 7, 8, 9, 10])
    at = np.arange(11.0)
    smooth = smooth_locally(x, 0.1 + 0.02 * x, np.array([1.0, 5, 1, 9, 1, 2, 3]), at)
    np.testing.assert_allclose(smooth, 0.1 + 0.02 * at)


def test_tricube_by_hand() -> None:
    # Around the middle, by symmetry, the line's value is the weighted mean. The radius is a little
    # over 2: tricube weights 1 at 0, (1 - 1/8)**3 = 343/512 at 1 and next to nothing at 2, so
    # 1 / (1 + 2 * 343/512) = 512/1198 = 0.427.
    smooth = smooth_locally(
        np.arange(5.0), np.array([0.0, 0, 1, 0, 0]), np.ones(5), np.array([2.0])
    )
    assert smooth == pytest.approx([512 / 1198], abs=1e-3)


def test_far_points_do_not_count() -> None:
    # 30% of 20 points are 6: around 0 those up to 5.
    x, y = np.arange(20.0), np.zeros(20)
    y[6:] = 1
    assert smooth_locally(x, y, np.ones(20), np.array([0.0])) == pytest.approx([0], abs=1e-12)


def test_weights_pull() -> None:
    x, y = np.arange(7.0), np.array([0.0, 0, 0, 1, 0, 0, 0])
    at = np.array([3.0])
    heavy = np.where(y == 1, 100.0, 1.0)
    light = smooth_locally(x, y, np.ones(7), at)
    assert smooth_locally(x, y, heavy, at) > light
    assert smooth_locally(x, y, 7 * np.ones(7), at) == pytest.approx(light)
