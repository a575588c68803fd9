"""Cleaning and assembling whole columns of texts by the native kernel, with Python's tables."""

import html
from collections.abc import Iterable, Sequence
from functools import cache
from html.entities import html5
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from jocas_themes._native import build_texts, find_kernel
from jocas_themes.offers._columns import MISSING_STRINGS
from jocas_themes.offers._markup import BLOCK_TAGS, CHARACTERS, HIDDEN_TAGS, INLINE_TAGS

# A subclass of str may write itself otherwise.
_PLAIN_KINDS = frozenset({str, np.str_, float, type(None), type(pd.NA), type(pd.NaT)})
# HTML reads the numbers of controls as Windows-1252; from here on a number is its character's.
_FIRST_PLAIN_NUMBER = 0xA0


def to_strings(cells: Sequence[Any]) -> pa.Array | None:
    """Hand over cells to Arrow, null where missing; None unless they are plain strings."""
    if not _PLAIN_KINDS.issuperset(map(type, cells)):
        return None
    try:
        return pa.array(cells, pa.large_string(), from_pandas=True)
    except (pa.ArrowException, UnicodeEncodeError):
        return None  # a figure, or a lone surrogate


def assemble_natively(
    columns: Iterable[pa.Array | None], n_rows: int, *, full_else_parts: bool = False
) -> tuple[pa.Array, list[int]] | None:
    """Build one text per row of columns of strings, and list the rows left to Python.

    None where there is no kernel. ``full_else_parts`` takes the first column and the second, or
    those after it where the second is empty.
    """
    kernel = find_kernel()
    if kernel is None:
        return None
    offsets, characters, unsure = _build_cleaner(kernel).assemble(
        list(columns), n_rows, full_else_parts
    )
    return build_texts(offsets, characters), unsure.tolist()


@cache
def _build_cleaner(kernel: ModuleType) -> Any:
    """Build the kernel's cleaner out of the tables that Python cleans by."""
    return kernel.Cleaner(
        characters={code: seen or "" for code, seen in CHARACTERS.items()},
        entities={name: value.translate(CHARACTERS) for name, value in html5.items()},
        numbers=[
            html.unescape(f"&#{number};").translate(CHARACTERS)
            for number in range(_FIRST_PLAIN_NUMBER)
        ],
        block_tags=list(BLOCK_TAGS),
        inline_tags=list(INLINE_TAGS),
        hidden_tags=list(HIDDEN_TAGS),
        missing=sorted(MISSING_STRINGS),
    )
