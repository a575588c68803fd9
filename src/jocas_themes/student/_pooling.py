"""From the scores of sentences to figures of the offer."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# How sharply the sum turns from sentences that count to those that do not; measured.
_SHARPNESS = 3.0
_LARGEST_EXPONENT = 20.0


def pool_scores(scores: FloatArray, starts: npt.NDArray[np.int64]) -> FloatArray:
    """Pool scores of shape (n_sentences, n_themes) into (n_offers, n_themes, 3).

    The largest score, the runner-up (the largest again where there is but one sentence), and
    the sum of log((1 + exp(3 score)) / 2) over the scores above 0, which counts the sentences
    that speak of the theme. The others add nothing: a long offer has many of them.
    """
    first = starts[:-1]
    largest = np.maximum.reduceat(scores, first, axis=0)
    exponents = np.clip(_SHARPNESS * scores, 0.0, _LARGEST_EXPONENT)
    soft = np.log1p(np.exp(exponents)) - np.log(2)
    runner_up = np.empty_like(largest)
    for theme in range(scores.shape[1]):
        order = np.lexsort((scores[:, theme], np.repeat(first, np.diff(starts))))
        runner_up[:, theme] = scores[order, theme][np.maximum(starts[1:] - 2, first)]
    return np.stack([largest, runner_up, np.add.reduceat(soft, first, axis=0)], axis=2)
