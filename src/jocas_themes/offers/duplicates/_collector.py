"""Offers as they arrive, chunk by chunk, kept as sketches until the groups are asked for."""

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed

from jocas_themes.offers.duplicates._linking import Integers, link_sketches
from jocas_themes.offers.duplicates._minhash import MinHasher, Sketches
from jocas_themes.offers.duplicates._result import NearDuplicates, build_near_duplicates

_JOB_TEXTS = 500
_DTYPES = (np.int32, np.int32, np.uint64, np.uint32)  # of the arrays of a sketch


class Collector:
    """Sketches offers, and groups them in the end.

    Parameters
    ----------
    window_days : int or None
        How far apart the dates of two offers that are compared may be.
    threshold : float
        Similarity from which two offers are linked.
    n_hashes : int
        Length of the signatures.
    random_state : int
        Seed of the hash functions.
    n_jobs : int or None
        How many of joblib's workers hash texts.
    """

    def __init__(
        self,
        *,
        window_days: int | None,
        threshold: float = 0.8,
        n_hashes: int = 128,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        _check_params(window_days, threshold, n_hashes, n_jobs)
        self._window_days = window_days
        self._threshold = threshold
        self._n_jobs = n_jobs
        self._hasher = MinHasher.draw(threshold, n_hashes, random_state)
        # These grow in place: joining millions of parts would take their memory twice.
        self._buffers = [bytearray() for _ in _DTYPES]
        self._ids: list[str] = []
        self._days = bytearray()
        self._boards = bytearray()
        self._board_numbers: dict[str, int] = {}

    def add(
        self, ids: list[str], texts: list[str], days: pd.Series, boards: Iterable[str | None]
    ) -> None:
        """Add some offers."""
        jobs = (texts[start : start + _JOB_TEXTS] for start in range(0, len(texts), _JOB_TEXTS))
        for sketches in Parallel(n_jobs=self._n_jobs)(map(delayed(self._hasher.sketch), jobs)):
            for buffer, array in zip(self._buffers, sketches, strict=True):
                buffer.extend(np.asarray(array).tobytes())
        self._ids += ids
        self._days += days.to_numpy().astype("datetime64[D]").tobytes()
        numbers = self._board_numbers
        codes = [
            -1 if board is None else numbers.setdefault(board, len(numbers)) for board in boards
        ]
        self._boards += np.array(codes, dtype=np.int32).tobytes()

    def finish(self, *, index: pd.Index | None = None, progress: bool = False) -> NearDuplicates:
        """Group the offers; the collector is empty then."""
        days = np.frombuffer(self._days, dtype="datetime64[D]")
        return build_near_duplicates(
            self._ids,
            self._link(days, progress=progress),
            days,
            np.frombuffer(self._boards, dtype=np.int32),
            list(self._board_numbers),
            pd.RangeIndex(len(self._ids)) if index is None else index,
        )

    def _link(self, days: npt.NDArray[np.datetime64], *, progress: bool) -> Integers:
        """Group the offers, and let go of the sketches."""
        hashes, sizes, fingerprints, bands = map(np.frombuffer, self._buffers, _DTYPES)
        self._buffers.clear()
        n_bands = len(self._hasher.factors)
        sketches = Sketches(hashes, sizes, fingerprints, bands.reshape(-1, n_bands))
        numbers, window = _count_days(days, self._window_days)
        return link_sketches(
            sketches, numbers, window_days=window, threshold=self._threshold, progress=progress
        )


def _count_days(days: npt.NDArray[np.datetime64], window_days: int | None) -> tuple[Integers, int]:
    """Count the days; undated offers have one of their own, beyond the window of any other."""
    if window_days is None:
        return np.zeros(len(days), dtype=np.int64), 0
    undated = np.isnat(days)
    numbers = days.astype(np.int64)
    first = numbers[~undated].min(initial=0)
    return np.where(undated, first - 2 * window_days - 1, numbers), window_days


def _check_params(window_days: Any, threshold: Any, n_hashes: Any, n_jobs: Any) -> None:
    if window_days is not None and not (_is_whole(window_days) and 0 <= window_days <= 36_500):
        raise ValueError(
            f"window_days must be a whole number of days from 0 to 36,500, or None for no limit, "
            f"got {window_days!r}."
        )
    if not (isinstance(threshold, Real) and 0 < float(threshold) <= 1):
        is_percentage = isinstance(threshold, Real) and 1 < float(threshold) <= 100
        hint = f" {threshold}% is {float(threshold) / 100:g}." if is_percentage else ""
        raise ValueError(f"threshold must be a number in (0, 1], got {threshold!r}.{hint}")
    if not (_is_whole(n_hashes) and n_hashes >= 1):
        raise ValueError(f"n_hashes must be a whole number from 1 on, got {n_hashes!r}.")
    if n_jobs is not None and not (_is_whole(n_jobs) and n_jobs != 0):
        raise ValueError(f"n_jobs must be a whole number other than 0, or None, got {n_jobs!r}.")


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
