import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from jocas_themes import (
    ConfidenceFilter,
    LexiconTeacher,
    ThemeClassifier,
    label_batch,
    load_sample_annotations,
    make_offers,
)


@pytest.fixture(scope="module")
def student() -> ThemeClassifier:
    return ThemeClassifier().fit(load_sample_annotations())


def test_columns_and_types(student: ThemeClassifier) -> None:
    offers = make_offers(5, random_state=0)
    labelled = label_batch(student, offers, keep_columns=["date_firstSeenDay", "salary_min", "x"])
    assert labelled.schema.names[:6] == [
        "offer_id",
        "date_firstSeenDay",
        "salary_min",
        "x",
        "DIVERSITY",
        "DIVERSITY_probability",
    ]
    assert len(labelled.schema.names) == 4 + 2 * 6
    assert [field.type for field in labelled.schema][:6] == [
        pa.string(),
        pa.timestamp("us"),
        pa.float64(),
        pa.string(),
        pa.int8(),
        pa.float32(),
    ]
    assert labelled.column("offer_id").to_pylist() == offers["ID_JOCAS"].tolist()
    assert labelled.column("x").null_count == 5


def test_labels_are_the_model_s(student: ThemeClassifier) -> None:
    offers = make_offers(50, random_state=0)
    labelled = label_batch(student, offers).to_pandas()
    np.testing.assert_array_equal(labelled[list(student.themes_)], student.predict(offers))
    np.testing.assert_array_equal(
        labelled[[f"{code}_probability" for code in student.themes_]],
        student.predict_proba(offers).astype(np.float32),
    )


def test_an_offer_without_text_has_no_label(student: ThemeClassifier) -> None:
    offers = pd.DataFrame({"ID_JOCAS": ["1", "2"], "description_full": ["mutuelle", "<p>nan</p>"]})
    labelled = label_batch(student, offers).to_pandas()
    # "nan" inside mark-up is a word; a cell that is "nan" is missing
    assert labelled["DIVERSITY"].notna().tolist() == [True, True]
    offers["description_full"] = ["mutuelle", "nan"]
    labelled = label_batch(student, offers).to_pandas()
    assert labelled["DIVERSITY"].notna().tolist() == [True, False]
    assert labelled["DIVERSITY_probability"].notna().tolist() == [True, False]


def test_a_pipeline_gives_the_labels_of_its_student() -> None:
    offers = load_sample_annotations()[["offer_id", "job_title", "description_full"]]
    model = Pipeline(
        [
            ("teacher", LexiconTeacher()),
            ("filter", ConfidenceFilter(50)),
            ("student", ThemeClassifier()),
        ]
    ).fit(offers)
    assert label_batch(model, offers).equals(label_batch(model[-1], offers))


def test_arrow_and_pandas_are_alike(student: ThemeClassifier) -> None:
    offers = make_offers(20, random_state=1)
    keep = ["date_firstSeenDay", "job_ROME_code"]
    expected = label_batch(student, offers, keep_columns=keep)
    assert label_batch(student, pa.Table.from_pandas(offers), keep_columns=keep).equals(expected)


def test_no_offers(student: ThemeClassifier) -> None:
    assert label_batch(student, make_offers(3).iloc[:0]).num_rows == 0


def test_other_models_are_refused() -> None:
    with pytest.raises(
        TypeError, match="must be a ThemeClassifier, or a Pipeline that ends in one"
    ):
        label_batch(LogisticRegression(), ["a"])
    with pytest.raises(NotFittedError, match="not fitted"):
        label_batch(ThemeClassifier(), ["a"])
