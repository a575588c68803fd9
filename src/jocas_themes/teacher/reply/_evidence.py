"""Finding a quoted span in the offer that it was taken from."""

import re
import unicodedata

from jocas_themes.offers import clean_text

# The marks that models take for one another when they copy; the hyphen first, as sets want it.
_ALIKE = (
    "'\u2018\u2019\u201a`\u00b4",
    '"\u201c\u201d\u201e\u00ab\u00bb',
    "-\u2010\u2011\u2012\u2013\u2014\u2212",
)
_SETS = {mark: f"[{marks}]" for marks in _ALIKE for mark in marks}

# The shortest span was asked for. Searching for a long one takes time in proportion.
_MAX_LENGTH = 1_000


def find_evidence(text: str, quoted: str) -> str | None:
    """Find the span of a text that was quoted, and return it as the text has it.

    Quotation marks, dashes, case, white space and the way accents are encoded may differ; words
    and accents may not.
    """
    if quoted and quoted in text:
        return quoted
    wanted = unicodedata.normalize("NFC", clean_text(quoted))
    if not wanted or len(wanted) > min(len(text), _MAX_LENGTH):
        return None
    # Searching in the text itself: what is found is verbatim, whatever was folded.
    pattern = r"\s+".join("".join(map(_match_like, word)) for word in wanted.split())
    found = re.search(pattern, text, re.IGNORECASE)
    return found[0] if found else None


def _match_like(character: str) -> str:
    """Return a pattern of the spellings of one character."""
    if character in _SETS:
        return _SETS[character]
    decomposed = unicodedata.normalize("NFD", character)
    if decomposed == character:
        return re.escape(character)
    return f"(?:{re.escape(character)}|{re.escape(decomposed)})"
