"""Batches through the teacher: handed over once, collected once, paid for at half price."""

import contextlib
import json
import logging
import time

import openai
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.pipeline import Pipeline

from batch_server import BatchServer
from chat_server import TWO_THEMES, build_teacher
from jocas_themes.annotations import AnnotationStore
from jocas_themes.annotations.store._batches import BatchLedger
from jocas_themes.confidence import ConfidenceFilter
from jocas_themes.errors import (
    BatchError,
    BudgetReachedError,
    JocasThemesWarning,
    MissingKeyError,
    TeacherAuthError,
    TeacherError,
    TeacherUnavailableError,
    UnknownPriceError,
)
from jocas_themes.student import ThemeClassifier
from jocas_themes.taxonomy import HR_THEMES, Taxonomy
from jocas_themes.teacher.asking import _loop
from jocas_themes.teacher.batch import _batching, _files

KEY = "sk-test-0123456789abcdef"
OFFERS = ["Ouvert à tous, prime.", "Une prime.", "Rien."]
PAY = Taxonomy(HR_THEMES[1:2])
# $1 a million tokens each way, half of it by batch.
PRICE = {"input": 1, "output": 1, "batch_discount": 0.5, "reasoning": False}


def digests(teacher, offers=OFFERS):
    return [teacher.build_key(offer).digest for offer in offers]


def finish_all(server, **spoilt):
    for remote_id in server.batches:
        server.finish(remote_id, **spoilt)


def count_asked(server):
    """Return how often each offer was answered by batch."""
    return pd.Series([entry.offer for entry in server.journal], dtype=object).value_counts()


class TestSubmit:
    def test_hands_over_what_the_store_lacks(self, server, store, build):
        table = build().submit_batch([*OFFERS, OFFERS[0], ""])
        assert list(table.columns) == [
            "batch_id", "remote_id", "server", "model", "status", "detail", "n_requests",
            "submitted_at", "collected_at",
        ]  # fmt: skip
        (row,) = table.to_dict("records")
        assert row["n_requests"] == 3
        assert (row["server"], row["model"], row["status"]) == (
            server.url,
            "gpt-5-mini",
            "validating",
        )
        assert list(server.batches) == [row["remote_id"]]
        assert server.advance(row["remote_id"]) == "in_progress"  # the file is valid

    def test_files_are_split_at_both_limits(self, server, build, monkeypatch):
        monkeypatch.setattr(_files, "MAX_REQUESTS", 2)
        table = build().submit_batch(["a", "b", "c", "d", "e"])
        assert table["n_requests"].tolist() == [2, 2, 1]
        finish_all(server)
        assert build().collect_batch()["detail"].tolist() == [
            "2 of 2 answered",
            "2 of 2 answered",
            "1 of 1 answered",
        ]

    def test_one_question_is_handed_over_once(self, server, build):
        first = build().submit_batch(OFFERS[:2])
        second = build().submit_batch(OFFERS)
        assert (first["n_requests"].item(), second["n_requests"].item()) == (2, 1)
        assert build().submit_batch(OFFERS).empty
        finish_all(server)
        assert count_asked(server).tolist() == [1, 1, 1]

    def test_a_run_leaves_alone_what_is_in_a_batch(self, server, build):
        build().submit_batch(OFFERS)
        with pytest.warns(JocasThemesWarning, match="waits in a batch: call collect_batch"):
            annotated = build().annotate([*OFFERS, "Autre."])
        assert annotated["status"].tolist() == ["failed"] * 3 + ["ok"]
        assert [entry.offer for entry in server.journal] == ["Autre."]

    def test_questions_claimed_while_the_file_was_written_are_taken_out(
        self, server, store, build, monkeypatch
    ):
        teacher, add = build(), BatchLedger.add

        def add_late(self, batch_id, requests, **params):
            monkeypatch.setattr(BatchLedger, "add", add)
            build().submit_batch(OFFERS[:1])  # somebody is faster
            return add(self, batch_id, requests, **params)

        monkeypatch.setattr(BatchLedger, "add", add_late)
        assert teacher.submit_batch(OFFERS)["n_requests"].tolist() == [2]
        assert [server.custom_ids(remote_id) for remote_id in server.batches] == [
            digests(teacher)[:1],
            digests(teacher)[1:],
        ]
        monkeypatch.setattr(BatchLedger, "add", lambda *args, **params: set())
        assert teacher.submit_batch(["Autre."]).empty  # all are somebody else's

    def test_asks_no_key_when_nothing_is_left(self, server, build, monkeypatch):
        build().submit_batch(OFFERS)
        monkeypatch.delenv("TEST_KEY")
        monkeypatch.setattr("jocas_themes.teacher._llm.read_key", pytest.fail)
        assert build().submit_batch(OFFERS).empty

    def test_a_server_without_batches_is_told(self, server, build):
        server.disturb("POST /files", 404)
        with pytest.raises(BatchError, match=r"has no Batch API\. Use mode='sync'"):
            build().submit_batch(OFFERS)

    @pytest.mark.parametrize("call", ["POST /files", "POST /batches"])
    def test_what_the_server_refuses_is_free_again(self, server, store, build, call):
        server.disturb(call, 400)
        with pytest.raises(BatchError, match="refused a call of its Batch API"):
            build().submit_batch(OFFERS)
        assert store.read_spending().in_flight_usd == 0
        assert store.read_batches()["status"].tolist() == ["not submitted"]
        assert "refused a call" in store.read_batches()["detail"].item()
        assert not server.files  # the offers' texts do not stay there
        assert build().submit_batch(OFFERS)["n_requests"].tolist() == [3]

    def test_a_key_that_is_refused(self, server, build):
        server.disturb("POST /files", 401)
        with pytest.raises(TeacherAuthError, match="of TEST_KEY"):
            build().submit_batch(OFFERS)

    def test_a_missing_key(self, monkeypatch, store):
        monkeypatch.delenv("TEST_KEY")
        teacher = build_teacher(None, store)
        with pytest.raises(MissingKeyError, match="TEST_KEY is not set"):
            teacher.submit_batch(OFFERS)

    @pytest.mark.parametrize("kind", [openai.OpenAI, openai.AsyncOpenAI])
    def test_a_client_of_the_users_own(self, server, build, kind):
        client = kind(base_url=server.url, api_key=KEY)
        teacher = build(client=client, base_url=None)
        assert teacher.submit_batch(OFFERS)["server"].item() == server.url
        finish_all(server)
        assert teacher.collect_batch()["status"].item() == "completed"
        assert not client.is_closed()
        closing = client.close()
        if closing is not None:
            _loop.submit(closing).result()


