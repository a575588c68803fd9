import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from jocas_themes import (
    ConfidenceFilter,
    LexiconTeacher,
    ThemeClassifier,
    label_chunk,
    load_sample_annotations,
    make_offers,
)
from jocas_themes.errors import JocasThemesWarning
from jocas_themes.student import get_text_columns


@pytest.fixture(scope="module")
def student() -> ThemeClassifier:
    return ThemeClassifier().fit(load_sample_annotations())


def test_columns_and_types(student: ThemeClassifier) -> None:
    offers = make_offers(5, random_state=0)
    labelled = label_chunk(student, offers, keep_columns=["date_firstSeenDay", "salary_min", "x"])
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
    labelled = label_chunk(student, offers).to_pandas()
    np.testing.assert_array_equal(labelled[list(student.themes_)], student.predict(offers))
    np.testing.assert_array_equal(
        labelled[[f"{code}_probability" for code in student.themes_]],
        student.predict_proba(offers).astype(np.float32),
    )


def test_an_offer_without_text_has_no_label(student: ThemeClassifier) -> None:
    offers = pd.DataFrame({"ID_JOCAS": ["1", "2"], "description_full": ["mutuelle", "<p>nan</p>"]})
    labelled = label_chunk(student, offers).to_pandas()
    # "nan" inside mark-up is a word; a cell that is "nan" is missing
    assert labelled["DIVERSITY"].notna().tolist() == [True, True]
    offers["description_full"] = ["mutuelle", "nan"]
    labelled = label_chunk(student, offers).to_pandas()
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
    assert label_chunk(model, offers).equals(label_chunk(model[-1], offers))


def test_kept_cells_are_read_as_from_a_file(student: ThemeClassifier) -> None:
    offers = pd.DataFrame(
        {
            "ID_JOCAS": ["1", "2", "3"],
            "job_title": ["a", "b", "c"],
            "date_firstSeenDay": ["05/03/2021", "2021-03-05T23:30:00+02:00", "25/12/2021"],
            "salary_min": ["1 800,50", "2000", None],
            "location_departement": [1.0, 75.0, None],
            "n": [1, 2.0, None],
        }
    )
    keep = ["date_firstSeenDay", "salary_min", "location_departement", "n"]
    labelled = label_chunk(student, offers, keep_columns=keep).to_pandas()
    days = ["2021-03-05", "2021-03-05", "2021-12-25"]
    assert labelled["date_firstSeenDay"].dt.strftime("%Y-%m-%d").tolist() == days
    assert labelled["salary_min"].tolist()[:2] == [1800.5, 2000.0]
    assert labelled["location_departement"].tolist()[:2] == ["01", "75"]
    assert labelled["n"].tolist()[:2] == ["1", "2"]
    # The same, offer by offer.
    parts = [label_chunk(student, offers.iloc[[i]], keep_columns=keep) for i in range(3)]
    assert pa.concat_tables(parts).equals(label_chunk(student, offers, keep_columns=keep))


def test_unreadable_kept_dates_are_counted(student: ThemeClassifier) -> None:
    offers = pd.DataFrame({"job_title": ["a"], "date_firstSeenDay": ["31/02/2021"]})
    with pytest.warns(JocasThemesWarning, match="'date_firstSeenDay': 1"):
        label_chunk(student, offers, keep_columns=["date_firstSeenDay"])


def test_text_columns_of_the_first_step_that_has_any() -> None:
    annotated = load_sample_annotations()
    offers = annotated[["job_title", "description_full"]]
    student = ThemeClassifier(text_columns=["job_title"])
    model = Pipeline([("filter", ConfidenceFilter(50)), ("student", student)]).fit(annotated)
    assert label_chunk(model[-1], offers).num_rows == 300
    assert get_text_columns(model) == ["job_title"]


def test_arrow_and_pandas_are_alike(student: ThemeClassifier) -> None:
    offers = make_offers(20, random_state=1)
    keep = ["date_firstSeenDay", "job_ROME_code"]
    expected = label_chunk(student, offers, keep_columns=keep)
    assert label_chunk(student, pa.Table.from_pandas(offers), keep_columns=keep).equals(expected)


