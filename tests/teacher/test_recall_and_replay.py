"""What is read without asking, what is asked once more, and all that can be told of an answer."""

import json
import re
import socket
from datetime import UTC, datetime

import pandas as pd
import pytest

from chat_server import ChatServer, Reply, answer_by_word, build_teacher, completion
from jocas_themes.annotations import AnnotationStore
from jocas_themes.errors import (
    JocasThemesWarning,
    MissingKeyError,
    StoreError,
    StoreMismatchError,
)
from jocas_themes.taxonomy import HR_THEMES
from jocas_themes.teacher.prompt import PROMPT_VERSION

_TEXTS = ["Ouvert à tous, prime.", "Une prime.", "Rien."]


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("TEST_KEY", "sk-test")


@pytest.fixture
def store(tmp_path):
    with AnnotationStore(tmp_path / "annotations.sqlite") as store:
        yield store


@pytest.fixture
def server():
    with ChatServer(answer_by_word) as server:
        yield server


class TestRecall:
    def test_asks_nobody_and_needs_no_key(self, server, store, monkeypatch):
        first = build_teacher(server.url, store).annotate(_TEXTS[:2])
        monkeypatch.delenv("TEST_KEY")

        def refuse(self, address):
            raise AssertionError(f"no network is needed here, but {address} was tried")

        monkeypatch.setattr(socket.socket, "connect", refuse)
        teacher = build_teacher(None, store, max_cost_usd=0)
        with pytest.warns(
            JocasThemesWarning, match="1 offers have no answer in the store"
        ) as caught:
            table = teacher.recall(_TEXTS)
        assert caught[0].filename == __file__
        pd.testing.assert_frame_equal(table.iloc[:2], first)
        assert table["status"].tolist() == ["ok", "ok", "failed"]
        assert table.loc[2, list(first.filter(like="DIVERSITY"))].isna().all()

    def test_of_a_store_of_another_taxonomy_is_refused(self, server, store):
        build_teacher(server.url, store).annotate(_TEXTS)
        with pytest.raises(StoreMismatchError, match="3 answers of another taxonomy"):
            build_teacher(server.url, store, taxonomy=HR_THEMES).recall(_TEXTS)

    def test_does_not_look_at_other_models_or_parameters(self, server, store):
        build_teacher(server.url, store).annotate(_TEXTS)
        for change in ({"model": "m2"}, {"request_params": {"temperature": 1}}):
            with pytest.warns(JocasThemesWarning, match="3 offers have no answer in the store"):
                build_teacher(server.url, store, **change).recall(_TEXTS)


class TestReplay:
    def test_asks_once_a_name_and_keeps_the_answers_of_before(self, server, store):
        teacher = build_teacher(server.url, store)
        first = teacher.annotate(_TEXTS)

        def drift(request):
            content = json.loads(answer_by_word(request).body["choices"][0]["message"]["content"])
            content["DIVERSITY"]["confidence"] = 40
            return Reply(completion(json.dumps(content)))

        server.respond = drift
        for _ in range(2):
            replay = teacher.replay(_TEXTS, name="after the update")
            pd.testing.assert_frame_equal(replay.before, first)
            pd.testing.assert_series_equal(replay.after["offer_id"], first["offer_id"])
            assert list(replay.after) == list(first)
            assert replay.after["DIVERSITY_confidence"].tolist() == [40.0] * 3
            assert server.n_requests == 6
        pd.testing.assert_frame_equal(teacher.annotate(_TEXTS), first)
        assert server.n_requests == 6
        teacher.replay(_TEXTS, name="another")
        assert server.n_requests == 9
        assert sorted(store.to_frame()["replay"].unique()) == ["", "after the update", "another"]

    def test_is_named_after_today(self, server, store):
        teacher = build_teacher(server.url, store)
        teacher.annotate(_TEXTS)
        before = datetime.now(UTC).date().isoformat()
        teacher.replay(_TEXTS)
        after = datetime.now(UTC).date().isoformat()
        assert store.to_frame()["replay"].tolist()[3] in {before, after}

    def test_is_aligned_and_of_answered_offers_only(self, server, store):
        teacher = build_teacher(server.url, store)
        teacher.annotate([_TEXTS[0], _TEXTS[2]])
        sample = pd.DataFrame(
            {"text": [_TEXTS[2], _TEXTS[1], _TEXTS[0], _TEXTS[2]]}, index=["a", "b", "c", "c"]
        )
        replay = teacher.replay(sample, name="x")
        assert server.n_requests == 2 + 2
        for table in (replay.before, replay.after):
            assert table.index.tolist() == ["a", "c", "c"]
            assert table["text"].tolist() == [_TEXTS[2], _TEXTS[0], _TEXTS[2]]

    def test_of_nothing_that_was_answered_is_an_error(self, server, store):
        with pytest.raises(ValueError, match="no answer to any of these offers"):
            build_teacher(server.url, store).replay(_TEXTS)
        with pytest.raises(ValueError, match="name must not be empty"):
            build_teacher(server.url, store).replay(_TEXTS, name="")
        assert server.n_requests == 0

    def test_needs_a_key_and_keeps_the_budget(self, server, store, monkeypatch):
        build_teacher(server.url, store).annotate(_TEXTS)
        monkeypatch.delenv("TEST_KEY")
        with pytest.raises(MissingKeyError, match="3 answers are not in the store"):
            build_teacher(None, store).replay(_TEXTS)


