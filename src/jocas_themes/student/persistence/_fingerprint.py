"""What tells one fitted model from another: a digest of everything that decides a label."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import joblib
import numpy as np
from sklearn.pipeline import Pipeline

from jocas_themes.student._classifier import ThemeClassifier
from jocas_themes.student._pipeline import get_student
from jocas_themes.student.persistence._manifest import write_json
from jocas_themes.student.persistence._save import (
    list_arrays,
    list_patterns,
    list_vocabulary,
)


def compute_model_fingerprint(model: Any) -> str:
    """Return 16 hexadecimal digits that change with anything that decides a label.

    Parameters
    ----------
    model : Pipeline or ThemeClassifier
        Fitted; saved and loaded again it has the same fingerprint.

    Returns
    -------
    str
        The first digits of a SHA-256.

    Notes
    -----
    Vocabulary, weights, coefficients, trees, calibration, thresholds and lexicon count; how the
    model was trained, ``n_jobs`` and the names of the text columns do not. Of a Pipeline's steps
    before the student, those of this package change no text; others count as their ``repr``.
    An ``estimator`` of another kind than XGBoost's counts as joblib hashes it.
    """
    digest = hashlib.sha256()
    for content in _iter_content(model):
        digest.update(len(content).to_bytes(8, "little"))
        digest.update(content)
    return digest.hexdigest()[:16]


def list_foreign_steps(model: Any) -> list[Any]:
    """List what may predict otherwise than the student alone: other steps, a class of one's own."""
    steps = [step for _, step in model.steps[:-1]] if isinstance(model, Pipeline) else []
    foreign = [step for step in steps if not type(step).__module__.startswith("jocas_themes.")]
    student = get_student(model)
    return foreign if type(student) is ThemeClassifier else [*foreign, student]


def _iter_content(model: Any) -> Iterator[bytes]:
    """Yield all that decides a label, in one order."""
    student = get_student(model)
    scores = student.offer_scores_
    facts = {
        "steps": [repr(step) for step in list_foreign_steps(model)],
        "themes": student.themes_,
        "thresholds": np.asarray(student.thresholds_, dtype=np.float64).tolist(),
        "structured_columns": list(student.features_.structured_columns),
        "ngram_range": list(student.features_.ngram_range),
        "scores": scores.names,
        "vocabulary": list_vocabulary(student),
        "lexicon": None if scores.lexicon is None else list_patterns(scores.lexicon),
    }
    yield write_json(facts, sort_keys=True).encode()
    for name, array in sorted(list_arrays(student).items()):
        yield f"{name} {array.shape}".encode()
        yield array.astype("<f8" if array.dtype.kind == "f" else "<i8").tobytes()
    yield from _iter_themes(student)


def _iter_themes(student: ThemeClassifier) -> Iterator[bytes]:
    """Yield what each theme's model adds: its line, its calibration and its trees."""
    for model in student.models_:
        figures = [model.prevalence, model.intercept, *model.coefficients]
        figures += asdict(model.calibration).values()
        yield np.array(figures, dtype="<f8").tobytes()
        estimator = model.estimator
        if hasattr(estimator, "get_booster"):
            yield f"missing={estimator.missing}".encode()
            yield bytes(estimator.get_booster().save_raw("ubj"))
        else:
            yield str(joblib.hash(estimator)).encode()
