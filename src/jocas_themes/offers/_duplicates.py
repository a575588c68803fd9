"""Near-duplicate offers: the same offer on several boards, lightly edited, in near-linear time."""

import re
from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import strip_accents_unicode
from sklearn.utils import check_random_state

from jocas_themes.offers._frames import as_offers

# Letters, digits and the accents that some boards write as characters of their own.
_WORD = re.compile(r"[\w\u0300-\u036f]+")
# A pair at the threshold is missed once in a hundred times at most.
_MIN_RECALL = 0.99
# All pairs of a bucket up to this size; beyond it, each member with as many of its neighbours.
_MAX_NEIGHBOURS = 32
# Bound the memory of the steps between, whatever the number of texts.
_CHUNK_TEXTS = 100
_CHUNK_PAIRS = 1_000
_SHINGLE_BITS = 30
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # odd, and without pattern: the golden ratio

_Integers = npt.NDArray[np.int64]


def find_near_duplicates(
    texts: Any, *, threshold: float = 0.8, n_hashes: int = 128, random_state: int = 0
) -> _Integers:
    """Group offers that are near-duplicates of one another.

    Parameters
    ----------
    texts : sequence of str of n_offers
        One text per offer; anything else that `as_offers` takes will do. Mark-up, case, accents
        and punctuation do not count.
    threshold : float, default=0.8
        Jaccard similarity of two offers' shingles, in (0, 1], from which they are linked.
    n_hashes : int, default=128
        Length of the MinHash signatures. More of them spare comparisons among offers that are
        alike but no near-duplicates, and take longer to compute.
    random_state : int, default=0
        Seed of the hash functions.

    Returns
    -------
    ndarray of shape (n_offers,)
        Each offer's group, from 0 on in the order of first appearance. Near-duplicates, and
        whatever a chain of near-duplicates links, share a group. An offer without any word is
        alone in its group.

    Raises
    ------
    TypeError
        If the texts are not texts.
    ValueError
        If `threshold` or `n_hashes` is out of range.

    See Also
    --------
    NearDuplicateKFold : Cross-validate with near-duplicates in one fold.

    Notes
    -----
    A text is the set of its runs of three words (shingles; a shorter text is one shingle), and
    the similarity of two texts is the Jaccard index of their sets. MinHash signatures
    (Broder, 1997) cut into bands (Leskovec, Rajaraman and Ullman, 2014, chapter 3) bring
    candidates together: the bands are as long as they can be while a pair at the threshold is
    found with a probability of 99% at least (from a threshold of 0.04 on, with 128 hashes).
    Candidates are then compared exactly, so that chance can miss a pair but never make one. In
    a bucket of many offers each is compared with those of nearest size only: the time grows
    with the number of offers, not with its square. Memory: about 2 kB an offer.

    The groups are the same in every process and on every machine.

    Examples
    --------
    >>> from jocas_themes import find_near_duplicates
    >>> find_near_duplicates([
    ...     "Cariste H/F à Lyon, CACES 3 exigé, travail en 2x8",
    ...     "Boulanger à Nantes",
    ...     "CARISTE (H/F) - Lyon - CACES 3 exigé - travail en 2x8",
    ... ], threshold=0.5)
    array([0, 1, 0])
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold must be in (0, 1], got {threshold!r}.")
    if n_hashes < 1:
        raise ValueError(f"n_hashes must be at least 1, got {n_hashes!r}.")
    shingles = _build_shingles(as_offers(texts)["text"].tolist())
    signatures = _compute_signatures(shingles, n_hashes, check_random_state(random_state))
    labels = np.arange(shingles.shape[0], dtype=np.int64)
    n_rows = _choose_band_rows(threshold, n_hashes)
    for start in range(0, n_hashes - n_rows + 1, n_rows):
        buckets = _combine(signatures[start : start + n_rows])
        labels = _link_bucket_members(buckets, shingles, labels, threshold)
    return np.asarray(pd.factorize(labels)[0], dtype=np.int64)


def _build_shingles(texts: list[str]) -> csr_array:
    """Hash each text's shingles: row i holds a one in the column of each shingle of text i."""
    indices, lengths = [np.empty(0, dtype=np.int32)], [np.zeros(1, dtype=np.int64)]
    for start in range(0, len(texts), _CHUNK_TEXTS):
        rows, hashes = _hash_shingles(texts[start : start + _CHUNK_TEXTS])
        indices.append(hashes.astype(np.int32))
        lengths.append(np.bincount(rows, minlength=min(_CHUNK_TEXTS, len(texts) - start)))
    columns, ends = np.concatenate(indices), np.cumsum(np.concatenate(lengths))
    ones = np.ones(len(columns), dtype=np.int8)
    return csr_array((ones, columns, ends), shape=(len(texts), 2**_SHINGLE_BITS))


