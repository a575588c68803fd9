"""Whatever a user passes as X, as one table of offers with an id and a text each."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from jocas_themes.offers._columns import ID_COLUMNS
from jocas_themes.offers._text import (
    assemble_texts,
    clean_cells,
    clean_text,
    is_missing,
    require_own_names,
)


def as_offers(X: Any, *, text_columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Give any accepted input the shape of a table of offers.

    Parameters
    ----------
    X : sequence of str, Series, ndarray, DataFrame or pyarrow.Table of n_offers
        Texts, or a table of JOCAS columns, or a table that has a ``text`` column already.
    text_columns : sequence of str, optional
        Columns whose text is joined, when they are not the JOCAS ones. A ``text`` column made
        by this function before is kept as it is.

    Returns
    -------
    DataFrame of shape (n_offers, 2 + n_columns)
        ``offer_id`` and ``text``, both strings, then the input's own columns; the index is the
        input's, or a range.

    Raises
    ------
    TypeError
        If X is of none of these types, or holds things that are not texts.
    ValueError
        If a table has no text column, or if two of its columns share a name.

    Examples
    --------
    >>> from jocas_themes import as_offers
    >>> as_offers(["Cariste <b>CACES 3</b>"])["text"].tolist()
    ['Cariste CACES 3']
    """
    X = to_frame(X)
    if not isinstance(X, pd.DataFrame):
        texts, index = _read_texts(X)
        return pd.DataFrame(
            {"offer_id": [hash_text(text) for text in texts], "text": texts},
            index=index,
            dtype=object,
        )
    require_own_names(X)
    if is_annotated(X.columns):
        texts = ["" if is_missing(text) else str(text) for text in X["text"]]
    elif text_columns is None and "text" in X.columns:
        texts = clean_cells(X["text"])
    else:
        texts = assemble_texts(X, text_columns=text_columns)
    own = X.drop(columns=["offer_id", "text"], errors="ignore")
    head = pd.DataFrame(
        {"offer_id": read_ids(X, texts), "text": texts}, index=X.index, dtype=object
    )
    return pd.concat([head, own], axis=1)


def to_frame(table: Any) -> Any:
    """Return an Arrow table as a DataFrame, and anything else as it is."""
    return table.to_pandas() if isinstance(table, (pa.Table, pa.RecordBatch)) else table


def find_theme_codes(table: Any) -> tuple[str, ...]:
    """Find the themes of an annotated table; none when it is not one.

    Parameters
    ----------
    table : object
        Anything; only a DataFrame or an Arrow table can be an annotated table.

    Returns
    -------
    tuple of str
        Each ``CODE`` that has ``CODE_confidence`` and ``CODE_evidence`` beside it, in order.

    Examples
    --------
    >>> from jocas_themes import find_theme_codes, load_sample_annotations
    >>> find_theme_codes(load_sample_annotations())[:2]
    ('DIVERSITY', 'COMPENSATION_BENEFITS')
    >>> find_theme_codes(["a text"])
    ()
    """
    if isinstance(table, (pa.Table, pa.RecordBatch)):
        columns = list(table.schema.names)
    elif isinstance(table, pd.DataFrame):
        columns = [name for name in table.columns if isinstance(name, str)]
    else:
        return ()
    return _find_codes(columns)


def is_annotated(names: Iterable[Any]) -> bool:
    """Tell whether columns are those of an annotated table, whose texts were assembled before."""
    known = [name for name in names if isinstance(name, str)]
    return {"offer_id", "text", "status"} <= set(known) and bool(_find_codes(known))


def _find_codes(columns: Sequence[str]) -> tuple[str, ...]:
    """Find the themes that annotate a table of these columns."""
    names = set(columns)
    return tuple(name for name in columns if {f"{name}_confidence", f"{name}_evidence"} <= names)


def read_ids(offers: pd.DataFrame, texts: Iterable[str]) -> list[str]:
    """Take each offer's id from ``offer_id``, else ``ID_JOCAS``, else from its text."""
    ids: list[str | None] = [None] * len(offers)
    for column in ID_COLUMNS:
        if column in offers.columns:
            ids = [
                known if known is not None else _read_id(value)
                for known, value in zip(ids, offers[column], strict=True)
            ]
    return [
        known if known is not None else hash_text(text)
        for known, text in zip(ids, texts, strict=True)
    ]


def hash_text(text: str) -> str:
    """Return an id that depends on the text alone, so that the same offer keeps it."""
    return "text-" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _read_id(value: Any) -> str | None:
    """Read one id, or None; a float such as 12.0 is the integer that a spreadsheet lost."""
    if is_missing(value):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return clean_text(str(value)) or None


def _read_texts(X: Any) -> tuple[list[str], pd.Index]:
    """Clean a sequence of texts; missing ones become empty."""
    if isinstance(X, (str, bytes, dict)) or not isinstance(X, Iterable):
        raise TypeError(
            f"X must be a sequence of texts, or a DataFrame or Arrow table of offers, got "
            f"{type(X).__name__}. Put a single text in a list."
        )
    if isinstance(X, (pa.Array, pa.ChunkedArray)):
        X = X.to_pylist()
    if isinstance(X, np.ndarray) and X.ndim == 2 and X.shape[1] == 1:
        X = X[:, 0]
    values = list(X)
    strangers = [v for v in values if not isinstance(v, str) and not is_missing(v)]
    if strangers:
        raise TypeError(
            f"X must hold texts, got {type(strangers[0]).__name__} among them "
            f"({len(strangers)} of {len(values)}). Pass a DataFrame to keep several columns."
        )
    texts = clean_cells(values)
    return texts, X.index if isinstance(X, pd.Series) else pd.RangeIndex(len(texts))
