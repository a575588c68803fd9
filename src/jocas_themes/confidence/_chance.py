"""Agreement beyond chance, of two readers of the same cells."""

import numpy as np

from jocas_themes.confidence._arrays import FloatArray


def tabulate_pairs(a: FloatArray, b: FloatArray, weights: FloatArray) -> FloatArray:
    """Sum the weights of the cells by label, shape (2, 2): rows `a`, columns `b`."""
    cells = (2 * a + b).astype(np.intp)
    pairs: FloatArray = np.bincount(cells, weights, minlength=4).astype(float).reshape(2, 2)
    return pairs


def compute_kappa(pairs: FloatArray) -> float:
    """Compute Cohen's (1960) kappa; NaN when both readers know one class only."""
    total = pairs.sum()
    if not total:
        return np.nan
    shares = pairs / total
    expected = float(shares.sum(axis=1) @ shares.sum(axis=0))
    if np.isclose(expected, 1):
        return np.nan
    return float((np.trace(shares) - expected) / (1 - expected))


def compute_alpha(pairs: FloatArray, n_cells: int) -> float:
    """Compute Krippendorff's (2004) nominal alpha; NaN when there is one class only.

    A cell that one reader left out pairs with nothing, so that it does not count: `pairs` hold
    the others, `n_cells` of them.
    """
    total = pairs.sum()
    if not total:
        return np.nan
    shares = pairs / total
    share = float(shares.sum(axis=0)[1] + shares.sum(axis=1)[1]) / 2
    # Of two labels drawn without replacement among the 2 n_cells.
    expected = 2 * share * (1 - share) * 2 * n_cells / (2 * n_cells - 1)
    if np.isclose(expected, 0):
        return np.nan
    return float(1 - (1 - np.trace(shares)) / expected)
