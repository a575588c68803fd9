"""Local regression: a picture of a series, which says nothing of its errors."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_SPAN = 0.3  # share of the points that a local line rests on
_FEWEST = 5


def smooth_locally(x: Array, y: Array, weights: Array, at: Array) -> Array:
    """Fit a weighted straight line around each of some places.

    The weights fall with the distance as Cleveland's (1979) tricube, to 0 at the nearest points'
    edge; without his robustness.
    """
    n_near = min(max(int(np.ceil(_SPAN * len(x))), _FEWEST), len(x))
    return np.array([_fit_line(x - place, y, weights, n_near) for place in at])


def _fit_line(distance: Array, y: Array, weights: Array, n_near: int) -> float:
    """Return the local line's value at distance 0."""
    # A little beyond the farthest point used, so that it counts.
    radius = 1.001 * np.sort(np.abs(distance))[n_near - 1]
    near = weights * (1 - np.clip(np.abs(distance) / radius, 0, 1) ** 3) ** 3
    root = np.sqrt(near)
    columns = np.column_stack([np.ones_like(distance), distance])
    line = np.linalg.lstsq(columns * root[:, None], y * root, rcond=None)[0]
    return float(line[0])
