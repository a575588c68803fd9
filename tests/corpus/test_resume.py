"""Interruptions: whatever ends a run, and whenever, the next one gives what one run gives."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.base import clone

from jocas_themes import (
    LabelledCorpus,
    ThemeClassifier,
    compute_shares,
    label_corpus,
    load_sample_annotations,
    make_offers,
    save_model,
)
from jocas_themes.corpus import _job
from jocas_themes.corpus._manifest import Progress
from jocas_themes.errors import JocasThemesWarning, OffersError
from jocas_themes.offers.reading._reading import Reading

N_OFFERS = 23
MALFORMED = r"7 malformed rows were left out: .*a\.csv:2 .* and 2 more"
pytestmark = pytest.mark.filterwarnings("ignore:7 malformed rows")


@pytest.fixture(scope="module")
def student() -> ThemeClassifier:
    return ThemeClassifier(themes=["DIVERSITY"], evidence=False, lexicon=None, cv=2, n_jobs=1).fit(
        load_sample_annotations()
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make 10 offers with 4 malformed rows, 12 offers, 3 malformed rows alone, 1 offer."""
    folder = tmp_path_factory.mktemp("source")
    offers = make_offers(N_OFFERS, random_state=0)
    rows = ["ID_JOCAS;job_title;date_firstSeenDay;location_departement"]
    for place, offer in enumerate(offers.iloc[:10].itertuples()):
        if place in {0, 6, 7}:
            rows.append(f"malformed {place}")
        day = offer.date_firstSeenDay
        rows.append(f'{offer.ID_JOCAS};"{offer.job_title}";{day};{offer.location_departement}')
    (folder / "a.csv").write_text("\n".join([*rows, "malformed at the end"]), encoding="utf-8")
    offers.iloc[10:22].to_parquet(folder / "b.parquet")
    (folder / "c.jsonl").write_text("no\nJSON\nhere\n")
    offers.iloc[22:].to_parquet(folder / "d.parquet")
    return folder


def label(
    student: ThemeClassifier, source: Path, folder: Path, **options: object
) -> LabelledCorpus:
    return label_corpus(student, source, folder, chunk_rows=7, progress=False, **options)


def read_all(folder: Path) -> dict[str, bytes]:
    """Read every file that a user has any use for."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".") and path.name != "_progress.json"
    }


@pytest.fixture(scope="module", params=[(), ("year",)], ids=["whole", "by year"])
def expected(
    request: pytest.FixtureRequest,
    student: ThemeClassifier,
    source: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict[str, object], dict[str, bytes]]:
    """Return the options, and what one run makes of them."""
    folder = tmp_path_factory.mktemp("once")
    options = {"partition_by": request.param}
    with pytest.warns(JocasThemesWarning, match=MALFORMED):
        done = label(student, source, folder, **options)
    # 23 offers, 7 a part; the malformed rows of a file come before its end
    assert (done.n_offers, done.n_parts, done.n_malformed) == (N_OFFERS, 4, 7)
    files = read_all(folder)
    malformed = [json.loads(line)["raw"] for line in files["_rejects.jsonl"].splitlines()]
    assert malformed[:4] == [*(f"malformed {i}" for i in (0, 6, 7)), "malformed at the end"]
    assert malformed[4:] == ["no", "JSON", "here"]
    return options, files


class Interrupted(BaseException):
    """What ends a run, as a kill would."""


def interrupt(patch: pytest.MonkeyPatch, *, at: int) -> None:
    """End the run just before it makes its n-th change of the folder's entries."""
    n_changes = 0

    def count(change: Callable[..., object]) -> Callable[..., object]:
        def counted(*arguments: object, **options: object) -> object:
            nonlocal n_changes
            n_changes += 1
            if n_changes == at:
                raise Interrupted
            return change(*arguments, **options)

        return counted

    for name in ("replace", "unlink", "mkdir", "rmdir"):
        patch.setattr(Path, name, count(getattr(Path, name)))


