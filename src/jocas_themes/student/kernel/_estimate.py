"""Probabilities by the kernel; the few offers that it cannot judge are named."""

import weakref
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from jocas_themes._native import load_kernel
from jocas_themes.student._themes import ThemeModel
from jocas_themes.student.kernel._student import compile_student

FloatArray = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

# Compiled once for each student, and gone with it: never a part of it that could be pickled.
_compiled: weakref.WeakKeyDictionary[Any, tuple[list[Any], Any | None]] = (
    weakref.WeakKeyDictionary()
)


def get_compiled(student: Any) -> Any | None:
    """Return the kernel's form of a fitted student, None where there is none."""
    if load_kernel() is None:
        return None
    parts = [student.features_, student.offer_scores_, *student.models_]
    known = _compiled.get(student)
    if known is None or [*map(id, known[0])] != [*map(id, parts)]:
        form = compile_student(student.features_, student.offer_scores_, student.models_)
        _compiled[student] = known = (parts, form)
    return known[1]


def estimate_probabilities(
    compiled: Any,
    models: Sequence[ThemeModel],
    texts: pa.Array,
    categories: Sequence[Sequence[int]] | None,
    n_threads: int,
) -> tuple[FloatArray, Rows]:
    """Return probabilities of shape (n_offers, n_themes), and the rows that Python must judge.

    ``categories`` are the positions of each offer's; None where the student knows no category.
    """
    starts, columns = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32)
    if categories is not None:
        starts = np.cumsum([0, *map(len, categories)], dtype=np.int64)
        columns = np.fromiter(chain.from_iterable(categories), dtype=np.int32)
    log_odds, unsure = compiled.predict(texts, starts, columns, n_threads)
    log_odds = log_odds.reshape(len(texts), len(models))
    probabilities = np.empty_like(log_odds)
    for theme, model in enumerate(models):
        if model.estimator is None:
            probabilities[:, theme] = model.prevalence
        else:
            probabilities[:, theme] = model.calibration.apply(log_odds[:, theme])
    return probabilities, unsure


def to_arrow_texts(texts: Iterable[str]) -> tuple[pa.Array, list[int]]:
    """Write texts as an Arrow array, and name the rows that it cannot hold: lone surrogates."""
    texts = list(texts)
    try:
        return pa.array(texts, pa.large_string()), []
    except UnicodeEncodeError:
        held = [text if _is_encodable(text) else None for text in texts]
    broken = [row for row, text in enumerate(held) if text is None]
    return pa.array(held, pa.large_string()), broken


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
