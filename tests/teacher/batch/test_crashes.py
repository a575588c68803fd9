"""Killed anywhere, or beside others: no batch is lost, and no question is handed over twice."""

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from batch_server import BatchServer
from chat_server import build_teacher
from jocas_themes.annotations import AnnotationStore
from jocas_themes.annotations.store._batches import BatchLedger
from jocas_themes.teacher.batch import _collecting, _files, _remote
from jocas_themes.teacher.batch._remote import Remote

OFFERS = [f"Offre {number}, prime." for number in range(12)]


class KilledError(BaseException):
    """Nothing may catch this but the test."""


def die(*args, **params):
    raise KilledError


def kill_before(monkeypatch, owner, name, nth=1):
    """Die on the nth call of a method."""
    method, calls = getattr(owner, name), count(1)

    def killed(*args, **params):
        return die() if next(calls) == nth else method(*args, **params)

    monkeypatch.setattr(owner, name, killed)


def kill_after(monkeypatch, owner, name):
    method = getattr(owner, name)
    monkeypatch.setattr(owner, name, lambda *args, **params: die(method(*args, **params)))


def finish_and_check(server, teacher, store):
    """Finish what is there; every offer is answered then, and was asked by one batch."""
    for remote_id in list(server.batches):
        server.finish(remote_id)
    teacher.collect_batch()
    assert teacher.recall(OFFERS)["status"].eq("ok").all()
    assert sorted(entry.offer for entry in server.journal) == sorted(OFFERS)
    assert len(store) == len(OFFERS)
    assert store.read_spending().in_flight_usd == 0
    assert not list(store.path.parent.glob(".*.sqlite.?*.lock"))


SUBMITTING = [
    (kill_before, BatchLedger, "add"),
    (kill_after, BatchLedger, "add"),
    (kill_after, Remote, "upload"),
    (kill_before, Remote, "create"),
    (kill_after, Remote, "create"),
    (kill_before, BatchLedger, "note_status"),
    (kill_after, BatchLedger, "note_status"),
]


@pytest.mark.parametrize(("kill", "owner", "name"), SUBMITTING)
def test_killed_while_submitting(server, store, build, monkeypatch, kill, owner, name):
    monkeypatch.setattr(_files, "MAX_REQUESTS", 6)
    with monkeypatch.context() as patch:
        kill(patch, owner, name)
        with pytest.raises(KilledError):
            build().submit_batch(OFFERS)
    build().submit_batch(OFFERS)
    assert build().submit_batch(OFFERS).empty
    assert sum(len(server.custom_ids(id_)) for id_ in server.batches) == len(OFFERS)
    finish_and_check(server, build(), store)


def test_a_batch_that_is_found_again_is_collected_at_once(server, store, build, monkeypatch):
    with monkeypatch.context() as patch:
        kill_after(patch, Remote, "create")
        with pytest.raises(KilledError):
            build().submit_batch(OFFERS)
    finish_and_check(server, build(), store)


@pytest.mark.parametrize(("kill", "owner", "name"), SUBMITTING[1:3])
def test_cancel_frees_what_was_never_created(server, store, build, monkeypatch, kill, owner, name):
    with monkeypatch.context() as patch:
        kill(patch, owner, name)
        with pytest.raises(KilledError):
            build().submit_batch(OFFERS)
    build().cancel_batch()
    assert not server.batches
    assert store.read_spending().in_flight_usd == 0


def test_a_batch_that_may_show_yet_is_waited_for(server, store, build, monkeypatch):
    """The server was asked for it a moment ago: not to be in the list says nothing yet."""
    with monkeypatch.context() as patch:
        kill_before(patch, Remote, "create")
        with pytest.raises(KilledError):
            build().submit_batch(OFFERS)
    with monkeypatch.context() as patch:
        patch.setattr(_remote, "SETTLE_S", 60)
        assert build().submit_batch(OFFERS).empty
        assert build().collect_batch()["status"].tolist() == ["submitting"]
        assert build().cancel_batch()["status"].tolist() == ["submitting"]
    server.finish_after = 1
    assert build(mode="batch").annotate(OFFERS)["status"].eq("ok").all()
    assert store.read_batches()["status"].tolist() == ["not submitted", "completed"]
    assert len(server.batches) == 1


