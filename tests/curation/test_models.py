"""What is asked of a model, and what is refused of its answers."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from curation.stand_ins import NAN, TextModel, WordModel
from jocas_themes.curation._models import find_text_columns, predict_themes
from jocas_themes.evaluation._scorers import find_thresholds
from jocas_themes.student import ThemeClassifier

OFFERS = pd.DataFrame({"offer_id": ["1", "2"], "text": ["a a a b", "b c"]})


def test_a_model_that_knows_its_themes_reads_the_table() -> None:
    for model in (WordModel().fit(), Pipeline([("student", WordModel().fit())])):
        np.testing.assert_allclose(predict_themes(model, OFFERS, None), [[0.75, 0.25], [0, 0.5]])
        np.testing.assert_allclose(predict_themes(model, OFFERS, ("B",)), [[0.25], [0.5]])


def test_any_other_model_reads_texts() -> None:
    model = TextModel({"a a a b": [0.1, 0.2], "b c": [0.3, 0.4]})
    for themes in (None, ("A", "B")):
        np.testing.assert_allclose(predict_themes(model, OFFERS, themes), [[0.1, 0.2], [0.3, 0.4]])


def test_thresholds() -> None:
    model = WordModel().fit()
    assert find_thresholds(model, None) == 0.5
    model.thresholds_ = [0.3, 0.6]
    assert find_thresholds(model, None).tolist() == [0.3, 0.6]
    assert find_thresholds(Pipeline([("student", model)]), ("B",)).tolist() == [0.6]


def test_text_columns() -> None:
    student = ThemeClassifier(text_columns=("titre",))
    assert find_text_columns(Pipeline([("other", WordModel().fit()), ("student", student)])) == (
        "titre",
    )
    assert find_text_columns(WordModel().fit()) is None


@pytest.mark.parametrize(
    ("probabilities", "themes", "message"),
    [
        ([[0.1], [0.2]], ("A", "B"), r"for the themes \['A', 'B'\], got \(2, 1\)"),
        ([[0.1, 0.2], [0.3, 1.1]], None, r"numbers in \[0, 1\]"),
        ([[0.1, 0.2], [0.3, NAN]], None, r"numbers in \[0, 1\], without NaN"),
        ([0.1, 0.2], None, r"n_themes\), got \(2,\)"),
    ],
)
def test_odd_probabilities(probabilities: list, themes: tuple | None, message: str) -> None:
    model = TextModel(dict(zip(OFFERS["text"], probabilities, strict=True)))
    with pytest.raises(ValueError, match=message):
        predict_themes(model, OFFERS, themes)


def test_unknown_themes() -> None:
    with pytest.raises(ValueError, match=r"the model lacks the themes \['C'\] \(1 in all\)"):
        predict_themes(WordModel().fit(), OFFERS, ("A", "C"))
