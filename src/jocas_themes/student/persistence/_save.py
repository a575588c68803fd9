"""Write a fitted student as a folder that appears only when it is whole."""

import shutil
import tempfile
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from jocas_themes.lexicon import Lexicon
from jocas_themes.student._classifier import ThemeClassifier
from jocas_themes.student._pipeline import get_student
from jocas_themes.student.persistence._arrays import write_arrays
from jocas_themes.student.persistence._card import render_card
from jocas_themes.student.persistence._folder import ModelFolder, read_json
from jocas_themes.student.persistence._manifest import (
    FORMAT,
    FORMAT_VERSION,
    compute_fingerprint,
    describe_model,
    write_json,
)


def save_model(model: Any, folder: str | Path, *, overwrite: bool = False) -> None:
    """Save a fitted student as a folder of plain files.

    Parameters
    ----------
    model : Pipeline or ThemeClassifier
        Fitted, with XGBoost as its estimator. Of a Pipeline the student alone is kept:
        labelling needs neither teacher nor filter.
    folder : str or Path
        Where to; it appears only when it is whole.
    overwrite : bool, default=False
        Whether to replace a model that is there.

    Raises
    ------
    TypeError
        If the model is of another kind, or its estimator is not XGBoost's.
    ValueError
        If ``thresholds_`` was changed to something else than one figure a theme.
    FileExistsError
        If the folder is there, and is not a model to overwrite, or holds other files too.

    See Also
    --------
    load_model : The way back.
    model_card : What is written as README.md.

    Notes
    -----
    Nothing is pickled. ``manifest.json`` says what the model is: themes with thresholds and
    calibration, the taxonomy where it is known, parameters, what was learnt from, scores out of
    fold, library versions, the digests of the other files and a fingerprint of it all.
    ``vocabulary.json`` holds words, categories and n-grams, ``lexicon.json`` the patterns as
    they were used, ``arrays.npz`` coefficients and ``booster_*.ubj`` the trees, in XGBoost's own
    form. ``README.md`` is the model card, and may be edited.

    The folder holds no offer, but it does hold words and n-grams that occur in as few as two
    offers or sentences, names and numbers among them.

    ``out_of_fold_``, an ``estimator`` of your own and a function in ``weights`` are not kept.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from jocas_themes import ThemeClassifier, load_model, load_sample_annotations, save_model
    >>> annotated = load_sample_annotations()[:60]
    >>> student = ThemeClassifier(themes=["WORK_LIFE_BALANCE"], cv=2).fit(annotated)
    >>> folder = pathlib.Path(tempfile.mkdtemp()) / "model"
    >>> save_model(student, folder)
    >>> bool((load_model(folder).predict(annotated) == student.predict(annotated)).all())
    True
    """
    student, folder = get_student(model), Path(folder).absolute()
    _check_student(student)
    check_model_folder(folder, overwrite=overwrite)
    description = describe_model(model)
    folder.parent.mkdir(parents=True, exist_ok=True)
    workshop = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        new = ModelFolder(workshop / "new")
        new.path.mkdir()
        _write(student, description, new)
        _replace(folder, new.path, old=workshop / "old")
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def check_model_folder(folder: Path, *, overwrite: bool) -> None:
    """Refuse a folder that a model would replace, unless it is a model and may be replaced."""
    if not folder.exists():
        return
    there = ModelFolder(folder)
    try:
        manifest = read_json(there.manifest)
        is_model = manifest["format"] == FORMAT
        strangers = there.find_strangers(manifest["files"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        is_model = False
    if not is_model:
        raise FileExistsError(f"{folder} is there already, and is no model. Choose another folder.")
    if not overwrite:
        raise FileExistsError(
            f"{folder} is there already. Choose another folder, or pass overwrite=True to "
            f"replace the model."
        )
    if strangers:
        raise FileExistsError(
            f"{folder} holds {strangers[:5]!r} ({len(strangers)} in all) beside a model, which "
            f"replacing it would delete. Move them elsewhere."
        )


def _check_student(student: ThemeClassifier) -> None:
    """Refuse what could not come back as it is."""
    from xgboost import XGBClassifier

    for code, model in zip(student.themes_, student.models_, strict=True):
        estimator = model.estimator
        if estimator is not None and not isinstance(estimator, XGBClassifier):
            raise TypeError(
                f"only XGBoost models can be saved, the estimator of {code} is {estimator!r}. "
                f"Save the ThemeClassifier with skops or joblib instead."
            )
        if estimator is not None and not np.isnan(estimator.missing):
            raise ValueError(
                f"the estimator must have missing=nan, which XGBoost's files imply, got "
                f"{estimator.missing!r} for {code}. Train without it."
            )
    thresholds = np.asarray(student.thresholds_)
    if thresholds.shape != (len(student.themes_),) or not np.isfinite(thresholds).all():
        raise ValueError(
            f"thresholds_ must be {len(student.themes_)} finite figures, one a theme in the order "
            f"of themes_, got {student.thresholds_!r}. A threshold of 2 is never reached."
        )


def _write(student: ThemeClassifier, description: dict[str, Any], folder: ModelFolder) -> None:
    """Write all files, the manifest with their digests last."""
    lexicon = student.offer_scores_.lexicon
    # On one line, as Git may change the ends of lines and with them the digest.
    folder.vocabulary.write_text(write_json(list_vocabulary(student)), encoding="utf-8")
    if lexicon is not None:
        folder.lexicon.write_text(write_json(list_patterns(lexicon)), encoding="utf-8")
    write_arrays(folder.arrays, list_arrays(student))
    for place, model in enumerate(student.models_):
        if model.estimator is not None:
            model.estimator.get_booster().save_model(folder.booster(place))
    names = sorted(path.name for path in folder.path.iterdir())
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "fingerprint": "",
        "saved_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **description,
        "files": folder.compute_digests(names),
    }
    manifest["fingerprint"] = compute_fingerprint(manifest)
    text = write_json(manifest, indent=2, ensure_ascii=False)
    folder.manifest.write_text(text + "\n", encoding="utf-8")
    folder.card.write_text(render_card(manifest), encoding="utf-8")


def list_vocabulary(student: ThemeClassifier) -> dict[str, list[str]]:
    """List the names of all features, in the order of their columns."""
    features, ngrams = student.features_, student.offer_scores_.ngrams
    words: dict[str, int] = features.vectorizer_.vocabulary_
    return {
        "words": sorted(words, key=words.__getitem__),
        "categories": list(features.categories_),
        "sentence_words": [] if ngrams is None else list(ngrams.words_.vocabulary),
        "sentence_characters": [] if ngrams is None else list(ngrams.characters_.vocabulary),
    }


def list_patterns(lexicon: Lexicon) -> list[dict[str, Any]]:
    """List the entries of a lexicon, as they were given."""
    return [
        {item.name: getattr(entry, item.name) for item in fields(entry) if item.init}
        for entry in lexicon.entries
    ]


def list_arrays(student: ThemeClassifier) -> dict[str, Any]:
    """Collect the coefficients of all models."""
    scores = student.offer_scores_
    arrays: dict[str, Any] = {
        "idf": student.features_.vectorizer_.idf_,
        "text_coefficients": scores.text.coefficients,
        "text_intercepts": scores.text.intercepts,
    }
    if scores.ngrams is not None and scores.sentences is not None:
        arrays |= {
            "sentence_weights": scores.ngrams.weights_,
            "sentence_coefficients": scores.sentences.coefficients,
            "sentence_intercepts": scores.sentences.intercepts,
        }
    return arrays | {f"columns_{place}": m.columns for place, m in enumerate(student.models_)}


def _replace(folder: Path, new: Path, *, old: Path) -> None:
    """Put the new folder in the place of the old one, if there is one."""
    if not folder.exists():
        new.rename(folder)
        return
    folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        old.rename(folder)
        raise