def test_the_file_of_a_batch_that_was_not_created_is_deleted(server, build, monkeypatch):
    with monkeypatch.context() as patch:
        kill_before(patch, Remote, "create")
        with pytest.raises(KilledError):
            build().submit_batch(OFFERS)
    assert len(server.files) == 1
    build().collect_batch()
    assert not server.files


def test_a_server_that_hides_what_became_of_it(server, store, build):
    """It obeys and hangs up, and then is away: the batch is found when it is back."""
    server.disturb("POST /batches")
    for _ in range(_remote._TRIES):
        server.disturb("GET /batches", 503)
    with pytest.raises(_remote.TeacherUnavailableError, match="does not answer"):
        build().submit_batch(OFFERS)
    assert store.read_batches()["status"].tolist() == ["submitting"]
    assert build().submit_batch(OFFERS).empty
    assert server.calls["POST /batches"] == 1
    finish_and_check(server, build(), store)


COLLECTING = [
    (kill_before, Remote, "download", 1),
    (kill_before, BatchLedger, "keep", 1),
    (kill_before, BatchLedger, "keep", 2),
    (kill_before, BatchLedger, "keep", 4),
    (kill_before, Remote, "delete_file", 1),
    (kill_before, BatchLedger, "close", 1),
]


@pytest.mark.parametrize(("kill", "owner", "name", "nth"), COLLECTING)
def test_killed_while_collecting(server, store, build, monkeypatch, kill, owner, name, nth):
    monkeypatch.setattr(_collecting, "_GROUP", 3)
    build().submit_batch(OFFERS)
    server.finish("batch_000000", shuffle=0, twice=server.custom_ids("batch_000000"))
    with monkeypatch.context() as patch:
        kill(patch, owner, name, nth)
        with pytest.raises(KilledError):
            build().collect_batch()
    spent_usd, in_flight_usd = store.read_spending().spent_usd, store.read_spending().in_flight_usd
    assert (spent_usd > 0) + (in_flight_usd > 0) >= 1
    finish_and_check(server, build(), store)


def test_many_submit_and_collect_at_once(server, store):
    """Eight threads, each with a store of its own on the same file."""
    barrier = threading.Barrier(8)

    def work(number):
        with AnnotationStore(store.path) as own:
            teacher = build_teacher(server.url, own)
            offers = OFFERS[number % 4 :] + OFFERS[: number % 4]
            barrier.wait()
            teacher.submit_batch(offers)
            barrier.wait()
            if number == 0:
                for remote_id in list(server.batches):
                    server.finish(remote_id)
            barrier.wait()
            teacher.collect_batch()

    with ThreadPoolExecutor(8) as executor:
        list(executor.map(work, range(8)))
    finish_and_check(server, build_teacher(server.url, store), store)


PROCESS = """
import os, signal, sys
sys.path.insert(0, {tests!r})
from chat_server import build_teacher
from jocas_themes.teacher.batch._remote import Remote

create = Remote.create
def killed(*args, **params):
    create(*args, **params)
    os.kill(os.getpid(), signal.SIGKILL)
Remote.create = killed
build_teacher({url!r}, {store!r}).submit_batch({offers!r})
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_kill_9(tmp_path):
    """Two processes at once are killed as soon as the server has what they handed over."""
    with BatchServer() as server, AnnotationStore(tmp_path / "annotations.sqlite") as store:
        program = PROCESS.format(
            tests=str(Path(__file__).parents[2]), url=server.url, store=str(store.path),
            offers=OFFERS,
        )  # fmt: skip

        command = [sys.executable, "-c", program]
        processes = [subprocess.Popen(command) for _ in range(2)]
        codes = [process.wait() for process in processes]
        # Whoever is second finds nothing left, or finds what the first one had handed over.
        assert sorted(codes) in ([-signal.SIGKILL, 0], [-signal.SIGKILL] * 2)
        assert len(server.batches) == 1
        finish_and_check(server, build_teacher(server.url, store), store)
