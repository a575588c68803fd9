import csv
import json
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes import (
    ThemeClassifier,
    compute_shares,
    label_chunk,
    label_corpus,
    load_sample_annotations,
    make_offers,
)
from jocas_themes.corpus import KEEP_COLUMNS, _job, _source
from jocas_themes.corpus._chunk import label_batch
from jocas_themes.errors import JocasThemesWarning, OffersError
from jocas_themes.offers.reading import iter_file_batches


@pytest.fixture(scope="module")
def student() -> ThemeClassifier:
    return fit()


@pytest.fixture(scope="module")
def structured() -> ThemeClassifier:
    return fit(structured_columns=["contractType"])


def fit(**params: object) -> ThemeClassifier:
    """Fit what is quick to fit, and quick to label with."""
    student = ThemeClassifier(themes=["DIVERSITY"], evidence=False, lexicon=None, cv=2, n_jobs=1)
    return student.set_params(**params).fit(load_sample_annotations())


@pytest.fixture(scope="module")
def offers() -> pd.DataFrame:
    return make_offers(120, random_state=0)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, offers: pd.DataFrame) -> Path:
    folder = tmp_path_factory.mktemp("source")
    offers.iloc[:50].to_parquet(folder / "a.parquet")
    offers.iloc[50:].drop(columns="contractType").to_json(
        folder / "b.jsonl", orient="records", lines=True
    )
    return folder


def test_parts_hold_every_offer_in_order(
    student: ThemeClassifier, source: Path, offers: pd.DataFrame, tmp_path: Path
) -> None:
    done = label_corpus(student, source, tmp_path / "labels", chunk_rows=50, progress=False)
    assert (done.n_offers, done.n_parts, done.n_without_text) == (120, 3, 0)
    parts = sorted((tmp_path / "labels").glob("*.parquet"))
    assert [part.name for part in parts] == [f"part-0000{i}.parquet" for i in range(3)]
    others = {path.name for path in (tmp_path / "labels").iterdir() if path not in parts}
    assert others == {"_manifest.json", "_progress.json", "._manifest.json.lock"}
    assert [pq.read_metadata(part).num_rows for part in parts] == [50, 50, 20]
    labels = done.read()
    assert labels["offer_id"].tolist() == offers["ID_JOCAS"].tolist()
    expected = label_chunk(student, offers).to_pandas()
    pd.testing.assert_frame_equal(labels[expected.columns], expected)
    assert labels["date_firstSeenDay"].notna().all()
    assert done.read(["DIVERSITY"]).shape == (120, 1)


@settings(max_examples=6, deadline=None)
@given(chunk_rows=st.integers(3, 130))
def test_chunks_do_not_matter(
    student: ThemeClassifier,
    source: Path,
    tmp_path_factory: pytest.TempPathFactory,
    chunk_rows: int,
) -> None:
    folder = tmp_path_factory.mktemp("labels")
    once = label_corpus(student, source, folder / "once", progress=False)
    many = label_corpus(student, source, folder / "many", chunk_rows=chunk_rows, progress=False)
    pd.testing.assert_frame_equal(many.read(), once.read())


