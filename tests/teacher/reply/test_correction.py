"""What a model is told of a reply at fault, and which of several replies counts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_server import TWO_THEMES, answer, completion
from jocas_themes.annotations import Annotation, StoredReply
from jocas_themes.teacher.reply import build_correction, count_attempts, parse_reply, read_best

_CODES = TWO_THEMES.codes
_TEXT = "Une prime."
_OK = json.dumps(completion(json.dumps(answer(_CODES, {"COMPENSATION_BENEFITS": "prime"}))))
_PARTLY = json.dumps(completion(json.dumps(answer(_CODES, {"DIVERSITY": "tous"}))))
_INVALID = json.dumps(completion("Hm."))
_REFUSED = json.dumps(completion(None, refusal="Non."))


def stored(raw, attempt=0):
    return StoredReply(raw=raw, status="ok", attempt=attempt)


class TestCorrection:
    def test_repeats_the_models_words_and_says_what_is_wrong(self):
        annotation = parse_reply(_PARTLY, TWO_THEMES, _TEXT)
        words, told = build_correction(_PARTLY, annotation)
        assert words == {
            "role": "assistant",
            "content": json.loads(_PARTLY)["choices"][0]["message"]["content"],
        }
        assert told["role"] == "user"
        assert "DIVERSITY: evidence not in the offer" in told["content"]
        assert "character for character" in told["content"]

    @pytest.mark.parametrize("status", ["refused", "truncated", "invalid"])
    def test_is_worded_for_each_status(self, status):
        (told,) = build_correction(_REFUSED, Annotation(status, detail="la raison"))
        assert ("la raison" in told["content"]) == (status == "invalid")
        assert "Answer again" in told["content"]

    def test_shows_no_more_than_the_beginning_of_a_reply_that_ran_on(self):
        raw = json.dumps(completion("bla " * 50_000))
        words, _ = build_correction(raw, Annotation("truncated"))
        assert len(words["content"]) == 4_000

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["choices", "message", "content", "x"]), inner, max_size=3
                )
            ),
            max_leaves=12,
        )
        | st.builds(completion, st.text(st.characters(codec=None)))
    )
    def test_of_any_body_can_be_sent(self, body):
        messages = build_correction(json.dumps(body), Annotation("invalid", detail="x"))
        json.dumps(messages, ensure_ascii=False).encode()
        assert [message["role"] for message in messages] in (["assistant", "user"], ["user"])
        assert all(message["content"] for message in messages)

    @pytest.mark.parametrize("raw", ["", "<html>", "[" * 100_000, '{"choices": [{"message": 3}]}'])
    def test_of_no_completion_has_no_words_to_repeat(self, raw):
        assert len(build_correction(raw, Annotation("invalid", detail="x"))) == 1


class TestBest:
    def test_of_none_is_none(self):
        assert read_best([], TWO_THEMES, _TEXT) is None

    @pytest.mark.parametrize(
        ("raws", "place"),
        [
            ([_INVALID], 0),
            ([_INVALID, _OK], 1),
            ([_OK, _INVALID], 0),
            ([_PARTLY, _INVALID], 0),
            ([_INVALID, _PARTLY], 1),
            ([_PARTLY, _OK], 1),
            ([_PARTLY, _PARTLY], 0),
            ([_REFUSED, _INVALID, "<html>"], 0),
            (["<html>", _OK], 1),
        ],
    )
    def test_is_the_one_that_leaves_least_unknown(self, raws, place):
        replies = [stored(raw, attempt) for attempt, raw in enumerate(raws)]
        best, annotation = read_best(replies, TWO_THEMES, _TEXT)
        assert best is replies[place]
        assert (annotation.status == "ok") == (raws[place] == _OK)

    def test_is_read_anew_whatever_was_noted_when_it_came(self):
        # A reader that has learnt to read more since.
        best, annotation = read_best([StoredReply(raw=_OK, status="invalid")], TWO_THEMES, _TEXT)
        assert (best.status, annotation.status) == ("invalid", "ok")


@pytest.mark.parametrize(("attempts", "n"), [([], 0), ([0], 1), ([0, 1], 2), ([1, 0], 2), ([3], 4)])
def test_attempts_are_counted_by_the_last(attempts, n):
    assert count_attempts([stored(_OK, attempt) for attempt in attempts]) == n
