"""An offer as it leaves this machine, and the way back to its own words."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

from jocas_themes.teacher.prompt._cutting import cut_text
from jocas_themes.teacher.prompt._redaction import find_personal_data


@dataclass(frozen=True, slots=True)
class _Piece:
    """A placeholder in the text that is sent, and what it stands for in the original."""

    start: int
    end: int
    original_start: int
    original_end: int


@dataclass(frozen=True, slots=True)
class OutgoingText:
    """An offer's text as it is sent, beside the original.

    Parameters
    ----------
    text : str
        What leaves the machine.
    original : str
        The offer's own text.
    is_cut : bool
        Whether the end of the offer was left out.

    See Also
    --------
    prepare_text : Make one.
    """

    text: str
    original: str
    is_cut: bool
    _pieces: tuple[_Piece, ...] = field(default=(), repr=False)

    def restore(self, span: str) -> str | None:
        """Find the original words of a span of the text that was sent.

        Parameters
        ----------
        span : str
            A span, verbatim; the first one is taken where it occurs several times.

        Returns
        -------
        str or None
            The words of the original, with all that a placeholder stands for where the span
            touches one. None when the span is empty or not in the text.
        """
        start = self.text.find(span)
        if not span or start < 0:
            return None
        end = start + len(span)
        first = bisect_right(self._pieces, start, key=lambda piece: piece.end)
        last = bisect_left(self._pieces, end, key=lambda piece: piece.start)
        original_start, original_end = start + self._shift(first), end + self._shift(last)
        if first < last:  # these pieces are touched, and may reach beyond the span
            original_start = min(original_start, self._pieces[first].original_start)
            original_end = max(original_end, self._pieces[last - 1].original_end)
        return self.original[original_start:original_end]

    def _shift(self, n_pieces: int) -> int:
        """Return by how much the original is ahead after so many pieces."""
        if not n_pieces:
            return 0
        last = self._pieces[n_pieces - 1]
        return last.original_end - last.end


def prepare_text(
    text: str, *, redact: bool, max_tokens: int | None, count_tokens: Callable[[str], int]
) -> OutgoingText:
    """Prepare an offer's text for being sent: without personal data, and not too long.

    Parameters
    ----------
    text : str
        The offer's text.
    redact : bool
        Whether e-mails, phone numbers and names after a civility are replaced by ``[e-mail]``,
        ``[téléphone]`` and ``[nom]``.
    max_tokens : int or None
        How many tokens are sent at most, placeholders included; None for all.
    count_tokens : callable
        From a text to its number of tokens, the same on every machine.

    Returns
    -------
    OutgoingText
        What is sent, and how its spans go back to the original.

    Raises
    ------
    ValueError
        If ``max_tokens`` is less than 1.

    See Also
    --------
    find_personal_data : What is found, and what is not.
    cut_text : Where a text is cut.

    Examples
    --------
    >>> outgoing = prepare_text(
    ...     "CDI, 2 100 € brut. Appelez Mme Roux au 06 12 34 56 78. Prime en juin.",
    ...     redact=True, max_tokens=10, count_tokens=lambda text: len(text.split()),
    ... )
    >>> outgoing.text, outgoing.is_cut
    ('CDI, 2 100 € brut. Appelez Mme [nom] au [téléphone].', True)
    >>> outgoing.restore("Mme [nom] au [téléphone]")
    'Mme Roux au 06 12 34 56 78'
    """
    sent, pieces = _redact(text) if redact else (text, ())
    if max_tokens is None:
        return OutgoingText(sent, text, False, pieces)
    cut = cut_text(sent, max_tokens, count_tokens)
    return OutgoingText(cut, text, len(cut) < len(sent), pieces)


def _redact(text: str) -> tuple[str, tuple[_Piece, ...]]:
    """Put placeholders in the place of personal data."""
    written: list[str] = []
    pieces: list[_Piece] = []
    position = length = 0
    for found in find_personal_data(text):
        start = length + found.start - position
        length = start + len(found.placeholder)
        written += (text[position : found.start], found.placeholder)
        pieces.append(_Piece(start, length, found.start, found.end))
        position = found.end
    return "".join((*written, text[position:])) if pieces else text, tuple(pieces)
