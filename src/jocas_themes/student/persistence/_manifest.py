"""What there is to say of a fitted student, and the manifest that says it.

The manifest is what a reader opens first: all that decides predictions and is small, how the
model was trained and what it is worth, and the digests of the other files. It holds no text, no
id and no path of the training data.
"""

import hashlib
import json
import math
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from jocas_themes.errors import ModelFormatError
from jocas_themes.student._classifier import ThemeClassifier
from jocas_themes.student._pipeline import get_student, get_text_columns
from jocas_themes.student._themes import ThemeModel
from jocas_themes.student.persistence._folder import ModelFolder, read_json
from jocas_themes.taxonomy import Taxonomy

FORMAT = "jocas-themes model"
FORMAT_VERSION = 2
READABLE_VERSIONS = (1, 2)

_LIBRARIES = ("jocas-themes", "scikit-learn", "xgboost", "numpy", "scipy")
# Kept elsewhere, or not at all: an estimator and a function are code.
_NOT_PARAMS = frozenset({"estimator", "themes", "lexicon", "weights"})


def describe_model(model: Any) -> dict[str, Any]:
    """Describe a fitted Pipeline or student, in what JSON can hold."""
    student = get_student(model)
    taxonomy = _find_taxonomy(model, student)
    params = student.get_params(deep=False) | {"text_columns": get_text_columns(model)}
    return {
        "themes": [
            _describe_theme(code, float(threshold), theme, student.offer_scores_.names)
            for code, threshold, theme in zip(
                student.themes_, student.thresholds_, student.models_, strict=True
            )
        ],
        "scores": list(student.offer_scores_.names),
        "taxonomy": None
        if taxonomy is None
        else {"fingerprint": taxonomy.fingerprint, **taxonomy.to_dict()},
        "params": {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in params.items()
            if name not in _NOT_PARAMS
        },
        "training": _describe_training(student),
        "out_of_fold": _to_rows(student.scores_),
    }


def compute_fingerprint(manifest: dict[str, Any]) -> str:
    """Return 16 hexadecimal digits that change with anything but the date of saving."""
    content = {k: v for k, v in manifest.items() if k not in {"fingerprint", "saved_at"}}
    return hashlib.sha256(write_json(content, sort_keys=True).encode()).hexdigest()[:16]


def write_json(content: Any, **options: Any) -> str:
    """Write JSON that any reader takes, NumPy's numbers as plain ones."""
    return json.dumps(content, default=np.generic.item, allow_nan=False, **options)


def read_manifest(folder: ModelFolder) -> dict[str, Any]:
    """Read the manifest, if it is whole and of a form that is known here."""
    try:
        manifest = dict(read_json(folder.manifest))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise ModelFormatError(
            f"{folder.path} is not a model: no readable {folder.manifest.name} ({error})."
        ) from error
    if manifest.get("format") != FORMAT:
        raise ModelFormatError(
            f"{folder.path} is not a model: {folder.manifest.name} is of another format."
        )
    found = manifest.get("format_version")
    if type(found) is not int or found not in READABLE_VERSIONS:
        raise ModelFormatError(
            f"the model {folder.path} has format {found!r}, this version of jocas-themes reads "
            f"{READABLE_VERSIONS!r}. Upgrade jocas-themes, or train it again."
        )
    if found > 1 and manifest.get("fingerprint") != compute_fingerprint(manifest):
        raise ModelFormatError(
            f"the model {folder.path} is damaged: {folder.manifest.name} was changed. To change "
            f"a threshold, load the model, set thresholds_ and save it again."
        )
    return manifest


def read_scores(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Build the table of scores out of what `describe_model` made of it."""
    columns = list(rows[0])[1:] if rows else []
    cells = {
        name: np.array([math.nan if row[name] is None else row[name] for row in rows])
        for name in columns
    }
    return pd.DataFrame(cells, index=pd.Index([row["theme"] for row in rows], name="theme"))


def _to_rows(scores: pd.DataFrame) -> list[dict[Any, Any]]:
    """Turn the table of scores into one record a theme, None where there is no figure."""
    return [
        {"theme": theme} | {name: None if pd.isna(cell) else cell for name, cell in row.items()}
        for theme, row in zip(scores.index, scores.to_dict("records"), strict=True)
    ]


def _find_taxonomy(model: Any, student: ThemeClassifier) -> Taxonomy | None:
    """Return the taxonomy of the student or of its teacher, if it is of just these themes."""
    known: list[Any] = [student.themes]
    if isinstance(model, Pipeline):
        known += [getattr(step, "taxonomy", None) for _, step in model.steps]
    return next(
        (t for t in known if isinstance(t, Taxonomy) and t.codes == tuple(student.themes_)), None
    )


def _describe_theme(
    code: str, threshold: float, model: ThemeModel, names: tuple[str, ...]
) -> dict[str, Any]:
    """Describe one theme; floats come back from JSON as they were, to the last bit."""
    return {
        "code": code,
        "threshold": threshold,
        "prevalence": model.prevalence,
        "constant": model.estimator is None,
        "n_words": len(model.columns),
        "line": {
            "intercept": model.intercept,
            "coefficients": dict(zip(names, model.coefficients.tolist(), strict=True)),
        },
        "calibration": {
            "slope": model.calibration.slope,
            "intercept": model.calibration.intercept,
        },
    }


def _describe_training(student: ThemeClassifier) -> dict[str, Any]:
    """Say what was learnt from, and how; of a loaded student, what its manifest said."""
    lexicon, weights = student.lexicon, student.weights
    if student.offer_scores_.lexicon is None:
        lexicon = None
    else:
        lexicon = "shipped" if isinstance(lexicon, str) and lexicon == "auto" else "own"
    facts = {
        "lexicon": lexicon,
        "weights": "own function" if callable(weights) else weights,
        "estimator": next(
            (_describe_estimator(m.estimator) for m in student.models_ if m.estimator is not None),
            None,
        ),
        "versions": {name: version(name) for name in _LIBRARIES},
    }
    return {**student.training_, **facts, **student.training_}


def _describe_estimator(estimator: Any) -> dict[str, Any]:
    """Return the settings of the trees, those that JSON can hold."""
    return {
        name: value
        for name, value in estimator.get_params(deep=False).items()
        if isinstance(value, (int, str)) or (isinstance(value, float) and math.isfinite(value))
    }
