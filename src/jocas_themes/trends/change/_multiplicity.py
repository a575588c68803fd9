"""Several tests at once: p-values that say what is left when all are looked at together."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.stats import false_discovery_control

Array = npt.NDArray[np.float64]


def adjust_p_values(p: npt.ArrayLike, method: str | None = "holm") -> Array:
    """Adjust p-values for their number.

    Parameters
    ----------
    p : array-like of shape (n_tests,)
        p-values, 0 to 1; NaN where there was no test.
    method : {"holm", "bh"} or None, default="holm"
        ``holm`` bounds the chance of any false finding; ``bh`` the expected part of the findings
        that are false, when the tests are independent or depend positively. None changes nothing.

    Returns
    -------
    ndarray of shape (n_tests,)
        Adjusted p-values, in the same order; NaN stays NaN and does not count as a test.

    Raises
    ------
    ValueError
        If `method` is not one of these, or a p-value is not from 0 to 1.

    See Also
    --------
    compare_periods : Adjusts over all themes and groups.

    Notes
    -----
    Holm (1979), "A simple sequentially rejective multiple test procedure"; Benjamini and Hochberg
    (1995), "Controlling the false discovery rate".

    Examples
    --------
    >>> from jocas_themes.trends import adjust_p_values
    >>> adjust_p_values([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    >>> adjust_p_values([0.01, 0.04, float("nan"), 0.03], "bh")
    array([0.03, 0.04,  nan, 0.04])
    """
    check_correction(method, "method")
    adjusted = np.array(p, dtype=np.float64)
    known = ~np.isnan(adjusted)
    wrong = adjusted[known & ~((adjusted >= 0) & (adjusted <= 1))]
    if wrong.size:
        raise ValueError(
            f"p-values must be from 0 to 1, got {wrong[:5].tolist()!r} ({wrong.size} in all)."
        )
    if known.any():
        adjusted[known] = _ADJUSTMENTS[method](adjusted[known])
    return adjusted


def check_correction(method: str | None, name: str) -> None:
    """Refuse what is no way of adjusting p-values."""
    if method not in _ADJUSTMENTS:
        raise ValueError(
            f"{name} must be one of {list(_ADJUSTMENTS)}, got {method!r}. Holm's is the "
            f"safe choice."
        )


def _adjust_holm(p: Array) -> Array:
    order = np.argsort(p)
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)).clip(max=1)
    return adjusted


def _adjust_bh(p: Array) -> Array:
    adjusted: Array = false_discovery_control(p, method="bh")
    return adjusted


def _keep(p: Array) -> Array:
    return p


_ADJUSTMENTS: dict[str | None, Callable[[Array], Array]] = {
    "holm": _adjust_holm,
    "bh": _adjust_bh,
    None: _keep,
}
