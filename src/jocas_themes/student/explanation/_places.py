"""Where a place in a folded text lies in the text as it was given."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from jocas_themes.lexicon import fold_text

Span = tuple[int, int]

_TOKEN = re.compile(r"\S+")


@dataclass(frozen=True)
class Places:
    """Where each character of a folded text comes from.

    Parameters
    ----------
    starts, ends : list of int, as long as the folded text
        The characters of the original text that each comes from; an accent of its own belongs
        to the letter before it.
    """

    starts: list[int]
    ends: list[int]

    def restore(self, span: Span) -> Span:
        """Return where a span of the folded text, one character at least, lies in the original."""
        return self.starts[span[0]], self.ends[span[1] - 1]


def trace_text(text: str, fold: Callable[[str], str]) -> Places:
    """Trace a text that was folded character by character."""
    lengths = {character: len(fold(character)) for character in set(text)}
    starts = [i for i, character in enumerate(text) for _ in range(lengths[character])]
    # Up to the next character that is left; of those that share an origin, up to its end.
    ends = [max(start + 1, after) for start, after in pairwise([*starts, len(text)])]
    return Places(starts, ends)


def trace_sentence(text: str, span: Span) -> Places:
    """Trace a sentence of a text, as `fold_sentence` writes it, back to the whole text."""
    piece = text[slice(*span)]
    places = trace_text(piece, fold_text)
    kept: list[int] = []
    for token in _TOKEN.finditer(fold_text(piece)):
        if kept:
            kept.append(kept[-1] + 1)  # the first of the spaces that were made one
        kept.extend(range(*token.span()))
    return Places(
        [places.starts[i] + span[0] for i in kept], [places.ends[i] + span[0] for i in kept]
    )
