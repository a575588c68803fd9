"""The fingerprint: the same for the same labels, another with whatever decides one."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from jocas_themes import (
    ConfidenceFilter,
    ThemeClassifier,
    load_model,
    load_sample_annotations,
    save_model,
)
from jocas_themes.student.persistence._fingerprint import compute_model_fingerprint

THEMES = ["DIVERSITY", "WORK_LIFE_BALANCE"]


@pytest.fixture(scope="module")
def student() -> ThemeClassifier:
    return ThemeClassifier(themes=THEMES, cv=2).fit(load_sample_annotations())


def test_the_same_once_saved_and_loaded(student: ThemeClassifier, tmp_path: Path) -> None:
    fingerprint = compute_model_fingerprint(student)
    save_model(student, tmp_path / "model")
    assert compute_model_fingerprint(load_model(tmp_path / "model")) == fingerprint
    pipeline = Pipeline([("filter", ConfidenceFilter(50)), ("student", student)])
    assert compute_model_fingerprint(pipeline) == fingerprint
    assert compute_model_fingerprint(copy.deepcopy(student)) == fingerprint
    student.set_params(n_jobs=2)
    student.predict_proba(["Cariste"])
    assert compute_model_fingerprint(student) == fingerprint


def _change_threshold(student: ThemeClassifier) -> None:
    student.thresholds_[0] = np.nextafter(student.thresholds_[0], 1)


def _change_idf(student: ThemeClassifier) -> None:
    idf = student.features_.vectorizer_.idf_.copy()
    idf[-1] += 1e-9
    student.features_.vectorizer_.idf_ = idf


def _swap_words(student: ThemeClassifier) -> None:
    words = student.features_.vectorizer_.vocabulary_
    first, second = list(words)[:2]
    words[first], words[second] = words[second], words[first]


def _change_calibration(student: ThemeClassifier) -> None:
    model = student.models_[1]
    calibration = replace(model.calibration, slope=model.calibration.slope + 1e-9)
    student.models_[1] = replace(model, calibration=calibration)


def _change_line(student: ThemeClassifier) -> None:
    model = student.models_[0]
    student.models_[0] = replace(model, coefficients=model.coefficients + 1e-12)


def _change_trees(student: ThemeClassifier) -> None:
    booster = student.models_[0].estimator.get_booster()
    student.models_[0].estimator._Booster = booster[0:99]


def _change_lexicon(student: ThemeClassifier) -> None:
    scores = student.offer_scores_
    first, *others = scores.lexicon.entries
    entries = (replace(first, present=(*first.present, "cariste")), *others)
    student.offer_scores_ = replace(scores, lexicon=type(scores.lexicon)(entries))


def _change_sentences(student: ThemeClassifier) -> None:
    scores = student.offer_scores_
    sentences = replace(scores.sentences, intercepts=scores.sentences.intercepts + 1e-12)
    student.offer_scores_ = replace(scores, sentences=sentences)


@pytest.mark.parametrize(
    "change",
    [
        _change_threshold,
        _change_idf,
        _swap_words,
        _change_calibration,
        _change_line,
        _change_trees,
        _change_lexicon,
        _change_sentences,
    ],
)
def test_another_with_whatever_decides_a_label(
    student: ThemeClassifier, change: Callable[[ThemeClassifier], None]
) -> None:
    changed = copy.deepcopy(student)
    change(changed)
    assert compute_model_fingerprint(changed) != compute_model_fingerprint(student)


def test_steps_that_are_not_ours_count(student: ThemeClassifier) -> None:
    model = Pipeline([("lower", FunctionTransformer(None)), ("student", student)])
    assert compute_model_fingerprint(model) != compute_model_fingerprint(student)


def test_other_estimators_have_one() -> None:
    annotated = load_sample_annotations()
    fitted = [
        ThemeClassifier(LogisticRegression(C=C), themes=THEMES[:1], evidence=False, cv=2).fit(
            annotated
        )
        for C in (0.1, 0.1, 1.0)
    ]
    first, again, other = map(compute_model_fingerprint, fitted)
    assert first == again != other