class Watch:
    """What is read, and by which threads, while labels are made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.n_read = self.n_labelled = self.n_held = 0
        self.readers: set[str] = set()
        self.fails_at: int | None = None
        monkeypatch.setattr(_source, "_BATCH_ROWS", 7)
        monkeypatch.setattr(_source, "_BATCH_ROWS_AHEAD", 7)
        monkeypatch.setattr(_source, "iter_file_batches", self.read)
        monkeypatch.setattr(_job, "label_batch", self.label)

    def read(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        for batch in iter_file_batches(*args, **kwargs):
            self.readers.add(threading.current_thread().name.partition("_")[0])
            self.n_read += 1
            yield batch

    def label(self, *args: Any) -> Any:
        self.n_held = max(self.n_held, self.n_read - self.n_labelled)
        if self.n_labelled == self.fails_at:
            raise KeyboardInterrupt
        self.n_labelled += 1
        return label_batch(*args)


@pytest.mark.parametrize(("n_jobs", "reader"), [(1, "MainThread"), (2, "reading")])
def test_few_texts_are_held_at_once(
    offers: pd.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    n_jobs: int,
    reader: str,
) -> None:
    """One batch is labelled, and one or, with threads, two are read ahead of it."""
    student = fit(n_jobs=n_jobs)
    offers.to_parquet(tmp_path / "a.parquet")
    expected = label_corpus(student, tmp_path / "a.parquet", tmp_path / "one", progress=False)
    watch = Watch(monkeypatch)
    done = label_corpus(student, tmp_path / "a.parquet", tmp_path / "two", progress=False)
    assert watch.readers == {reader}
    assert watch.n_labelled == 18
    assert watch.n_held <= 1 + n_jobs
    pd.testing.assert_frame_equal(done.read(), expected.read())


def test_without_a_thread_to_be_had(
    offers: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    student, watch = fit(n_jobs=2), Watch(monkeypatch)
    offers.to_parquet(tmp_path / "a.parquet")
    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert label_corpus(student, tmp_path, tmp_path.parent / "x", progress=False).n_offers == 120
    assert watch.readers == {"MainThread"}


def test_a_storage_of_one_connection_is_not_read_aside(
    offers: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsspec = pytest.importorskip("fsspec")
    with fsspec.open("memory://aside/a.parquet", "wb") as stream:
        offers.to_parquet(stream)
    student, watch = fit(n_jobs=2), Watch(monkeypatch)
    label_corpus(student, "memory://aside", tmp_path / "labels", progress=False)
    assert watch.readers == {"MainThread"}


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_interruption_ends_the_reading(
    offers: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_jobs: int
) -> None:
    """Also while somebody holds the exception, as a notebook does."""
    offers.to_parquet(tmp_path / "a.parquet")
    student, watch = fit(n_jobs=n_jobs), Watch(monkeypatch)
    watch.fails_at = 5
    with pytest.raises(KeyboardInterrupt) as held:
        label_corpus(student, tmp_path / "a.parquet", tmp_path / "labels", progress=False)
    assert held.value.__traceback__ is not None
    assert not [one for one in threading.enumerate() if one.name.startswith("reading")]
    opened = Path("/proc/self/fd")
    if opened.exists():
        assert "a.parquet" not in {Path(os.path.realpath(one)).name for one in opened.iterdir()}


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_file_that_breaks_off_keeps_the_parts_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_jobs: int
) -> None:
    path = tmp_path / "a.parquet"
    make_offers(400, random_state=0).to_parquet(path, row_group_size=50)
    content = bytearray(path.read_bytes())
    start = pq.ParquetFile(path).metadata.row_group(6).column(0).data_page_offset
    content[start : start + 200] = bytes(200)
    path.write_bytes(content)
    monkeypatch.setattr(_source, "_BATCH_ROWS", 20)
    monkeypatch.setattr(_source, "_BATCH_ROWS_AHEAD", 20)
    with pytest.raises(OffersError, match=r"a\.parquet") as failure:
        label_corpus(fit(n_jobs=n_jobs), path, tmp_path / "labels", chunk_rows=100, progress=False)
    assert "2 finished parts are kept" in failure.value.__notes__[-1]
    assert len(list((tmp_path / "labels").glob("*.parquet"))) == 2


def test_a_structured_column_that_later_files_lack(
    structured: ThemeClassifier, source: Path, tmp_path: Path
) -> None:
    done = label_corpus(structured, source, tmp_path / "labels", progress=False)
    assert done.n_offers == 120


def test_a_destination_in_use_is_refused(
    student: ThemeClassifier, source: Path, tmp_path: Path
) -> None:
    label_corpus(student, source, tmp_path, chunk_rows=30, progress=False)
    with pytest.raises(FileExistsError, match=r"4 part files.*overwrite=True"):
        label_corpus(student, source, tmp_path, progress=False)
    done = label_corpus(student, source, tmp_path, overwrite=True, progress=False)
    assert done.n_parts == len(list(tmp_path.glob("part-*"))) == 1


@pytest.mark.parametrize("chunk_rows", [1, 2, 10])
def test_a_column_that_the_first_offers_lack(
    structured: ThemeClassifier, tmp_path: Path, chunk_rows: int
) -> None:
    rows = [{"ID_JOCAS": str(i), "job_title": "Cariste"} for i in range(5)]
    rows[4]["contractType"] = "CDI"  # null keys are left out
    pd.Series(rows).map(json.dumps).to_csv(
        tmp_path / "a.jsonl", index=False, header=False, quoting=csv.QUOTE_NONE, sep="\t"
    )
    done = label_corpus(
        structured, tmp_path / "a.jsonl", tmp_path / "labels", chunk_rows=chunk_rows, progress=False
    )
    assert done.n_offers == 5


def test_a_column_that_no_file_has_is_refused_before_anything_is_done(
    student: ThemeClassifier, source: Path, tmp_path: Path
) -> None:
    with pytest.raises(OffersError, match="contractTyp"):
        label_corpus(student, source, tmp_path / "labels", keep_columns=["contractTyp"])
    assert not (tmp_path / "labels").exists()


def test_kept_columns_that_collide(student: ThemeClassifier, source: Path, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="got the string 'site_name'"):
        label_corpus(student, source, tmp_path / "labels", keep_columns="site_name")
    with pytest.raises(TypeError, match=r"got None\. Pass \(\) to keep none"):
        label_corpus(student, source, tmp_path / "labels", keep_columns=None)
    for wrong in (["offer_id"], ["DIVERSITY"], ["site_name", "site_name"]):
        with pytest.raises(ValueError, match="keep_columns must be distinct"):
            label_corpus(student, source, tmp_path / "labels", keep_columns=wrong)


def test_a_bad_source_leaves_what_the_destination_holds(
    student: ThemeClassifier, source: Path, tmp_path: Path
) -> None:
    label_corpus(student, source, tmp_path / "labels", progress=False)
    with pytest.raises(OffersError, match="nowhere"):
        label_corpus(student, tmp_path / "nowhere", tmp_path / "labels", overwrite=True)
    assert len(list((tmp_path / "labels").glob("part-*"))) == 1


def test_source_and_destination_must_not_overlap(
    student: ThemeClassifier, offers: pd.DataFrame, tmp_path: Path
) -> None:
    offers.to_parquet(tmp_path / "part-00000.parquet")
    for source, destination in (
        (tmp_path, tmp_path),
        (tmp_path, tmp_path / "labels"),
        (tmp_path / "part-00000.parquet", tmp_path),
        ([str(tmp_path / "*.parquet")], tmp_path),
    ):
        with pytest.raises(ValueError, match="overlap"):
            label_corpus(student, source, destination, overwrite=True)
    assert (tmp_path / "part-00000.parquet").exists()


def test_malformed_rows_are_kept_aside(student: ThemeClassifier, tmp_path: Path) -> None:
    path = tmp_path / "offers.jsonl"
    path.write_text('{"ID_JOCAS": "1", "job_title": "Cariste"}\nnot json\n')
    with pytest.warns(JocasThemesWarning, match=r"offers\.jsonl:2 .* anew with overwrite=True\."):
        done = label_corpus(student, path, tmp_path / "labels", progress=False)
    assert (done.n_offers, done.n_malformed) == (1, 1)
    assert "not json" in (tmp_path / "labels" / "_rejects.jsonl").read_text()
    assert len(done.read()) == 1


def test_a_source_of_malformed_rows_alone_is_refused(
    student: ThemeClassifier, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("ID_JOCAS;job_title\n1;Café\n2;Thé\n", encoding="cp1252")
    with pytest.raises(OffersError, match=r"every row is malformed \(2 in all\), .*a\.csv:2 \(it"):
        label_corpus(student, tmp_path / "a.csv", tmp_path / "labels", progress=False)
    done = label_corpus(
        *(student, tmp_path / "a.csv", tmp_path / "labels"),
        encoding="cp1252",
        resume=True,
        progress=False,
    )
    assert (done.n_offers, done.n_malformed) == (2, 0)


def test_a_failing_source_keeps_the_parts_before_it(
    student: ThemeClassifier, offers: pd.DataFrame, tmp_path: Path
) -> None:
    offers.to_parquet(tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(b"no Parquet")
    sources = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    with pytest.raises(OffersError, match=r"b\.parquet"):
        label_corpus(student, sources, tmp_path / "labels", chunk_rows=40, progress=False)
    assert (tmp_path / "labels" / "_INCOMPLETE").exists()
    with pytest.warns(JocasThemesWarning, match="labelling was interrupted"):
        compute_shares(tmp_path / "labels")
    for part in (tmp_path / "labels").glob("part-*"):
        assert pq.read_metadata(part).num_rows == 40


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"source": pd.DataFrame({"a": [1]})},
            TypeError,
            "got DataFrame. label_chunk labels a table",
        ),
        ({"source": None}, TypeError, "source must be a path, .* got NoneType"),
        ({"source": 5}, TypeError, "source must be a path, .* got int"),
        ({"encoding": None}, ValueError, "encoding must be known to Python"),
        ({"chunk_rows": True}, ValueError, "chunk_rows must be a whole number .*, got True"),
        ({"keep_columns": ["x"]}, OffersError, r"\['x'\] of keep_columns=\.\.\., or of the model"),
    ],
)
def test_bad_arguments(
    student: ThemeClassifier,
    source: Path,
    tmp_path: Path,
    options: dict[str, object],
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        label_corpus(student, **{"source": source, "destination": tmp_path / "labels"} | options)


def test_nothing_to_read(student: ThemeClassifier, tmp_path: Path) -> None:
    with pytest.raises(OffersError, match=r"nowhere"):
        label_corpus(student, tmp_path / "nowhere.parquet", tmp_path / "labels", progress=False)


def test_a_source_without_offers_gives_the_columns(
    student: ThemeClassifier, offers: pd.DataFrame, tmp_path: Path
) -> None:
    offers.iloc[:0].to_parquet(tmp_path / "offers.parquet")
    for partition_by in ((), ("year", "month")):
        done = label_corpus(
            student,
            tmp_path / "offers.parquet",
            tmp_path / "labels",
            partition_by=partition_by,
            overwrite=True,
            progress=False,
        )
        assert (done.n_offers, done.n_parts) == (0, 1)
        expected = label_chunk(student, offers.iloc[:0], keep_columns=KEEP_COLUMNS)
        assert list(done.read().columns) == [*expected.column_names, *partition_by]
        assert (
            label_corpus(
                student,
                tmp_path / "offers.parquet",
                tmp_path / "labels",
                partition_by=partition_by,
                resume=True,
                progress=False,
            )
            == done
        )


def test_offers_without_any_text(student: ThemeClassifier, tmp_path: Path) -> None:
    texts = ["", "nan", None]
    pd.DataFrame({"ID_JOCAS": ["1", "2", "3"], "job_title": texts}).to_parquet(
        tmp_path / "a.parquet"
    )
    (tmp_path / "b.jsonl").write_text('{"ID_JOCAS": "4"}\n{"ID_JOCAS": "5", "job_title": "x"}\n')
    for chunk_rows in (1, 10):
        done = label_corpus(
            student,
            [tmp_path / "a.parquet", tmp_path / "b.jsonl"],
            tmp_path / f"labels {chunk_rows}",
            chunk_rows=chunk_rows,
            progress=False,
        )
        assert (done.n_offers, done.n_without_text) == (5, 4)
        assert done.read()["DIVERSITY"].notna().tolist() == [False] * 4 + [True]


def test_a_file_without_a_text_column_is_refused(
    student: ThemeClassifier, offers: pd.DataFrame, tmp_path: Path
) -> None:
    offers.to_parquet(tmp_path / "a.parquet")
    offers[["ID_JOCAS", "site_name"]].to_parquet(tmp_path / "b.parquet")
    with pytest.raises(OffersError, match=r"b\.parquet' has no text: none of the columns"):
        label_corpus(student, tmp_path, tmp_path.parent / "no text", progress=False)


def test_other_files_change_nothing(student: ThemeClassifier, tmp_path: Path) -> None:
    # A column "text" goes before the others, but in the file that has it alone.
    pd.DataFrame({"ID_JOCAS": ["1"], "text": ["Cariste"]}).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"ID_JOCAS": ["2"], "job_title": ["Soudeur"]}).to_parquet(tmp_path / "b.parquet")
    labels = tmp_path.parent / "labels of two"
    done = label_corpus(student, tmp_path, labels, overwrite=True, progress=False)
    assert (done.n_parts, done.n_without_text) == (1, 0)
    expected = done.read().iloc[1:].reset_index(drop=True)
    alone = label_corpus(student, tmp_path / "b.parquet", labels, overwrite=True, progress=False)
    pd.testing.assert_frame_equal(alone.read(), expected)


@pytest.mark.parametrize(
    ("pattern", "overlaps"),
    [("*.parquet", False), ("*/*.parquet", True), ("**/*.parquet", True), ("l*", True)],
)
def test_a_pattern_that_would_read_the_labels(
    student: ThemeClassifier, offers: pd.DataFrame, tmp_path: Path, pattern: str, overlaps: bool
) -> None:
    (tmp_path / "new").mkdir()
    offers.to_parquet(tmp_path / "a.parquet")
    offers.to_parquet(tmp_path / "new" / "a.parquet")
    offers.to_parquet(tmp_path / "l.parquet")
    arguments = (student, str(tmp_path / pattern), tmp_path / "labels")
    if not overlaps:
        assert label_corpus(*arguments, progress=False).n_offers == 240
        return
    with pytest.raises(ValueError, match="overlap"):
        label_corpus(*arguments, progress=False)
    assert not (tmp_path / "labels").exists()


def test_the_bar_shows_the_end_where_footers_tell_it(
    student: ThemeClassifier, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    label_corpus(student, source / "a.parquet", tmp_path / "one")
    assert re.search(r"100%.* 50/50 .*parts=1", capsys.readouterr().err)
    label_corpus(student, source, tmp_path / "two")
    assert re.search(r"labelling: 120 offers \[.*parts=1", capsys.readouterr().err)