def _hash_shingles(texts: list[str]) -> tuple[_Integers, _Integers]:
    """Return the distinct shingles of some texts, sorted, as positions of texts and hashes."""
    words = [_find_words(text) for text in texts]
    codes, distinct = pd.factorize(np.array(list(chain.from_iterable(words)), dtype=object))
    folded = [strip_accents_unicode(word.casefold().replace("œ", "oe")) for word in distinct]
    # Unlike hash(), pandas' hash is the same in every process.
    hashes = pd.util.hash_array(np.array(folded, dtype=object), categorize=False)[codes]
    shingles = _combine([hashes[:-2], hashes[1:-1], hashes[2:]])
    rows = np.repeat(np.arange(len(texts), dtype=np.int64), [len(some) for some in words])
    within = rows[:-2] == rows[2:]
    top_bits = (shingles[within] >> np.uint64(64 - _SHINGLE_BITS)).astype(np.int64)
    keys = np.unique(rows[:-2][within] << _SHINGLE_BITS | top_bits)
    return keys >> _SHINGLE_BITS, keys & (2**_SHINGLE_BITS - 1)


def _find_words(text: str) -> list[str]:
    """Find the words of a text, filled up to one shingle when they are fewer."""
    words = _WORD.findall(text)
    return words + [""] * (3 - len(words)) if words else words


def _combine(rows: Iterable[npt.NDArray[Any]]) -> npt.NDArray[np.uint64]:
    """Hash the columns of a table of integers, given row by row."""
    combined: npt.NDArray[np.uint64] = np.zeros(1, dtype=np.uint64)
    for row in rows:
        combined = combined * _MULTIPLIER + row.astype(np.uint64)
    return combined


def _compute_signatures(
    shingles: csr_array, n_hashes: int, random_state: np.random.RandomState
) -> npt.NDArray[np.uint32]:
    """Compute the MinHash signatures, of shape (n_hashes, n_texts)."""
    factors, terms = random_state.randint(0, 2**64, size=(2, n_hashes), dtype=np.uint64)
    signatures = np.zeros((n_hashes, shingles.shape[0]), dtype=np.uint32)
    for start in range(0, shingles.shape[0], _CHUNK_TEXTS):
        ends = shingles.indptr[start : start + _CHUNK_TEXTS + 1]
        hashes = shingles.indices[ends[0] : ends[-1]].astype(np.uint64)
        filled = np.flatnonzero(np.diff(ends))
        for signature, factor, term in zip(signatures, factors, terms, strict=True):
            # Multiply-shift (Dietzfelbinger, 1996): the upper half of a wrapped product.
            hashed = (hashes * factor + term) >> np.uint64(32)
            signature[start + filled] = np.minimum.reduceat(hashed, ends[filled] - ends[0])
    return signatures


def _choose_band_rows(threshold: float, n_hashes: int) -> int:
    """Choose the longest bands that still find a pair at the threshold."""
    for n_rows in range(n_hashes, 1, -1):
        recall = 1 - (1 - threshold**n_rows) ** (n_hashes // n_rows)
        if recall >= _MIN_RECALL:
            return n_rows
    return 1


def _link_bucket_members(
    buckets: npt.NDArray[np.uint64], shingles: csr_array, labels: _Integers, threshold: float
) -> _Integers:
    """Merge the groups of the near-duplicates that share a bucket."""
    sizes = np.diff(shingles.indptr)
    # Near-duplicates are of nearly one size, so that they are neighbours in this order.
    order = np.lexsort((sizes, buckets))
    order = order[sizes[order] > 0]
    for step in range(1, _MAX_NEIGHBOURS + 1):
        left, right = order[:-step], order[step:]
        together = buckets[left] == buckets[right]
        if not together.any():
            break
        candidates = together & (labels[left] != labels[right])
        left, right = left[candidates], right[candidates]
        similar = _compute_similarity(shingles, left, right) >= threshold
        labels = _merge_groups(labels, left[similar], right[similar])
    return labels


def _compute_similarity(
    shingles: csr_array, left: _Integers, right: _Integers
) -> npt.NDArray[np.float64]:
    """Compute the Jaccard index of pairs of texts."""
    n_shared = np.zeros(len(left), dtype=np.int64)
    for start in range(0, len(left), _CHUNK_PAIRS):
        pairs = slice(start, start + _CHUNK_PAIRS)
        shared = shingles[left[pairs]].multiply(shingles[right[pairs]])
        n_shared[pairs] = np.diff(shared.tocsr().indptr)
    sizes = np.diff(shingles.indptr)
    similarity: npt.NDArray[np.float64] = n_shared / (sizes[left] + sizes[right] - n_shared)
    return similarity


def _merge_groups(labels: _Integers, left: _Integers, right: _Integers) -> _Integers:
    """Give one label to all groups that the pairs link."""
    if not len(left):
        return labels
    links = (np.ones(len(left), dtype=bool), (labels[left], labels[right]))
    merged = connected_components(coo_array(links, shape=(len(labels),) * 2), directed=False)[1]
    return np.asarray(merged[labels], dtype=np.int64)