class TestBudget:
    def test_is_reserved_for_the_whole_batch(self, server, store, build):
        params = {"price": PRICE, "request_params": {"max_completion_tokens": 1_000}}
        build(**params).submit_batch(OFFERS)
        # The replies alone may take 3 x 1,000 tokens, at $0.5 a million.
        assert store.read_spending().in_flight_usd > 0.0015
        finish_all(server)
        build(**params).collect_batch()
        spending = store.read_spending()
        n_tokens = sum(entry.prompt_tokens + entry.completion_tokens for entry in server.journal)
        assert spending.spent_usd == pytest.approx(0.5 * n_tokens / 1e6)
        assert (spending.in_flight_usd, spending.lost_usd) == (0, 0)

    def test_is_not_exceeded_and_earlier_files_stay(self, server, store, build, monkeypatch):
        monkeypatch.setattr(_files, "MAX_REQUESTS", 1)
        params = {"price": PRICE, "request_params": {"max_completion_tokens": 1_000}}
        build(**params).submit_batch(OFFERS[:1])
        one_usd = store.read_spending().in_flight_usd
        with pytest.raises(
            BudgetReachedError, match=r"1 requests may cost up to \$0\.00\d+, and max_cost_usd=0.00"
        ):
            build(**params, max_cost_usd=2.5 * one_usd).submit_batch(OFFERS)
        assert store.read_batches()["n_requests"].tolist() == [1, 1]
        assert len(server.batches) == 2
        assert server.calls["POST /files"] == 2  # nothing of the third
        assert store.read_spending().in_flight_usd <= 2.5 * one_usd

    def test_counts_what_is_under_way_elsewhere(self, server, store, build):
        params = {"price": PRICE, "request_params": {"max_completion_tokens": 1_000}}
        build(**params).submit_batch(OFFERS)
        reserved_usd = store.read_spending().in_flight_usd
        with pytest.raises(BudgetReachedError, match="under way"):
            build(**params, max_cost_usd=reserved_usd).submit_batch(["Autre."])

    def test_a_guess_is_refused_before_anything_is_sent(self, server, store, build):
        with pytest.raises(
            ValueError, match=r"has the length of 0 replies .* Pass request_params=\{\"max_compl"
        ):
            build(price=PRICE, max_cost_usd=1).submit_batch(OFFERS)
        with pytest.raises(ValueError, match="must be stated or known"):
            build(price=PRICE, max_cost_usd=1, mode="batch").annotate(OFFERS)
        assert not server.calls
        assert store.read_batches().empty
        build(price=PRICE).annotate([f"Offre {number}." for number in range(20)])
        assert build(price=PRICE, max_cost_usd=1).submit_batch(OFFERS)["n_requests"].item() == 3

    def test_full_price_where_no_discount_is_known(self, server, store, build):
        build(model="own", price={"input": 1, "output": 1}).submit_batch(OFFERS)
        finish_all(server)
        build(model="own").collect_batch()  # the price is that of the submission
        n_tokens = sum(entry.prompt_tokens + entry.completion_tokens for entry in server.journal)
        assert store.read_spending().spent_usd == pytest.approx(n_tokens / 1e6)

    def test_no_price_and_no_budget(self, server, store, build):
        build(model="own").submit_batch(OFFERS)
        finish_all(server)
        build(model="own").collect_batch()
        assert store.to_frame()["cost_usd"].isna().all()
        with pytest.raises(UnknownPriceError, match="'own' is not known"):
            build(model="own", max_cost_usd=1).submit_batch(["Autre."])


