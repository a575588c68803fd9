"""One request until it is answered: what the model refuses is left out, what repeats is refused."""

import itertools
import time
from contextlib import contextmanager

import pytest
from openai import AsyncOpenAI, OpenAI

from chat_server import ChatServer, Reply, answer_by_word, build_teacher, failure, read_offer
from fault_server import FaultServer
from jocas_themes.annotations import AnnotationStore
from jocas_themes.errors import JocasThemesWarning, TeacherUnavailableError
from jocas_themes.teacher.asking import _loop

_TEXTS = [f"offre {number} prime" for number in range(6)]


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("TEST_KEY", "sk-test")


@pytest.fixture
def store(tmp_path):
    with AnnotationStore(tmp_path / "annotations.sqlite") as store:
        yield store


@contextmanager
def open_client(kind, url):
    """Open a client of one's own, or none."""
    if kind == "asynchronous":
        client = AsyncOpenAI(api_key="k", base_url=url, timeout=60, max_retries=5)
        yield client
        _loop.submit(client.close()).result(timeout=5)
    elif kind == "synchronous":
        with OpenAI(api_key="k", base_url=url, timeout=60, max_retries=5) as client:
            yield client
    else:
        yield None


def refuse(*names, status=400, always=False):
    """Refuse some parameters as OpenAI does; with `always` also where they are not sent."""

    def respond(request):
        for name in names:
            if always or name in request:
                error = {
                    "message": f"Unsupported parameter: '{name}' is not supported with this model.",
                    "type": "invalid_request_error",
                    "param": name,
                    "code": "unsupported_parameter",
                }
                return Reply({"error": error}, status)
        return answer_by_word(request)

    return respond


class TestParameters:
    """What the model refuses is left out, told once, and noted; the key stays what it is."""

    @pytest.mark.parametrize("concurrency", [1, 6])
    @pytest.mark.parametrize(
        ("params", "refused", "told"),
        [
            ({"temperature": 0.2}, ["temperature"], "temperature"),
            ({"logprobs": True, "top_logprobs": 2}, ["logprobs"], "logprobs"),
            ({"temperature": 1, "seed": 1, "top_p": 0.5}, ["seed", "top_p"], "seed top_p"),
        ],
    )
    def test_are_left_out(self, store, params, refused, told, concurrency):
        with ChatServer(refuse(*refused)) as server:
            teacher = build_teacher(
                server.url, store, request_params=params, concurrency=concurrency
            )
            with pytest.warns(JocasThemesWarning, match="went without|left out") as caught:
                assert (teacher.annotate(_TEXTS)["status"] == "ok").all()
            assert len(caught) == 1
            assert all(name in str(caught[0].message) for name in refused)
            assert caught[0].filename == __file__
            # Each of those under way was refused each parameter once, at most.
            assert server.n_requests <= 6 + concurrency * len(refused)
            good = server.requests[-1]
            assert not set(refused) & set(good)
            assert {"temperature", "top_p"} & set(params) - set(refused) <= set(good)
        frame = store.to_frame()
        assert set(frame["left_out"]) == {told}
        # Whoever asks with the same parameters finds it; nobody is told again, or asked again.
        assert (teacher.annotate(_TEXTS)["status"] == "ok").all()
        assert set(frame["key"]) == {teacher.build_key(text).digest for text in _TEXTS}

    @pytest.mark.parametrize(
        ("stated", "refused", "taken"),
        [
            ("max_tokens", "max_tokens", "max_completion_tokens"),
            ("max_completion_tokens", "max_completion_tokens", "max_tokens"),
        ],
    )
    def test_that_have_another_name_are_sent_under_it(self, store, stated, refused, taken):
        with ChatServer(refuse(refused)) as server:
            params = {"request_params": {stated: 300}, "concurrency": 1}
            with pytest.warns(JocasThemesWarning, match=refused):
                build_teacher(server.url, store, **params).annotate(_TEXTS)
        assert [request.get(taken) for request in server.requests] == [None] + 6 * [300]
        assert [request.get(refused) for request in server.requests] == [300] + 6 * [None]

    @pytest.mark.parametrize(
        "params", [{"max_tokens": 300}, {"max_tokens": 300, "max_completion_tokens": 300}]
    )
    def test_that_hold_the_cost_are_never_left_out(self, store, params):
        # A server that takes no limit at all would answer at any length.
        with ChatServer(refuse("max_tokens", "max_completion_tokens")) as server:
            teacher = build_teacher(server.url, store, request_params=params)
            with pytest.raises(TeacherUnavailableError, match="is not supported"):
                teacher.annotate(_TEXTS[:1])
        assert all({"max_tokens", "max_completion_tokens"} & set(r) for r in server.requests)
        assert len(store) == 0

    @pytest.mark.parametrize("status", [400, 403, 422])
    def test_that_are_refused_again_and_again_end_the_matter(self, store, status):
        with ChatServer(refuse("temperature", status=status, always=True)) as server:
            teacher = build_teacher(server.url, store, request_params={"temperature": 1})
            with pytest.raises(Exception, match="'temperature' is not supported"):
                teacher.annotate(_TEXTS[:1])
            assert server.n_requests == 2

    def test_that_no_request_can_do_without_are_not_left_out(self, store):
        with ChatServer(refuse("response_format")) as server:
            with pytest.raises(TeacherUnavailableError, match="'response_format' is not supported"):
                build_teacher(server.url, store).annotate(_TEXTS[:1])
            assert server.n_requests == 1

    def test_are_left_out_of_corrections_too(self, store):
        def respond(request):
            reply = refuse("temperature")(request)
            is_first = len(request["messages"]) == 2
            return Reply('{"choices": []}') if is_first and reply.status == 200 else reply

        with ChatServer(respond) as server:
            teacher = build_teacher(
                server.url, store, request_params={"temperature": 1}, max_corrections=1
            )
            # The last message is the correction: the server finds no theme in its words.
            with pytest.warns(JocasThemesWarning, match="temperature"):
                teacher.annotate(_TEXTS[:1])
        assert ["temperature" in request for request in server.requests] == [True, False, False]


