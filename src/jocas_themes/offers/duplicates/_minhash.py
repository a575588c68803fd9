"""MinHash signatures of texts, cut into bands: texts that share a band are worth a comparison."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_random_state

from jocas_themes.offers.duplicates._shingles import Numbers, Shingles, hash_shingles, mix

# A pair at the threshold is missed once in a hundred times at most.
_MIN_RECALL = 0.99
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_CHUNK_TEXTS = 32  # whose arrays fit a processor's cache


class Sketches(NamedTuple):
    """What is kept of some texts to find near-duplicates among them."""

    hashes: npt.NDArray[np.int32]  # the shingles, text after text, sorted within each
    sizes: npt.NDArray[np.int32]  # how many of them each text has
    fingerprints: Numbers  # of each whole set of shingles
    bands: npt.NDArray[np.uint32]  # of shape (n_texts, n_bands)


@dataclass(frozen=True, eq=False)
class MinHasher:
    """The hash functions of the signatures, and how many make a band.

    Parameters
    ----------
    factors, terms : ndarray of shape (n_bands, n_rows)
        Of the permutations ``x * factor + term`` modulo 2**32.
    """

    factors: npt.NDArray[np.uint32]
    terms: npt.NDArray[np.uint32]

    @classmethod
    def draw(cls, threshold: float, n_hashes: int, random_state: int) -> "MinHasher":
        """Draw the functions; the bands are as long as a pair at the threshold allows."""
        n_rows = choose_band_rows(threshold, n_hashes)
        shape = (2, n_hashes // n_rows, n_rows)
        drawn = check_random_state(random_state).randint(0, 2**32, size=shape, dtype=np.uint32)
        return cls(drawn[0] | np.uint32(1), drawn[1])  # an odd factor loses nothing

    def sketch(self, texts: Sequence[str]) -> Sketches:
        """Sketch some texts, a few at a time."""
        starts = range(0, len(texts), _CHUNK_TEXTS)
        parts = [self._sketch_chunk(list(texts[i : i + _CHUNK_TEXTS])) for i in starts]
        if not parts:
            parts = [self._sketch_chunk([])]
        return Sketches(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def _sketch_chunk(self, texts: list[str]) -> Sketches:
        shingles = hash_shingles(texts)
        fingerprints = np.zeros(len(texts), dtype=np.uint64)
        bands = np.zeros((len(texts), len(self.factors)), dtype=np.uint32)
        filled = np.flatnonzero(shingles.sizes)
        if len(filled):
            starts = (np.cumsum(shingles.sizes) - shingles.sizes)[filled]
            scattered = mix(shingles.hashes.astype(np.uint64))
            fingerprints[filled] = np.add.reduceat(scattered, starts)
            bands[filled] = self._compute_bands(shingles, starts).T
        return Sketches(*shingles, fingerprints, bands)

    def _compute_bands(
        self, shingles: Shingles, starts: npt.NDArray[np.intp]
    ) -> npt.NDArray[np.uint32]:
        """Hash the bands of the signatures, of shape (n_bands, n_texts)."""
        hashes = shingles.hashes.view(np.uint32)
        bands = np.zeros((len(self.factors), len(starts)), dtype=np.uint64)
        for band, row in np.ndindex(self.factors.shape):
            permuted = hashes * self.factors[band, row] + self.terms[band, row]
            bands[band] = bands[band] * _MULTIPLIER + np.minimum.reduceat(permuted, starts)
        return (mix(bands) >> np.uint64(32)).astype(np.uint32)


def choose_band_rows(threshold: float, n_hashes: int) -> int:
    """Choose the longest bands that still find a pair at the threshold."""
    for n_rows in range(n_hashes, 1, -1):
        recall = 1 - (1 - threshold**n_rows) ** (n_hashes // n_rows)
        if recall >= _MIN_RECALL:
            return n_rows
    return 1
