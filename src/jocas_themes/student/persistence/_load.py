"""Read a model folder back into a student, or say why it cannot be.

To change the form: store a model of today's form among the tests (``python
tests/student/persistence/old_models/make.py`` writes it, with predictions to compare), raise
FORMAT_VERSION, and keep reading the older ones in a module of their own, as `_format_1` does. The
same holds for a change of what a stored model computes: how texts are cut into sentences and
folded, how scores are pooled, and the constants of these.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jocas_themes.errors import ModelFormatError
from jocas_themes.lexicon import Lexicon, LexiconEntry
from jocas_themes.student._calibration import Calibration
from jocas_themes.student._classifier import ThemeClassifier
from jocas_themes.student._features import OfferFeatures
from jocas_themes.student._linear import LinearScores
from jocas_themes.student._ngrams import SentenceNgrams
from jocas_themes.student._scores import OfferScores
from jocas_themes.student._themes import ThemeModel
from jocas_themes.student.persistence._arrays import ArrayReader
from jocas_themes.student.persistence._booster import load_booster
from jocas_themes.student.persistence._folder import ModelFolder, read_json
from jocas_themes.student.persistence._format_1 import NoScores, read_format_1
from jocas_themes.student.persistence._manifest import read_manifest, read_scores
from jocas_themes.taxonomy import Taxonomy


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
        If the folder is no model, is damaged, holds other files too, or was written by a newer
        version.

    Notes
    -----
    Nothing in the folder is run or unpickled. The digests tell accidents; someone who changes a
    model on purpose can change them too, and trees made to do harm can crash XGBoost. Load models
    of people you trust.

    ``get_params`` gives the parameters of the training, but for those that are code:
    ``estimator`` is None (its settings are in ``training_``), and ``weights`` is "confidence"
    where it was a function. ``themes`` is the Taxonomy where it is known, else the codes, and
    ``lexicon`` the patterns themselves where they were not the shipped ones. ``training_`` says
    also of which versions, lexicon and estimator the model was made. ``out_of_fold_`` is not
    there.

    Models of format 1 (before scores of sentences) predict as they did, to rounding.
    """
    if "://" in str(folder):
        raise FileNotFoundError(
            f"there is no model folder {str(folder)!r}: a model is loaded from a folder of this "
            f"machine. Copy it here first."
        )
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no model folder {folder}.")
    layout = ModelFolder(folder)
    try:
        manifest = read_manifest(layout)
        read = read_format_1 if manifest["format_version"] == 1 else _read
        return read(layout, manifest)
    except ModelFormatError:
        raise
    except Exception as error:  # Half a dozen parsers, each with exceptions of its own.
        raise ModelFormatError(
            f"the model {folder} is damaged ({error!r}). Train it again, or copy the whole folder "
            f"again."
        ) from error


def _read(folder: ModelFolder, manifest: dict[str, Any]) -> ThemeClassifier:
    """Build the student out of its files."""
    themes: list[dict[str, Any]] = manifest["themes"]
    names = tuple(manifest["scores"])
    boosters = {
        folder.booster(place).name for place, facts in enumerate(themes) if not facts["constant"]
    }
    expected = {folder.vocabulary.name, folder.arrays.name, *boosters}
    if "lexicon" in names:
        expected.add(folder.lexicon.name)
    folder.check_files(manifest["files"], expected)

    lexicon = _read_lexicon(folder) if "lexicon" in names else None
    student = ThemeClassifier(**_read_params(manifest, lexicon))
    student._validate_params()
    student.themes_ = tuple(facts["code"] for facts in themes)
    student.classes_ = np.tile([0, 1], (len(themes), 1))
    student.thresholds_ = np.array([_read_number(facts, "threshold") for facts in themes])
    vocabulary = _read_vocabulary(folder)
    n_features = len(vocabulary["words"]) + len(vocabulary["categories"])
    with ArrayReader(folder.arrays) as arrays:
        student.features_ = OfferFeatures.restore(
            student.get_params(deep=False),
            words=vocabulary["words"],
            idf=arrays.read_floats("idf", len(vocabulary["words"])),
            categories={name: place for place, name in enumerate(vocabulary["categories"])},
        )
        student.offer_scores_ = _read_offer_scores(
            arrays, student.themes_, names, lexicon, vocabulary
        )
        student.models_ = [
            _read_theme(folder, arrays, place, facts, names, n_features)
            for place, facts in enumerate(themes)
        ]
    student.scores_ = read_scores(manifest["out_of_fold"])
    student.training_ = dict(manifest["training"])
    return student


