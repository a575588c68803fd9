"""An id for each row that is read: the offer's own, else one made from its text."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from jocas_themes.offers._columns import ID_COLUMNS, TEXT_COLUMNS
from jocas_themes.offers._frames import read_ids
from jocas_themes.offers._text import assemble_texts, clean_text
from jocas_themes.offers.reading._cells import RawColumn, settle_column, settle_strings
from jocas_themes.offers.reading._rejects import UnreadableCells
from jocas_themes.offers.reading._selection import RawPiece, Selection

# Cleaning such an id changes nothing, which spares the time of doing it.
_CLEAN_ID = r"^[0-9A-Za-z_.:-]+$"


def build_ids(piece: RawPiece, selection: Selection) -> npt.NDArray[np.object_]:
    """Give each row the id that ``as_offers`` would give it."""
    known = read_known_ids(piece.columns, piece.n_rows)
    ids: npt.NDArray[np.object_] = known.to_numpy(zero_copy_only=False)
    without = np.flatnonzero(known.is_null().to_numpy(zero_copy_only=False))
    if len(without):
        unreadable = UnreadableCells()
        rows = pd.DataFrame(
            {
                name: settle_column(name, _take(raw, without), unreadable)
                for name, raw in piece.columns.items()
                if selection.makes_text(name)
            },
            index=range(len(without)),
        )
        ids = ids.copy()  # Arrow's may be read-only
        ids[without] = read_ids(pd.DataFrame(index=rows.index), read_texts(rows, selection))
    return ids


def read_known_ids(columns: Mapping[str, RawColumn], n_rows: int) -> pa.Array:
    """Read the ids that the rows bring, null where they bring none."""
    ids = pa.nulls(n_rows, pa.large_string())
    for name in ID_COLUMNS:
        if name in columns:
            written = settle_strings(columns[name])
            is_clean = pc.match_substring_regex(written, _CLEAN_ID)
            if not pc.all(is_clean, min_count=0).as_py():
                cleaned = [
                    None if v is None else clean_text(v) or None for v in written.to_pylist()
                ]
                written = pa.array(cleaned, pa.large_string())
            ids = pc.coalesce(ids, written)
        if ids.null_count == 0:
            break
    return ids


def read_texts(offers: pd.DataFrame, selection: Selection) -> list[str]:
    """Assemble the text of each row from the columns that this piece of the source has."""
    if selection.text_columns is not None:
        present = [name for name in selection.text_columns if name in offers.columns]
        return assemble_texts(offers, text_columns=present) if present else [""] * len(offers)
    nothing = [""] * len(offers)
    has_jocas_text = any(name in offers.columns for name in TEXT_COLUMNS)
    texts = assemble_texts(offers) if has_jocas_text else nothing
    if "text" not in offers.columns:
        return texts
    own = assemble_texts(offers, text_columns=["text"])
    return [text or other for text, other in zip(own, texts, strict=True)]


def _take(raw: RawColumn, rows: npt.NDArray[np.intp]) -> RawColumn:
    """Take some rows of a column."""
    if isinstance(raw, list):
        return [raw[row] for row in rows]
    return raw.take(pa.array(rows))
