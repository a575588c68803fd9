"""The band of a trend, which stays between 0 and 1 by itself."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student_t

Array = npt.NDArray[np.float64]


def compute_band(estimate: Any, se: Any, *, level: float, dof: float) -> tuple[Array, Array]:
    r"""Compute the score intervals of shares.

    Parameters
    ----------
    estimate, se : array-like of shape (n_rows,)
        Shares and their standard errors; NaN where there is none.
    level : float
        In (0, 1).
    dof : float
        Degrees of freedom of the standard errors.

    Returns
    -------
    low, high : ndarray of shape (n_rows,)
        Within 0 and 1.

    Notes
    -----
    All shares :math:`\theta` with :math:`(\hat p - \theta)^2 \le q^2 \theta (1 - \theta) / n`
    (Wilson 1927), of the :math:`n = \hat p (1 - \hat p) / s^2` offers to which the error :math:`s`
    amounts (Korn and Graubard 1998, "Confidence intervals for proportions with small expected
    number of positive counts estimated from survey data"). A rare theme's estimate and error are
    small together, so that estimate plus and minus twice the error is too low. For :math:`n` the
    share is taken as no nearer to 0 or 1 than the error.
    """
    share, error = np.clip(np.asarray(estimate, dtype=np.float64), 0, 1), np.asarray(se)
    margin = np.minimum(error, 0.5)
    inner = np.clip(share, margin, 1 - margin)
    odds = np.where(error > 0, inner * (1 - inner), 1)
    ratio = (student_t.ppf((1 + level) / 2, dof) * error) ** 2 / odds
    middle = (share + ratio / 2) / (1 + ratio)
    half = np.sqrt(ratio * share * (1 - share) + ratio**2 / 4) / (1 + ratio)
    return (middle - half).clip(0, 1), (middle + half).clip(0, 1)
