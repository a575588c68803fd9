"""Offers cut into sentences: the unit in which a teacher's evidence says where a theme is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jocas_themes.lexicon import fold_text

# Job offers are lists more than prose: lines, bullets and dashes end a sentence too, and so do
# the marks that boards leave in place of line breaks.
_BREAK = re.compile(r"\n+|/r/n|\*{2,}|(?<=[.!?;:•])\s+|\s[-–•*]\s|<br ?/?>")
_MIN_CHARACTERS = 3


@dataclass(frozen=True, eq=False)
class Sentences:
    """The sentences of some offers, one after the other.

    Parameters
    ----------
    texts : list of str, of n_sentences
        Each sentence folded (`fold_text`), white space as single spaces.
    starts : ndarray of shape (n_offers + 1,)
        Where each offer's sentences begin; an offer has at least one, be it empty.
    spans : ndarray of shape (n_sentences, 2)
        Where each sentence begins and ends in the offer's text, in characters.
    """

    texts: list[str]
    starts: npt.NDArray[np.int64]
    spans: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def offers(self) -> npt.NDArray[np.int64]:
        """Return the position of each sentence's offer, of shape (n_sentences,)."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))


def split_offers(texts: Iterable[str]) -> Sentences:
    """Cut offers into sentences."""
    sentences: list[str] = []
    spans: list[tuple[int, int]] = []
    starts = [0]
    for text in texts:
        for start, end in _find_spans(text) or [(0, 0)]:
            sentences.append(fold_sentence(text[start:end]))
            spans.append((start, end))
        starts.append(len(sentences))
    return Sentences(
        sentences, np.array(starts), np.array(spans, dtype=np.int64).reshape(len(spans), 2)
    )


def find_distinct(texts: Iterable[str]) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return the distinct texts, and which of them each text is."""
    numbers: dict[str, int] = {}
    places = [numbers.setdefault(text, len(numbers)) for text in texts]
    return list(numbers), np.array(places, dtype=np.int64)


def fold_sentence(text: str) -> str:
    """Write a sentence as the student sees it."""
    return " ".join(fold_text(text).split())


def _find_spans(text: str) -> list[tuple[int, int]]:
    """Find where sentences begin and end, without the white space around them."""
    spans = []
    start = 0
    for end, after in [match.span() for match in _BREAK.finditer(text)] + [(len(text), 0)]:
        piece = text[start:end]
        left = start + len(piece) - len(piece.lstrip())
        right = start + len(piece.rstrip())
        if right - left >= _MIN_CHARACTERS:
            spans.append((left, right))
        start = after
    return spans
