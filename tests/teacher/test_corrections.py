"""A reply at fault has a second chance, once: the model is told what was wrong with it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chat_server import (
    TWO_THEMES,
    ChatServer,
    Reply,
    answer,
    build_teacher,
    completion,
)
from jocas_themes.annotations import AnnotationStore
from jocas_themes.errors import JocasThemesWarning

_CODES = TWO_THEMES.codes
_GOOD = json.dumps(answer(_CODES, {"COMPENSATION_BENEFITS": "prime"}))
_UNFOUND = json.dumps(
    answer(_CODES, {"DIVERSITY": "ouvert à chacun", "COMPENSATION_BENEFITS": "prime"})
)
_MISSING = json.dumps(answer(["DIVERSITY"]))
# The body of each fault, the model's own words, and what it is to be told.
_FAULTS = {
    "invalid": (completion("Voici les thèmes."), "Voici les thèmes.", "is not JSON"),
    "missing": (completion(_MISSING), _MISSING, "COMPENSATION_BENEFITS: Field required"),
    "unfound": (completion(_UNFOUND), _UNFOUND, "DIVERSITY: evidence not in the offer"),
    "empty": (completion(""), None, "the reply is empty"),
    "choiceless": (completion("") | {"choices": []}, None, "the reply is empty"),
    "refused": (completion(None, refusal="Non."), None, "only its text"),
    "filtered": (completion(None, finish_reason="content_filter"), None, "only its text"),
    "cut": (completion(_GOOD[:40], finish_reason="length"), _GOOD[:40], "cut before its end"),
}
_STATUSES = {"refused": "refused", "filtered": "refused", "cut": "truncated"}


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("TEST_KEY", "sk-test")


@pytest.fixture
def store(tmp_path):
    with AnnotationStore(tmp_path / "annotations.sqlite") as store:
        yield store


def in_turn(*bodies):
    """Reply to the first question, then to its corrections."""

    def respond(request):
        n_corrections = sum(
            message["role"] == "user" and "Answer again" in message["content"]
            for message in request["messages"]
        )
        return Reply(bodies[min(n_corrections, len(bodies) - 1)])

    return respond


class TestCorrected:
    @pytest.mark.parametrize("fault", _FAULTS)
    def test_reply_is_the_answer_and_both_are_kept(self, store, fault):
        body, words, told = _FAULTS[fault]
        with ChatServer(in_turn(body, completion(_GOOD))) as server:
            teacher = build_teacher(
                server.url, store, max_corrections=1, price={"input": 1_000, "output": 1_000}
            )
            tables = [teacher.annotate(["Une prime."]) for _ in range(2)]
        for table in tables:
            assert table["status"].tolist() == ["ok"]
            assert table["COMPENSATION_BENEFITS_evidence"].tolist() == ["prime"]
            assert table["DIVERSITY"].tolist() == [0.0]
        first, second = (request["messages"] for request in server.requests)
        assert second[: len(first)] == first
        *own, correction = second[len(first) :]
        assert own == ([{"role": "assistant", "content": words}] if words else [])
        assert correction["role"] == "user"
        assert told in correction["content"]
        frame = store.to_frame()
        assert frame["attempt"].tolist() == [0, 1]
        assert frame["status"].tolist() == [_STATUSES.get(fault, "invalid"), "ok"]
        assert frame["key"].nunique() == 1
        # 120 tokens each.
        assert frame["cost_usd"].tolist() == pytest.approx([0.12, 0.12])
        assert store.read_spending().spent_usd == pytest.approx(0.24)
        sent = [record["messages"] for record in store.trace(frame["key"].unique())]
        assert sent == [first, second]

    def test_reply_that_is_worse_does_not_replace_the_first(self, store):
        # The first knows one theme of two, the second none.
        bodies = completion(_UNFOUND), completion("Je ne sais pas.")
        with ChatServer(in_turn(*bodies)) as server:
            teacher = build_teacher(server.url, store, max_corrections=1)
            for _ in range(2):
                with pytest.warns(JocasThemesWarning, match=r"1 invalid.*evidence not in the"):
                    table = teacher.annotate(["Une prime."])
        assert server.n_requests == 2
        assert table["COMPENSATION_BENEFITS"].tolist() == [1.0]
        assert table["DIVERSITY"].isna().tolist() == [True]


class TestAtFaultAgain:
    @pytest.mark.parametrize(
        ("fault", "n_corrections"),
        [*((fault, 1) for fault in _FAULTS), ("unfound", 0), ("cut", 2), ("refused", 2)],
    )
    def test_goes_to_review_and_is_not_asked_again(self, store, fault, n_corrections):
        with ChatServer(in_turn(_FAULTS[fault][0])) as server:
            teacher = build_teacher(server.url, store, max_corrections=n_corrections)
            status = _STATUSES.get(fault, "invalid")
            for _ in range(2):
                with pytest.warns(JocasThemesWarning, match=f"1 {status}"):
                    table = teacher.annotate(["Une prime."])
                assert table["status"].tolist() == [status]
                assert server.n_requests == 1 + n_corrections
        assert store.to_frame()["attempt"].tolist() == list(range(1 + n_corrections))

    def test_is_corrected_further_once_more_corrections_are_allowed(self, store):
        with ChatServer(in_turn(_FAULTS["invalid"][0])) as server:
            for n_corrections, n_requests in ((0, 1), (2, 3), (1, 3), (3, 4)):
                teacher = build_teacher(server.url, store, max_corrections=n_corrections)
                with pytest.warns(JocasThemesWarning, match="1 invalid"):
                    teacher.annotate(["Une prime."])
                assert server.n_requests == n_requests
            server.respond = in_turn(completion(_GOOD))
            table = build_teacher(server.url, store, max_corrections=4).annotate(["Une prime."])
        assert table["status"].tolist() == ["ok"]
        assert store.to_frame()["attempt"].tolist() == [0, 1, 2, 3, 4]

    def test_holds_for_its_offer_alone(self, store):
        texts = [f"Une prime de {number} euros." for number in range(12)]
        faulty = {texts[3], texts[7], texts[11]}

        def respond(request):
            is_faulty = any(text in request["messages"][1]["content"] for text in faulty)
            return in_turn(*[_FAULTS["missing"][0]] * is_faulty, completion(_GOOD))(request)

        tables = []
        for order, concurrency in ((texts, 1), (texts[::-1], 6)):
            path = store.path.with_name(f"{concurrency}.sqlite")
            with ChatServer(respond) as server:
                teacher = build_teacher(
                    server.url, path, concurrency=concurrency, max_corrections=1
                )
                tables.append(teacher.annotate(order).set_index("text").sort_index())
            assert server.n_requests == 12 + 3
        assert tables[0].equals(tables[1])
        assert tables[0]["status"].eq("ok").all()


_RUN = """
import sys
from chat_server import build_teacher
build_teacher(sys.argv[1], sys.argv[2], max_corrections=1).annotate(["Une prime."])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no POSIX signals")
def test_killed_before_the_correction_asks_the_correction_alone(store):
    processes = []

    def respond(request):
        if len(request["messages"]) > 2 and len(server.requests) == 2:
            processes[0].kill()
            processes[0].wait()
        return in_turn(_FAULTS["unfound"][0], completion(_GOOD))(request)

    with ChatServer(respond) as server:
        command = [sys.executable, "-c", _RUN, server.url, str(store.path)]
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
        processes.append(subprocess.Popen(command, env=environment))
        assert processes[0].wait(60) == -signal.SIGKILL
        assert server.n_requests == 2
        assert store.to_frame()["attempt"].tolist() == [0]
        table = build_teacher(server.url, store, max_corrections=1).annotate(["Une prime."])
    assert table["status"].tolist() == ["ok"]
    assert server.n_requests == 3
    assert server.requests[2]["messages"] == server.requests[1]["messages"]
    assert store.to_frame()["attempt"].tolist() == [0, 1]
