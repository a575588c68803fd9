"""Students of format 1: TF-IDF and trees alone, one weight a theme to take out again.

They predict as they did. What is new came with format 2: no scores of sentences, no calibration
and no evaluation out of fold.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from jocas_themes.student._calibration import Calibration
from jocas_themes.student._classifier import ThemeClassifier
from jocas_themes.student._features import OfferFeatures
from jocas_themes.student._linear import LinearScores
from jocas_themes.student._scores import OfferScores
from jocas_themes.student._themes import ThemeModel
from jocas_themes.student.persistence._arrays import ArrayReader
from jocas_themes.student.persistence._booster import load_booster
from jocas_themes.student.persistence._folder import ModelFolder, read_json


class NoScores(OfferScores):
    """The scores of a student that had none: its trees see words alone."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return no names."""
        return ()

    def score(self, matrix: sparse.csr_matrix, texts: pd.Series) -> npt.NDArray[np.float64]:  # noqa: ARG002
        """Return an array of shape (n_offers, n_themes, 0)."""
        return np.empty((matrix.shape[0], len(self.themes), 0))


def read_format_1(folder: ModelFolder, manifest: dict[str, Any]) -> ThemeClassifier:
    """Build the student out of a folder of format 1."""
    themes: dict[str, Any] = manifest["themes"]
    boosters = {
        folder.booster(place).name
        for place, facts in enumerate(themes.values())
        if not facts["constant"]
    }
    folder.check_files(manifest["files"], {"features.json", folder.arrays.name, *boosters})
    student = ThemeClassifier(**_read_params(manifest["params"]))
    content = read_json(folder.path / "features.json")
    n_words, n_features = len(content["words"]), len(content["words"]) + len(content["categories"])
    with ArrayReader(folder.arrays) as arrays:
        student.features_ = OfferFeatures.restore(
            student.get_params(deep=False),
            words=content["words"],
            idf=arrays.read_floats("idf", n_words),
            categories=content["categories"],
        )
        student.thresholds_ = arrays.read_floats("thresholds", len(themes))
        n_selected = min(student.n_selected or n_features, n_features)
        student.models_ = [
            _read_theme(folder, arrays, place, facts, n_selected, n_features)
            for place, facts in enumerate(themes.values())
        ]
    student.offer_scores_ = NoScores(
        themes=tuple(themes),
        text=LinearScores(np.zeros((n_features, len(themes))), np.zeros(len(themes))),
        lexicon=None,
        ngrams=None,
        sentences=None,
    )
    student.themes_ = tuple(themes)
    student.classes_ = np.tile([0, 1], (len(themes), 1))
    student.scores_ = pd.DataFrame(index=pd.Index([], name="theme"))
    student.training_ = {"versions": manifest["versions"]}
    return student


def _read_params(params: dict[str, Any]) -> dict[str, Any]:
    """Turn the parameters of then into those of now that say the same."""
    kept = {name: value for name, value in params.items() if name != "balance"}
    for name in ("themes", "structured_columns", "ngram_range"):
        kept[name] = tuple(kept[name])
    return kept | {"evidence": False, "lexicon": None, "weights": None}


def _read_theme(
    folder: ModelFolder,
    arrays: ArrayReader,
    place: int,
    facts: dict[str, Any],
    n_selected: int,
    n_features: int,
) -> ThemeModel:
    """Build the model of one theme.

    The trees were trained with positives weighted by w, and estimate odds that are w times too
    large (Elkan, 2001). On the scale of log-odds that is a line: of slope 1, or 2 as the trees
    make half of the mean with a line of scores that is 0 here, and intercept -log(w).
    """
    if facts["constant"]:
        return ThemeModel(
            np.arange(0), None, np.zeros(0), 0.0, Calibration(), float(facts["prevalence"])
        )
    return ThemeModel(
        columns=arrays.read_places(f"columns_{place}", n_selected, n_features),
        estimator=load_booster(folder.booster(place), n_selected),
        coefficients=np.zeros(0),
        intercept=0.0,
        calibration=Calibration(slope=2.0, intercept=-math.log(facts["weight"])),
        prevalence=float(facts["prevalence"]),
    )