@pytest.mark.parametrize("structured", [[], ["contractType"]])
def test_each_distinct_text_is_judged_once_where_there_is_no_kernel(
    monkeypatch: pytest.MonkeyPatch, structured: list[str]
) -> None:
    annotated = load_sample_annotations()
    student = ThemeClassifier(
        themes=["DIVERSITY"], structured_columns=structured, evidence=False, cv=2
    ).fit(annotated)
    offers = make_offers(30, random_state=0)[["ID_JOCAS", "job_title", "contractType"]]
    offers["job_title"] = ["Cariste", "Soudeur", "Cariste <b></b>"] * 10
    one_by_one = [label_chunk(student, offers.iloc[[row]]) for row in range(30)]
    n_seen = []
    judge = ThemeClassifier._judge

    def note(self: ThemeClassifier, table: pd.DataFrame) -> object:
        n_seen.append(len(table))
        return judge(self, table)

    monkeypatch.setattr(ThemeClassifier, "_judge", note)
    monkeypatch.setenv("JOCAS_THEMES_KERNEL", "off")
    assert label_chunk(student, offers).equals(pa.concat_tables(one_by_one).combine_chunks())
    # Two texts; the contract is one more thing to tell offers apart by.
    assert n_seen == [30 if structured else 2]


def test_steps_that_are_not_ours_see_every_offer(student: ThemeClassifier) -> None:
    def lengthen(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(text=table["text"] + " " + table["offer_id"].astype(str))

    model = Pipeline([("lengthen", FunctionTransformer(lengthen)), ("student", student)])
    offers = pd.DataFrame({"ID_JOCAS": ["handicap", "mutuelle"], "job_title": ["a", "a"]})
    labelled = label_chunk(model, offers)
    expected = label_chunk(student, ["a handicap", "a mutuelle"])
    assert labelled.drop(["offer_id"]).equals(expected.drop(["offer_id"]))
    assert (
        labelled.column("DIVERSITY_probability")[0] != labelled.column("DIVERSITY_probability")[1]
    )


def test_no_offers(student: ThemeClassifier) -> None:
    assert label_chunk(student, make_offers(3).iloc[:0]).num_rows == 0


def test_other_models_are_refused() -> None:
    with pytest.raises(
        TypeError, match="must be a ThemeClassifier, or a Pipeline that ends in one"
    ):
        label_chunk(LogisticRegression(), ["a"])
    with pytest.raises(NotFittedError, match="not fitted"):
        label_chunk(ThemeClassifier(), ["a"])


@pytest.mark.parametrize(
    "columns",
    [
        {"text": ["<b>Mutuelle</b>, RTT", None, ""]},
        {"job_title": ["Cariste <b>RTT</b>", None, "Mutuelle"]},
    ],
)
def test_a_kept_text_is_the_one_that_was_judged(
    student: ThemeClassifier, columns: dict[str, list[str | None]]
) -> None:
    offers = pa.table({"ID_JOCAS": ["1", "2", "3"], **columns})
    labelled = label_chunk(student, offers, keep_columns=["text"])
    assert labelled.equals(label_chunk(student, offers.to_pandas(), keep_columns=["text"]))
    assert labelled["text"].null_count == labelled["DIVERSITY"].null_count > 0


def test_batches_without_a_row_do_no_harm(
    student: ThemeClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOCAS_THEMES_KERNEL", "off")
    batches = [
        pa.record_batch({"job_title": pa.array(titles, pa.string())}) for titles in ([], ["RTT"])
    ]
    assert label_chunk(student, pa.Table.from_batches(batches)).num_rows == 1


def test_a_class_of_one_s_own_predicts_as_it_says(student: ThemeClassifier) -> None:
    class Certain(ThemeClassifier):
        def predict_proba(self, X: object) -> np.ndarray:
            return np.ones_like(super().predict_proba(X))

    own = Certain()
    vars(own).update(vars(student))
    labelled = label_chunk(own, pa.table({"job_title": ["Cariste"]}))
    assert labelled["DIVERSITY_probability"].to_pylist() == [1.0]