def _read_params(manifest: dict[str, Any], lexicon: Lexicon | None) -> dict[str, Any]:
    """Read the parameters, in the types in which they are given."""
    params: dict[str, Any] = dict(manifest["params"])
    for name in ("structured_columns", "ngram_range"):
        params[name] = tuple(params[name])
    taxonomy, training = manifest["taxonomy"], manifest["training"]
    if taxonomy is None:
        params["themes"] = tuple(facts["code"] for facts in manifest["themes"])
    else:
        params["themes"] = Taxonomy.from_dict(
            {name: value for name, value in taxonomy.items() if name != "fingerprint"}
        )
    if training["lexicon"] is None:
        params["lexicon"] = None
    elif training["lexicon"] == "own":
        params["lexicon"] = lexicon
    if training["weights"] is None:
        params["weights"] = None
    return params


def _read_lexicon(folder: ModelFolder) -> Lexicon:
    """Read the patterns; each is checked as in a lexicon that a user writes."""
    return Lexicon(tuple(LexiconEntry(**entry) for entry in read_json(folder.lexicon)))


def _read_vocabulary(folder: ModelFolder) -> dict[str, list[str]]:
    """Read the names of the features, each of them once."""
    vocabulary = dict(read_json(folder.vocabulary))
    for name, strings in vocabulary.items():
        if not isinstance(strings, list) or not all(isinstance(item, str) for item in strings):
            raise ValueError(f"{name} must be a list of strings")
        if len(set(strings)) < len(strings):
            raise ValueError(f"{name} must be distinct")
    return vocabulary


def _read_offer_scores(
    arrays: ArrayReader,
    themes: tuple[str, ...],
    names: tuple[str, ...],
    lexicon: Lexicon | None,
    vocabulary: dict[str, list[str]],
) -> OfferScores:
    """Build what turns offers into scores, and check that it gives those of these names."""
    n_themes = len(themes)
    n_features = len(vocabulary["words"]) + len(vocabulary["categories"])
    text = _read_linear(arrays, "text", n_features, n_themes)
    ngrams = sentences = None
    if "sum" in names:
        words, characters = vocabulary["sentence_words"], vocabulary["sentence_characters"]
        n_ngrams = len(words) + len(characters)
        ngrams = SentenceNgrams.restore(
            words=words,
            characters=characters,
            weights=arrays.read_floats("sentence_weights", n_ngrams),
        )
        n_findings = 0 if lexicon is None else n_themes
        sentences = _read_linear(arrays, "sentence", n_ngrams + n_findings, n_themes)
    kind = OfferScores if names else NoScores
    scores = kind(themes, text, lexicon, ngrams, sentences)
    if scores.names != names:
        raise ValueError(f"the scores must be {scores.names!r}, got {names!r}")
    return scores


def _read_linear(arrays: ArrayReader, name: str, n_features: int, n_themes: int) -> LinearScores:
    return LinearScores(
        arrays.read_floats(f"{name}_coefficients", n_features, n_themes),
        arrays.read_floats(f"{name}_intercepts", n_themes),
    )


def _read_theme(
    folder: ModelFolder,
    arrays: ArrayReader,
    place: int,
    facts: dict[str, Any],
    names: Sequence[str],
    n_features: int,
) -> ThemeModel:
    """Build the model of one theme."""
    n_words, line, calibration = facts["n_words"], facts["line"], facts["calibration"]
    return ThemeModel(
        columns=arrays.read_places(f"columns_{place}", n_words, n_features),
        estimator=None
        if facts["constant"]
        else load_booster(folder.booster(place), len(names) + n_words),
        coefficients=np.array([_read_number(line["coefficients"], name) for name in names]),
        intercept=_read_number(line, "intercept"),
        calibration=Calibration(
            _read_number(calibration, "slope"), _read_number(calibration, "intercept")
        ),
        prevalence=_read_number(facts, "prevalence"),
    )


def _read_number(facts: dict[str, Any], name: str) -> float:
    """Read a finite number."""
    value = facts[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {value!r}")
    return float(value)
