from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from jocas_themes import HR_THEMES, ThemeClassifier, load_sample_annotations
from jocas_themes.errors import JocasThemesWarning


@pytest.fixture(scope="module")
def annotated() -> pd.DataFrame:
    return load_sample_annotations()


@pytest.fixture(scope="module")
def student(annotated: pd.DataFrame) -> ThemeClassifier:
    return ThemeClassifier().fit(annotated)


def test_attributes(student: ThemeClassifier) -> None:
    assert student.themes_ == HR_THEMES.codes
    assert student.classes_.tolist() == [[0, 1]] * 6
    assert student.thresholds_.shape == (6,)
    # Positives weigh more where they are rarer: DIVERSITY, 36 of 300, is rarest.
    assert student.thresholds_.argmin() == 0


def test_it_learns_what_it_is_shown(student: ThemeClassifier, annotated: pd.DataFrame) -> None:
    gold = annotated[list(HR_THEMES.codes)].to_numpy()
    assert (student.predict(annotated) == gold).mean() > 0.95


def test_predictions_are_the_thresholded_probabilities(
    student: ThemeClassifier, annotated: pd.DataFrame
) -> None:
    probabilities = student.predict_proba(annotated)
    assert probabilities.shape == (300, 6)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    expected = (probabilities >= student.thresholds_).astype(int)
    np.testing.assert_array_equal(student.predict(annotated), expected)


def test_labels_in_x_are_not_read_when_predicting(
    student: ThemeClassifier, annotated: pd.DataFrame
) -> None:
    blind = annotated.copy()
    blind[list(HR_THEMES.codes)] = np.nan
    np.testing.assert_array_equal(student.predict_proba(blind), student.predict_proba(annotated))


def test_any_form_of_the_offers_gives_the_same(
    student: ThemeClassifier, annotated: pd.DataFrame
) -> None:
    expected = student.predict_proba(annotated)
    offers = annotated[["job_title", "description_full"]]
    texts = annotated["text"]
    for X in (
        offers,
        pa.Table.from_pandas(offers),
        texts.tolist(),
        texts,
        texts.to_numpy(),
        texts.to_frame(),
    ):
        np.testing.assert_array_equal(student.predict_proba(X), expected)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 300), max_size=5))
def test_chunks_do_not_matter(cuts: list[int]) -> None:
    annotated = load_sample_annotations()
    student = _fitted(annotated)
    bounds = [0, *sorted(cuts), 300]
    parts = [student.predict_proba(annotated.iloc[start:stop]) for start, stop in pairwise(bounds)]
    np.testing.assert_array_equal(np.vstack(parts), student.predict_proba(annotated))


_STUDENTS: dict[str, ThemeClassifier] = {}


def _fitted(annotated: pd.DataFrame) -> ThemeClassifier:
    if "student" not in _STUDENTS:
        _STUDENTS["student"] = ThemeClassifier().fit(annotated)
    return _STUDENTS["student"]


def test_workers_do_not_matter(annotated: pd.DataFrame, student: ThemeClassifier) -> None:
    other = ThemeClassifier(n_jobs=2).fit(annotated)
    np.testing.assert_array_equal(other.predict_proba(annotated), student.predict_proba(annotated))


def test_gold_is_not_learnt(annotated: pd.DataFrame, student: ThemeClassifier) -> None:
    gold = 1 - annotated[list(HR_THEMES.codes)].to_numpy()
    other = ThemeClassifier().fit(annotated, gold)
    np.testing.assert_array_equal(other.predict_proba(annotated), student.predict_proba(annotated))


def test_texts_and_y_make_an_ordinary_classifier(annotated: pd.DataFrame) -> None:
    y = annotated[list(HR_THEMES.codes)].to_numpy()
    student = ThemeClassifier().fit(annotated["text"].tolist(), y)
    np.testing.assert_array_equal(
        student.predict(annotated), ThemeClassifier().fit(annotated).predict(annotated)
    )


