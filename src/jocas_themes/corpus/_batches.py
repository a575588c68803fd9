"""The pure function on batches of offers that every cluster runs, and what is sent to run it."""

import copy
import hashlib
import pickle
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import pandas as pd
import pyarrow as pa

from jocas_themes.corpus._chunk import label_chunk
from jocas_themes.corpus._label import KEEP_COLUMNS, check_keep_columns
from jocas_themes.offers._columns import ID_COLUMNS, TEXT_COLUMNS
from jocas_themes.student import ThemeClassifier, get_student, get_text_columns
from jocas_themes.student.persistence._fingerprint import list_foreign_steps

_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class PackedStudent:
    """A fitted student as bytes, which a process unpickles once however often it receives them.

    Its fingerprint alone tells it from others.
    """

    fingerprint: str
    content: bytes = field(compare=False, repr=False)

    def open(self) -> ThemeClassifier:
        """Return the student of this process."""
        # lru_cache alone lets two threads that ask at once unpickle it twice.
        with _lock:
            return _unpickle(self)

    def __dask_tokenize__(self) -> str:
        """Tell Dask what to name it by."""
        return self.fingerprint


@dataclass(frozen=True, slots=True)
class Labelling:
    """What a cluster is sent; made and checked on the driver.

    ``columns`` are those to read of the offers, ``schema`` is that of the result.
    """

    student: PackedStudent
    columns: list[str]
    keep_columns: tuple[str, ...]
    schema: pa.Schema


def describe_stranger(given: Any, *, made_by: str, read_by: str) -> str:
    """Say what was passed instead of a cluster's DataFrame, and how to make one of it."""
    if isinstance(given, pd.DataFrame):
        return f"a pandas DataFrame. {made_by} makes one of it; label_chunk labels it as it is."
    if isinstance(given, str):
        return f"{given!r}. Read it: {read_by}({given!r})."
    kind = type(given)
    return f"{kind.__module__}.{kind.__qualname__}. label_chunk labels a table in memory."


def plan_labelling(model: Any, columns: Sequence[str], keep_columns: Sequence[str]) -> Labelling:
    """Check all that needs no offer, and pack the student."""
    student = _strip_student(model)
    keep_columns = check_keep_columns(keep_columns, student.themes_)
    own = {*student.features_.structured_columns, *(student.text_columns or ())}
    # As for `label_corpus`: the default names what trends use, and asks for none of it.
    required = own if keep_columns == KEEP_COLUMNS else own | set(keep_columns)
    absent = sorted(required - set(columns))
    if absent:
        raise ValueError(
            f"offers lack the columns {absent[:5]!r} ({len(absent)} in all); found "
            f"{list(columns)[:5]!r} ({len(columns)} in all). Rename yours, or leave them out of "
            f"keep_columns."
        )
    needed = {*ID_COLUMNS, *TEXT_COLUMNS, "text", *own, *keep_columns}
    read = [name for name in columns if name in needed]
    # Labelling no offers says what is wrong with the columns, and what the result looks like.
    nothing = label_chunk(student, pd.DataFrame(columns=read), keep_columns=keep_columns)
    return Labelling(_pack(student), read, keep_columns, nothing.schema)


def label_batches(
    labelling: Labelling, batches: Iterable[pa.RecordBatch | pa.Table | pd.DataFrame]
) -> Iterator[pa.Table]:
    """Label batches of offers one by one; where there is no batch, no model is unpickled."""
    for batch in batches:
        student = labelling.student.open()
        yield label_chunk(student, batch, keep_columns=labelling.keep_columns)


def _strip_student(model: Any) -> ThemeClassifier:
    """Return the student alone, with nothing that labelling does not need.

    Neither client, key, probabilities of training offers nor functions of the trainer's own
    travel; and a worker's task has one core, as its neighbours use the others.
    """
    student = copy.copy(get_student(model))
    _check_steps(model)
    student.set_params(
        text_columns=get_text_columns(model),
        n_jobs=1,
        estimator=None,
        weights="confidence",
        lexicon=None,
    )
    student.__dict__.pop("out_of_fold_", None)  # a loaded student has none
    return student


def _check_steps(model: Any) -> None:
    """Refuse steps that may change the offers, as only the student is sent."""
    strangers = [step for step in list_foreign_steps(model) if not hasattr(step, "annotate")]
    if strangers:
        raise ValueError(
            f"a cluster labels with the student alone, and the steps before it must be teachers "
            f"and filters, got {strangers[:5]!r} too. Apply these to the offers yourself, and pass "
            f"the student: model[-1]."
        )


def _pack(student: ThemeClassifier) -> PackedStudent:
    content = pickle.dumps(student, protocol=pickle.HIGHEST_PROTOCOL)
    return PackedStudent(hashlib.sha256(content).hexdigest()[:16], content)


@lru_cache(maxsize=2)
def _unpickle(packed: PackedStudent) -> ThemeClassifier:
    student: ThemeClassifier = pickle.loads(packed.content)  # noqa: S301 (the driver's own bytes)
    return student
