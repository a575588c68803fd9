import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from corpus.witnesses import count_loads, make_some_offers, make_witness
from jocas_themes import (
    ConfidenceFilter,
    LexiconTeacher,
    LLMTeacher,
    ThemeClassifier,
    label_chunk,
    load_sample_annotations,
)
from jocas_themes.corpus._batches import label_batches, plan_labelling

OFFERS = make_some_offers()
NAMES = list(OFFERS.columns)


@pytest.fixture(scope="module")
def fitted() -> ThemeClassifier:
    return ThemeClassifier(cv=2).fit(load_sample_annotations()[:100])


@pytest.fixture
def student(fitted: ThemeClassifier) -> ThemeClassifier:
    return copy.deepcopy(fitted)


@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(0, len(OFFERS)), max_size=4))
def test_batches_do_not_matter(fitted: ThemeClassifier, cuts: list[int]) -> None:
    labelling = plan_labelling(fitted, NAMES, ["date_firstSeenDay"])
    batch = pa.RecordBatch.from_pandas(OFFERS[labelling.columns])
    edges = [0, *sorted(cuts), len(OFFERS)]
    batches = [batch[start:end] for start, end in pairwise(edges)]
    done = pa.concat_tables(label_batches(labelling, batches))
    assert done.equals(label_chunk(fitted, OFFERS, keep_columns=["date_firstSeenDay"]))
    assert done.schema == labelling.schema


def test_only_needed_columns_are_read(student: ThemeClassifier) -> None:
    labelling = plan_labelling(student, [*NAMES, "url", "text"], ())
    assert labelling.columns == ["ID_JOCAS", "job_title", "description_full", "text"]
    labelling = plan_labelling(student, NAMES, ["site_name"])
    assert labelling.columns == ["ID_JOCAS", "site_name", "job_title", "description_full"]


def test_a_process_unpickles_a_student_once(tmp_path: Path) -> None:
    labelling = plan_labelling(make_witness(tmp_path), NAMES, ())
    copies = [pickle.loads(pickle.dumps(labelling)) for _ in range(8)]
    barrier = threading.Barrier(8)

    def label(received: object) -> pa.Table:
        barrier.wait()
        return pa.concat_tables(label_batches(received, [OFFERS]))

    with ThreadPoolExecutor(8) as pool:
        tables = list(pool.map(label, copies))
    assert list(count_loads(tmp_path).values()) == [1]
    assert all(table.equals(tables[0]) for table in tables)
    # Nothing to label, nothing unpickled.
    other = plan_labelling(make_witness(tmp_path), NAMES, ())
    assert list(label_batches(other, [])) == []
    assert list(count_loads(tmp_path).values()) == [1]


def test_what_is_sent_holds_no_more_than_labelling_needs(
    student: ThemeClassifier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-a-driver")
    teacher = LLMTeacher("gpt-5", store=tmp_path / "annotations.sqlite")
    model = Pipeline([("teacher", teacher), ("filter", ConfidenceFilter(50)), ("student", student)])
    labelling = plan_labelling(model, NAMES, ())
    sent = pickle.dumps(labelling)
    for secret in (b"sk-of-a-driver", b"LLMTeacher", b"jocas_themes.teacher", b"openai"):
        assert secret not in sent
    received = labelling.student.open()
    assert not hasattr(received, "out_of_fold_")
    assert received.n_jobs == 1
    assert labelling.student == plan_labelling(student, NAMES, ["site_name"]).student


def test_the_driver_s_student_is_left_as_it_is(student: ThemeClassifier) -> None:
    before = pickle.dumps(student)
    labelling = plan_labelling(student, NAMES, ())
    assert pickle.dumps(student) == before
    # What is changed on the driver afterwards changes no labels.
    first = labelling.student.open().thresholds_.copy()
    student.thresholds_[0] = 0.0
    assert labelling.student.open().thresholds_.tolist() == first.tolist()
    # A student with other thresholds is another student.
    assert plan_labelling(student, NAMES, ()).student != labelling.student


def test_text_columns_are_those_of_the_teacher(student: ThemeClassifier) -> None:
    offers = OFFERS.rename(columns={"job_title": "title"})
    teacher = LexiconTeacher(text_columns=["title"])
    model = Pipeline([("teacher", teacher), ("student", student)])
    labelling = plan_labelling(model, list(offers.columns), ())
    assert "title" in labelling.columns
    done = pa.concat_tables(label_batches(labelling, [offers[labelling.columns]]))
    assert done.equals(label_chunk(model, offers))


def test_what_can_be_refused_at_once_is(student: ThemeClassifier) -> None:
    with pytest.raises(NotFittedError, match="not fitted"):
        plan_labelling(ThemeClassifier(), NAMES, ())
    with pytest.raises(TypeError, match="must be a ThemeClassifier, or a Pipeline"):
        plan_labelling("model", NAMES, ())
    with pytest.raises(ValueError, match=r"lack the columns \['salary_min', 'x'\] \(2 in all\)"):
        plan_labelling(student, NAMES, ["x", "site_name", "salary_min"])
    with pytest.raises(ValueError, match="offers have no text"):
        plan_labelling(student, ["ID_JOCAS", "site_name"], ())
    with pytest.raises(ValueError, match="none of the columns that are written anyway"):
        plan_labelling(student, NAMES, ["offer_id"])
    with pytest.raises(TypeError, match="must be a sequence of names"):
        plan_labelling(student, NAMES, "site_name")


def test_structured_columns_are_asked_for() -> None:
    annotated = load_sample_annotations()[:100]
    student = ThemeClassifier(structured_columns=["contractType"], cv=2).fit(annotated)
    assert "contractType" in plan_labelling(student, NAMES, ()).columns
    with pytest.raises(ValueError, match=r"lack the columns \['contractType'\]"):
        plan_labelling(student, ["job_title"], ())


def test_other_steps_are_refused(student: ThemeClassifier) -> None:
    model = Pipeline([("shorten", FunctionTransformer()), ("student", student)])
    with pytest.raises(ValueError, match=r"teachers and filters, got \[FunctionTransformer"):
        plan_labelling(model, NAMES, ())


def test_functions_of_the_trainer_stay_at_home(student: ThemeClassifier) -> None:
    # A lambda cannot be pickled.
    student.set_params(weights=lambda confidences: confidences, n_jobs=4)
    assert plan_labelling(student, NAMES, ()).student.open().weights == "confidence"
    assert student.n_jobs == 4
