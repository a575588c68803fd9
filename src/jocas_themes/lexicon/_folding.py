"""Texts as the lexicon's patterns see them, and the way back to the text as it was given."""

import unicodedata

_LINE_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_PLAIN = (
    dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc\u00b4`", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u2033\u00ab\u00bb", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | dict.fromkeys(_LINE_BREAKS, "\n")
    | {"\u0153": "oe", "\u0152": "oe", "\u00e6": "ae", "\u00c6": "ae"}  # no NFKD form
)
# Accents, once separated from their letter, and characters that nobody sees.
_DROPPED_CATEGORIES = frozenset({"Mn", "Cf"})


class _FoldTable(dict[int, str]):
    """Fold each character when it is first met, for `str.translate`."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold_character(chr(code))
        return folded


def _fold_character(character: str) -> str:
    """Fold one character, to none, one or several."""
    if character in _PLAIN:
        return _PLAIN[character]
    if character.isspace():
        return " "
    lowered = unicodedata.normalize("NFKD", character).casefold()
    return "".join(
        part
        for part in unicodedata.normalize("NFKD", lowered)
        if unicodedata.category(part) not in _DROPPED_CATEGORIES
    )


_FOLD_TABLE = _FoldTable()


def fold_text(text: str) -> str:
    r"""Write a text as patterns see it.

    Lower case, accents removed, ligatures in two letters, typographic quotes and dashes made
    plain, white space as spaces and line breaks, invisible characters removed.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        The folded text; its length may differ.

    Examples
    --------
    >>> fold_text("L’Équipe – un cœur d’or")
    "l'equipe - un coeur d'or"
    """
    return text.translate(_FOLD_TABLE)


def cut_original(text: str, folded: str, span: tuple[int, int]) -> str:
    """Return the characters of the text that a span of the folded text comes from."""
    start, end = span
    if any(len(_FOLD_TABLE[ord(character)]) != 1 for character in set(text)):
        origins = [i for i, character in enumerate(text) for _ in _FOLD_TABLE[ord(character)]]
        # An accent of its own after the last letter belongs to it.
        after = origins[end] if end < len(folded) else len(text)
        start, end = origins[start], max(after, origins[end - 1] + 1)
    return text[start:end].strip()
