"""From sketches to groups: candidates by bands and dates, compared exactly, linked."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from jocas_themes._progress import tqdm
from jocas_themes.offers.duplicates._minhash import Sketches
from jocas_themes.offers.duplicates._shingles import SHINGLE_BITS

# All pairs of a bucket up to this size; beyond it, each member with as many of its neighbours.
_MAX_NEIGHBOURS = 32
_CHUNK_PAIRS = 1_000  # bounds the memory of a comparison

Integers = npt.NDArray[np.int64]


class _Nodes(NamedTuple):
    """Copies of one set of shingles in one stretch of the window's length, as one."""

    rows: Integers  # one text each that stands for the others
    blocks: Integers  # number of the stretch
    first_days: Integers
    last_days: Integers
    runs: Integers  # copies with no gap beyond the window; a run may span several stretches


def link_sketches(
    sketches: Sketches,
    days: Integers,
    *,
    window_days: int,
    threshold: float,
    progress: bool,
) -> Integers:
    """Link near-duplicates whose days are near, and number the groups.

    Parameters
    ----------
    sketches : Sketches
        Of the texts.
    days : ndarray of shape (n_texts,)
        The day of each, counted from any day.
    window_days : int
        How far apart the days of two texts that are compared may be.
    threshold : float
        Jaccard similarity from which two texts are linked.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    ndarray of shape (n_texts,)
        Each text's group, the same number for those that a chain of links joins. A text
        without shingles is alone.
    """
    groups = len(days) + np.arange(len(days), dtype=np.int64)
    filled = np.flatnonzero(sketches.sizes)
    if not len(filled):
        return groups
    order = filled[np.lexsort((days[filled], sketches.fingerprints[filled]))]
    nodes, runs = _gather_copies(sketches.fingerprints[order], days[order], window_days)
    forest = _Forest(int(runs[-1]) + 1)
    nodes = nodes._replace(rows=order[nodes.rows])
    linker = _Linker(sketches, nodes, forest, window_days, threshold)
    n_bands = sketches.bands.shape[1]
    for band in tqdm(range(n_bands), desc="comparing", unit=" bands", disable=not progress):
        linker.link_band(band)
    groups[order] = forest.find(runs)
    return groups


def _gather_copies(
    fingerprints: npt.NDArray[np.uint64], days: Integers, window_days: int
) -> tuple[_Nodes, Integers]:
    """Gather copies, given in the order of their fingerprints and days.

    Two copies of one block are within the window of each other, so that a node needs its first
    and last day only: of two nodes, two texts are within the window if the gap between is.
    """
    follows = (fingerprints[1:] == fingerprints[:-1]) & (np.diff(days) <= window_days)
    blocks = days // max(window_days, 1)
    starts = np.flatnonzero(np.append(True, ~follows | (blocks[1:] != blocks[:-1])))
    ends = np.append(starts[1:], len(days)) - 1
    runs = np.cumsum(np.append(False, ~follows))
    nodes = _Nodes(starts, blocks[starts], days[starts], days[ends], runs[starts])
    return nodes, runs


class _Forest:
    """Sets that are merged: each number points to a smaller one of its set, or to itself."""

    def __init__(self, n: int) -> None:
        self._parents = np.arange(n, dtype=np.int64)

    def find(self, numbers: Integers) -> Integers:
        """Return the smallest number of each one's set."""
        roots = self._parents[numbers]
        while True:
            above = self._parents[roots]
            if np.array_equal(above, roots):
                break
            roots = above
        self._parents[numbers] = roots  # the next search is shorter
        return roots

    def merge(self, left: Integers, right: Integers) -> None:
        """Merge the sets of pairs of roots."""
        roots, places = np.unique(np.concatenate([left, right]), return_inverse=True)
        links = (np.ones(len(left), dtype=bool), (places[: len(left)], places[len(left) :]))
        graph = coo_array(links, shape=(len(roots),) * 2)
        parts = connected_components(graph, directed=False)[1]
        _, firsts = np.unique(parts, return_index=True)
        self._parents[roots] = roots[firsts[parts]]


