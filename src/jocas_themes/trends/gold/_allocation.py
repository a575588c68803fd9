"""How many gold labels each stratum gets: half by what it teaches, half by its size."""

import numpy as np
import numpy.typing as npt

from jocas_themes.offers._allocation import MIN_DRAWN, count_least, share_out

# A student is sometimes wrong where it is sure: no stratum counts as free of error.
_LEAST_VARIANCE = 0.02


def allocate_gold(
    sizes: npt.NDArray[np.int64], variances: npt.NDArray[np.float64], n: int
) -> npt.NDArray[np.intp]:
    """Say of which stratum each of the n draws is: the first m are the allocation of m.

    Notes
    -----
    Stratum h weighs half by its part of the sum of N_h S_h (Neyman, 1934), where S_h is the root
    of the mean p (1 - p) in it, and half by its part of the sum of sqrt(N_h): the former is best
    for the corpus if the probabilities are right, the latter for its parts (Bankier, 1988, with
    the power 1/2), and a hedge where they are wrong.
    """
    least = count_least(sizes.tolist())
    if n < least:
        raise ValueError(
            f"n must be at least {least} for {len(sizes)} strata, {MIN_DRAWN} of each, got {n!r}. "
            f"Draw more, or name fewer or coarser strata."
        )
    neyman = sizes * np.sqrt(np.maximum(variances, _LEAST_VARIANCE))
    roots = np.sqrt(sizes)
    weights = (neyman / neyman.sum() + roots / roots.sum()) / 2
    return np.array(share_out(sizes.tolist(), weights.tolist(), n), dtype=np.intp)
