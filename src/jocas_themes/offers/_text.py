"""One text per offer, assembled by one function for teacher, training and labelling alike."""

import html
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import pandas as pd

from jocas_themes.offers._columns import MISSING_STRINGS, TEXT_COLUMNS
from jocas_themes.offers._markup import BLOCK_TAGS, CHARACTERS, HIDDEN_TAGS, INLINE_TAGS
from jocas_themes.offers._native_cleaning import assemble_natively, to_strings

# (?a:) as HTML knows no case but ASCII's: to Python "<ſpan>" would be one of its tags.
_BLOCK_TAG = re.compile(rf"</?(?a:{'|'.join(BLOCK_TAGS)})(?:[\s/][^<>]*)?>", re.IGNORECASE)
_INLINE_TAG = re.compile(rf"</?(?a:{'|'.join(INLINE_TAGS)})(?:[\s/][^<>]*)?>", re.IGNORECASE)
# What a page does not show, from its start to the nearest end of the same kind.
_HIDDEN_START = re.compile(rf"<!--|<((?a:{'|'.join(HIDDEN_TAGS)}))\b[^<>]*>", re.IGNORECASE)
_HIDDEN_END = {"": re.compile("-->")} | {
    name: re.compile(rf"</(?a:{name})\s*>", re.IGNORECASE) for name in HIDDEN_TAGS
}
# "&amp;amp;amp;lt;" in one step instead of one pass a level.
_REPEATED_AMPERSAND = re.compile(r"&(?:(?:amp|#38|#x26);)+", re.IGNORECASE)
# No character has such a number, and Python refuses to read the longest ones.
_HUGE_NUMBER = re.compile(r"&#[0-9]{10,};?")
# Pages that were escaped again and again are settled by the third pass.
_MAX_PASSES = 20

# Line breaks that are written out; "/r/n" may also be part of an address, which is kept.
_WRITTEN_OUT = re.compile(r"((?:https?://|www\.)\S+)|/r/n|\\r\\n")
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
            text = _break_lines(text)  # an address may have ended with the tag
        if text == previous:
            break
    else:
        # Nested deeper than anything but an attack: nothing in it opens mark-up any more.
        text = _break_lines(text.replace("&", " ").replace("<", " "))
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
        text = text.translate(CHARACTERS)
    return _break_lines(text)


def _break_lines(text: str) -> str:
    """Replace breaks that are written out."""
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
    columns = choose_text_columns(offers.columns, text_columns)
    nothing = [""] * len(offers)
    cells = [
        clean_cells(offers[column]) if column in offers.columns else nothing for column in columns
    ]
    join = join_fields if text_columns is not None else join_jocas_fields
    return [join(row) for row in zip(*cells, strict=True)]


def choose_text_columns(
    names: Collection[Any], text_columns: Sequence[str] | None
) -> tuple[str, ...]:
    """Choose the columns that make an offer's text, in their order; JOCAS's may be absent."""
    if text_columns is None:
        if not any(column in names for column in TEXT_COLUMNS):
            raise ValueError(
                f"offers have no text: none of the columns {list(TEXT_COLUMNS)} is there; found "
                f"{_name_some(names)}. Rename them, or name yours: text_columns=('my_column',)."
            )
        return TEXT_COLUMNS
    if isinstance(text_columns, str) or not text_columns:
        raise ValueError(
            f"text_columns must be a non-empty sequence of column names, got {text_columns!r}."
        )
    columns = tuple(text_columns)
    absent = [column for column in columns if column not in names]
    if absent:
        raise ValueError(f"offers lack the text_columns {absent[:5]!r}; found {_name_some(names)}.")
    return columns


def join_fields(fields: Iterable[str]) -> str:
    """Write clean fields one below the other."""
    return "\n".join(filter(None, fields))


def join_jocas_fields(fields: Iterable[str]) -> str:
    """Write the title, then the full description, or its parts where there is none."""
    title, full, *parts = fields
    return join_fields((title, full) if full else (title, *parts))


def require_own_names(offers: pd.DataFrame) -> None:
    """Refuse a table in which two columns share a name."""
    repeated = offers.columns[offers.columns.duplicated()].unique().tolist()
    if repeated:
        raise ValueError(f"each column needs its own name; repeated: {repeated[:5]!r}.")


def clean_cells(cells: Iterable[Any]) -> list[str]:
    """Clean each cell of a column, empty where it is missing."""
    cells = list(cells)
    strings = to_strings(cells)
    done = assemble_natively([strings], len(cells)) if strings is not None else None
    if done is None:
        return [clean_cell(cell) for cell in cells]
    texts: list[str] = done[0].to_pylist()
    for row in done[1]:
        texts[row] = clean_cell(cells[row])
    return texts


def clean_cell(cell: Any) -> str:
    """Clean a cell, empty where it is missing."""
    if is_missing(cell):
        return ""
    return clean_text(cell if isinstance(cell, str) else str(cell))


def _name_some(columns: Iterable[Any]) -> str:
    """Name the first columns of a table, and how many there are."""
    names = [str(name) for name in columns]
    return f"{names[:5]!r} ({len(names)} in all)" if len(names) > 5 else repr(names)
