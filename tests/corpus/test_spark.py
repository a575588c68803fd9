import datetime as dt
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark import cloudpickle
from pyspark.errors import PythonException
from pyspark.sql import DataFrame, SparkSession
from sklearn.exceptions import NotFittedError

from corpus.witnesses import TESTS, count_loads, make_some_offers, make_witness
from jocas_themes import ThemeClassifier, label_chunk, label_spark, load_sample_annotations
from jocas_themes.corpus import KEEP_COLUMNS
from jocas_themes.corpus._batches import plan_labelling
from jocas_themes.corpus._spark import _build_function
from jocas_themes.errors import MissingDependencyError

# What PySpark 4.3 says of pandas 3, and makes pandas 3 say.
pytestmark = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated:DeprecationWarning"),
]

OFFERS = make_some_offers()


@pytest.fixture(scope="module")
def student() -> ThemeClassifier:
    return ThemeClassifier(cv=2).fit(load_sample_annotations()[:100])


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    """Start Spark on this machine: two cores, batches of seven offers."""
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("needs a Java runtime, which Spark runs on")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("PYTHONPATH", TESTS, prepend=os.pathsep)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        builder = SparkSession.builder.master("local[2]").config(
            map={
                "spark.ui.enabled": "false",
                "spark.driver.memory": "512m",
                # What pays off on large data only.
                "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
                "spark.sql.adaptive.enabled": "false",
                "spark.sql.codegen.wholeStage": "false",
                "spark.sql.shuffle.partitions": "2",
                "spark.sql.session.timeZone": "Europe/Paris",
                "spark.sql.execution.arrow.maxRecordsPerBatch": "7",
            }
        )
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("OFF")
        yield session
        session.stop()


@pytest.fixture(scope="module")
def offers(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> DataFrame:
    """Return the offers as Spark reads them: four files, one of them empty."""
    folder = tmp_path_factory.mktemp("offers")
    for place, part in enumerate((OFFERS[:15], OFFERS[15:15], OFFERS[15:20], OFFERS[20:])):
        part.to_parquet(folder / f"{place}.parquet")
    return spark.read.parquet(str(folder))


def in_order(labels: pa.Table) -> pa.Table:
    return labels.sort_by("offer_id").combine_chunks()


def test_labels_are_those_of_one_machine(student: ThemeClassifier, offers: DataFrame) -> None:
    expected = label_chunk(student, OFFERS, keep_columns=KEEP_COLUMNS)
    # 40 offers in 3 partitions, and these in batches of 7.
    done = label_spark(offers.repartition(3), student).toArrow()
    assert in_order(done).equals(in_order(expected))
    assert done.column("DIVERSITY").null_count == 2


def test_from_files_to_files(student: ThemeClassifier, offers: DataFrame, tmp_path: Path) -> None:
    labels = label_spark(offers, student, keep_columns=["date_firstSeenDay"])
    labels.write.parquet(str(tmp_path / "labels"))
    expected = label_chunk(student, OFFERS, keep_columns=["date_firstSeenDay"])
    done = pq.read_table(tmp_path / "labels")
    assert done.schema.types == expected.schema.types
    assert in_order(done).equals(in_order(expected))


def test_no_offers(student: ThemeClassifier, offers: DataFrame) -> None:
    labels = label_spark(offers.where("site_name = 'nowhere'"), student)
    done = labels.toArrow()
    assert done.num_rows == 0
    assert done.schema == label_chunk(student, OFFERS, keep_columns=KEEP_COLUMNS).schema


def test_cells_of_other_types_are_read_as_from_a_file(
    spark: SparkSession, student: ThemeClassifier
) -> None:
    day = dt.date(2021, 3, 5)
    # Half past midnight in Paris is the day before in Greenwich; the day is that of Paris.
    seen = dt.datetime.fromisoformat("2021-03-05T00:30:00+01:00")
    rows = [(12, "a", day, seen, 1800.5, 1, 7), (13, None, None, None, None, None, None)]
    names = "ID_JOCAS long, job_title string, date_firstSeenDay date, date_lastSeenDay timestamp"
    offers = spark.createDataFrame(rows, f"{names}, salary_min double, location_zipcode int, n int")
    keep = ["date_firstSeenDay", "date_lastSeenDay", "salary_min", "location_zipcode", "n"]
    labels = label_spark(offers.coalesce(1), student, keep_columns=keep)
    done = labels.toArrow().sort_by("offer_id").select(["offer_id", *keep]).to_pylist()
    midnight = dt.datetime(2021, 3, 5)
    assert done == [
        dict(zip(["offer_id", *keep], row, strict=True))
        for row in [
            ("12", midnight, midnight, 1800.5, "00001", "7"),
            ("13", None, None, None, None, None),
        ]
    ]


def test_the_model_is_unpickled_once_per_worker(offers: DataFrame, tmp_path: Path) -> None:
    labels = label_spark(offers.repartition(8), make_witness(tmp_path), keep_columns=())
    for _ in range(2):
        assert labels.toArrow().num_rows == 40
    loads = count_loads(tmp_path)
    # 16 tasks, on two cores.
    assert os.getpid() not in loads
    assert 1 <= len(loads) <= 4
    assert set(loads.values()) == {1}


def test_what_each_task_gets_holds_no_model(spark: SparkSession, tmp_path: Path) -> None:
    labelling = plan_labelling(make_witness(tmp_path), list(OFFERS.columns), ())
    assert b"Witness" not in cloudpickle.dumps(_build_function(labelling, spark.sparkContext))
    # Spark Connect has no broadcast variables.
    assert b"Witness" in cloudpickle.dumps(_build_function(labelling, None))


def test_errors_of_a_worker_reach_the_driver(offers: DataFrame, tmp_path: Path) -> None:
    student = make_witness(tmp_path)
    student.models_[0].estimator.fails_ = True
    with pytest.raises(PythonException, match="RuntimeError: the witness fell silent"):
        label_spark(offers, student).toArrow()


def test_refusals_come_before_any_task(student: ThemeClassifier, offers: DataFrame) -> None:
    with pytest.raises(NotFittedError, match="not fitted"):
        label_spark(offers, ThemeClassifier())
    with pytest.raises(ValueError, match=r"lack the columns \['x'\]"):
        label_spark(offers, student, keep_columns=["x"])
    with pytest.raises(ValueError, match="offers have no text"):
        label_spark(offers.select("ID_JOCAS"), student)
    with pytest.raises(TypeError, match=r"got a pandas DataFrame\. spark\.createDataFrame makes"):
        label_spark(OFFERS, student)


def test_without_pyspark(student: ThemeClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'jocas-themes\[spark\]'"):
        label_spark(pd.DataFrame(), student)
