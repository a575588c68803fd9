"""Whatever fails, and whenever: what arrived is kept, and only the rest is asked again."""

import itertools
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

import pandas as pd
import pytest
from openai import OpenAI

from chat_server import (
    ChatServer,
    Reply,
    answer_by_word,
    build_teacher,
    completion,
    failure,
    read_offer,
)
from jocas_themes.annotations import AnnotationStore
from jocas_themes.errors import (
    JocasThemesWarning,
    StoreError,
    TeacherAuthError,
    TeacherError,
    TeacherUnavailableError,
)

_KEY = "sk-test-0123456789abcdef"


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("TEST_KEY", _KEY)


@pytest.fixture
def store(tmp_path):
    with AnnotationStore(tmp_path / "annotations.sqlite") as store:
        yield store


def _make_texts(n):
    return [f"offre {i} prime" for i in range(n)]


def _answer_first(n, then):
    """Answer the first n requests, then reply otherwise."""
    counter = itertools.count()

    def respond(request):
        return answer_by_word(request) if next(counter) < n else then

    return respond


class TestStops:
    """Where asking on is of no use, the run stops, and keeps what had arrived."""

    @pytest.mark.parametrize(
        ("reply", "error", "message"),
        [
            (failure(401, "Bad key"), TeacherAuthError, r"refused the key \(of TEST_KEY\)"),
            (failure(403, "Not yours"), TeacherAuthError, r"refused the key.*403: Not yours"),
            (
                failure(429, "You exceeded your quota", code="insufficient_quota"),
                TeacherAuthError,
                r"cannot pay \(insufficient_quota\)",
            ),
            (failure(404, "No such model"), TeacherUnavailableError, "does not know the model 'm'"),
        ],
    )
    def test_on_what_no_patience_mends(self, store, reply, error, message):
        with ChatServer(_answer_first(3, reply)) as server:
            teacher = build_teacher(server.url, store, concurrency=1)
            with pytest.raises(error, match=message):
                teacher.annotate(_make_texts(30))
            assert (server.n_requests, len(store)) == (4, 3)
            server.respond = answer_by_word
            assert teacher.annotate(_make_texts(30))["status"].eq("ok").all()
            assert server.n_requests == 4 + 27

    def test_and_keeps_what_the_other_workers_still_receive(self, store):
        second_is_here = threading.Event()

        def respond(request):
            if read_offer(request) == "offre 0 prime":
                second_is_here.wait(5)
                return failure(401, "Bad key")
            second_is_here.set()
            time.sleep(0.2)
            return answer_by_word(request)

        with ChatServer(respond) as server:
            teacher = build_teacher(server.url, store, concurrency=2)
            with pytest.raises(TeacherAuthError, match="Bad key"):
                teacher.annotate(_make_texts(9))
        # The first is refused while the second is under way, which is paid for.
        assert (server.n_requests, len(store)) == (2, 1)

    def test_without_ever_telling_the_key(self, store, caplog, capfd):
        caplog.set_level(logging.DEBUG, logger="jocas_themes")
        reply = failure(401, f"Incorrect API key provided: {_KEY}.")
        with ChatServer(_answer_first(1, reply)) as server:
            teacher = build_teacher(server.url, store, concurrency=1)
            with pytest.raises(TeacherAuthError, match=r"provided: \*\*\*\.") as caught:
                teacher.annotate(_make_texts(3))
        told = [*traceback.format_exception(caught.value), repr(caught.value), caplog.text]
        told += [repr(teacher), *capfd.readouterr()]
        assert _KEY not in "".join(told)
        assert _KEY.encode() not in pickle.dumps(teacher)
        for file in store.path.parent.iterdir():
            assert _KEY.encode() not in file.read_bytes()

    def test_on_a_key_of_a_client_that_no_header_can_carry(self, store):
        with OpenAI(api_key="clé-secrète", base_url="http://127.0.0.1:9/v1") as client:
            teacher = build_teacher(None, store, client=client)
            with pytest.raises(TeacherError, match="can't encode") as caught:
                teacher.annotate(_make_texts(2))
        assert "secrète" not in "".join(traceback.format_exception(caught.value))

    def test_when_twenty_requests_fail_in_a_row(self, store):
        with ChatServer(_answer_first(3, failure(500, "Down"))) as server:
            teacher = build_teacher(server.url, store, concurrency=1)
            with pytest.raises(TeacherUnavailableError, match=r"20 requests to .* failed in a row"):
                teacher.annotate(_make_texts(60))
            assert (server.n_requests, len(store)) == (3 + 20, 3)

    def test_when_every_request_is_refused(self, store):
        with ChatServer(lambda request: failure(400, "No such parameter")) as server:
            teacher = build_teacher(server.url, store, concurrency=1)
            with pytest.raises(TeacherUnavailableError, match=r"in a row.*No such parameter"):
                teacher.annotate(_make_texts(60))
            assert server.n_requests == 20
            with pytest.raises(TeacherUnavailableError, match="none of the 3 requests"):
                teacher.annotate(_make_texts(3))

    def test_when_nobody_listens(self, store):
        with ChatServer(answer_by_word) as server:
            pass
        with pytest.raises(TeacherUnavailableError, match=r"none of the 2 requests.*Connection"):
            build_teacher(server.url, store).annotate(_make_texts(2))

    def test_when_the_server_takes_too_long(self, store):
        def respond(request):
            time.sleep(0.5)
            return answer_by_word(request)

        with ChatServer(respond) as server:
            teacher = build_teacher(server.url, store, timeout_s=0.1)
            with pytest.raises(TeacherUnavailableError, match="timed out"):
                teacher.annotate(_make_texts(2))

    def test_when_the_store_fails(self, store, monkeypatch):
        def fail(*args, **kwargs):
            raise StoreError("the disk is full.")

        with ChatServer(answer_by_word) as server:
            teacher = build_teacher(server.url, store, concurrency=1)
            with monkeypatch.context() as patch:
                patch.setattr("jocas_themes.annotations.store._asker.insert_reply", fail)
                with pytest.raises(TeacherError, match="StoreError: the disk is full") as caught:
                    teacher.annotate(_make_texts(50))
            assert isinstance(caught.value.__cause__, StoreError)
            assert server.n_requests <= 3  # a reply is being kept while the next is asked for


