"""What scikit-learn expects of every estimator here.

scikit-learn's `check_estimator` skips nearly all its checks for estimators of texts, so those
that need no X of numbers are called by name.
"""

import inspect
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    check_do_not_raise_errors_in_init_or_set_params,
    check_estimator_cloneable,
    check_estimator_repr,
    check_estimator_tags_renamed,
    check_get_params_invariance,
    check_mixin_order,
    check_no_attributes_set_in_init,
    check_set_params,
    check_valid_tag_types,
)

import jocas_themes
from jocas_themes import (
    HR_THEMES,
    ConfidenceFilter,
    LexiconTeacher,
    LLMTeacher,
    ThemeClassifier,
    fill_sample_store,
    load_sample_annotations,
    load_sample_offers,
)

ESTIMATORS: dict[str, Callable[[], BaseEstimator]] = {
    "LLMTeacher": lambda: LLMTeacher("recorded", progress=False),
    "LexiconTeacher": LexiconTeacher,
    "ConfidenceFilter": ConfidenceFilter,
    "ThemeClassifier": ThemeClassifier,
}
each = pytest.mark.parametrize("name", ESTIMATORS)


@pytest.fixture(autouse=True)
def _recorded_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work where the default store is, already full."""
    monkeypatch.chdir(tmp_path)
    fill_sample_store("annotations.sqlite").close()


def make_input(name: str) -> pd.DataFrame:
    return load_sample_offers() if "Teacher" in name else load_sample_annotations()


def test_no_estimator_is_forgotten() -> None:
    public = {
        name
        for name, value in vars(jocas_themes).items()
        if inspect.isclass(value) and issubclass(value, BaseEstimator)
    }
    assert public - {"BaseTeacher"} == set(ESTIMATORS)


@each
@pytest.mark.parametrize(
    "check",
    [
        check_do_not_raise_errors_in_init_or_set_params,
        check_estimator_cloneable,
        check_estimator_repr,
        check_estimator_tags_renamed,
        check_get_params_invariance,
        check_mixin_order,
        check_no_attributes_set_in_init,
        check_set_params,
        check_valid_tag_types,
    ],
    ids=lambda check: check.__name__,
)
def test_scikit_learn_checks(name: str, check: Callable[[str, Any], None]) -> None:
    check(name, ESTIMATORS[name]())


@each
def test_parameters_are_stored_and_nothing_else_is_done(name: str) -> None:
    estimator = ESTIMATORS[name]()
    signature = inspect.signature(type(estimator).__init__)
    assert set(vars(estimator)) == set(signature.parameters) - {"self"}
    positional = [
        p
        for p in list(signature.parameters.values())[1:]
        if p.kind is not inspect.Parameter.KEYWORD_ONLY
    ]
    assert len(positional) == 1


@each
def test_every_parameter_has_a_check_and_a_description(name: str) -> None:
    estimator = ESTIMATORS[name]()
    params = set(estimator.get_params(deep=False))
    assert set(estimator._parameter_constraints) == params
    documented = re.findall(r"^    (\w+) : ", type(estimator).__doc__, flags=re.MULTILINE)
    assert params <= set(documented)


@each
def test_tags(name: str) -> None:
    tags = get_tags(ESTIMATORS[name]())
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert not tags.target_tags.required


def test_the_student_is_a_multi_label_classifier() -> None:
    student = ThemeClassifier()
    assert is_classifier(student)
    assert is_classifier(Pipeline([("student", student)]))
    assert get_tags(student).classifier_tags.multi_label


@each
def test_clone_and_pickle_give_the_same_result(name: str) -> None:
    X = make_input(name)
    estimator = ESTIMATORS[name]()
    expected = run(estimator, X)
    for other in (clone(estimator), pickle.loads(pickle.dumps(ESTIMATORS[name]()))):
        assert_same(run(other, X), expected)
    assert_same(use(pickle.loads(pickle.dumps(estimator)), X), use(estimator, X))


@each
def test_inputs_are_not_mutated(name: str) -> None:
    X = make_input(name)
    before = X.copy(deep=True)
    estimator = ESTIMATORS[name]()
    run(estimator, X)
    use(estimator, X)
    pd.testing.assert_frame_equal(X, before)


@each
def test_repr_and_html_hold_no_secret(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    estimator = ESTIMATORS[name]()
    shown = repr(estimator) + estimator._repr_html_() + str(pickle.dumps(estimator))
    assert "sk-secret" not in shown


def test_not_fitted() -> None:
    for method in ("predict", "predict_proba"):
        with pytest.raises(NotFittedError, match="not fitted"):
            getattr(ThemeClassifier(), method)(["a"])


def test_the_design_document_s_pipeline() -> None:
    distil = Pipeline(
        [
            ("teacher", LLMTeacher("recorded", store="annotations.sqlite", progress=False)),
            ("filter", ConfidenceFilter(threshold=80, review_path="to_review.jsonl")),
            ("student", ThemeClassifier()),
        ]
    )
    offers = load_sample_offers()
    distil.fit(offers)
    predicted = distil.predict(offers)
    assert predicted.shape == (300, 6)
    assert set(np.unique(predicted)) == {0, 1}
    assert distil.classes_.shape == (6, 2)
    assert 0 < distil.score(offers, load_sample_annotations()[list(HR_THEMES.codes)]) <= 1
    assert_same(pickle.loads(pickle.dumps(distil)).predict(offers), predicted)


def run(estimator: BaseEstimator, X: pd.DataFrame) -> Any:
    """Fit, and return what fitting gives."""
    if hasattr(estimator, "fit_transform"):
        return estimator.fit_transform(X)
    return estimator.fit(X).predict_proba(X)


def use(estimator: BaseEstimator, X: pd.DataFrame) -> Any:
    """Return what a fitted estimator gives for new offers."""
    method = "transform" if hasattr(estimator, "transform") else "predict"
    return getattr(estimator, method)(X)


def assert_same(left: Any, right: Any) -> None:
    if isinstance(left, pd.DataFrame):
        pd.testing.assert_frame_equal(left, right)
    else:
        np.testing.assert_array_equal(left, right)