class TestCollect:
    def test_keeps_every_answer_with_what_it_took(self, server, store, build):
        teacher = build()
        (row,) = teacher.submit_batch(OFFERS).to_dict("records")
        assert teacher.collect_batch()["status"].item() == "validating"
        server.advance(row["remote_id"])
        assert teacher.collect_batch()["status"].item() == "in_progress"
        server.finish(row["remote_id"], shuffle=1)
        (row,) = teacher.collect_batch().to_dict("records")
        assert (row["status"], row["detail"]) == ("completed", "3 of 3 answered")
        assert row["collected_at"] >= row["submitted_at"]
        annotated = teacher.recall(OFFERS)
        assert annotated["status"].tolist() == ["ok"] * 3
        assert annotated["COMPENSATION_BENEFITS"].tolist() == [1, 1, 0]
        replies = store.to_frame()
        assert set(replies["batch_id"]) == {row["batch_id"]}
        assert replies["request_id"].str.startswith("req_").all()
        assert replies["cost_usd"].gt(0).all()
        assert set(replies["status"]) == {"ok"}
        (trace,) = teacher.trace(OFFERS[:1])
        assert OFFERS[0] in trace["messages"][-1]["content"]
        assert json.loads(trace["raw"])["object"] == "chat.completion"

    def test_in_another_process_without_the_offers(self, server, store, build):
        """The batch of another teacher: other model, other themes, no price given."""
        other = Taxonomy(HR_THEMES[2:4])
        store.add_taxonomy(other)
        build(taxonomy=other, model="own", price=PRICE).submit_batch(["Formation, valeurs."])
        finish_all(server)
        with AnnotationStore(store.path) as elsewhere:
            build_teacher(server.url, elsewhere, taxonomy=TWO_THEMES).collect_batch()
            replies = elsewhere.to_frame()
        assert replies["status"].tolist() == ["ok"]
        assert replies["cost_usd"].notna().all()

    def test_again_changes_nothing(self, server, store, build):
        build().submit_batch(OFFERS)
        finish_all(server)
        first = build().collect_batch()
        calls = server.calls.copy()
        pd.testing.assert_frame_equal(build().collect_batch(), first)
        assert (server.calls, len(store)) == (calls, 3)

    def test_what_has_no_answer_is_asked_again(self, server, store, build, caplog):
        teacher = build()
        bad, late, _ = digests(teacher)
        teacher.submit_batch(OFFERS)
        finish_all(server, fail={bad: 400}, expire=[late])
        table = teacher.collect_batch()
        assert table["status"].item() == "expired"
        assert table["detail"].item() == (
            "1 of 3 answered; 1 failed (HTTP 400: invalid_value: The request failed.); 1 failed "
            "(batch_expired: This request could not be executed before the completion window "
            "expired.)"
        )
        assert "is expired: 1 of 3 answered" in caplog.text
        spending = store.read_spending()
        assert (spending.lost_usd, spending.in_flight_usd) == (0, 0)
        teacher.submit_batch(OFFERS)
        assert set(server.custom_ids("batch_000001")) == {bad, late}

    def test_what_a_completed_batch_lacks_counts_as_lost(self, server, store, build):
        """The server will charge for it, wherever it went."""
        teacher = build(price=PRICE)
        teacher.submit_batch(OFFERS)
        reserved_usd = store.read_spending().in_flight_usd
        finish_all(server, leave_out=digests(teacher)[1:])
        assert teacher.collect_batch()["detail"].item() == (
            "1 of 3 answered; 2 failed (the batch ended without a word on it); 2 may have been "
            "charged without an answer"
        )
        assert store.read_spending().lost_usd == pytest.approx(reserved_usd * 2 / 3, rel=0.01)
        assert teacher.submit_batch(OFFERS)["n_requests"].item() == 2

    def test_lines_that_cannot_be_read_are_fetched_again_then_skipped(
        self, server, store, build, caplog
    ):
        build().submit_batch(OFFERS)
        finish_all(server, garbage=True, truncate=True)
        assert build().collect_batch()["detail"].item().startswith("2 of 3 answered; 1 failed")
        assert "2 lines of the file" in caplog.text
        assert server.calls["GET /files/{id}/content"] == 3

    def test_a_file_that_is_gone(self, server, store, build, caplog):
        teacher = build()
        teacher.submit_batch(OFFERS)
        finish_all(server, lose_output=True, fail={digests(teacher)[0]: 500})
        assert teacher.collect_batch()["detail"].item().startswith("0 of 3 answered; 2 failed")
        assert "is gone" in caplog.text
        assert "3 of 3" not in caplog.text

    @pytest.mark.parametrize("ending", ["batch_expired", "batch_cancelled"])
    @pytest.mark.parametrize("spoilt", [{"lose_output": True}, {"leave_out": True}])
    def test_what_was_answered_and_cannot_be_read_counts_as_lost(
        self, server, store, build, ending, spoilt
    ):
        """Two were answered, and are charged; one was not, and is free."""
        teacher = build(price=PRICE)
        *answered, late = digests(teacher)
        teacher.submit_batch(OFFERS)
        if ending == "batch_cancelled":
            teacher.cancel_batch()
        reserved_usd = store.read_spending().in_flight_usd
        if "leave_out" in spoilt:
            spoilt = {"leave_out": answered}
        finish_all(server, fail={late: ending}, **spoilt)
        assert "2 may have been charged" in teacher.collect_batch()["detail"].item()
        assert store.read_spending().lost_usd == pytest.approx(reserved_usd * 2 / 3, rel=0.01)
        assert teacher.submit_batch(OFFERS)["n_requests"].item() == 3

    def test_a_line_of_an_expired_batch_that_cannot_be_read_counts_as_lost(
        self, server, store, build
    ):
        """Also where the server does not count what it completed."""
        teacher = build(price=PRICE)
        teacher.submit_batch(OFFERS)
        reserved_usd = store.read_spending().in_flight_usd
        finish_all(server, truncate=True, expire=digests(teacher)[:1])
        server.batches["batch_000000"].info["request_counts"] = None
        assert "1 may have been charged" in teacher.collect_batch()["detail"].item()
        assert store.read_spending().lost_usd == pytest.approx(reserved_usd / 3, rel=0.01)

    @pytest.mark.parametrize("body", [{"error": {"message": "no upstream"}}, "text", None])
    def test_an_answer_that_is_no_completion_counts_as_lost(
        self, server, store, build, monkeypatch, body
    ):
        answer, teacher = server._answer, build(price=PRICE)
        first, *_ = digests(teacher)

        def spoil(custom_id, *params):
            line = answer(custom_id, *params)
            if custom_id == first:
                line["response"]["body"] = body
            return line

        monkeypatch.setattr(server, "_answer", spoil)
        teacher.submit_batch(OFFERS)
        reserved_usd = store.read_spending().in_flight_usd
        finish_all(server)
        detail = teacher.collect_batch()["detail"].item()
        assert detail.startswith("2 of 3 answered; 1 failed (the body is not a chat completion")
        assert detail.endswith("1 may have been charged without an answer")
        assert store.read_spending().lost_usd == pytest.approx(reserved_usd / 3, rel=0.01)
        assert teacher.submit_batch(OFFERS)["n_requests"].item() == 1

    def test_replies_at_fault_keep_their_status(self, server, store, build):
        teacher = build()
        refused, cut, wrong = digests(teacher)
        teacher.submit_batch(OFFERS)
        faults = {refused: "refusal", cut: "length", wrong: "wrong_evidence"}
        finish_all(server, faults=faults)
        teacher.collect_batch()
        assert sorted(store.to_frame()["status"]) == ["invalid", "refused", "truncated"]

    def test_a_batch_that_is_refused_is_told_after_the_others(self, server, store, build):
        refused = build().submit_batch(OFFERS[:1])
        build().submit_batch(OFFERS[1:])
        error = {
            "code": "token_limit_exceeded",
            "message": "Enqueued token limit reached",
            "line": 1,
        }
        server.fail(refused["remote_id"].item(), error)
        finish_all(server)
        with pytest.raises(
            BatchError, match="of 1 requests: line 1: token_limit_exceeded Enqueued token limit"
        ):
            build().collect_batch()
        table = build().collect_batch()  # it is told once
        assert table["status"].tolist() == ["failed", "completed"]
        assert store.read_spending().lost_usd == 0
        assert build().submit_batch(OFFERS)["n_requests"].item() == 1

    def test_a_batch_that_the_server_has_forgotten(self, server, store, build):
        (row,) = build().submit_batch(OFFERS).to_dict("records")
        server.batches.clear()
        for _ in range(2):
            with pytest.raises(BatchError, match=r"cancel_batch.* gives its 3 questions back"):
                build().collect_batch()
        with pytest.raises(BatchError, match="does not know the batch"):
            build().cancel_batch()
        assert build().cancel_batch(row["batch_id"])["status"].item() == "lost"
        spending = store.read_spending()
        assert spending.lost_usd > 0  # it may have been charged
        assert spending.in_flight_usd == 0
        assert build().submit_batch(OFFERS)["n_requests"].item() == 3

    def test_batches_of_another_server_are_left_alone(self, server, store, build, caplog):
        build().submit_batch(OFFERS)
        teacher = build_teacher("http://127.0.0.1:9/v1", store)
        assert teacher.collect_batch(wait=True)["status"].item() == "validating"
        assert f"1 batches were submitted to {server.url} and are left alone" in caplog.text
        with pytest.raises(ValueError, match=f"was submitted to {server.url}"):
            teacher.cancel_batch(store.read_batches()["batch_id"].item())

    @pytest.mark.parametrize("no_file", [None, ""])
    def test_no_output_file(self, tmp_path, no_file):
        with BatchServer(no_file=no_file) as server:
            teacher = build_teacher(server.url, tmp_path / "store.sqlite")
            teacher.submit_batch(OFFERS)
            finish_all(server, expire=digests(teacher))
            assert teacher.collect_batch()["detail"].item().startswith("0 of 3 answered")

    def test_the_offers_texts_do_not_stay_on_the_server(self, server, build, caplog):
        (row,) = build().submit_batch(OFFERS).to_dict("records")
        input_file_id = server.batches[row["remote_id"]].info["input_file_id"]
        finish_all(server)
        build().collect_batch()
        assert input_file_id not in server.files
        assert len(server.files) == 1  # the answers stay, beside those in the store

    def test_a_file_that_cannot_be_deleted_stops_nothing(self, server, build, caplog):
        build().submit_batch(OFFERS)
        finish_all(server)
        server.disturb("DELETE /files/{id}", 400)
        assert build().collect_batch()["status"].item() == "completed"
        assert "stays on the server" in caplog.text

    def test_waits_until_all_have_ended(self, server, store, build):
        build().submit_batch(OFFERS[:1])
        build().submit_batch(OFFERS[1:])
        server.finish_after = 3
        server.disturb("GET /batches/{id}", 503)
        assert build().collect_batch(wait=True)["status"].tolist() == ["completed"] * 2

    def test_waiting_bears_a_server_that_stays_away(self, server, build, monkeypatch, caplog):
        monkeypatch.setattr(_batching, "_MAX_SILENT_POLLS", 1)
        build().submit_batch(OFFERS)
        for _ in range(6):
            server.disturb("GET /batches/{id}", 503)
        server.finish_after = 1
        build().collect_batch(wait=True)
        assert "Asking again in" in caplog.text
        build().submit_batch(["Autre."])
        for _ in range(12):
            server.disturb("GET /batches/{id}", 503)
        with pytest.raises(TeacherUnavailableError, match="does not answer"):
            build().collect_batch(wait=True)