def test_interrupted_at_any_change_of_the_folder(
    student: ThemeClassifier,
    source: Path,
    tmp_path: Path,
    expected: tuple[dict[str, object], dict[str, bytes]],
) -> None:
    options, files = expected
    at, ended = 0, False
    while not ended:
        at += 3 if options["partition_by"] else 1  # many files, all of them alike
        folder = tmp_path / f"{at}"
        with pytest.MonkeyPatch.context() as patch:
            interrupt(patch, at=at)
            try:
                label(student, source, folder, **options)
                ended = True
            except Interrupted:
                pass
        done = label(student, source, folder, resume=True, **options)
        assert (done.n_offers, done.n_parts, done.n_malformed) == (N_OFFERS, 4, 7)
        assert read_all(folder) == files, at
    assert at > 10


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
@pytest.mark.parametrize("n_kills", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_at_random_moments(
    student: ThemeClassifier, source: Path, tmp_path: Path, n_kills: int
) -> None:
    save_model(student, tmp_path / "model")
    label(student, source, tmp_path / "once")
    files = read_all(tmp_path / "once")
    script = Path(__file__).with_name("killing.py")
    arguments = [tmp_path / "model", source, tmp_path / "labels", str(n_kills), "0"]
    ran = subprocess.run(
        [sys.executable, script, *arguments], capture_output=True, text=True, check=True
    )
    for number in range(int(ran.stdout) + 1):
        label(student, source, tmp_path / "labels" / f"{number}", resume=True)
        assert read_all(tmp_path / "labels" / f"{number}") == files


@pytest.fixture
def begun(student: ThemeClassifier, source: Path, tmp_path: Path) -> Path:
    """Begin a labelling that ends after its third part, 21 offers."""
    folder = tmp_path / "labels"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_job, "write_part", end_at(_job.write_part, 3))
        with pytest.raises(KeyboardInterrupt) as caught:
            label(student, source, folder)
    expected = f"3 finished parts are kept in {folder}: go on with resume=True."
    assert caught.value.__notes__ == [expected]
    return folder


def end_at(write: object, end: int) -> object:
    def write_until(folder: object, number: int, *arguments: object) -> int:
        if number == end:
            raise KeyboardInterrupt
        return write(folder, number, *arguments)

    return write_until


def test_what_is_finished_is_neither_read_nor_labelled_again(
    student: ThemeClassifier, source: Path, begun: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, labelled = [], []
    iter_pieces, label_batch = Reading.iter_pieces, _job.label_batch

    def note_file(self: Reading, file: object, *arguments: int) -> object:
        read.append(Path(file.path).name)
        return iter_pieces(self, file, *arguments)

    def note_rows(model: object, offers: object, keep_columns: object) -> object:
        labelled.append(len(offers))
        return label_batch(model, offers, keep_columns)

    monkeypatch.setattr(Reading, "iter_pieces", note_file)
    monkeypatch.setattr(_job, "label_batch", note_rows)
    done = label(student, source, begun, resume=True)
    # 10 of the 21 finished offers are all of a.csv
    assert read == ["b.parquet", "c.jsonl", "d.parquet"]
    assert sum(labelled) == 23 - 21
    assert done.n_resumed == 21
    again = label(student, source, begun, resume=True)
    assert again == done
    assert again.n_resumed == again.n_offers == 23
    assert read == ["b.parquet", "c.jsonl", "d.parquet"]


def test_an_unfinished_folder_says_so(student: ThemeClassifier, source: Path, begun: Path) -> None:
    with pytest.raises(FileExistsError, match=r"3 part files\), whose labelling was.*resume=True"):
        label(student, source, begun)
    with pytest.warns(JocasThemesWarning, match="labelling was interrupted"):
        compute_shares(begun)
    with pytest.raises(ValueError, match="Pass one of the two"):
        label(student, source, begun, resume=True, overwrite=True)
    assert label(student, source, begun, overwrite=True).n_parts == 4


def test_resume_begins_where_nothing_was_begun(
    student: ThemeClassifier, source: Path, tmp_path: Path
) -> None:
    assert label(student, source, tmp_path / "labels", resume=True).n_parts == 4


def test_where_no_part_is_finished_all_may_change(
    student: ThemeClassifier, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "own.csv").write_text("id;titre\n1;Cariste\n")
    folder = tmp_path / "labels"
    with pytest.raises(OffersError, match="has no text") as caught:
        label(student, tmp_path / "own.csv", folder)
    assert caught.value.__notes__ == [f"No part was finished in {folder}: run it again."]
    own = clone(student).set_params(text_columns=["titre"]).fit(load_sample_annotations())
    assert label(own, tmp_path / "own.csv", folder, resume=True).n_offers == 1
    # The same with the file left out, after a first part that was written and not finished.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_job, "write_progress", interrupt_at_once)
        with pytest.raises(KeyboardInterrupt):
            label(student, source / "b.parquet", tmp_path / "other")
    assert list((tmp_path / "other").glob("part-*"))
    done = label(student, source / "d.parquet", tmp_path / "other", resume=True)
    assert len(done.read()) == done.n_offers == 1


def interrupt_at_once(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"chunk_rows": 8}, r"changed: chunk_rows \(7 to 8\)\. Pass the same"),
        ({"keep_columns": ()}, r"changed: keep_columns \(\["),
        ({"encoding": "cp1252"}, r"encoding \('utf-8' to 'cp1252'\)"),
        ({"partition_by": ("year",)}, r"partition_by \(\[\] to \['year'\]\)"),
    ],
)
def test_another_parameter_is_refused(
    student: ThemeClassifier, source: Path, begun: Path, options: dict[str, object], message: str
) -> None:
    options = {"chunk_rows": 7, "resume": True, "progress": False} | options
    with pytest.raises(ValueError, match=message):
        label_corpus(student, source, begun, **options)


