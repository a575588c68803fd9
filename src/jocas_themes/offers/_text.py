"""One text per offer, assembled by one function for teacher, training and labelling alike."""

import html
import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from jocas_themes.offers._columns import (
    MISSING_STRINGS,
    TEXT_COLUMNS,
)

# Only HTML's own names: "<salaire> 2000 €" and "moins < 3 ans, plus > 5" are text.
_BLOCK = (
    "address|article|aside|blockquote|body|br|center|dd|div|dl|dt|fieldset|figure|footer|form|"
    "h[1-6]|head|header|hr|html|li|main|nav|ol|p|pre|section|table|tbody|td|tfoot|th|thead|title|"
    "tr|ul"
)
_INLINE = (
    "a|abbr|b|big|button|cite|code|em|font|i|iframe|img|input|label|link|mark|meta|o:p|option|"
    "q|s|select|small|span|strike|strong|sub|sup|svg|textarea|tt|u|video|wbr"
)
_BLOCK_TAG = re.compile(rf"</?(?:{_BLOCK})(?:[\s/][^<>]*)?>", re.IGNORECASE)
_INLINE_TAG = re.compile(rf"</?(?:{_INLINE})(?:[\s/][^<>]*)?>", re.IGNORECASE)
# What a page does not show, from its start to the nearest end of the same kind.
_HIDDEN_START = re.compile(r"<!--|<(script|style)\b[^<>]*>", re.IGNORECASE)
_HIDDEN_END = {
    "": re.compile("-->"),
    "script": re.compile(r"</script\s*>", re.IGNORECASE),
    "style": re.compile(r"</style\s*>", re.IGNORECASE),
}
# "&amp;amp;amp;lt;" in one step instead of one pass a level.
_REPEATED_AMPERSAND = re.compile(r"&(?:(?:amp|#38|#x26);)+", re.IGNORECASE)
# No character has such a number, and Python refuses to read the longest ones.
_HUGE_NUMBER = re.compile(r"&#[0-9]{10,};?")
# Pages that were escaped again and again are settled by the third pass.
_MAX_PASSES = 20


# Line breaks that are written out; "/r/n" may also be part of an address, which is kept.
_WRITTEN_OUT = re.compile(r"((?:https?://|www\.)\S+)|/r/n|\\r\\n")


def _build_character_table() -> dict[int, str | None]:
    """Map control, invisible, private-use and surrogate characters to what a reader sees."""
    table: dict[int, str | None] = dict.fromkeys(range(0x20), " ")
    table[0x7F] = " "
    # C1 controls are Windows-1252 punctuation read as Latin-1.
    for code in range(0x80, 0xA0):
        table[code] = bytes([code]).decode("cp1252", errors="ignore") or " "
    table |= dict.fromkeys((0xAD, *range(0x200B, 0x2010), 0xFEFF), None)
    table |= dict.fromkeys((*range(0x202A, 0x202F), *range(0x2060, 0x2070)), None)
    table |= dict.fromkeys(range(0xE000, 0xF900), " ")  # bullets of symbol fonts, mostly
    table |= dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
    table |= {ord("\n"): "\n", ord("\r"): "\n", 0x0B: "\n", 0x0C: "\n", 0x85: "…"}
    table |= {0x2028: "\n", 0x2029: "\n"}
    return table


_CHARACTERS = _build_character_table()
_ODD_CHARACTER = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\uf8ff]"
)


def clean_text(text: str) -> str:
    r"""Remove the mark-up of a text and settle its white space.

    HTML tags, comments and entities are resolved (also when escaped twice), control, invisible
    and private-use characters removed, and every run of white space becomes one space or one
    line break. Cleaning a clean text changes nothing.

    Parameters
    ----------
    text : str
        Raw text, of any length and content.

    Returns
    -------
    str
        The text, valid Unicode without NUL or lone surrogates, stripped.

    Examples
    --------
    >>> from jocas_themes import clean_text
    >>> clean_text("<p>CDI &amp;agrave; Lyon</p><ul><li>28\xa0K€<li>RTT</ul>")
    'CDI à Lyon\n28 K€\nRTT'
    """
    text = _replace_odd_characters(text)
    # A tag may hide an entity, and an entity a tag: repeat until neither is left.
    for _ in range(_MAX_PASSES):
        previous = text
        if "&" in text:
            text = _HUGE_NUMBER.sub("\ufffd", _REPEATED_AMPERSAND.sub("&", text))
            text = _replace_odd_characters(html.unescape(text))
        if "<" in text:
            text = _INLINE_TAG.sub(" ", _BLOCK_TAG.sub("\n", _remove_hidden(text)))
        if text == previous:
            break
    else:
        # Nested deeper than anything but an attack: nothing in it opens mark-up any more.
        text = text.replace("&", " ").replace("<", " ")
    # str.split() knows all of Unicode's spaces, and is faster than any expression.
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(filter(None, lines))


