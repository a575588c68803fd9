"""Which questions a table asks, and what is left of them when the store has been read."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_server import TWO_THEMES, answer, completion
from jocas_themes.annotations import AnnotationStore, StoredReply
from jocas_themes.teacher import _questions
from jocas_themes.teacher._questions import Questions
from jocas_themes.teacher.prompt import RequestBuilder

_BUILDER = RequestBuilder(
    model="m",
    taxonomy=TWO_THEMES,
    response_format="json_schema",
    request_params={},
    redact=True,
    max_offer_tokens=100,
)
_OK = json.dumps(completion(json.dumps(answer(TWO_THEMES.codes))))
_BAD = json.dumps(completion("Hm."))


@pytest.fixture
def store(tmp_path):
    with AnnotationStore(tmp_path / "annotations.sqlite") as store:
        yield store


def ask(*texts, votes=1, replay=""):
    offers = {text: f"id {number}" for number, text in enumerate(texts)}
    return Questions(builder=_BUILDER, offers=offers, votes=votes, replay=replay)


def put(store, text, *bodies, vote=0, replay=""):
    """Put the replies to one question."""
    key = _BUILDER.build_key(_BUILDER.prepare(text).text, vote=vote, replay=replay)
    for attempt, raw in enumerate(bodies):
        store.put(key, StoredReply(raw=raw, status="ok", attempt=attempt), offer_id="x")


class TestQuestions:
    def test_are_one_a_text_and_vote(self):
        assert len(ask("a", "b").digests) == 2
        assert len(set(ask("a", "b", votes=3).digests)) == 6
        assert not set(ask("a").digests) & set(ask("a", replay="x").digests)
        # The first vote is the answer that was there before there were votes.
        assert ask("a", votes=3).digests[0] == ask("a").digests[0]

    def test_of_texts_that_are_sent_alike_are_one_and_bear_the_first_id(self, store):
        questions = ask("M. Roux, prime", "M. Morin, prime")
        (digest,) = questions.digests
        assert questions.offer_ids == {digest: "id 0"}
        (job,) = questions.find_jobs(store, max_corrections=0)
        assert (job.key.text, job.offer_id) == ("M. [nom], prime", "id 0")

    def test_know_what_is_cut(self):
        questions = ask("court", "long " * 500)
        assert (questions.is_cut("court"), questions.is_cut("long " * 500)) == (False, True)
        assert not questions.is_cut("unknown")
        assert questions.n_cut == 1


class TestJobs:
    def test_are_those_without_a_good_reply(self, store):
        put(store, "answered", _OK)
        put(store, "corrected", _BAD, _OK)
        put(store, "at fault", _BAD)
        put(store, "at fault twice", _BAD, _BAD)
        questions = ask("answered", "corrected", "at fault", "at fault twice", "new")
        for max_corrections, expected in (
            (0, {"new": 0}),
            (1, {"new": 0, "at fault": 1}),
            (2, {"new": 0, "at fault": 1, "at fault twice": 2}),
        ):
            jobs = questions.find_jobs(store, max_corrections=max_corrections)
            assert {job.key.text: job.attempt for job in jobs} == expected
            assert questions.count_settled(jobs) == 5 - len(expected)
            # A correction follows the model's own words.
            roles = {job.attempt: [m["role"] for m in job.build_messages(_BUILDER)] for job in jobs}
            assert roles.pop(0) == ["system", "user"]
            assert all(r == ["system", "user", "assistant", "user"] for r in roles.values())

    def test_of_another_round_or_vote_are_their_own(self, store):
        put(store, "a", _OK)
        put(store, "a", _OK, vote=2)
        assert [j.key.vote for j in ask("a", votes=4).find_jobs(store, max_corrections=1)] == [1, 3]
        assert len(ask("a", replay="x").find_jobs(store, max_corrections=1)) == 1

    @settings(max_examples=25)
    @given(
        states=st.dictionaries(st.text("abc", min_size=1, max_size=4), st.integers(0, 3)),
        chunk=st.integers(1, 5),
    )
    def test_and_answers_do_not_depend_on_the_size_of_a_chunk(self, states, chunk):
        bodies = {0: (), 1: (_OK,), 2: (_BAD,), 3: (_BAD, _OK)}
        statuses = {0: "failed", 1: "ok", 2: "invalid", 3: "ok"}
        with (
            pytest.MonkeyPatch.context() as patch,
            TemporaryDirectory() as folder,
            AnnotationStore(Path(folder) / "annotations.sqlite") as store,
        ):
            patch.setattr(_questions, "_CHUNK", chunk)
            for text, state in states.items():
                put(store, text, *bodies[state])
            questions = ask(*states)
            jobs = questions.find_jobs(store, max_corrections=1)
            assert sorted(job.key.text for job in jobs) == sorted(
                text for text, state in states.items() if state in {0, 2}
            )
            found = questions.read(store, {})
        assert {text: annotation.status for text, annotation in found.items()} == {
            text: statuses[state] for text, state in states.items()
        }


class TestReading:
    def test_finds_what_came_since(self, store):
        questions = ask("a", "b")
        assert len(questions.find_jobs(store, max_corrections=0)) == 2
        put(store, "a", _OK)
        found = questions.read(store, {questions.digests[1]: "HTTP 500"})
        assert (found["a"].status, found["b"].status) == ("ok", "failed")
        assert found["b"].detail == "HTTP 500"

    def test_takes_a_correction_over_what_it_had_read(self, store):
        put(store, "a", _BAD)
        questions = ask("a")
        questions.find_jobs(store, max_corrections=1)
        put(store, "a", _BAD, _OK)
        assert questions.read(store, {})["a"].status == "ok"

    def test_is_of_a_body_that_is_no_completion_invalid(self, store):
        # As a store may hold that another program has filled.
        put(store, "a", "<html>")
        questions = ask("a")
        assert not questions.find_jobs(store, max_corrections=0)
        assert questions.read(store, {})["a"].status == "invalid"