class TestCopies:
    """A reply that comes twice would be taken for that to another offer."""

    @pytest.mark.parametrize("kind", ["own", "synchronous", "asynchronous"])
    def test_are_refused(self, store, kind):
        texts = [f"offre {n} {'tous' if n % 2 else 'prime'}" for n in range(60)]
        with (
            FaultServer(faults={"twice": 0.3}) as server,
            open_client(kind, server.url) as client,
        ):
            teacher = build_teacher(
                server.url, store, client=client, max_retries=8, concurrency=4, timeout_s=5
            )
            table = teacher.annotate(texts)
        assert table["status"].eq("ok").all()
        assert table["DIVERSITY"].tolist() == [0.0, 1.0] * 30
        assert server.count_delivered() == dict.fromkeys(texts, 1)
        assert sum(entry.fault == "twice" for entry in server.journal) > 5

    def test_are_told_by_name_and_body_together(self, store):
        # A proxy that names all requests alike is no fault; nor is a server that names none.
        named = {"x-request-id": "the-same"}
        with ChatServer(
            lambda r: Reply(answer_by_word(r).body | {"id": read_offer(r)}, 200, named)
        ) as server:
            assert build_teacher(server.url, store).annotate(_TEXTS)["status"].eq("ok").all()
        assert server.n_requests == 6

    def test_given_for_ever_are_an_error(self, store):
        reply = Reply(
            answer_by_word({"messages": [{"content": ""}]}).body, 200, {"x-request-id": "1"}
        )
        with ChatServer(lambda request: reply) as server:
            teacher = build_teacher(server.url, store, concurrency=1)
            with pytest.warns(JocasThemesWarning, match="another request once more"):
                teacher.annotate(_TEXTS)
        assert len(store) == 1


class TestPauses:
    def test_are_as_long_as_the_server_asks(self, store):
        counter = itertools.count()

        def respond(request):
            if next(counter) == 0:
                return failure(429, "Slow down", **{"retry-after-ms": "700"})
            return answer_by_word(request)

        with ChatServer(respond) as server:
            start = time.monotonic()
            build_teacher(server.url, store, max_retries=1).annotate(_TEXTS[:1])
            assert 0.7 <= time.monotonic() - start < 2.5
        assert server.n_requests == 2

    def test_hold_back_all_requests(self, store):
        times = []

        def respond(request):
            times.append(time.monotonic())
            if len(times) == 1:
                return failure(429, "Slow down", **{"retry-after-ms": "600"})
            time.sleep(0.1)
            return answer_by_word(request)

        with ChatServer(respond) as server:
            build_teacher(server.url, store, max_retries=2, concurrency=3).annotate(_TEXTS)
        assert server.n_requests == 7
        # But for the two that were under way by then.
        assert sum(moment < times[0] + 0.6 for moment in times) <= 3


class TestTimeout:
    def test_ends_a_body_that_trickles_in(self, store):
        # A byte now and then resets the client's own clock, but not ours.
        with FaultServer(faults={"slow": 1.0}, slow_s=30, max_in_a_row=10**9) as server:
            teacher = build_teacher(server.url, store, timeout_s=0.5)
            start = time.monotonic()
            with pytest.raises(TeacherUnavailableError, match=r"timed out after 0\.5 s"):
                teacher.annotate(["une prime"])
            assert time.monotonic() - start < 5

    @pytest.mark.parametrize("kind", ["own", "synchronous", "asynchronous"])
    def test_ends_a_body_that_stops(self, store, kind):
        with (
            FaultServer(faults={"stall": 1.0}, max_in_a_row=1) as server,
            open_client(kind, server.url) as client,
        ):
            teacher = build_teacher(server.url, store, client=client, timeout_s=0.3, max_retries=1)
            assert teacher.annotate(["une prime"])["status"].tolist() == ["ok"]
        assert [entry.fault for entry in server.journal] == ["stall", ""]

    @pytest.mark.parametrize("kind", ["synchronous", "asynchronous"])
    def test_of_a_client_of_ones_own_is_the_teachers(self, store, kind):
        with FaultServer(latency_s=2) as server, open_client(kind, server.url) as client:
            start = time.monotonic()
            with pytest.raises(TeacherUnavailableError, match="timed out"):
                build_teacher(None, store, client=client, timeout_s=0.3).annotate(["a", "b"])
            assert time.monotonic() - start < 2
            # It repeated nothing by itself.
            assert len(server.journal) == 2


def test_nobody_is_waited_for_who_was_never_there(store):
    with ChatServer(answer_by_word) as server:
        url = server.url
    start = time.monotonic()
    with pytest.raises(TeacherUnavailableError, match="Connection"):
        build_teacher(url, store, max_retries=8, concurrency=4).annotate(_TEXTS)
    assert time.monotonic() - start < 20  # eight growing pauses would take a minute and more