def test_another_model_is_refused(student: ThemeClassifier, source: Path, begun: Path) -> None:
    (threshold,) = student.thresholds_
    try:
        student.thresholds_ = student.thresholds_ + 1e-9
        with pytest.raises(
            ValueError, match=r"changed: the model \(fingerprint \w{16} to \w{16}\)"
        ):
            label(student, source, begun, resume=True)
    finally:
        student.thresholds_[:] = threshold
    student.set_params(n_jobs=2)  # decides nothing
    assert label(student, source, begun, resume=True).n_offers == N_OFFERS
    student.set_params(n_jobs=1)


def test_another_source_is_refused(student: ThemeClassifier, source: Path, begun: Path) -> None:
    a, b = source / "a.csv", source / "b.parquet"
    with pytest.raises(ValueError, match=r"lacks '.*/c\.jsonl'; the source lacks '.*/d\.parquet'"):
        label(student, [a, b], begun, resume=True)
    state = a.stat()
    try:
        os.utime(a, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
        with pytest.raises(ValueError, match=r"a\.csv' was written again \(\d+ to \d+ bytes\)"):
            label(student, source, begun, resume=True)
    finally:
        os.utime(a, ns=(state.st_atime_ns, state.st_mtime_ns))
    # Of this one no part holds an offer yet.
    (source / "d.parquet").touch()
    # However the same files are named.
    everything = [str(source / "*.csv"), source / "b.parquet", source / "c.jsonl", source / "d.*"]
    assert label(student, everything, begun, resume=True).n_offers == N_OFFERS


def test_relative_paths_are_the_same_files(
    student: ThemeClassifier, source: Path, begun: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(source.parent)
    done = label_corpus(student, source.name, begun, chunk_rows=7, resume=True, progress=False)
    assert done.n_offers == N_OFFERS


def test_parts_that_were_taken_away(student: ThemeClassifier, source: Path, begun: Path) -> None:
    (begun / "part-00001.parquet").unlink()
    with pytest.raises(
        FileNotFoundError, match="should hold 3 files of finished parts, there are 2"
    ):
        label(student, source, begun, resume=True)


@pytest.mark.parametrize("name", ["_manifest.json", "_progress.json"])
@pytest.mark.parametrize("content", ["", "[]", '{"format": 1', '{"n_parts": 1}'])
def test_damaged_files_are_refused(
    student: ThemeClassifier, source: Path, begun: Path, name: str, content: str
) -> None:
    (begun / name).write_text(content)
    with pytest.raises((OSError, ValueError), match=r"damaged|format None"):
        label(student, source, begun, resume=True)


def test_parts_of_unknown_origin(student: ThemeClassifier, source: Path, begun: Path) -> None:
    (begun / "_manifest.json").unlink()
    with pytest.raises(FileExistsError, match=r"no _manifest\.json.*overwrite=True"):
        label(student, source, begun, resume=True)


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: pd.read_parquet(whole)[["site_name"]].to_parquet(whole),
        lambda whole: whole.write_bytes(whole.read_bytes()[:-100]),
    ],
    ids=["wrong schema", "cut short"],
)
def test_a_file_that_cannot_be_read_is_mended(
    student: ThemeClassifier, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    offers = make_offers(40, random_state=0)
    (tmp_path / "source").mkdir()
    offers[:20].to_parquet(tmp_path / "source" / "a.parquet")
    bad = tmp_path / "source" / "b.parquet"
    offers[20:].to_parquet(bad)
    label(student, tmp_path / "source", tmp_path / "once")
    damage(bad)
    with pytest.raises(OffersError, match=r"b\.parquet.*(cannot be read|has no text)") as caught:
        label(student, tmp_path / "source", tmp_path / "labels")
    assert "2 finished parts are kept" in caught.value.__notes__[0]
    assert "When the file is mended, go on with resume=True;" in caught.value.__notes__[0]
    assert len(list((tmp_path / "labels").glob("part-*"))) == 2  # 14 of the first 20 offers
    offers[20:].to_parquet(bad)
    label(student, tmp_path / "source", tmp_path / "labels", resume=True)
    once, labels = read_all(tmp_path / "once"), read_all(tmp_path / "labels")
    assert {**once, "_manifest.json": b""} == {**labels, "_manifest.json": b""}
    manifest = json.loads(labels["_manifest.json"])
    assert manifest["source"][1]["size"] == bad.stat().st_size


@pytest.mark.parametrize("partition_by", [(), ("year",)])
@pytest.mark.parametrize("n_left", [0, 1])
def test_a_part_that_was_not_finished_leaves_nothing(
    student: ThemeClassifier, tmp_path: Path, partition_by: tuple[str, ...], n_left: int
) -> None:
    # 7 offers in a file, so that parts 0 and 1 are those of one file each.
    offers = make_offers(14, random_state=0)
    offers["date_firstSeenDay"] = ["2019-01-01", "2020-01-01"] * 7
    (tmp_path / "source").mkdir()
    rewritten = tmp_path / "source" / "b.parquet"
    offers[:7].to_parquet(tmp_path / "source" / "a.parquet")
    offers[7:].to_parquet(rewritten)
    arguments, options = (tmp_path / "source", tmp_path / "labels"), {"partition_by": partition_by}
    with pytest.MonkeyPatch.context() as patch:
        save = _job.write_progress

        def end_before_saving(folder: object, done: Progress) -> None:
            if done.n_parts == 2:
                raise KeyboardInterrupt
            save(folder, done)

        patch.setattr(_job, "write_progress", end_before_saving)
        with pytest.raises(KeyboardInterrupt):
            label(student, *arguments, **options)
    (tmp_path / "labels" / ".part-00001.parquet.abc.tmp").write_bytes(b"half a part")
    assert list((tmp_path / "labels").rglob("part-00001.parquet"))
    offers[7 : 7 + n_left].to_parquet(rewritten)
    done = label(student, *arguments, resume=True, **options)
    assert done.n_offers == len(done.read()) == 7 + n_left
    label(student, tmp_path / "source", tmp_path / "once", **options)
    once, labels = read_all(tmp_path / "once"), read_all(tmp_path / "labels")
    assert {**once, "_manifest.json": b""} == {**labels, "_manifest.json": b""}
    assert not list((tmp_path / "labels").rglob("*.tmp"))


def test_parts_that_came_from_elsewhere_do_not_stay(
    student: ThemeClassifier, source: Path, begun: Path
) -> None:
    stranger = begun / "part-00009.parquet"

    def write_stranger(folder: object, done: Progress) -> None:
        stranger.write_bytes((begun / "part-00000.parquet").read_bytes())
        finish(folder, done)

    with pytest.MonkeyPatch.context() as patch:
        finish = _job.finish
        patch.setattr(_job, "finish", write_stranger)
        done = label(student, source, begun, resume=True)
    assert len(done.read()) == N_OFFERS
    assert not stranger.exists()


def test_malformed_rows_that_were_deleted(
    student: ThemeClassifier, source: Path, tmp_path: Path
) -> None:
    done = label(student, source, tmp_path / "labels")
    (tmp_path / "labels" / "_rejects.jsonl").unlink()
    with pytest.warns(JocasThemesWarning, match=r"7 malformed rows were left out; which, .* any"):
        assert label(student, source, tmp_path / "labels", resume=True) == done


def test_two_processes(student: ThemeClassifier, tmp_path: Path) -> None:
    save_model(student, tmp_path / "model")
    make_offers(2_000, random_state=0).to_parquet(tmp_path / "offers.parquet")
    arguments = (tmp_path / "offers.parquet", tmp_path / "labels")
    script = (
        "import sys; from jocas_themes import label_corpus, load_model\n"
        "label_corpus(load_model(sys.argv[1]), *sys.argv[2:], chunk_rows=1, progress=False)"
    )
    first = subprocess.Popen([sys.executable, "-c", script, tmp_path / "model", *arguments])
    try:
        wait_for(tmp_path / "labels" / "part-00002.parquet")
        for options in ({}, {"resume": True}, {"overwrite": True}):
            with pytest.raises(BlockingIOError, match="another process is labelling into"):
                label_corpus(student, *arguments, chunk_rows=1, progress=False, **options)
    finally:
        first.kill()
        first.wait()
    # The lock died with its holder.
    n_parts = len(list((tmp_path / "labels").glob("part-*")))
    with pytest.raises(FileExistsError, match=rf"{n_parts} part files"):
        label_corpus(student, *arguments, chunk_rows=1, progress=False)
    assert all(pq.read_metadata(p).num_rows == 1 for p in (tmp_path / "labels").glob("part-*"))


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert path.exists()