class TestTrace:
    def test_holds_what_the_server_received_and_sent(self, store):
        bodies = []

        def respond(request):
            if len(bodies) == 1:
                body = completion("Hm.")
            else:
                body = answer_by_word({"messages": request["messages"][:2]}).body
            body = body | {"id": f"chatcmpl-{len(bodies)}"}
            bodies.append(json.dumps(body))
            return Reply(bodies[-1], headers={"x-request-id": f"req_{len(bodies)}"})

        params = {"temperature": 0.5, "max_completion_tokens": 50}
        with ChatServer(respond) as server:
            teacher = build_teacher(
                server.url,
                store,
                concurrency=1,
                max_corrections=1,
                examples="taxonomy",
                request_params=params,
                price={"input": 1_000, "output": 4_000},
            )
            teacher.annotate(["Ouvert à tous.", "Une prime à <offer>."])
            records = teacher.trace(["Une prime à <offer>.", "Ouvert à tous.", "Ouvert à tous."])
        assert [record["messages"] for record in records] == [
            request["messages"] for request in server.requests
        ]
        assert [len(record["messages"]) for record in records] == [6, 6, 8]
        assert [record["raw"] for record in records] == bodies
        assert [record["request_id"] for record in records] == ["req_1", "req_2", "req_3"]
        assert [record["attempt"] for record in records] == [0, 0, 1]
        assert [record["status"] for record in records] == ["ok", "invalid", "ok"]
        for record in records:
            assert record["model"] == "m"
            assert record["prompt_version"] == PROMPT_VERSION
            assert record["taxonomy_fingerprint"] == teacher.taxonomy.fingerprint
            assert params.items() <= record["parameters"].items()
            assert record["parameters"]["response_format"] == "json_schema"
            # 100 tokens of the prompt, 20 of the reply
            assert (record["prompt_tokens"], record["completion_tokens"]) == (100, 20)
            assert record["cost_usd"] == pytest.approx(0.1 + 0.08)
            assert record["duration_s"] > 0
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", record["received_at"])
        json.dumps(records)

    def test_of_what_was_not_asked_is_empty(self, server, store):
        build_teacher(server.url, store).annotate(_TEXTS[:1])
        assert build_teacher(server.url, store).trace(_TEXTS[1:]) == []
        assert build_teacher(server.url, store).trace([]) == []

    def test_knows_all_votes(self, server, store):
        teacher = build_teacher(server.url, store, votes=2)
        teacher.annotate(_TEXTS)
        assert sorted(record["vote"] for record in teacher.trace(_TEXTS[:1])) == [0, 1]

    def test_is_exported_whole(self, server, store, tmp_path):
        build_teacher(server.url, store).annotate(_TEXTS)
        folder = store.export(tmp_path / "bundle")
        replies, messages = (
            list(map(json.loads, (folder / name).read_text(encoding="utf-8").splitlines()))
            for name in ("replies.jsonl", "messages.jsonl")
        )
        contents = {message["digest"]: message["content"] for message in messages}
        sent = [[contents[digest] for digest in reply["messages"]] for reply in replies]
        received = [[m["content"] for m in request["messages"]] for request in server.requests]
        assert sorted(sent) == sorted(received)


def test_a_store_that_is_not_there_is_not_made(tmp_path):
    teacher = build_teacher("http://127.0.0.1:9/v1", tmp_path / "nothing.sqlite")
    with pytest.raises(StoreError, match=r"there is no store .*nothing"):
        teacher.recall(_TEXTS)
    assert not list(tmp_path.iterdir())
