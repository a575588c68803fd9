"""Labelling one chunk of offers: a pure function, around which everything else is built."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from jocas_themes.annotations import build_annotated
from jocas_themes.offers import as_offers
from jocas_themes.offers._columns import TEXT_COLUMNS
from jocas_themes.offers._frames import is_annotated
from jocas_themes.offers.reading import (
    UnreadableCells,
    build_batch,
    find_arrow_type,
    settle_arrow,
    to_raw,
)
from jocas_themes.offers.reading._selection import RawPiece, build_selection
from jocas_themes.student import ThemeClassifier, get_student, get_text_columns
from jocas_themes.student.persistence._fingerprint import list_foreign_steps


def build_schema(codes: Sequence[str], keep_columns: Sequence[str]) -> pa.Schema:
    """Build the schema of a labelled table; it depends on names alone, never on the rows."""
    fields = [pa.field("offer_id", pa.string())]
    fields += [pa.field(name, find_arrow_type(name)) for name in keep_columns]
    for code in codes:
        fields += [pa.field(code, pa.int8()), pa.field(f"{code}_probability", pa.float32())]
    return pa.schema(fields)


def label_chunk(model: Any, offers: Any, *, keep_columns: Sequence[str] = ()) -> pa.Table:
    """Label one chunk of offers.

    Parameters
    ----------
    model : Pipeline or ThemeClassifier
        Fitted.
    offers : DataFrame, pyarrow.Table or sequence of str of n_offers
        The offers.
    keep_columns : sequence of str, default=()
        Own columns to carry over; null where the offers lack them.

    Returns
    -------
    pyarrow.Table of n_offers rows
        ``offer_id``, the kept columns, and for each theme ``CODE`` (0, 1; null where the offer
        has no text) and ``CODE_probability``.

    Raises
    ------
    TypeError
        If the model is neither a Pipeline that ends in a ThemeClassifier nor one itself.
    ValueError
        If the offers have no text column, or lack one that the model needs.

    Warns
    -----
    JocasThemesWarning
        If dates or figures of the kept columns are unreadable: they become null.

    Notes
    -----
    The result for one offer does not depend on the others in the chunk; one with the text of
    another is not computed again.
    """
    student, unreadable = get_student(model), UnreadableCells()
    if isinstance(offers, (pa.Table, pa.RecordBatch)) and _reads_as_arrow(model, offers):
        names = (*keep_columns, *student.features_.structured_columns)
        selection = build_selection(None, get_text_columns(model))
        pieces = [RawPiece(dict(_iter_columns(batch)), len(batch)) for batch in _split(offers)]
        batches = [build_batch(piece, names, selection, unreadable) for piece in pieces]
        unreadable.warn(stacklevel=2)
        return pa.concat_tables(label_batch(model, batch, keep_columns) for batch in batches)
    table = as_offers(offers, text_columns=get_text_columns(model))
    kept = [_settle(table, name, unreadable) for name in keep_columns]
    unreadable.warn(stacklevel=2)
    ids = pa.array(table["offer_id"], pa.string(), from_pandas=True)
    without_text = (table["text"] == "").to_numpy(dtype=bool)
    # In the form of the annotated table, so that no step assembles the texts again.
    annotated = build_annotated(table, [None] * len(table), student.themes_)
    probabilities = model.predict_proba(annotated)
    return _build_labelled(student, [ids, *kept], without_text, probabilities, keep_columns)


def label_batch(model: Any, batch: pa.RecordBatch, keep_columns: Sequence[str]) -> pa.Table:
    """Label a batch as `iter_batches` gives it, its columns settled and its texts clean.

    It has the kept columns, and the structured ones of the student. The model is a student, or a
    Pipeline whose other steps leave texts as they are.
    """
    student = get_student(model)
    texts = batch.column("text")
    columns = pd.DataFrame(index=range(len(texts)))
    if structured := list(student.features_.structured_columns):
        columns = batch.select(structured).to_pandas()
    probabilities = student._estimate(texts, columns)
    is_empty = pc.equal(texts, "")
    own_text = (
        pc.if_else(is_empty, None, texts).cast(pa.string()) if "text" in keep_columns else None
    )
    kept = [own_text if name == "text" else batch.column(name) for name in keep_columns]
    kept.insert(0, batch.column("offer_id").cast(pa.string()))
    without_text = is_empty.to_numpy(zero_copy_only=False)
    return _build_labelled(student, kept, without_text, probabilities, keep_columns)


def _build_labelled(
    student: ThemeClassifier,
    columns: list[pa.Array],
    without_text: npt.NDArray[np.bool_],
    probabilities: npt.NDArray[np.float64],
    keep_columns: Sequence[str],
) -> pa.Table:
    """Put labels beside ids and kept columns."""
    labels = (probabilities >= student.thresholds_).astype(np.int8)
    for position in range(len(student.themes_)):
        columns.append(pa.array(labels[:, position], pa.int8(), mask=without_text))
        columns.append(pa.array(probabilities[:, position], pa.float32(), mask=without_text))
    return pa.table(columns, schema=build_schema(student.themes_, keep_columns))


def _reads_as_arrow(model: Any, offers: pa.Table | pa.RecordBatch) -> bool:
    """Tell whether a table can stay in Arrow; what is wrong with the others, `as_offers` says."""
    names = offers.schema.names
    wanted = get_text_columns(model)
    has_text = {"text", *TEXT_COLUMNS} & set(names) if wanted is None else set(wanted) <= set(names)
    return (
        len(offers) > 0
        and len(set(names)) == len(names)
        and bool(has_text)
        and set(get_student(model).features_.structured_columns) <= set(names)
        and not is_annotated(names)
        and not list_foreign_steps(model)
    )


def _split(offers: pa.Table | pa.RecordBatch) -> list[pa.RecordBatch]:
    batches = offers.to_batches() if isinstance(offers, pa.Table) else [offers]
    return [batch for batch in batches if batch.num_rows]


def _iter_columns(batch: pa.RecordBatch) -> Iterator[tuple[str, pa.Array]]:
    return zip(batch.schema.names, batch.columns, strict=True)


def _settle(table: pd.DataFrame, name: str, unreadable: UnreadableCells) -> pa.Array:
    """Convert one kept column to its type, as reading a file would; absent is null."""
    if name not in table.columns:
        return pa.nulls(len(table), find_arrow_type(name))
    return settle_arrow(name, to_raw(table[name]), unreadable)