def _remove_hidden(text: str) -> str:
    """Remove comments, scripts and styles that have an end, in one walk through the text."""
    pieces: list[str] = []
    position = 0
    endless: set[str] = set()  # kinds not to look for again, or the walk would be quadratic
    for start in _HIDDEN_START.finditer(text):
        kind = (start[1] or "").lower()
        if start.start() < position or kind in endless:
            continue
        end = _HIDDEN_END[kind].search(text, start.end())
        if end is None:
            endless.add(kind)
            continue
        pieces += (text[position : start.start()], " ")
        position = end.end()
    return "".join((*pieces, text[position:]))


def _replace_odd_characters(text: str) -> str:
    """Replace invisible, control and private-use characters and breaks that are written out."""
    if _ODD_CHARACTER.search(text):
        text = text.translate(_CHARACTERS)
    if "/r/n" in text or "\\r\\n" in text:
        text = _WRITTEN_OUT.sub(lambda found: found[1] or "\n", text)
    return text


def is_missing(value: Any) -> bool:
    """Tell whether a cell holds nothing: None, NaN, NaT or a string that stands for them."""
    if isinstance(value, str):
        return value.strip() in MISSING_STRINGS
    return value is None or bool(pd.api.types.is_scalar(value) and pd.isna(value))


def assemble_texts(offers: pd.DataFrame, *, text_columns: Sequence[str] | None = None) -> list[str]:
    r"""Build one text per offer: the only way in which an offer becomes text.

    Parameters
    ----------
    offers : DataFrame of shape (n_offers, n_columns)
        JOCAS columns. By default the title comes first, then ``description_full``, or the
        parts of the description when it is missing.
    text_columns : sequence of str, optional
        Columns to join instead, in this order.

    Returns
    -------
    list of str
        One clean text per offer, empty where the offer has none.

    Raises
    ------
    ValueError
        If none of the text columns, or not all of ``text_columns``, are there, or if two
        columns share a name.

    See Also
    --------
    clean_text : What is done to each field.

    Examples
    --------
    >>> import pandas as pd
    >>> from jocas_themes import assemble_texts
    >>> assemble_texts(pd.DataFrame({"job_title": ["Cariste"], "description_full": ["CACES 3"]}))
    ['Cariste\nCACES 3']
    """
    require_own_names(offers)
    if text_columns is None:
        present = tuple(column for column in TEXT_COLUMNS if column in offers.columns)
        if not present:
            raise ValueError(
                f"offers have no text: none of the columns {list(TEXT_COLUMNS)} is there; found "
                f"{_name_some(offers)}. Rename them, or name yours: text_columns=('my_column',)."
            )
        columns = TEXT_COLUMNS
    else:
        if isinstance(text_columns, str) or not text_columns:
            raise ValueError(
                f"text_columns must be a non-empty sequence of column names, got {text_columns!r}."
            )
        columns = present = tuple(text_columns)
        absent = [column for column in columns if column not in offers.columns]
        if absent:
            raise ValueError(
                f"offers lack the text_columns {absent[:5]!r}; found {_name_some(offers)}."
            )
    cells = {column: _clean_cells(offers[column]) for column in present}
    nothing = [""] * len(offers)
    rows = zip(*(cells.get(column, nothing) for column in columns), strict=True)
    if text_columns is not None:
        return ["\n".join(filter(None, row)) for row in rows]
    return [
        "\n".join(filter(None, (title, full) if full else (title, *parts)))
        for title, full, *parts in rows
    ]


def require_own_names(offers: pd.DataFrame) -> None:
    """Refuse a table in which two columns share a name."""
    repeated = offers.columns[offers.columns.duplicated()].unique().tolist()
    if repeated:
        raise ValueError(f"each column needs its own name; repeated: {repeated[:5]!r}.")


def _clean_cells(column: pd.Series) -> list[str]:
    """Clean each cell of a column, empty where it is missing."""
    return ["" if is_missing(value) else clean_text(str(value)) for value in column]


def _name_some(offers: pd.DataFrame) -> str:
    """Name the first columns of a table, and how many there are."""
    names = [str(name) for name in offers.columns]
    return f"{names[:5]!r} ({len(names)} in all)" if len(names) > 5 else repr(names)
