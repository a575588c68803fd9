"""A fitted student as a folder of plain files: no pickle, so that a model can be shared.

To change the form: raise FORMAT_VERSION, keep reading the older ones, and keep a folder of the
old form among the tests.
"""

import hashlib
import json
import os
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from jocas_themes.errors import ModelFormatError
from jocas_themes.student._classifier import ThemeClassifier
from jocas_themes.student._features import OfferFeatures
from jocas_themes.student._pipeline import get_student, get_text_columns
from jocas_themes.student._themes import ThemeModel

FORMAT = "jocas-themes model"
FORMAT_VERSION = 1

_MANIFEST = "manifest.json"
_FEATURES = "features.json"
_ARRAYS = "arrays.npz"


def save_model(model: Any, folder: str | Path, *, overwrite: bool = False) -> None:
    """Save a fitted student as a folder of plain files.

    Parameters
    ----------
    model : Pipeline or ThemeClassifier
        Fitted, with the default XGBoost estimator. Of a Pipeline the student alone is kept:
        labelling needs neither teacher nor filter.
    folder : str or Path
        Where to; it appears only when it is whole.
    overwrite : bool, default=False
        Whether to replace a model that is there.

    Raises
    ------
    TypeError
        If the model is of another kind, or its estimator is not XGBoost's.
    FileExistsError
        If the folder is there, and is not a model to overwrite.

    See Also
    --------
    load_model : The way back.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from jocas_themes import ThemeClassifier, load_model, load_sample_annotations, save_model
    >>> annotated = load_sample_annotations()
    >>> student = ThemeClassifier().fit(annotated)
    >>> folder = pathlib.Path(tempfile.mkdtemp()) / "model"
    >>> save_model(student, folder)
    >>> bool((load_model(folder).predict(annotated) == student.predict(annotated)).all())
    True
    """
    student, folder = get_student(model), Path(folder)
    _check_estimators(student)
    check_model_folder(folder, overwrite=overwrite)
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        _write(student, staging, text_columns=get_text_columns(model))
        staging.chmod(0o755)
        if folder.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old.", dir=folder.parent))
            folder.replace(old)
            staging.replace(folder)
            shutil.rmtree(old)
        else:
            staging.replace(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def check_model_folder(folder: Path, *, overwrite: bool) -> None:
    """Refuse a folder that a model would replace, unless it is a model and may be replaced."""
    if not folder.exists():
        return
    if not (folder / _MANIFEST).is_file():
        raise FileExistsError(f"{folder} is there already, and is no model. Choose another folder.")
    if not overwrite:
        raise FileExistsError(
            f"{folder} is there already. Choose another folder, or pass overwrite=True to "
            f"replace the model."
        )


def load_model(folder: str | Path) -> ThemeClassifier:
    """Load a student that `save_model` wrote.

    Parameters
    ----------
    folder : str or Path
        The folder.

    Returns
    -------
    ThemeClassifier
        Fitted; its predictions are those of the model that was saved, bit for bit.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ModelFormatError
        If the folder is no model, is damaged, or was written by a newer version.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no model folder {folder}.")
    manifest = _read_manifest(folder)
    try:
        return _read(folder, manifest)
    except (KeyError, ValueError, TypeError, OSError) as error:
        raise ModelFormatError(f"the model {folder} is damaged ({error!r}).") from error


def _check_estimators(student: ThemeClassifier) -> None:
    from xgboost import XGBClassifier

    for code, model in zip(student.themes_, student.models_, strict=True):
        if model.estimator is not None and not isinstance(model.estimator, XGBClassifier):
            raise TypeError(
                f"only XGBoost models can be saved, the estimator of {code} is "
                f"{model.estimator!r}. Save the ThemeClassifier with skops or joblib instead."
            )


def _write(student: ThemeClassifier, folder: Path, *, text_columns: Any) -> None:
    """Write all files, the manifest with their digests last."""
    features = student.features_
    words: dict[str, int] = features.vectorizer_.vocabulary_
    content = {"words": sorted(words, key=words.__getitem__), "categories": features.categories_}
    (folder / _FEATURES).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    arrays: dict[str, Any] = {
        f"columns_{place}": m.columns for place, m in enumerate(student.models_)
    }
    np.savez_compressed(
        folder / _ARRAYS,
        idf=features.vectorizer_.idf_,
        thresholds=np.asarray(student.thresholds_, dtype=np.float64),
        **arrays,
    )
    # Numbered, as a theme's code may be no file name.
    for place, model in enumerate(student.models_):
        if model.estimator is not None:
            model.estimator.get_booster().save_model(folder / f"booster_{place}.ubj")
    names = sorted(path.name for path in folder.iterdir())
    params = student.get_params(deep=False) | {"themes": student.themes_, "estimator": None}
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "params": params | {"text_columns": text_columns},
        "themes": {
            code: {"weight": m.weight, "prevalence": m.prevalence, "constant": m.estimator is None}
            for code, m in _zip(student)
        },
        "files": {name: _digest(folder / name) for name in names},
        "versions": {
            name: version(name) for name in ("jocas-themes", "scikit-learn", "xgboost", "numpy")
        },
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False, default=np.generic.item)
    (folder / _MANIFEST).write_text(text + "\n", encoding="utf-8")


def _zip(student: ThemeClassifier) -> Any:
    return zip(student.themes_, student.models_, strict=True)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest, and check every file against it."""
    try:
        manifest = dict(json.loads((folder / _MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ModelFormatError(f"{folder} is not a model: no readable {_MANIFEST}.") from error
    if manifest.get("format") != FORMAT:
        raise ModelFormatError(f"{folder} is not a model: {_MANIFEST} is of another format.")
    if manifest.get("format_version") != FORMAT_VERSION:
        raise ModelFormatError(
            f"the model {folder} has format {manifest.get('format_version')!r}, this version of "
            f"jocas-themes reads {FORMAT_VERSION}. Upgrade jocas-themes, or train it again."
        )
    files = manifest.get("files")
    for name, digest in files.items() if isinstance(files, dict) else ():
        path = folder / os.path.basename(name)  # noqa: PTH119 (never outside the folder)
        if not path.is_file() or _digest(path) != digest:
            raise ModelFormatError(
                f"the model {folder} is damaged: {name} is missing or was changed. Train it "
                f"again, or copy the whole folder again."
            )
    return manifest


def _read(folder: Path, manifest: dict[str, Any]) -> ThemeClassifier:
    """Build the student out of its files."""
    params: dict[str, Any] = manifest["params"]
    for name in ("themes", "structured_columns", "ngram_range"):
        params[name] = tuple(params[name])
    student = ThemeClassifier(**params)
    content = json.loads((folder / _FEATURES).read_text(encoding="utf-8"))
    with np.load(folder / _ARRAYS, allow_pickle=False) as arrays:
        student.features_ = OfferFeatures.restore(
            student.get_params(deep=False),
            words=content["words"],
            idf=arrays["idf"],
            categories=content["categories"],
        )
        student.thresholds_ = arrays["thresholds"]
        student.models_ = [
            ThemeModel(
                columns=arrays[f"columns_{place}"],
                estimator=None
                if facts["constant"]
                else _load_booster(folder / f"booster_{place}.ubj"),
                weight=float(facts["weight"]),
                prevalence=float(facts["prevalence"]),
            )
            for place, facts in enumerate(manifest["themes"].values())
        ]
    student.themes_ = tuple(manifest["themes"])
    student.classes_ = np.tile([0, 1], (len(student.themes_), 1))
    return student


def _load_booster(path: Path) -> Any:
    from xgboost import XGBClassifier

    estimator = XGBClassifier(n_jobs=1)
    estimator.load_model(path)
    return estimator
