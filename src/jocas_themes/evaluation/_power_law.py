"""The inverse power law that learning curves follow, fitted to many of them at once."""

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# From nearly logarithmic to faster than any learning curve known.
_EXPONENTS = np.linspace(0.05, 2, 79)


def fit_power_law(sizes: npt.NDArray[Any], scores: FloatArray) -> tuple[FloatArray, ...]:
    """Fit a - b * n ** -c to curves of shape (n_curves, n_sizes): a, b, c of shape (n_curves,).

    With a <= 1, b >= 0 and c in [0.05, 2]. For each c of a grid the best a and b have a closed
    form, so that no search can fail. The larger sizes weigh more, in proportion to their rank:
    they are nearer to what is forecast (Figueroa et al. 2012 find weighted fits better).
    """
    weights = np.arange(1, len(sizes) + 1, dtype=float)
    weights /= weights.sum()
    x = (sizes / sizes[-1]) ** -_EXPONENTS[:, None]  # (n_exponents, n_sizes), 1 at the last size
    mean_x, mean_y = x @ weights, (scores @ weights)[:, None]
    spread = x - mean_x[:, None]
    slope = (scores - mean_y) @ (spread * weights).T / (np.square(spread) @ weights)
    gap = np.maximum(-slope, 0)
    top = mean_y + gap * mean_x
    # No F1 is over 1: the best fit is then the best one through it.
    through_one = ((1 - scores) * weights) @ x.T / (np.square(x) @ weights)
    gap, top = np.where(top > 1, through_one, gap), np.minimum(top, 1)
    residuals = scores[:, None] - top[..., None] + gap[..., None] * x
    best = (np.square(residuals) @ weights).argmin(axis=1)
    rows, c = np.arange(len(scores)), _EXPONENTS[best]
    return top[rows, best], gap[rows, best] * sizes[-1] ** c, c


def apply_power_law(law: tuple[FloatArray, ...], sizes: npt.NDArray[Any]) -> FloatArray:
    """Compute the law's scores at some sizes: shape (n_curves, n_sizes)."""
    a, b, c = (coefficient[:, None] for coefficient in law)
    scores: FloatArray = a - b * sizes**-c
    return scores
