import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from xgboost import XGBClassifier

from jocas_themes import ThemeClassifier
from jocas_themes.student._calibration import Calibration
from jocas_themes.student._themes import ThemeModel, _join, predict_theme
from jocas_themes.student.explanation import explain
from jocas_themes.student.explanation._parts import split_log_odds

NAMES = np.array(["mutuelle", "prime", "contractType=CDI"], dtype=object)


@pytest.fixture
def matrix() -> sparse.csr_matrix:
    return sparse.csr_matrix(np.random.default_rng(0).integers(0, 2, (60, 3)).astype(float))


@pytest.fixture
def scores() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(60, 2))


def make_model(estimator, matrix, scores) -> ThemeModel:
    y = (scores[:, 0] + matrix.toarray()[:, 1] > 0.5).astype(int)
    columns = np.array([1, 2])
    estimator.fit(_join(scores, matrix[:, columns]), y)
    return ThemeModel(columns, estimator, np.array([0.5, 0.0]), 0.3, Calibration(1.5, -0.2), 0.5)


def test_parts_add_up_to_the_log_odds(matrix, scores) -> None:
    model = make_model(XGBClassifier(n_estimators=10, n_jobs=1), matrix, scores)
    parts = split_log_odds(model, matrix, scores, ("text", "largest"), NAMES, 2)
    assert parts.features == ["base", *["text", "largest"] * 2, "prime", "contractType=CDI"]
    assert parts.kinds == ["base", *["line"] * 2, *["trees"] * 2, "trees_word", "trees_column"]
    expected = logit(predict_theme(model, matrix, scores))
    np.testing.assert_allclose(parts.amounts.sum(axis=1), expected, rtol=0, atol=1e-9)
    # The line counts half, times the slope: 1.5 / 2 * 0.5 = 0.375 a unit of the first score.
    np.testing.assert_allclose(parts.amounts[:, 1], 0.375 * scores[:, 0])
    # What is left is the same for all offers, but for the rounding of 32 bits.
    assert np.ptp(parts.amounts[:, 0]) < 1e-5


def test_one_split_has_one_feature_to_credit(matrix, scores) -> None:
    stump = XGBClassifier(n_estimators=1, max_depth=1, base_score=0.5, reg_lambda=0, n_jobs=1)
    model = make_model(stump, matrix, scores)
    parts = split_log_odds(model, matrix, scores, ("text", "largest"), NAMES, 2)
    trees = parts.amounts[:, 3:]
    credited = np.flatnonzero(np.abs(trees).sum(axis=0) > 0)
    assert len(credited) == 1
    # Its two values balance over the offers learnt from, as all weigh the same at the start.
    assert trees[:, credited[0]].mean() == pytest.approx(0, abs=1e-6)
    assert len(np.unique(trees[:, credited[0]])) == 2


def test_probabilities_beyond_the_clip_still_add_up(matrix, scores) -> None:
    sure = XGBClassifier(n_estimators=60, learning_rate=1.0, min_child_weight=0, reg_lambda=0)
    model = make_model(sure.set_params(n_jobs=1), matrix, scores)
    parts = split_log_odds(model, matrix, scores, ("text", "largest"), NAMES, 2)
    expected = predict_theme(model, matrix, scores)
    np.testing.assert_allclose(expit(parts.amounts.sum(axis=1)), expected, rtol=0, atol=1e-9)


def test_another_classifier_is_one_part(matrix, scores) -> None:
    model = make_model(LogisticRegression(), matrix, scores)
    parts = split_log_odds(model, matrix, scores, ("text", "largest"), NAMES, 2)
    assert parts.features == ["base", "text", "largest", "classifier"]
    assert parts.kinds == ["base", "line", "line", "classifier"]
    # 1.5 / 2 * 0.3 - 0.2
    np.testing.assert_allclose(parts.amounts[:, 0], 0.025)
    expected = logit(predict_theme(model, matrix, scores))
    np.testing.assert_allclose(parts.amounts.sum(axis=1), expected, rtol=0, atol=1e-9)


def test_a_constant_theme_is_one_part(matrix, scores) -> None:
    model = ThemeModel(np.arange(0), None, np.zeros(2), 0.0, Calibration(), 1.0)
    parts = split_log_odds(model, matrix[:1], scores[:1], ("text", "largest"), NAMES, 2)
    assert parts.features == parts.kinds == ["base"]
    assert parts.amounts[0, 0] == pytest.approx(np.log((1 - 1e-6) / 1e-6))


def test_the_table_adds_up_for_every_theme(
    student: ThemeClassifier, annotated: pd.DataFrame
) -> None:
    explanation = explain(student, annotated, themes="all")
    parts = explanation.parts
    assert list(parts) == ["offer_id", "theme", "feature", "kind", "value"]
    sums = parts.groupby(["offer_id", "theme"], sort=False)["value"].sum().to_numpy()
    probabilities = student.predict_proba(annotated)
    np.testing.assert_allclose(expit(sums), probabilities.ravel(), rtol=0, atol=1e-9)
    sizes = parts["value"].abs()
    same = parts[["offer_id", "theme"]].eq(parts[["offer_id", "theme"]].shift()).all(axis=1)
    assert (sizes.diff()[same] <= 0).all()
    assert set(parts["kind"]) == {"base", "line", "trees", "trees_word"}
