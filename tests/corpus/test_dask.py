import os
import sys
from collections.abc import Iterator
from pathlib import Path

import cloudpickle
import dask
import dask.dataframe as dd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from distributed import Client, LocalCluster
from sklearn.exceptions import NotFittedError

from corpus.witnesses import count_loads, make_some_offers, make_witness
from jocas_themes import ThemeClassifier, label_chunk, label_dask, load_sample_annotations
from jocas_themes.corpus import KEEP_COLUMNS
from jocas_themes.errors import JocasThemesWarning, MissingDependencyError

OFFERS = make_some_offers()


@pytest.fixture(scope="module")
def student() -> ThemeClassifier:
    return ThemeClassifier(cv=2).fit(load_sample_annotations()[:100])


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Start a scheduler and two workers of two threads, each a process of its own."""
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None
        ) as cluster,
        # Not the default one, so that the other tests choose their scheduler.
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def to_arrow(labels: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pandas(labels, schema, preserve_index=False)


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_labels_are_those_of_one_machine(student: ThemeClassifier, scheduler: str) -> None:
    expected = label_chunk(student, OFFERS, keep_columns=KEEP_COLUMNS)
    labels = label_dask(dd.from_pandas(OFFERS, npartitions=3), student)
    done = labels.compute(scheduler=scheduler)
    assert to_arrow(done, expected.schema).equals(expected)
    assert done.index.equals(OFFERS.index)


def test_labels_of_processes_are_those_of_one_machine(
    student: ThemeClassifier, client: Client
) -> None:
    expected = label_chunk(student, OFFERS)
    labels = label_dask(dd.from_pandas(OFFERS, npartitions=5), student, keep_columns=())
    done = client.compute(labels).result()
    assert to_arrow(done, expected.schema).equals(expected)


def test_types_do_not_depend_on_what_is_missing(student: ThemeClassifier) -> None:
    offers = dd.from_pandas(OFFERS, npartitions=4, sort=False)
    labels = label_dask(offers, student)
    empty = label_dask(offers[offers["site_name"] == "nowhere"], student)
    for table in (labels, empty):
        # Of four partitions the last two have no offer without text.
        for partition in dask.compute(*table.to_delayed(), scheduler="synchronous"):
            assert partition.dtypes.equals(labels.dtypes)
    assert labels.dtypes.astype(str)["DIVERSITY"] == "Int8"
    assert labels.dtypes.astype(str)["DIVERSITY_probability"] == "float32"
    done = labels.compute(scheduler="synchronous")
    assert done["DIVERSITY"].isna().sum() == done["DIVERSITY_probability"].isna().sum() == 2
    assert len(empty.compute(scheduler="synchronous")) == 0


def test_from_files_to_files(student: ThemeClassifier, tmp_path: Path) -> None:
    (tmp_path / "offers").mkdir()
    for place, part in enumerate((OFFERS[:15], OFFERS[15:15], OFFERS[15:])):
        # In several row groups, which makes several chunks of a partition's columns.
        part.to_parquet(tmp_path / "offers" / f"{place}.parquet", row_group_size=4)
    offers = dd.read_parquet(tmp_path / "offers")
    with dask.config.set(scheduler="synchronous"):
        label_dask(offers, student).to_parquet(tmp_path / "labels", write_index=False)
    expected = label_chunk(student, OFFERS, keep_columns=KEEP_COLUMNS)
    done = pq.read_table(tmp_path / "labels").cast(expected.schema)
    assert done.sort_by("offer_id").equals(expected.sort_by("offer_id"))


def test_large_partitions_are_cut(
    student: ThemeClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jocas_themes.corpus._dask._BATCH_ROWS", 7)
    labels = label_dask(dd.from_pandas(OFFERS, npartitions=1), student, keep_columns=())
    expected = label_chunk(student, OFFERS)
    done = labels.compute(scheduler="synchronous")
    assert to_arrow(done, expected.schema).equals(expected)
    assert done.index.equals(OFFERS.index)


def test_cells_that_arrow_cannot_hold(student: ThemeClassifier) -> None:
    offers = OFFERS.astype(object)
    offers.loc[0, "location_departement"] = 75.0
    offers.loc[1, "description_full"] = "Mutuelle \ud800 et RTT"
    expected = label_chunk(student, offers, keep_columns=["location_departement"])
    assert expected["location_departement"][0].as_py() == "75"
    with dask.config.set({"dataframe.convert-string": False}):
        labels = label_dask(
            dd.from_pandas(offers, npartitions=2), student, keep_columns=["location_departement"]
        )
        done = labels.compute(scheduler="synchronous")
    assert to_arrow(done, expected.schema).equals(expected)


def test_the_model_travels_once_per_worker(client: Client, tmp_path: Path) -> None:
    offers = dd.from_pandas(OFFERS, npartitions=12)
    labels = label_dask(offers, make_witness(tmp_path), keep_columns=())
    for _ in range(2):
        assert len(client.compute(labels).result()) == 40
    # Each worker unpickled it once, in 24 tasks; the scheduler, this process, never did.
    loads = count_loads(tmp_path)
    assert loads
    assert set(loads) <= set(client.run(os.getpid).values())
    assert set(loads.values()) == {1}
    # Of the graph's tasks one holds the model, and none of the twelve that label.
    tasks = labels.optimize().dask.values()
    assert sum(b"Witness" in cloudpickle.dumps(task) for task in tasks) == 1
    assert sum(b"_label_partition" in cloudpickle.dumps(task) for task in tasks) == 12


def test_errors_of_a_worker_reach_the_driver(client: Client, tmp_path: Path) -> None:
    student = make_witness(tmp_path)
    student.models_[0].estimator.fails_ = True
    labels = label_dask(dd.from_pandas(OFFERS, npartitions=2), student)
    with pytest.raises(RuntimeError, match="the witness fell silent"):
        client.compute(labels).result()


def test_unreadable_dates_are_warned_of(student: ThemeClassifier) -> None:
    offers = OFFERS.assign(date_firstSeenDay="31/02/2021")
    labels = label_dask(dd.from_pandas(offers, npartitions=1), student)
    with pytest.warns(JocasThemesWarning, match="'date_firstSeenDay': 40"):
        labels.compute(scheduler="synchronous")


def test_refusals_come_before_any_task(student: ThemeClassifier) -> None:
    offers = dd.from_pandas(OFFERS, npartitions=2)
    with pytest.raises(NotFittedError, match="not fitted"):
        label_dask(offers, ThemeClassifier())
    with pytest.raises(ValueError, match=r"lack the columns \['x'\]"):
        label_dask(offers, student, keep_columns=["x"])
    with pytest.raises(ValueError, match="offers have no text"):
        label_dask(offers[["ID_JOCAS"]], student)
    with pytest.raises(TypeError, match=r"got a pandas DataFrame\. dask\.dataframe\.from_pandas"):
        label_dask(OFFERS, student)


def test_without_dask(student: ThemeClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'jocas-themes\[dask\]'"):
        label_dask(OFFERS, student)