class _Linker:
    """Compares the nodes that share a bucket: a band of their signatures, and a time."""

    def __init__(
        self,
        sketches: Sketches,
        nodes: _Nodes,
        forest: _Forest,
        window_days: int,
        threshold: float,
    ) -> None:
        self._sketches = sketches
        self._nodes = nodes
        self._forest = forest
        self._window_days = window_days
        self._threshold = threshold
        self._sizes = sketches.sizes[nodes.rows]
        self._ends = np.cumsum(sketches.sizes, dtype=np.int64)
        # Any two neighbouring blocks are a pair of blocks in one of two ways to pair them.
        numbers = nodes.blocks - nodes.blocks.min()
        self._pairings = [numbers // 2, (numbers + 1) // 2]
        if not numbers.any():
            del self._pairings[1]

    def link_band(self, band: int) -> None:
        """Merge the groups of the near-duplicates that share a bucket of this band."""
        hashes = self._sketches.bands[self._nodes.rows, band].astype(np.uint64)
        for number, blocks in enumerate(self._pairings):
            buckets = hashes << np.uint64(32) | blocks.astype(np.uint64)
            members = _find_shared(buckets)
            # Near-duplicates are of nearly one size, so that they are neighbours in this order.
            members = members[np.lexsort((self._sizes[members], buckets[members]))]
            self._link_neighbours(members, buckets[members], done=self._pairings[:number])

    def _link_neighbours(
        self, members: Integers, buckets: npt.NDArray[np.uint64], done: list[Integers]
    ) -> None:
        """Compare each member of a bucket with those after it."""
        places = np.arange(len(members))
        for step in range(1, _MAX_NEIGHBOURS + 1):
            places = places[places + step < len(members)]
            places = places[buckets[places] == buckets[places + step]]
            if not len(places):
                break
            left, right = members[places], members[places + step]
            for blocks in done:
                new = blocks[left] != blocks[right]
                left, right = left[new], right[new]
            self._link_pairs(left, right)

    def _link_pairs(self, left: Integers, right: Integers) -> None:
        """Merge the groups of the pairs that are similar, and near in time."""
        runs = self._nodes.runs
        candidates = self._can_be_near(left, right)
        left, right = left[candidates], right[candidates]
        left_roots, right_roots = self._forest.find(runs[left]), self._forest.find(runs[right])
        apart = np.flatnonzero(left_roots != right_roots)
        if not len(apart):
            return
        similarity = self._compute_similarity(left[apart], right[apart])
        similar = apart[similarity >= self._threshold]
        if len(similar):
            self._forest.merge(left_roots[similar], right_roots[similar])

    def _can_be_near(self, left: Integers, right: Integers) -> npt.NDArray[np.bool_]:
        """Tell which pairs are near in time, and near enough in size to be similar."""
        first, last = self._nodes.first_days, self._nodes.last_days
        gaps = np.maximum(first[left] - last[right], first[right] - last[left])
        smaller = np.minimum(self._sizes[left], self._sizes[right])
        larger = np.maximum(self._sizes[left], self._sizes[right])
        near: npt.NDArray[np.bool_] = gaps <= self._window_days
        return near & (smaller / larger >= self._threshold)

    def _compute_similarity(self, left: Integers, right: Integers) -> npt.NDArray[np.float64]:
        """Compute the Jaccard index of pairs of nodes."""
        n_shared = np.zeros(len(left), dtype=np.int64)
        for start in range(0, len(left), _CHUNK_PAIRS):
            pairs = slice(start, start + _CHUNK_PAIRS)
            shared = self._take_shingles(left[pairs]).multiply(self._take_shingles(right[pairs]))
            n_shared[pairs] = np.diff(shared.tocsr().indptr)
        n_either = self._sizes[left] + self._sizes[right] - n_shared
        similarity: npt.NDArray[np.float64] = n_shared / n_either
        return similarity

    def _take_shingles(self, nodes: Integers) -> csr_array:
        """Return a matrix with a one in the column of each shingle of some nodes."""
        sizes = self._sizes[nodes].astype(np.int64)
        bounds = np.append(0, np.cumsum(sizes))
        shifts = self._ends[self._nodes.rows[nodes]] - bounds[1:]
        hashes = self._sketches.hashes[np.arange(bounds[-1]) + np.repeat(shifts, sizes)]
        ones = np.ones(len(hashes), dtype=np.int8)
        taken = csr_array(
            (ones, hashes, bounds.astype(np.int32)), shape=(len(nodes), 2**SHINGLE_BITS)
        )
        taken.has_canonical_format = True  # spares a look at all of it
        return taken


def _find_shared(buckets: npt.NDArray[np.uint64]) -> Integers:
    """Find those that are not alone in their bucket."""
    order = np.argsort(buckets, kind="stable")
    same = np.diff(buckets[order]) == 0
    shared: Integers = order[np.append(False, same) | np.append(same, False)]
    return shared
