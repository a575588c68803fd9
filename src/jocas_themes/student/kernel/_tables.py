"""What the kernel asks of the running Python about characters, page by page of 256 code points.

The kernel holds no table of Unicode's: Python's own version decides, there as here.
"""

import re
import unicodedata

from jocas_themes.lexicon import fold_text

_PAGE = 256
_SURROGATES = range(0xD800, 0xE000)
_WORD = re.compile(r"\w")


def make_word_page(number: int) -> list[str]:
    """Fold each character as `TfidfVectorizer` does, what parts words being a space."""
    return [_fold_to_words(chr(code)) for code in _list_codes(number)]


def make_sentence_page(number: int) -> list[str]:
    """Fold each character as sentences are folded."""
    return ["" if code in _SURROGATES else fold_text(chr(code)) for code in _list_codes(number)]


def _fold_to_words(character: str) -> str:
    if ord(character) in _SURROGATES:
        return ""  # UTF-8 has none
    parts = unicodedata.normalize("NFKD", character.lower())
    kept = (part for part in parts if not unicodedata.combining(part))
    return "".join(part if _WORD.match(part) else " " for part in kept)


def _list_codes(number: int) -> range:
    return range(number * _PAGE, (number + 1) * _PAGE)