class TestGoesOn:
    """What fails for a while or for one offer is no reason to lose the others."""

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_after_a_passing_fault(self, store, status):
        counter = itertools.count()

        def respond(request):
            if next(counter) < 2:
                return failure(status, "One moment")
            return answer_by_word(request)

        with ChatServer(respond) as server:
            table = build_teacher(server.url, store, max_retries=2).annotate(_make_texts(1))
        assert table["status"].tolist() == ["ok"]
        assert server.n_requests == 3

    def test_after_a_connection_that_broke_in_the_middle_of_a_reply(self, store):
        counter = itertools.count()

        def respond(request):
            reply = answer_by_word(request)
            return Reply(reply.body, cut=True) if next(counter) == 0 else reply

        with ChatServer(respond) as server:
            table = build_teacher(server.url, store, max_retries=1).annotate(_make_texts(1))
        assert table["status"].tolist() == ["ok"]
        assert (server.n_requests, len(store)) == (2, 1)

    def test_when_the_server_goes_away(self, store):
        texts = _make_texts(12)
        cut = Reply(completion("x"), cut=True)
        with ChatServer(_answer_first(5, cut)) as server:
            teacher = build_teacher(server.url, store, concurrency=1)
            with pytest.warns(JocasThemesWarning, match="7 offers got no answer"):
                table = teacher.annotate(texts)
        assert table["status"].tolist() == ["ok"] * 5 + ["failed"] * 7
        assert table["COMPENSATION_BENEFITS"].tolist()[:5] == [1.0] * 5
        assert table["COMPENSATION_BENEFITS"].isna().tolist() == [False] * 5 + [True] * 7
        with ChatServer(answer_by_word) as server:
            table = teacher.set_params(base_url=server.url).annotate(texts)
        assert table["status"].eq("ok").all()
        assert sorted(server.offers) == sorted(texts[5:])

    def test_when_every_second_request_fails(self, store):
        counter = itertools.count()

        def respond(request):
            return failure(500, "Down") if next(counter) % 2 else answer_by_word(request)

        with ChatServer(respond) as server:
            teacher = build_teacher(server.url, store, concurrency=1)
            with pytest.warns(JocasThemesWarning, match="25 offers got no answer"):
                table = teacher.annotate(_make_texts(50))
        # More than twenty, but never twenty in a row.
        assert table["status"].tolist() == ["ok", "failed"] * 25

    def test_when_one_offer_is_refused(self, store):
        texts = _make_texts(9)

        def respond(request):
            if read_offer(request) == texts[4]:
                return failure(400, "Too long")
            return answer_by_word(request)

        with ChatServer(respond) as server:
            teacher = build_teacher(server.url, store)
            for n_requests in (9, 10):  # asked again, alone
                with pytest.warns(
                    JocasThemesWarning, match=r"1 offers .*400: Too long\. Run"
                ) as caught:
                    table = teacher.annotate(texts)
                assert caught[0].filename == __file__
                assert table.loc[table["status"] == "failed", "text"].tolist() == [texts[4]]
                assert server.n_requests == n_requests
            server.respond = answer_by_word
            assert teacher.annotate(texts)["status"].eq("ok").all()
            assert server.n_requests == 11

    @pytest.mark.parametrize("status", [400, 413, 422])
    def test_when_many_offers_are_refused_again_and_again(self, store, status):
        texts = _make_texts(40)
        refused = set(texts[:25])

        def respond(request):
            if read_offer(request) in refused:
                return failure(status, "Not this one")
            return answer_by_word(request)

        with ChatServer(respond) as server:
            teacher = build_teacher(server.url, store, concurrency=1)
            with pytest.warns(JocasThemesWarning, match="25 offers got no answer"):
                teacher.annotate(texts[::-1])
            # 25 in a row now: their neighbours' answers say that the server is up.
            with pytest.warns(JocasThemesWarning, match="25 offers got no answer"):
                table = teacher.annotate(texts)
        assert table["status"].tolist() == ["failed"] * 25 + ["ok"] * 15

    @pytest.mark.parametrize(
        "body",
        ["<html>Sign in</html>", "", {"error": {"message": "Overloaded"}}, "[" * 100_000, "null"],
        ids=["html", "nothing", "no choices", "deep", "null"],
    )
    def test_when_what_comes_is_no_completion(self, store, body):
        with ChatServer(_answer_first(1, Reply(body))) as server:
            teacher = build_teacher(server.url, store, concurrency=1)
            with pytest.warns(JocasThemesWarning, match="not a chat completion"):
                table = teacher.annotate(_make_texts(2))
            assert table["status"].tolist() == ["ok", "failed"]
            assert len(store) == 1
            server.respond = answer_by_word
            assert teacher.annotate(_make_texts(2))["status"].eq("ok").all()
            assert server.n_requests == 3

    @pytest.mark.filterwarnings("ignore:.* replies are at fault")
    def test_whatever_the_server_counted(self, store):
        body = completion("{}") | {"usage": {"prompt_tokens": 10**30, "completion_tokens": -1}}
        with ChatServer(lambda request: Reply(body)) as server:
            table = build_teacher(server.url, store).annotate(["x"])
        assert table["status"].tolist() == ["invalid"]
        assert pd.isna(store.to_frame()["prompt_tokens"][0])

    @pytest.mark.filterwarnings("ignore:.* replies are at fault")
    def test_with_bytes_that_are_no_text(self, store):
        # NUL, an escaped lone surrogate; sent as they are, kept as they came.
        body = completion('\x00{"\ud800": 1}')
        with ChatServer(lambda request: Reply(body)) as server:
            tables = [build_teacher(server.url, store).annotate(["x"]) for _ in range(2)]
        assert server.n_requests == 1
        assert [table["status"].tolist() for table in tables] == [["invalid"]] * 2


