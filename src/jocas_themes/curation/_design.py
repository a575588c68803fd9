"""Drawing with known probabilities: some units by their weight, the others at random."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_Floats = npt.NDArray[np.float64]
_Integers = npt.NDArray[np.int64]
# A probability this close to 1 is 1 but for rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Draw:
    """A sample, and the chance that each unit had to be in it.

    Parameters
    ----------
    weighted : ndarray of shape (n_weighted,)
        Positions of the units that were drawn by their weight.
    random : ndarray of shape (n_random,)
        Positions of the units that were drawn at random among the others.
    probabilities : ndarray of shape (n_units,)
        Each unit's probability of being drawn, in either way.
    """

    weighted: _Integers
    random: _Integers
    probabilities: _Floats


def draw_units(weights: _Floats, n_weighted: int, n_random: int, rng: np.random.Generator) -> Draw:
    """Draw some units by their weight, then others at random among the rest.

    A unit that is drawn by its weight with probability p is drawn at all with
    ``p + (1 - p) * n_random / (n_units - n_weighted)``: whatever the first draw took, the second
    gives all that remain the same chance.
    """
    chances = compute_inclusion(weights, n_weighted)
    weighted = draw_systematic(chances, rng)
    rest = np.setdiff1d(np.arange(len(weights)), weighted)
    random = rng.choice(rest, n_random, replace=False)
    share = n_random / len(rest) if len(rest) else 0.0
    return Draw(weighted, np.sort(random), chances + (1 - chances) * share)


def compute_inclusion(weights: _Floats, n_drawn: int) -> _Floats:
    """Return probabilities that are proportional to the weights, at most 1, and sum to n_drawn."""
    certain = np.zeros(len(weights), dtype=bool)
    while certain.sum() < n_drawn:
        scale = (n_drawn - certain.sum()) / weights[~certain].sum()
        over = ~certain & (weights * scale >= 1 - _ROUNDING)
        if not over.any():
            return np.where(certain, 1.0, weights * scale)
        certain |= over
    return certain.astype(float)


def draw_systematic(probabilities: _Floats, rng: np.random.Generator) -> _Integers:
    """Draw units with the given probabilities, spread over their order (Madow, 1949).

    The units lie end to end on a line, each as long as its probability; points one unit of
    length apart, from a random start on, fall into those that are drawn.
    """
    certain = np.flatnonzero(probabilities >= 1)
    others = np.flatnonzero(probabilities < 1)
    n_drawn = round(float(probabilities[others].sum()))
    ends = np.cumsum(probabilities[others])
    if n_drawn:
        ends *= n_drawn / ends[-1]  # the sum is a whole number but for rounding
    points = rng.random() + np.arange(n_drawn)
    drawn = others[np.searchsorted(ends[:-1], points, side="right")]
    return np.sort(np.concatenate([certain, drawn]))
