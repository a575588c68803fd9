from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from jocas_themes import ThemeClassifier
from jocas_themes.errors import JocasThemesWarning
from jocas_themes.student.explanation import explain, top_terms

Fit = Callable[..., ThemeClassifier]


def test_the_largest_weights_of_each_theme(student: ThemeClassifier) -> None:
    table = top_terms(student, 5)
    assert list(table) == ["theme", "term", "kind", "weight"]
    assert table["theme"].tolist() == [theme for theme in student.themes_ for _ in range(5)]
    assert set(table["kind"]) == {"ngram"}
    assert (table["weight"] > 0).all()
    same = table["theme"].eq(table["theme"].shift())
    assert (table["weight"].diff()[same] <= 0).all()


def test_a_weight_is_what_explain_shows(student: ThemeClassifier) -> None:
    terms = top_terms(student, 200, themes=["WORK_LIFE_BALANCE"])
    single = terms[~terms["term"].str.contains(" ")].iloc[0]
    # Three words: the weight over the square root of 3.
    text = f"{single['term']} bla bla"
    shown = explain(student, [text], themes=["WORK_LIFE_BALANCE"], top=50).table
    added = shown.loc[shown["term"] == single["term"], "contribution"]
    assert added.tolist() == pytest.approx([single["weight"] / np.sqrt(3)])


def test_those_that_speak_against_come_last(student: ThemeClassifier) -> None:
    table = top_terms(student, 3, themes=["DIVERSITY"], negative=True)
    assert np.sign(table["weight"]).tolist() == [1, 1, 1, -1, -1, -1]
    # The lowest first, as the largest first above.
    assert table["weight"].iloc[3] == table["weight"].min()


def test_without_evidence_of_the_whole_text(fit_student: Fit, annotated: pd.DataFrame) -> None:
    columns = ("contractType",)
    student = fit_student(annotated, evidence=False, lexicon=None, structured_columns=columns)
    table = top_terms(student, 10_000, themes=["DIVERSITY"], negative=True)
    assert set(table["kind"]) == {"ngram", "column"}
    columns = table[table["kind"] == "column"]
    assert columns["term"].str.startswith("contractType=").all()
    names = student.features_.get_feature_names_out().tolist()
    row = table.iloc[0]
    coefficients = student.offer_scores_.text.coefficients[:, 0]
    assert row["weight"] == coefficients[names.index(row["term"])] == coefficients.max()


def test_a_constant_theme_has_none(fit_student: Fit, annotated: pd.DataFrame) -> None:
    with pytest.warns(JocasThemesWarning, match="all known labels are alike"):
        student = fit_student(annotated.assign(DIVERSITY=0.0))
    table = top_terms(student, 1, themes=["DIVERSITY"])
    assert table.empty
    assert table["weight"].dtype == float
    assert "DIVERSITY" not in set(top_terms(student, 1)["theme"])


def test_bad_arguments(student: ThemeClassifier) -> None:
    with pytest.raises(ValueError, match="n must be a whole number, 1 or more, got 0"):
        top_terms(student, 0)
    with pytest.raises(ValueError, match="must be among those of the model"):
        top_terms(student, themes=["SALARY"])
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        top_terms(ThemeClassifier())
    with pytest.raises(TypeError, match="model must be a ThemeClassifier"):
        top_terms(LogisticRegression())
