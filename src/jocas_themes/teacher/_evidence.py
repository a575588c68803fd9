"""Finding a quoted span in the offer that it was taken from."""

import unicodedata

from jocas_themes.offers import clean_text

# What models change when they copy: typographic marks, case, the width of spaces.
_PLAIN = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201a": "'",
        "`": "'",
        "\u00b4": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u00ab": '"',
        "\u00bb": '"',
        "\u2010": "-",
        "\u2011": "-",
        "\u2012": "-",
        "\u2013": "-",
        "\u2014": "-",
        "\u2212": "-",
        "\n": " ",
    }
)


def find_evidence(text: str, quoted: str) -> str | None:
    """Find the span of a text that was quoted, and return it as the text has it.

    Quotation marks, dashes, case and white space may differ; words and accents may not.
    """
    if quoted and quoted in text:
        return quoted
    wanted = _fold(clean_text(quoted))
    folded = _fold(text)
    start = folded.find(wanted)
    if not wanted or start < 0:
        return None
    # Folding keeps one character per character, so that positions carry over.
    return text[start : start + len(wanted)]


def _fold(text: str) -> str:
    """Fold what does not matter, one character for one."""
    lowered = text.translate(_PLAIN).lower()
    if len(lowered) != len(text):  # a few capitals grow in lower case
        lowered = "".join(low if len(low := c.lower()) == 1 else c for c in text.translate(_PLAIN))
    composed = unicodedata.normalize("NFC", lowered)
    return composed if len(composed) == len(text) else lowered
