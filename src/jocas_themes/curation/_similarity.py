"""An order of texts in which neighbours are alike, in bounded memory."""

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.pipeline import make_pipeline
from sklearn.utils.extmath import randomized_svd

_N_FITTED = 4_000
_N_FEATURES = 2**14  # words may share one: it takes many to set a direction
_N_DIRECTIONS = 16
_CHUNK_TEXTS = 2_000


def order_by_similarity(texts: list[str], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return the positions of the texts in an order in which neighbours are alike.

    Latent semantic analysis (Deerwester et al., 1990), fitted on some of the texts, then the
    order of the leaves of a k-d tree (Bentley, 1975).
    """
    positions = np.arange(len(texts), dtype=np.int64)
    vectorizer = make_pipeline(
        HashingVectorizer(n_features=_N_FEATURES, strip_accents="unicode", alternate_sign=False),
        TfidfTransformer(),
    )
    some = np.sort(rng.choice(positions, min(_N_FITTED, len(texts)), replace=False))
    fitted = vectorizer.fit_transform([texts[position] for position in some])
    used = np.unique(fitted.indices)
    if len(texts) <= _N_DIRECTIONS or len(used) <= _N_DIRECTIONS:
        return positions  # too few to tell directions apart
    seed = int(rng.integers(2**31))
    directions = randomized_svd(fitted[:, used], _N_DIRECTIONS, random_state=seed)[2]
    points = np.vstack(
        [
            vectorizer.transform(texts[start : start + _CHUNK_TEXTS])[:, used] @ directions.T
            for start in range(0, len(texts), _CHUNK_TEXTS)
        ]
    )
    return _walk_tree(points, positions)


def _walk_tree(
    points: npt.NDArray[np.float64], positions: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Halve along the direction of largest range, again and again; return the leaves."""
    if len(positions) <= 2:
        return positions
    direction = np.ptp(points[positions], axis=0).argmax()
    ordered = positions[np.argsort(points[positions, direction], kind="stable")]
    middle = len(ordered) // 2
    return np.concatenate(
        [_walk_tree(points, ordered[:middle]), _walk_tree(points, ordered[middle:])]
    )
