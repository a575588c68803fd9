"""Through a fifth of faults, through kills, and beside each other: nothing lost, nothing twice."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from openai import OpenAI

from chat_server import ChatServer, Reply, answer_by_word, build_teacher, failure
from fault_replies import answer_by_word as answer_all
from fault_replies import build_completion
from fault_server import FAULTS, FaultServer, fetch_journal, scale_faults, serve_apart
from jocas_themes import HR_THEMES, LLMTeacher, as_offers
from jocas_themes.annotations import AnnotationStore
from teacher import lives

_CODES = list(HR_THEMES.codes)
_ENVIRONMENT = os.environ | {
    "PYTHONPATH": str(Path(__file__).parents[2]),
    "TEST_KEY": "sk-of-a-process",
}


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("TEST_KEY", "sk-test")


@pytest.fixture
def store(tmp_path):
    with AnnotationStore(tmp_path / "annotations.sqlite") as store:
        yield store


def _find_twice(server):
    """Find the good replies that came twice to one offer and attempt."""
    counts = Counter((entry.offer, entry.n_messages) for entry in server.journal if entry.delivered)
    return {question: n for question, n in counts.items() if n > 1}


def _compute_charged(journal):
    """Compute what the server charges for what it sent whole."""
    price = lives.PRICE
    return (
        sum(
            (entry.prompt_tokens - entry.cached_tokens) * price["input"]
            + entry.cached_tokens * price["cached_input"]
            + entry.completion_tokens * price["output"]
            for entry in journal
            if entry.paid
        )
        / 1e6
    )


def test_a_fifth_of_faults_loses_nothing_and_pays_for_nothing_twice(store):
    offers = lives.make_offers(300)
    with FaultServer(faults=scale_faults(0.2), seed=4) as server:
        table = lives.annotate(server.url, store, offers, concurrency=16)
    assert table["status"].tolist() == ["ok"] * 300
    labels = [[i >> bit & 1 for bit in range(6)] for i in range(300)]
    words = ["DIVERSITY", "COMPENSATION_BENEFITS", "CAREER_OPPORTUNITIES", "COMPANY_CULTURE"]
    words += ["LEADERSHIP_MANAGEMENT", "WORK_LIFE_BALANCE"]
    np.testing.assert_array_equal(table[words], labels)
    assert {entry.offer for entry in server.journal if entry.delivered} == set(offers)
    assert _find_twice(server) == {}
    n_faults = sum(bool(entry.fault) for entry in server.journal)
    assert n_faults > 40
    spending = store.read_spending()
    assert _compute_charged(server.journal) <= spending.total_usd
    assert spending.in_flight_usd == 0


@pytest.mark.parametrize("stubborn", [("refusal", "content_filter", "length"), ("invalid_json",)])
def test_faults_that_no_correction_mends_have_a_status_and_are_asked_no_more(store, stubborn):
    offers = lives.make_offers(64)
    faults = dict.fromkeys(stubborn, 0.3 / len(stubborn))
    expected = {"refusal": "refused", "content_filter": "refused", "length": "truncated"}
    with FaultServer(faults=faults, seed=1, stubborn=stubborn, max_in_a_row=99) as server:
        for _ in range(2):
            with pytest.warns(UserWarning, match="replies are at fault"):
                table = lives.annotate(server.url, store, offers)
            n_asked = len(server.journal)
    # One question and one correction for each of them, in the first run alone.
    first_faults = {entry.offer: entry.fault for entry in server.journal if entry.n_messages == 2}
    for text, status in zip(table["text"], table["status"], strict=True):
        fault = first_faults[text]
        assert status == (expected.get(fault, "invalid") if fault else "ok")
    n_faulty = sum(map(bool, first_faults.values()))
    assert n_faulty > 8
    assert n_asked == len(server.journal) == 64 + n_faulty
    faulty = table["status"] != "ok"
    assert table.loc[faulty, _CODES].isna().all(axis=None)


def test_storms_reduce_what_is_under_way_at_once(store):
    n_under_way = []
    began = time.monotonic()

    def respond(request):
        n_under_way.append((time.monotonic() - began, server.n_under_way))
        if server.n_under_way > 4:  # a server that has room for four
            return failure(429, "Too many at once", **{"retry-after-ms": "20"})
        time.sleep(0.02)
        return answer_by_word(request)

    texts = [f"offre {number} prime" for number in range(150)]
    with ChatServer(respond) as server:
        table = build_teacher(server.url, store, concurrency=32, max_retries=12).annotate(texts)
        assert table["status"].eq("ok").all()
        n_refused = server.n_requests - 150
    second_half = [n for _, n in n_under_way[len(n_under_way) // 2 :]]
    assert np.mean(second_half) < 7  # of 32
    assert n_refused < 150


@pytest.mark.real_data
def test_all_real_offers_through_a_fifth_of_faults(shared_data, store, record_property):
    labels = pd.read_parquet(shared_data / "offers_labelled.parquet")
    offers = as_offers(labels[[c for c in labels if not c.startswith(tuple(_CODES))]])
    as_sent = LLMTeacher("m")  # redacts, and cuts
    answers = {
        as_sent.build_key(text).text: {
            code: {
                "evidence": row[f"{code}_evidence"] if row[code] else None,
                "present": bool(row[code]),
                "confidence": int(row[f"{code}_confidence"]),
            }
            for code in _CODES
        }
        for text, row in zip(offers["text"], labels.to_dict("records"), strict=True)
    }
    with FaultServer(answers.__getitem__, faults=scale_faults(0.2), storm_s=0.2) as server:
        start = time.monotonic()
        table = lives.annotate(server.url, store, offers, concurrency=32)
        record_property("seconds", time.monotonic() - start)
    faults = Counter(entry.fault for entry in server.journal)
    assert FAULTS.keys() <= faults.keys()
    assert len(table) == 2077
    assert (table["status"] == "ok").all()
    np.testing.assert_array_equal(table[_CODES], labels[_CODES])
    assert {entry.offer for entry in server.journal if entry.delivered} == set(answers)
    assert _find_twice(server) == {}
    assert _compute_charged(server.journal) <= store.read_spending().total_usd


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_killed_twenty_times(tmp_path):
    n_offers, n_lives, path = 300, 20, tmp_path / "annotations.sqlite"
    offers = lives.make_offers(n_offers)
    with serve_apart("--faults", "0.2", "--latency", "0.15", "--seed", "2") as url:
        command = [sys.executable, lives.__file__, url, str(path), str(n_offers), str(n_lives)]
        done = subprocess.run(
            command, env=_ENVIRONMENT, capture_output=True, text=True, timeout=100, check=True
        )
        ends = [json.loads(line) for line in done.stdout.splitlines()]
        with AnnotationStore(path) as store:
            assert 0 < len(store) < n_offers + 20
            lost_usd = store.read_spending().lost_usd
            table = lives.annotate(url, store, offers, concurrency=16)
            spending = store.read_spending()
        journal = fetch_journal(url)
    assert [end["killed"] for end in ends] == [True] * n_lives
    assert (table["status"] == "ok").all()
    np.testing.assert_array_equal(
        table[_CODES], [[i >> bit & 1 for bit in _find_bits()] for i in range(n_offers)]
    )

    texts = {_build_key(text).digest: text for text in offers}
    for end, after in itertools.pairwise([*ends, {"replies": lives.read_replies(path)}]):
        # Nothing that was on disk ever goes.
        assert after["replies"][: len(end["replies"])] == end["replies"]
        # And none of it is asked again: attempt n is made of 2 + 2 n messages, or fewer.
        answered = Counter(texts[key] for key, _, _ in end["replies"])
        settled = {texts[key] for key, _, status in end["replies"] if status == "ok"}
        for entry in journal[end["n_journal"] :]:
            assert entry.offer not in settled
            assert not (answered[entry.offer] and entry.n_messages == 2)
    # What was sent to a process that had died is lost, and counted.
    assert lost_usd > 0
    assert _compute_charged(journal) <= spending.total_usd
    assert spending.in_flight_usd == 0


def _find_bits():
    order = ["DIVERSITY", "COMPENSATION_BENEFITS", "CAREER_OPPORTUNITIES", "COMPANY_CULTURE"]
    order += ["LEADERSHIP_MANAGEMENT", "WORK_LIFE_BALANCE"]
    return [order.index(code) for code in _CODES]


def _build_key(text):
    return build_teacher(
        None, "unused", taxonomy=HR_THEMES, request_params=lives.LIMITED
    ).build_key(text)


class TestBesideEachOther:
    def test_overlapping_offers_are_asked_once(self, store):
        offers = lives.make_offers(120)
        starts = (0, 30, 60)

        with FaultServer(latency_s=0.02) as server, ThreadPoolExecutor(3) as executor:
            tables = list(
                executor.map(
                    lambda start: lives.annotate(server.url, store.path, offers[start:]), starts
                )
            )
        assert [entry.offer for entry in server.journal if not entry.delivered] == []
        assert sorted(entry.offer for entry in server.journal) == sorted(offers)
        for start, table in zip(starts, tables, strict=True):
            assert table["status"].eq("ok").all()
            pd.testing.assert_frame_equal(table, tables[0].iloc[start:].reset_index(drop=True))

    @pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no POSIX signals")
    def test_what_a_killed_process_had_claimed_is_taken_over(self, tmp_path):
        offers = lives.make_offers(8)
        path = tmp_path / "annotations.sqlite"
        run = (
            "import sys; from teacher import lives; from pathlib import Path; "
            "lives.annotate(sys.argv[1], Path(sys.argv[2]), lives.make_offers(8))"
        )
        asked = threading.Barrier(9, timeout=30)
        counter = itertools.count()

        def respond(request):
            if next(counter) < 8:  # of the other process, which never hears of them
                asked.wait()
                time.sleep(3)
            return Reply(build_completion(request, answer_all(request), number=1))

        with ChatServer(respond) as server, AnnotationStore(path) as store:
            command = [sys.executable, "-c", run, server.url, str(path)]
            with subprocess.Popen(command, env=_ENVIRONMENT) as process:
                asked.wait()
                in_flight_usd = store.read_spending().in_flight_usd
                with ThreadPoolExecutor(1) as executor:
                    running = executor.submit(
                        lives.annotate, server.url, store, offers, timeout_s=5
                    )
                    time.sleep(0.7)
                    assert server.n_requests == 8  # they are the other's
                    assert not running.done()
                    process.kill()
                    table = running.result(timeout=10)
            spending = store.read_spending()
        assert server.n_requests == 16
        assert len(table) == 8
        assert in_flight_usd > 0
        assert spending.lost_usd == pytest.approx(in_flight_usd)
        assert spending.in_flight_usd == 0


def _interrupt():
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no POSIX signals")
class TestInterrupted:
    @pytest.mark.parametrize("kind", ["own", "synchronous"])
    @pytest.mark.parametrize(
        "reply",
        [
            failure(429, "Slow down", **{"retry-after-ms": "20000"}),
            failure(503, "Overloaded", **{"retry-after-ms": "20000"}),
        ],
        ids=["storm", "overload"],
    )
    def test_in_a_pause_returns_at_once(self, store, reply, kind):
        def respond(request):
            threading.Timer(0.3, _interrupt).start()
            return reply

        with ChatServer(respond) as server, OpenAI(api_key="k", base_url=server.url) as client:
            teacher = build_teacher(
                server.url,
                store,
                max_retries=8,
                concurrency=1,
                client=client if kind == "synchronous" else None,
            )
            start = time.monotonic()
            with pytest.raises(KeyboardInterrupt):
                teacher.annotate(["une prime", "rien"])
            assert time.monotonic() - start < 3
        assert server.n_requests == 1
        assert store.read_spending().total_usd == 0

    def test_twice_leaves_room_for_the_next_run(self, store):
        # Threads that still wait for the server hold up nobody.
        release = threading.Event()

        def respond(request):
            if not release.is_set():
                _interrupt()
                time.sleep(0.2)
                _interrupt()
                release.wait(4)
            return answer_by_word(request)

        with ChatServer(respond) as server, OpenAI(api_key="k", base_url=server.url) as client:
            teacher = build_teacher(
                None, store, client=client, concurrency=1, price=lives.PRICE, timeout_s=30
            )
            with pytest.raises(KeyboardInterrupt):
                teacher.annotate(["une prime"])
            assert store.read_spending().lost_usd > 0  # it may have been charged
            server.respond = answer_by_word
            start = time.monotonic()
            assert teacher.annotate(["une prime"])["status"].tolist() == ["ok"]
            assert time.monotonic() - start < 3
            release.set()

    def test_keeps_all_that_had_arrived_and_what_is_under_way(self, store):
        offers = lives.make_offers(60)
        counter = itertools.count(1)

        def respond(request):
            if next(counter) == 20:
                _interrupt()
            time.sleep(0.01)
            return Reply(build_completion(request, answer_all(request), number=1))

        with ChatServer(respond) as server:
            with pytest.raises(KeyboardInterrupt):
                lives.annotate(server.url, store, offers)
            n_requests = server.n_requests
            assert len(store) == n_requests < 60
            assert store.read_spending().lost_usd == 0
            assert lives.annotate(server.url, store, offers)["status"].eq("ok").all()
            assert server.n_requests == 60