class TestCancel:
    def test_what_was_answered_before_is_collected(self, server, store, build):
        teacher = build()
        (row,) = teacher.submit_batch(OFFERS).to_dict("records")
        assert teacher.cancel_batch(row["batch_id"])["status"].item() == "cancelling"
        _, *others = digests(teacher)
        finish_all(server, fail=dict.fromkeys(others, "batch_cancelled"))
        assert teacher.collect_batch()["status"].item() == "cancelled"
        assert teacher.recall(OFFERS[:1])["status"].item() == "ok"
        assert teacher.submit_batch(OFFERS)["n_requests"].item() == 2

    def test_all_by_default_but_those_that_have_ended(self, server, build):
        for offer in OFFERS:
            build().submit_batch([offer])
        server.finish("batch_000001")
        table = build().cancel_batch()
        assert table["status"].tolist() == ["cancelling", "completed", "cancelling"]
        assert table["collected_at"].isna().all()

    def test_one_that_is_not_there(self, build):
        with pytest.raises(ValueError, match="must be one of the store's 0 batches, got 'x'"):
            build().cancel_batch("x")

    def test_one_that_was_collected_stays_so(self, server, build):
        build().submit_batch(OFFERS)
        finish_all(server)
        (row,) = build().collect_batch().to_dict("records")
        assert build().cancel_batch(row["batch_id"]).to_dict("records") == [row]


