"""Texts as sets of numbers, one for each run of three words, computed by arrays alone."""

import unicodedata
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_N_CODE_POINTS = 0x110000
_N_WORDS = 3
SHINGLE_BITS = 30  # so that a shingle is a column of a sparse matrix with 32-bit indices
_BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse, and without pattern: the golden ratio
_INVERSE = pow(_BASE, -1, 2**64)
_SEPARATOR, _MARK = np.uint64(0), np.uint64(1)

Numbers = npt.NDArray[np.uint64]


class Shingles(NamedTuple):
    """The distinct shingles of some texts, sorted within each."""

    hashes: npt.NDArray[np.int32]
    sizes: npt.NDArray[np.int32]  # of shape (n_texts,), the shingles of each


def hash_shingles(texts: list[str]) -> Shingles:
    """Hash the runs of three words of each text; a shorter text is one run, filled up.

    Words are letters, digits and underscores; case, accents, ligatures and punctuation do not
    count. The numbers are the same in every process and on every machine.
    """
    if not texts:
        return Shingles(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32))
    words, rows = _fill_up(*_hash_words([_fold(text) for text in texts]), len(texts))
    base = np.uint64(_BASE)
    hashes = mix((words[:-2] * base + words[1:-1]) * base + words[2:])
    within = rows[2:] == rows[:-2]
    bits = np.uint64(SHINGLE_BITS)
    keys = rows[2:][within].astype(np.uint64) << bits | hashes[within] >> np.uint64(64) - bits
    keys.sort()
    keys = keys[np.diff(keys, prepend=keys[:1] + np.uint64(1)) != 0]
    sizes = np.bincount((keys >> bits).astype(np.int64), minlength=len(texts))
    last_bits = np.uint64(2**SHINGLE_BITS - 1)
    return Shingles((keys & last_bits).astype(np.int32), sizes.astype(np.int32))


def mix(numbers: Numbers) -> Numbers:
    """Scatter numbers over all 64 bits, without collisions: SplitMix64 (Steele et al., 2014)."""
    numbers = (numbers ^ numbers >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ numbers >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    mixed: Numbers = numbers ^ numbers >> np.uint64(31)
    return mixed


def _fold(text: str) -> str:
    """Fold case and ligatures, and write accents as characters of their own."""
    return unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe"))


def _hash_words(texts: list[str]) -> tuple[Numbers, npt.NDArray[np.intp]]:
    """Hash each word of some folded texts, and tell which text it is of.

    The word of the characters with values v0, v1, ... is v0 B + v1 B**2 + ..., modulo 2**64:
    a sum over a stretch of the text, divided by the power at which the stretch starts.
    """
    written = "\n".join(["", *texts, ""])  # a separator on either side of each text
    codes = np.frombuffer(written.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    values = _build_character_values()[codes]
    kept = np.flatnonzero(values != _MARK)
    values = values[kept]
    is_word = values != _SEPARATOR
    edges = np.flatnonzero(is_word[1:] != is_word[:-1]) + 1
    starts = edges[::2]
    powers, inverses = _build_powers(1 << len(values).bit_length())
    sums = np.add.reduceat(values * powers[: len(values)], edges)[::2]
    ends = np.cumsum([len(text) + 1 for text in texts])
    return sums * inverses[starts], np.searchsorted(ends, kept[starts])


def _fill_up(
    words: Numbers, rows: npt.NDArray[np.intp], n_texts: int
) -> tuple[Numbers, npt.NDArray[np.intp]]:
    """Give texts of one or two words empty ones after them, for one shingle."""
    n_words = np.bincount(rows, minlength=n_texts)
    n_missing = np.where(n_words > 0, np.maximum(_N_WORDS - n_words, 0), 0)
    ends = np.repeat(np.cumsum(n_words), n_missing)
    short = np.repeat(np.arange(n_texts), n_missing)
    return np.insert(words, ends, np.uint64(0)), np.insert(rows, ends, short)


@lru_cache(maxsize=1)
def _build_character_values() -> Numbers:
    """Give each code point a random number; separators and marks have one for all."""
    values = mix(np.arange(2, _N_CODE_POINTS + 2, dtype=np.uint64) * np.uint64(_BASE))
    characters = [chr(code) for code in range(_N_CODE_POINTS)]
    is_word = np.fromiter(map(str.isalnum, characters), dtype=bool, count=_N_CODE_POINTS)
    is_word[ord("_")] = True
    is_mark = np.fromiter(map(unicodedata.combining, characters), dtype=np.uint8) > 0
    values[~is_word] = _SEPARATOR
    values[is_mark] = _MARK
    return values


@lru_cache(maxsize=1)
def _build_powers(n: int) -> tuple[Numbers, Numbers]:
    """Compute the first powers of the base and of its inverse, modulo 2**64."""
    bases = np.full((2, n), [[_BASE], [_INVERSE]], dtype=np.uint64)
    powers, inverses = np.cumprod(bases, axis=1, dtype=np.uint64)
    return powers, inverses