class TestConcurrency:
    @pytest.mark.parametrize("kind", ["own", "synchronous"])
    @pytest.mark.parametrize("concurrency", [1, 5])
    def test_reaches_the_number_and_never_exceeds_it(self, store, kind, concurrency):
        together = threading.Barrier(concurrency)

        def respond(request):
            together.wait(5)  # breaks, and fails the test, unless so many are under way
            return answer_by_word(request)

        with ChatServer(respond) as server, OpenAI(api_key="k", base_url=server.url) as client:
            teacher = build_teacher(
                server.url,
                store,
                concurrency=concurrency,
                client=client if kind == "synchronous" else None,
            )
            table = teacher.annotate(_make_texts(4 * concurrency))
        assert table["status"].eq("ok").all()
        assert server.max_under_way == concurrency

    def test_of_threads_that_share_a_store(self, store):
        tables = {}

        def call(i):
            texts = [f"fil {i} offre {j} prime" for j in range(5)]
            tables[i] = build_teacher(server.url, store).annotate(texts)

        with ChatServer(answer_by_word) as server:
            threads = [threading.Thread(target=call, args=(i,)) for i in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert [tables[i]["status"].eq("ok").all() for i in range(4)] == [True] * 4
        assert (server.n_requests, len(store)) == (20, 20)


def _interrupt():
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no POSIX signals")
class TestInterrupted:
    @pytest.mark.parametrize("kind", ["own", "synchronous"])
    def test_keeps_the_replies_that_are_under_way(self, store, kind):
        texts = _make_texts(10)
        counter = itertools.count(1)

        def respond(request):
            if next(counter) == 4:
                _interrupt()
            time.sleep(0.1)
            return answer_by_word(request)

        with ChatServer(respond) as server, OpenAI(api_key="k", base_url=server.url) as client:
            teacher = build_teacher(
                server.url, store, concurrency=2, client=client if kind == "synchronous" else None
            )
            with pytest.raises(KeyboardInterrupt):
                teacher.annotate(texts)
            # The fourth brought the signal; no more than its neighbour can have followed it.
            assert 4 <= server.n_requests <= 5
            assert len(store) == server.n_requests
            assert teacher.annotate(texts)["status"].eq("ok").all()
            assert sorted(server.offers) == texts

    def test_twice_drops_them(self, store):
        texts = _make_texts(3)
        release = threading.Event()

        def respond(request):
            _interrupt()
            time.sleep(0.2)
            _interrupt()
            release.wait(5)
            return answer_by_word(request)

        with ChatServer(respond) as server:
            teacher = build_teacher(server.url, store, concurrency=1)
            with pytest.raises(KeyboardInterrupt):
                teacher.annotate(texts)
            assert not release.is_set()
            assert (server.n_requests, len(store)) == (1, 0)
            release.set()
            server.respond = answer_by_word
            assert teacher.annotate(texts)["status"].eq("ok").all()
            assert server.n_requests == 4


_RUN = """
import sys
from chat_server import build_teacher
url, store, n = sys.argv[1:]
build_teacher(url, store, concurrency=3).annotate([f"offre {i} prime" for i in range(int(n))])
"""


def test_killed_outright_pays_again_for_what_was_under_way_alone(store, tmp_path):
    texts = _make_texts(30)
    processes = []
    counter = itertools.count(1)

    def respond(request):
        if next(counter) == 14:
            processes[0].kill()
        time.sleep(0.01)
        return answer_by_word(request)

    with ChatServer(respond) as server:
        arguments = [server.url, str(store.path), str(len(texts))]
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
        processes.append(
            subprocess.Popen([sys.executable, "-c", _RUN, *arguments], env=environment)
        )
        assert processes[0].wait(60) == -signal.SIGKILL
        n_before = server.n_requests
        assert 14 <= n_before < 30
        server.respond = answer_by_word
        assert build_teacher(server.url, store).annotate(texts)["status"].eq("ok").all()
    assert set(server.offers) == set(texts)
    # Asked twice: no more than the three that can be under way at once.
    assert len(server.offers) - len(texts) <= 3


_QUIET = """
import sys
from chat_server import ChatServer, answer_by_word, build_teacher
with ChatServer(answer_by_word) as server:
    for _ in range(2):
        build_teacher(server.url, sys.argv[1], concurrency=2).annotate(["a", "b", "c"])
"""


def test_nothing_is_left_open_when_the_program_ends(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _QUIET, str(tmp_path / "a.sqlite")],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_reply_that_cannot_be_read_is_kept_all_the_same(store, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("a fault of the reader")

    with ChatServer(answer_by_word) as server:
        teacher = build_teacher(server.url, store)
        with monkeypatch.context() as patch:
            patch.setattr("jocas_themes.teacher._llm.parse_reply", fail)
            with pytest.raises(TeacherError, match="a fault of the reader"):
                teacher.annotate(["une prime"])
        assert len(store) == 1
        assert (teacher.annotate(["une prime"])["status"] == "ok").all()
        assert server.n_requests == 1


def test_replies_at_fault_are_counted_in_a_warning(store):
    with ChatServer(lambda request: Reply(completion("no JSON"))) as server:
        teacher = build_teacher(server.url, store)
        with pytest.warns(JocasThemesWarning, match=r"2 of 2 replies are at fault \(2 invalid\)"):
            teacher.annotate(["une prime", "rien"])


def test_it_stops_paying_when_no_reply_can_be_used(store):
    with ChatServer(lambda request: Reply(completion("no JSON"))) as server:
        teacher = build_teacher(server.url, store, concurrency=1)
        with pytest.raises(TeacherError, match=r"the first 20 replies are all unusable.*not JSON"):
            teacher.annotate(_make_texts(50))
        assert server.n_requests == len(store) == 20


def test_it_does_not_pay_on_when_it_is_run_again(store):
    with ChatServer(lambda request: Reply(completion("no JSON"))) as server:
        teacher = build_teacher(server.url, store, concurrency=1)
        for n_requests in (20, 21):
            with pytest.raises(TeacherError, match="replies are all unusable"):
                teacher.annotate(_make_texts(50))
            assert server.n_requests == n_requests


def test_the_bar_shows_money_and_what_goes_wrong(store, capsys):
    def respond(request):
        return answer_by_word(request) if "1" in read_offer(request) else Reply(completion("{}"))

    with ChatServer(respond) as server:
        teacher = build_teacher(
            server.url, store, progress=True, price={"input": 1000, "output": 1000}
        )
        with pytest.warns(JocasThemesWarning, match="at fault"):
            teacher.annotate(["offre 1", "offre 2", "offre 3", "offre 11"])
    shown = capsys.readouterr().err.splitlines()[-1].rpartition("\r")[2]
    # Each reply costs 120 tokens at $0.001.
    assert "4/4" in shown
    assert ", $0.48 of $0.48, 2 answered, 2 to review, 0 failed" in shown
    assert len(shown) <= 80