class TestRun:
    @pytest.fixture
    def server(self):
        with BatchServer(finish_after=2) as server:
            yield server

    def test_annotates(self, server, build):
        annotated = build(mode="batch").annotate([*OFFERS, OFFERS[0]])
        assert annotated["COMPENSATION_BENEFITS"].tolist() == [1, 1, 0, 1]
        assert annotated["status"].eq("ok").all()
        assert count_asked(server).tolist() == [1, 1, 1]
        build(mode="batch").annotate(OFFERS)
        assert len(server.batches) == 1

    def test_tells_the_model_what_was_wrong(self, server, store, build, monkeypatch):
        finish = server.finish
        teacher = build(mode="batch", max_corrections=1)
        faults = {digests(teacher)[0]: "invalid_json"}
        monkeypatch.setattr(
            server,
            "finish",
            lambda id_: finish(id_, faults=faults if id_ == "batch_000000" else None),
        )
        assert teacher.annotate(OFFERS)["status"].eq("ok").all()
        assert sorted(entry.n_messages for entry in server.journal) == [2, 2, 2, 4]
        assert store.to_frame()["attempt"].tolist() == [0, 0, 0, 1]

    def test_hands_over_again_what_expired(self, server, store, build, monkeypatch):
        finish, teacher = server.finish, build(mode="batch")
        monkeypatch.setattr(
            server,
            "finish",
            lambda id_: finish(id_, expire=digests(teacher) if id_ == "batch_000000" else ()),
        )
        assert teacher.annotate(OFFERS)["status"].eq("ok").all()
        assert store.read_batches()["n_requests"].tolist() == [3, 3]

    def test_gives_up_what_fails_again(self, server, store, build, monkeypatch):
        finish, teacher = server.finish, build(mode="batch")
        bad, *_ = digests(teacher)
        monkeypatch.setattr(
            server,
            "finish",
            lambda id_: finish(id_, fail={bad: 400} if bad in server.custom_ids(id_) else {}),
        )
        with pytest.warns(JocasThemesWarning, match="1 offers got no answer"):
            assert teacher.annotate(OFFERS)["status"].tolist() == ["failed", "ok", "ok"]
        assert store.read_batches()["n_requests"].tolist() == [3, 1]

    def test_says_so_when_nothing_is_answered(self, server, build, monkeypatch):
        finish, teacher = server.finish, build(mode="batch")
        failing = dict.fromkeys(digests(teacher), 400)
        monkeypatch.setattr(server, "finish", lambda id_: finish(id_, fail=failing))
        with pytest.raises(BatchError, match=r"none of the 3 requests was answered; .* HTTP 400"):
            teacher.annotate(OFFERS)

    def test_does_not_hand_over_again_what_was_cancelled(self, server, store, build, monkeypatch):
        """Somebody cancels while it waits, after one of three offers was answered."""
        server.finish_after = None
        teacher = build(mode="batch")

        def cancel(seconds):
            build().cancel_batch()
            server.finish("batch_000000", fail=dict.fromkeys(digests(teacher)[1:], 500))
            server.finish_after = 1  # of another one, which there must not be

        with monkeypatch.context() as patch:
            patch.setattr(_batching.time, "sleep", cancel)
            with pytest.warns(JocasThemesWarning, match="2 offers got .* its batch was cancelled"):
                annotated = teacher.annotate(OFFERS)
        assert annotated["status"].tolist() == ["ok", "failed", "failed"]
        assert len(server.batches) == 1
        server.finish_after = 1
        assert teacher.annotate(OFFERS)["status"].eq("ok").all()
        assert store.read_batches()["n_requests"].tolist() == [3, 2]

    @pytest.mark.parametrize("own", [True, False])
    def test_what_was_cancelled_may_be_collected_by_another(self, server, build, monkeypatch, own):
        """Whether this run had handed it over, or only waits for it."""
        server.finish_after = None
        if not own:
            build().submit_batch(OFFERS)

        def cancel(seconds):
            build().cancel_batch()
            server.finish("batch_000000", expire=digests(build()))
            server.finish_after = 1  # of another one, which there must not be
            build().collect_batch()

        monkeypatch.setattr(_batching.time, "sleep", cancel)
        with pytest.raises(BatchError, match=r"none of the 3 .* its batch was cancelled\. .*again"):
            build(mode="batch").annotate(OFFERS)
        assert len(server.batches) == 1

    def test_asks_again_what_was_cancelled_before(self, server, store, build, monkeypatch):
        """Whoever runs after that wants it; here, while the batch is still being cancelled."""
        finish, teacher = server.finish, build(mode="batch")
        teacher.submit_batch(OFFERS)
        teacher.cancel_batch()
        failing = dict.fromkeys(digests(teacher), "batch_cancelled")
        monkeypatch.setattr(
            server,
            "finish",
            lambda id_: finish(id_, fail=failing if id_ == "batch_000000" else None),
        )
        assert teacher.annotate(OFFERS)["status"].eq("ok").all()
        assert store.read_batches()["status"].tolist() == ["cancelled", "completed"]

    def test_stops_when_no_reply_is_of_use(self, server, store, build, monkeypatch):
        finish = server.finish

        def refuse(id_):
            return finish(id_, faults=dict.fromkeys(server.custom_ids(id_), "refusal"))

        monkeypatch.setattr(server, "finish", refuse)
        offers = [f"Offre {number}." for number in range(20)]
        teacher = build(mode="batch", max_corrections=1)
        for _ in range(2):
            with pytest.raises(TeacherError, match=r"first 20 replies .*: refused \(Non\.\)"):
                teacher.annotate(offers)
        assert len(server.batches) == 1
        assert len(store) == 20

    def test_goes_on_when_one_reply_is_of_use(self, server, build, monkeypatch):
        finish = server.finish
        monkeypatch.setattr(
            server,
            "finish",
            lambda id_: finish(
                id_,
                faults=dict.fromkeys(server.custom_ids(id_)[1:], "refusal")
                if id_ == "batch_000000"
                else None,
            ),
        )
        offers = [f"Offre {number}." for number in range(21)]
        annotated = build(mode="batch", max_corrections=1).annotate(offers)
        assert annotated["status"].eq("ok").all()
        assert len(server.batches) == 2

    def test_fits_a_pipeline(self, server, build):
        offers = [f"Offre {number}, {'prime' if number % 2 else 'rien'}." for number in range(12)]
        pipeline = Pipeline(
            [
                ("teacher", build(mode="batch", taxonomy=PAY)),
                ("filter", ConfidenceFilter(0, review_path=None)),
                ("student", ThemeClassifier()),
            ]
        )
        assert pipeline.fit(offers).predict(offers).shape == (12, 1)
        assert pipeline["filter"].n_kept_ == 12
        pipeline.fit(offers)  # all is in the store
        assert (len(server.batches), len(server.journal)) == (1, 12)

    def test_waits_for_its_own_batches_alone(self, server, build):
        build().submit_batch(["Autre."])
        build(mode="batch").annotate(OFFERS)
        assert server.batches["batch_000000"].n_polls == 0

    def test_goes_on_where_another_day_had_stopped(self, server, build, monkeypatch, caplog):
        server.finish_after = None

        def interrupt(seconds):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(_batching.time, "sleep", interrupt)
            with pytest.raises(KeyboardInterrupt):
                build(mode="batch").annotate(OFFERS)
        assert "the batches go on at the server" in caplog.text
        server.finish_after = 1
        assert build(mode="batch").annotate(OFFERS)["status"].eq("ok").all()
        assert len(server.batches) == 1

    def test_shows_how_far_it_is(self, server, build, capsys):
        build(mode="batch", progress=True).annotate(OFFERS)
        assert "3/3" in capsys.readouterr().err