def test_other_estimators_and_structured_columns(annotated: pd.DataFrame) -> None:
    student = ThemeClassifier(
        LogisticRegression(C=30),
        structured_columns=["contractType", "job_ROME_code"],
        n_selected=None,
    ).fit(annotated)
    gold = annotated[list(HR_THEMES.codes)].to_numpy()
    assert (student.predict(annotated) == gold).mean() > 0.95
    assert "contractType=CDI" in student.features_.get_feature_names_out()


def test_an_arrow_annotated_table_is_learnt_from_as_a_data_frame_is(
    annotated: pd.DataFrame, student: ThemeClassifier
) -> None:
    gold = 1 - annotated[list(HR_THEMES.codes)].to_numpy()
    other = ThemeClassifier().fit(pa.Table.from_pandas(annotated), gold)
    np.testing.assert_array_equal(other.predict_proba(annotated), student.predict_proba(annotated))


def test_one_theme_of_ones_own() -> None:
    texts = ["télétravail possible", "télétravail deux jours", "sur site", "présence sur site"] * 5
    student = ThemeClassifier(LogisticRegression(), themes=["REMOTE"]).fit(texts, [1, 1, 0, 0] * 5)
    assert student.predict(["télétravail", "site"]).tolist() == [[1], [0]]


def test_labels_all_alike_warn(annotated: pd.DataFrame) -> None:
    table = annotated.copy()
    table["DIVERSITY"] = 0.0
    with pytest.warns(JocasThemesWarning, match=r"alike for \{'DIVERSITY': 0\}"):
        student = ThemeClassifier().fit(table)
    assert student.predict(table)[:, 0].sum() == 0


def test_no_offers_give_no_predictions(student: ThemeClassifier) -> None:
    assert student.predict([]).shape == (0, 6)
    assert student.predict_proba([]).shape == (0, 6)


def test_odd_texts_are_predicted(student: ThemeClassifier) -> None:
    texts = [None, float("nan"), "", "\x00", "\ud800", "x " * 50_000, "<b></b>", "\U0001f600"]
    assert student.predict(texts).shape == (8, 6)


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="X holds 1 offers and y 2"):
        ThemeClassifier().fit(["a"], [[1] * 6, [0] * 6])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"estimator": "xgboost"}, "'estimator' parameter"),
        ({"themes": "A"}, "'themes' parameter"),
        ({"text_columns": "text"}, "'text_columns' parameter"),
        ({"structured_columns": "contractType"}, "'structured_columns' parameter"),
        ({"ngram_range": 2}, "'ngram_range' parameter"),
        ({"ngram_range": (2, 1)}, "ngram_range must be two integers"),
        ({"ngram_range": (1, 2, 3)}, "ngram_range must be two integers"),
        ({"min_df": -1}, "'min_df' parameter"),
        ({"max_features": 0}, "'max_features' parameter"),
        ({"n_selected": 0}, "'n_selected' parameter"),
        ({"balance": 2}, "'balance' parameter"),
        ({"n_jobs": "all"}, "'n_jobs' parameter"),
        ({"random_state": None}, "'random_state' parameter"),
    ],
)
def test_bad_parameters(params: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ThemeClassifier(**params).fit(["a"], [[1] * 6])


def test_the_same_rows_in_another_order_are_refused(annotated: pd.DataFrame) -> None:
    offers, y = annotated[["text"]], annotated[list(HR_THEMES.codes)]
    with pytest.raises(ValueError, match="same rows in another order"):
        ThemeClassifier().fit(offers, y.iloc[::-1])


@pytest.mark.parametrize("thresholds", [[0.5], 0.5, {"DIVERSITY": 0.5}])
def test_thresholds_are_checked(annotated: pd.DataFrame, thresholds: object) -> None:
    student = ThemeClassifier().fit(annotated)
    student.thresholds_ = thresholds
    with pytest.raises(ValueError, match="thresholds_ must be 6 figures"):
        student.predict(annotated.head(2))
