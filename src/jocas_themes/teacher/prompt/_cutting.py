"""Cutting a long text at a border of its sentences."""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence

# The end of a line, or of a sentence; not the point of an initial or a title ("M. ", "Dr. ").
_SENTENCE_END = re.compile(r"\n|(?:[!?…]|(?<!\b\w)(?<!\bDr)(?<!\bMr)(?<!\bPr)\.)[\"»”)\]]*(?=\s)")
_WORD_END = re.compile(r"(?<=\S)(?=\s)")


def cut_text(text: str, max_tokens: int, count_tokens: Callable[[str], int]) -> str:
    """Cut a text so that it has at most so many tokens.

    Parameters
    ----------
    text : str
        A text of any length.
    max_tokens : int
        How many tokens are kept at most, at least 1.
    count_tokens : callable
        From a text to its number of tokens, which grows with the text. Replies are stored under
        what was sent: pass a function that gives the same numbers on every machine.

    Returns
    -------
    str
        The text itself where it is short enough. Otherwise its beginning, up to the end of a
        sentence or a line; up to the end of a word where less than half of what is allowed
        would be left; inside a word only where the first one alone is too long.

    Raises
    ------
    ValueError
        If ``max_tokens`` is less than 1.

    Examples
    --------
    >>> def count_words(text):
    ...     return len(text.split())
    >>> cut_text("Un poste à Lyon. Deux jours de repos. Et trois primes.", 9, count_words)
    'Un poste à Lyon. Deux jours de repos.'
    """
    if max_tokens < 1:
        raise ValueError(f"max_tokens must be at least 1, got {max_tokens!r}.")
    if count_tokens(text) <= max_tokens:
        return text

    def find_last(ends: Sequence[int]) -> int:
        """Find the last of the places up to which the text is short enough, or 0."""
        n_fitting = bisect_right(ends, max_tokens, key=lambda end: count_tokens(text[:end]))
        return ends[n_fitting - 1] if n_fitting else 0

    end = find_last([match.end() for match in _SENTENCE_END.finditer(text)])
    if 2 * count_tokens(text[:end]) < max_tokens:
        words = find_last([match.end() for match in _WORD_END.finditer(text, end)])
        end = max(end, words)
    return text[: end or find_last(range(1, len(text)))].rstrip()