_WORDS = [f"Offre {number}, prime." for number in range(6)]
_NUMBERS = st.sets(st.integers(0, len(_WORDS) - 1))


@settings(max_examples=10, deadline=None)
@given(
    failed=_NUMBERS, expired=_NUMBERS, left_out=_NUMBERS, twice=_NUMBERS,
    shuffle=st.integers(0, 99), garbage=st.booleans(), truncate=st.booleans(),
)  # fmt: skip
def test_answers_are_conserved(
    tmp_path_factory, failed, expired, left_out, twice, shuffle, garbage, truncate
):
    """Whatever the files look like, each answer in them is kept once, and the rest asked again."""
    path = tmp_path_factory.mktemp("store") / "store.sqlite"
    with BatchServer() as server, AnnotationStore(path) as store:
        teacher = build_teacher(server.url, store, price=PRICE)
        ids = digests(teacher, _WORDS)
        truncate = truncate and len(failed | expired | left_out) < len(ids)
        (row,) = teacher.submit_batch(_WORDS).to_dict("records")
        server.finish(
            row["remote_id"], fail={ids[n]: 500 for n in failed},
            expire=[ids[n] for n in expired], leave_out=[ids[n] for n in left_out],
            twice=[ids[n] for n in twice], shuffle=shuffle, garbage=garbage, truncate=truncate,
        )  # fmt: skip
        answered = read_answered(server, row["remote_id"])
        teacher.collect_batch()
        assert store.get(ids).keys() == answered
        assert len(store) == len(answered)
        assert store.read_spending().in_flight_usd == 0
        again = teacher.submit_batch(_WORDS)
        assert again["n_requests"].sum() == len(_WORDS) - len(answered)
        for remote_id in again["remote_id"]:
            assert not answered & set(server.custom_ids(remote_id))
            server.finish(remote_id)
        teacher.collect_batch()
        assert teacher.recall(_WORDS)["status"].eq("ok").all()
        assert len(store) == len(_WORDS)


