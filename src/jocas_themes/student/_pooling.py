"""From the scores of sentences to figures of the offer."""

import numpy as np
import numpy.typing as npt

from jocas_themes.student._exact import POOL_BITS, round_to_bits

FloatArray = npt.NDArray[np.float64]

# How sharply the sum turns from sentences that count to those that do not; measured.
SHARPNESS = 1.5
LARGEST_SCORE = 7.0


def pool_scores(scores: FloatArray, starts: npt.NDArray[np.int64]) -> FloatArray:
    """Pool scores of shape (n_sentences, n_themes) into (n_offers, n_themes, 3).

    The largest score, the runner-up (the largest again where there is but one sentence), and
    the sum of u + sqrt(1 + u ** 2) - 1, u = 1.5 score, over the scores above 0, which counts the
    sentences that speak of the theme. The others add nothing: a long offer has many of them.

    The term is close to log((1 + exp(3 score)) / 2), whose last bits differ from one library of
    mathematics to another; square roots are rounded alike everywhere.
    """
    first = starts[:-1]
    largest = np.maximum.reduceat(scores, first, axis=0)
    above = SHARPNESS * np.clip(scores, 0.0, LARGEST_SCORE)
    terms = round_to_bits(above + (np.sqrt(1 + above * above) - 1), POOL_BITS)
    runner_up = np.empty_like(largest)
    for theme in range(scores.shape[1]):
        order = np.lexsort((scores[:, theme], np.repeat(first, np.diff(starts))))
        runner_up[:, theme] = scores[order, theme][np.maximum(starts[1:] - 2, first)]
    return np.stack([largest, runner_up, np.add.reduceat(terms, first, axis=0)], axis=2)
