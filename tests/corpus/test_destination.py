"""Where labels go: a folder, an object store, and what becomes of a write that fails."""

import errno
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from jocas_themes import (
    ThemeClassifier,
    label_corpus,
    load_sample_annotations,
    make_offers,
    save_model,
)
from jocas_themes.corpus import _job
from jocas_themes.corpus._destination import RemoteFolder, open_destination
from jocas_themes.errors import JocasThemesWarning, MissingDependencyError, OffersError
from s3_server import serve_s3


@pytest.fixture(scope="module")
def student() -> ThemeClassifier:
    return ThemeClassifier(themes=["DIVERSITY"], evidence=False, lexicon=None, cv=2, n_jobs=1).fit(
        load_sample_annotations()
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("offres été") / "à lire.parquet"
    make_offers(30, random_state=0).to_parquet(path)
    return path


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, str]]:
    with serve_s3("bucket") as environment:
        yield environment


@pytest.fixture(params=["memory", "s3"])
def root(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the URL of an empty folder, of an object store."""
    fsspec = pytest.importorskip("fsspec")
    if request.param == "s3":
        request.getfixturevalue("s3")
    url = {"memory": "memory://labels é", "s3": "s3://bucket/mes données"}[request.param]
    yield url
    filesystem, path = fsspec.core.url_to_fs(url)
    if filesystem.exists(path):
        filesystem.rm(path, recursive=True)


def interrupt(patch: pytest.MonkeyPatch, *, at: int) -> None:
    """Have the run end before it writes the part of a number."""
    write = _job.write_part

    def write_until(folder: object, number: int, *arguments: object) -> int:
        if number == at:
            raise KeyboardInterrupt
        return write(folder, number, *arguments)

    patch.setattr(_job, "write_part", write_until)


@pytest.mark.parametrize("partition_by", [(), ("year",)])
def test_an_object_store_holds_what_a_folder_holds(
    student: ThemeClassifier,
    source: Path,
    tmp_path: Path,
    root: str,
    partition_by: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = {"chunk_rows": 8, "partition_by": partition_by, "progress": False}
    expected = label_corpus(student, source, tmp_path / "labels", **options)
    remote = open_destination(f"{root}/offers")
    remote._upload("a b.parquet", [source.read_bytes()])
    from_remote = [f"{root}/offers/a b.parquet"]
    with monkeypatch.context() as patch:
        interrupt(patch, at=2)
        with pytest.raises(KeyboardInterrupt):
            label_corpus(student, from_remote, f"{root}/labels", **options)
    with pytest.raises(FileExistsError, match="resume=True"):
        label_corpus(student, from_remote, f"{root}/labels", **options)
    done = label_corpus(student, from_remote, f"{root}/labels", resume=True, **options)
    assert (done.n_offers, done.n_parts) == (30, 4)
    pd.testing.assert_frame_equal(done.read(), expected.read())
    folder = open_destination(f"{root}/labels")
    local = open_destination(tmp_path / "labels")
    names = {name for name in local.list_names() if not name.startswith(".")}
    assert set(folder.list_names()) == names
    for name in names - {"_manifest.json", "_progress.json"}:
        with folder.open(name) as one, local.open(name) as other:
            assert one.read() == other.read()
    remote._upload("a b.parquet", [source.read_bytes() + b" "])
    with pytest.raises(ValueError, match=r"a b\.parquet' was written again"):
        label_corpus(student, from_remote, f"{root}/labels", resume=True, **options)
    replaced = label_corpus(student, source, f"{root}/labels", overwrite=True, **options)
    pd.testing.assert_frame_equal(replaced.read(), expected.read())


def test_malformed_rows_in_an_object_store(
    student: ThemeClassifier, tmp_path: Path, root: str
) -> None:
    (tmp_path / "a.jsonl").write_text('no\n{"ID_JOCAS": "1", "job_title": "Cariste"}\nJSON\n')
    with pytest.warns(JocasThemesWarning, match=r"2 malformed rows .* _rejects\.jsonl in \w+://"):
        done = label_corpus(student, tmp_path / "a.jsonl", f"{root}/labels", progress=False)
    assert done.n_malformed == 2
    folder = open_destination(f"{root}/labels")
    with folder.open("_rejects.jsonl") as stream:
        assert [json.loads(line)["raw"] for line in stream] == ["no", "JSON"]
    assert [name for name in folder.list_names() if "rejects-" in name] == []


def test_in_an_object_store_the_last_one_writes(
    student: ThemeClassifier, source: Path, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"chunk_rows": 8, "progress": False}
    write = _job.write_part

    def come_in_between(folder: object, number: int, *arguments: object) -> int:
        monkeypatch.setattr(_job, "write_part", write)
        label_corpus(student, source, f"{root}/labels", resume=True, **options)
        return write(folder, number, *arguments)

    monkeypatch.setattr(_job, "write_part", come_in_between)
    with pytest.raises(BlockingIOError, match="another process has begun to label"):
        label_corpus(student, source, f"{root}/labels", **options)
    assert label_corpus(student, source, f"{root}/labels", resume=True, **options).n_parts == 4


def test_who_is_refused_stops_nobody(
    student: ThemeClassifier, source: Path, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"chunk_rows": 8, "progress": False}
    write, refused = _job.write_part, []

    def come_in_between(folder: object, number: int, *arguments: object) -> int:
        if number == 1:
            with pytest.raises(FileExistsError, match="holds labels already") as there:
                label_corpus(student, source, f"{root}/labels", **options)
            with pytest.raises(ValueError, match="changed: chunk_rows") as other:
                label_corpus(student, source, f"{root}/labels", chunk_rows=9, resume=True)
            refused.extend([there, other])
        return write(folder, number, *arguments)

    monkeypatch.setattr(_job, "write_part", come_in_between)
    assert label_corpus(student, source, f"{root}/labels", **options).n_parts == 4
    assert len(refused) == 2


def test_a_run_that_fails_gives_back_its_claim(
    student: ThemeClassifier, source: Path, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, options = open_destination(f"{root}/labels"), {"chunk_rows": 8, "progress": False}
    seen = []

    def fail(*arguments: object) -> int:
        seen.extend(folder.list_names())
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_job, "write_part", fail)
        with pytest.raises(KeyboardInterrupt):
            label_corpus(student, source, f"{root}/labels", **options)
    assert "_writer" in seen
    assert "_writer" not in folder.list_names()
    # One that was killed leaves its own, which the next one replaces.
    folder.claim()
    assert label_corpus(student, source, f"{root}/labels", resume=True, **options).n_parts == 4
    assert "_writer" not in folder.list_names()


def test_who_was_replaced_removes_nothing(root: str) -> None:
    first, second = (open_destination(f"{root}/labels") for _ in range(2))
    with first.hold():
        first.claim()
        first.write("part-00000.parquet", [b"1"])
        second.claim()
        with pytest.raises(BlockingIOError, match="another process has begun to label"):
            first.remove(["part-00000.parquet"])
    assert second.list_names() == ["_writer", "part-00000.parquet"]


def test_keys_are_shown_nowhere(
    student: ThemeClassifier,
    source: Path,
    s3: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="jocas_themes")
    done = label_corpus(student, source, "s3://bucket/keys", progress=False)
    folder = open_destination("s3://bucket/keys")
    shown = [repr(done), repr(folder), caplog.text]
    for name in ("_manifest.json", "_progress.json"):
        with folder.open(name) as stream:
            shown.append(stream.read().decode())
    for secret in (s3["AWS_ACCESS_KEY_ID"], s3["AWS_SECRET_ACCESS_KEY"]):
        assert not any(secret in text for text in shown)
    with pytest.raises(ValueError, match="must not hold a password") as caught:
        label_corpus(student, source, "sftp://me:hunter2@host/labels")
    assert "hunter2" not in str(caught.value)


def test_a_store_that_cannot_be_reached(
    student: ThemeClassifier, source: Path, s3: dict[str, str]
) -> None:
    with pytest.raises(OSError, match=r"'s3://nowhere/labels' cannot be .*does not exist"):
        label_corpus(student, source, "s3://nowhere/labels", progress=False)


def test_an_unknown_store(student: ThemeClassifier, source: Path) -> None:
    with pytest.raises(ValueError, match="destination 'no-such://labels' cannot be opened: Prot"):
        label_corpus(student, source, "no-such://labels", progress=False)


def test_a_file_url_is_a_folder(student: ThemeClassifier, source: Path, tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    done = label_corpus(student, source, (tmp_path / "labels").as_uri(), progress=False)
    assert done.destination == tmp_path / "labels"
    assert len(done.read()) == 30


def test_urls_need_fsspec(
    student: ThemeClassifier, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingDependencyError, match=r"jocas-themes\[remote\]"):
        label_corpus(student, source, "gs://bucket/labels")
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(MissingDependencyError, match=r"needs s3fs.*jocas-themes\[s3\]"):
        label_corpus(student, source, "s3://bucket/labels")


@pytest.mark.parametrize(
    ("place", "destination"),
    [
        ("memory://in", "memory://in/labels"),
        ("memory://in/", "memory:///in"),
        ("memory://in/*.parquet", "memory://in"),
        ("memory://in/**/*.parquet", "memory://in/labels"),
    ],
)
def test_overlaps_in_an_object_store(
    student: ThemeClassifier, source: Path, place: str, destination: str
) -> None:
    pytest.importorskip("fsspec").filesystem("memory").pipe("/in/a.parquet", source.read_bytes())
    with pytest.raises(ValueError, match="overlap"):
        label_corpus(student, place, destination, progress=False)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file's length")
def test_a_full_disk(student: ThemeClassifier, source: Path, tmp_path: Path) -> None:
    save_model(student, tmp_path / "model")
    # The system refuses files longer than this to the process: shorter than a part.
    script = (
        "import resource, sys; from jocas_themes import label_corpus, load_model\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, resource.RLIM_INFINITY))\n"
        "label_corpus(load_model(sys.argv[1]), *sys.argv[2:], chunk_rows=8, progress=False)"
    )
    arguments = [tmp_path / "model", source, tmp_path / "labels"]
    ran = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True)
    assert "part-00000.parquet' cannot be read or written: File too large" in ran.stderr
    assert "No part was finished in" in ran.stderr
    assert not list((tmp_path / "labels").glob("part-*"))
    done = label_corpus(
        student, source, tmp_path / "labels", chunk_rows=8, resume=True, progress=False
    )
    assert len(done.read()) == 30


def test_a_disk_that_fills_up(
    student: ThemeClassifier, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    write = _job.write_part

    def fill_up(folder: object, number: int, *arguments: object) -> int:
        if number == 2:
            monkeypatch.setattr("os.fsync", fail)
        return write(folder, number, *arguments)

    options = {"chunk_rows": 8, "progress": False}
    with monkeypatch.context() as patch:
        patch.setattr(_job, "write_part", fill_up)
        with pytest.raises(OSError, match=r"part-00002.*: No space left on device") as caught:
            label_corpus(student, source, tmp_path / "labels", **options)
    monkeypatch.undo()
    assert caught.value.errno == errno.ENOSPC
    assert sorted(p.name for p in (tmp_path / "labels").glob("part-*")) == [
        "part-00000.parquet",
        "part-00001.parquet",
    ]
    assert label_corpus(student, source, tmp_path / "labels", resume=True, **options).n_parts == 4
    assert not list((tmp_path / "labels").glob(".*.tmp"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows moves no folder in use")
@pytest.mark.parametrize("partition_by", [(), ("year", "month")])
def test_a_folder_that_vanishes(
    student: ThemeClassifier,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    partition_by: tuple[str, ...],
) -> None:
    write = _job.write_part

    def move_away(folder: object, number: int, *arguments: object) -> int:
        if number == 2:
            (tmp_path / "labels").rename(tmp_path / "elsewhere")
        return write(folder, number, *arguments)

    options = {"chunk_rows": 8, "partition_by": partition_by, "progress": False}
    monkeypatch.setattr(_job, "write_part", move_away)
    with pytest.raises(FileNotFoundError, match="cannot be read or written: No such file"):
        label_corpus(student, source, tmp_path / "labels", **options)
    assert not (tmp_path / "labels").exists()
    monkeypatch.undo()
    (tmp_path / "elsewhere").rename(tmp_path / "labels")
    assert label_corpus(student, source, tmp_path / "labels", resume=True, **options).n_parts == 4


def test_parts_that_vanish_during_a_run(
    student: ThemeClassifier, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = _job.write_part

    def lose_one(folder: object, number: int, *arguments: object) -> int:
        if number == 2:
            (tmp_path / "labels" / "part-00000.parquet").unlink()
        return write(folder, number, *arguments)

    monkeypatch.setattr(_job, "write_part", lose_one)
    with pytest.raises(FileNotFoundError, match="hold 4 files of finished parts, there are 3"):
        label_corpus(student, source, tmp_path / "labels", chunk_rows=8, progress=False)
    assert (tmp_path / "labels" / "_INCOMPLETE").exists()


def test_a_destination_that_cannot_be(
    student: ThemeClassifier, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    for wrong, message in (
        (tmp_path / "file", "file' is a file: name a folder"),
        (tmp_path / "file" / "labels", "labels' cannot be made: Not a directory"),
    ):
        with pytest.raises(OSError, match=message):
            label_corpus(student, source, wrong, progress=False)
    with pytest.raises(ValueError, match="destination must name a folder or a URL, got ''"):
        label_corpus(student, source, "", progress=False)
    with pytest.raises(TypeError, match="destination must be a path or a URL, got None"):
        label_corpus(student, source, None, progress=False)
    (tmp_path / "labels" / "._manifest.json.lock").mkdir(parents=True)
    with pytest.raises(OSError, match=r"labels cannot be written to: .*Is it read-only"):
        label_corpus(student, source, tmp_path / "labels", progress=False)


def test_strangers_in_the_destination(
    student: ThemeClassifier, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "labels" / "old").mkdir(parents=True)
    (tmp_path / "labels" / "README.md").write_text("mine")
    (tmp_path / "labels" / "_cache").mkdir()
    (tmp_path / "labels" / "_cache" / "a.parquet").write_text("mine")
    stranger = tmp_path / "labels" / "old" / "part-00000.parquet"
    stranger.write_text("mine")
    with pytest.raises(FileExistsError, match=r"did not write.*'old/part-00000\.parquet'"):
        label_corpus(student, source, tmp_path / "labels", overwrite=True, progress=False)
    stranger.unlink()
    for _ in range(2):
        done = label_corpus(student, source, tmp_path / "labels", overwrite=True, progress=False)
    assert len(done.read()) == 30
    assert (tmp_path / "labels" / "README.md").read_text() == "mine"
    assert (tmp_path / "labels" / "_cache" / "a.parquet").read_text() == "mine"


def test_labels_that_are_not_there_any_more(
    student: ThemeClassifier, source: Path, tmp_path: Path
) -> None:
    done = label_corpus(student, source, tmp_path / "labels", progress=False)
    for part in (tmp_path / "labels").glob("part-*"):
        part.unlink()
    with pytest.raises(FileNotFoundError, match="there are no labels in"):
        done.read()


def test_an_unreadable_source_in_an_object_store(student: ThemeClassifier, root: str) -> None:
    open_destination(f"{root}/offers")._upload("a.parquet", [b"no Parquet"])
    with pytest.raises(OffersError, match=r"a\.parquet' cannot be read as parquet"):
        label_corpus(student, f"{root}/offers", f"{root}/labels", progress=True)
    assert isinstance(open_destination(f"{root}/labels"), RemoteFolder)
    assert "_INCOMPLETE" in open_destination(f"{root}/labels").list_names()


def test_pandas_reads_labels_from_s3(
    student: ThemeClassifier, source: Path, s3: dict[str, str]
) -> None:
    done = label_corpus(student, source, "s3://bucket/pandas", chunk_rows=8, progress=False)
    assert done.destination == "s3://bucket/pandas"
    pd.testing.assert_frame_equal(pd.read_parquet("s3://bucket/pandas"), done.read())
    assert pq.read_table("s3://bucket/pandas/part-00000.parquet").num_rows == 8