def read_answered(server, remote_id):
    """Return the custom ids whose whole line stands in the output file."""
    file_id = server.batches[remote_id].info["output_file_id"]
    lines = server.files[file_id].content.splitlines() if file_id else []
    answered = set()
    for line in lines:
        with contextlib.suppress(ValueError):
            answered.add(json.loads(line)["custom_id"])
    return answered


@pytest.mark.real_data
def test_real_offers(shared_data, server, store, build, monkeypatch, caplog):
    caplog.set_level(logging.ERROR)
    monkeypatch.setattr(_files, "MAX_REQUESTS", 200)
    offers = pd.read_parquet(shared_data / "offers_labelled.parquet").head(500)
    start = time.monotonic()
    teacher = build()
    table = teacher.submit_batch(offers)
    assert table["n_requests"].max() == 200
    for number, remote_id in enumerate(list(server.batches)):
        ids = server.custom_ids(remote_id)
        server.finish(
            remote_id, fail=dict.fromkeys(ids[:20], 500), expire=ids[20:40],
            leave_out=ids[40:50], twice=ids[50:60], shuffle=number, garbage=True, truncate=True,
        )  # fmt: skip
    teacher.collect_batch()
    again = teacher.submit_batch(offers)
    assert 0 < again["n_requests"].sum() < table["n_requests"].sum() / 3
    finish_all(server)
    teacher.collect_batch()
    assert teacher.recall(offers)["status"].ne("failed").all()
    assert len(store) == table["n_requests"].sum()
    assert time.monotonic() - start < 60
