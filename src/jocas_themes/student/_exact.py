"""Sums that come out the same in any order, in any program, on any machine.

Sums of floating-point numbers depend on the order of their terms, in the last bits: NumPy, SciPy,
a compiled loop and another processor each have their own. Not so where all terms are multiples of
one power of two and the sum is not too large for 53 bits: then nothing is rounded, and one order
is as good as another. Scores are sums of such terms, so that the scores of an offer are the same
whoever computes them, together with whichever other offers.
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse

FloatArray = npt.NDArray[np.float64]

# The product of a feature and its coefficient is a multiple of 2 ** -44: sums up to 2 ** 9.
VALUE_BITS = 24
COEFFICIENT_BITS = 20
# What a word adds, times how often it is there: sums up to 2 ** 27.
TERM_BITS = 26
# Figures of sentences, of 0 to 20 each: sums up to 2 ** 23.
POOL_BITS = 30


def round_to_bits(values: FloatArray, bits: int) -> FloatArray:
    """Round to multiples of ``2 ** -bits``, halves to even."""
    scale = 2.0**bits
    return np.asarray(np.rint(np.asarray(values) * scale) / scale)


def multiply_exactly(matrix: sparse.csr_matrix, coefficients: FloatArray) -> FloatArray:
    """Multiply features, of about 1, by the coefficients of linear scores."""
    rounded = matrix.astype(np.float64, copy=True)
    rounded.data = round_to_bits(rounded.data, VALUE_BITS)
    return np.asarray(rounded @ round_to_bits(coefficients, COEFFICIENT_BITS))
