"""One request, and the key under which its reply is kept: nothing that matters is missing."""

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_server import TWO_THEMES
from jocas_themes.taxonomy import HR_THEMES
from jocas_themes.teacher.prompt import PROMPT_VERSION, RequestBuilder, open_examples

_DEFAULTS = {
    "model": "m",
    "taxonomy": TWO_THEMES,
    "response_format": "json_schema",
    "request_params": {"temperature": 0.5},
    "redact": True,
    "max_offer_tokens": None,
}
_EXAMPLE = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "!"}]


def build(**changes):
    return RequestBuilder(**(_DEFAULTS | changes))


class TestRequest:
    def test_holds_all_there_is_and_nothing_else(self):
        builder = build()
        messages = builder.build_messages("Une prime.")
        request = builder.build_request(messages)
        assert set(request) == {"model", "messages", "response_format", "temperature"}
        assert (request["model"], request["temperature"]) == ("m", 0.5)
        assert request["messages"] == messages
        assert [message["role"] for message in messages] == ["system", "user"]
        assert messages[1]["content"] == "<offer>\nUne prime.\n</offer>"

    @pytest.mark.parametrize("response_format", ["json_schema", "json_object", "text"])
    def test_says_the_form_of_the_answer(self, response_format):
        request = build(response_format=response_format).build_request([])
        assert request.get("response_format", {"type": "text"})["type"] == response_format

    def test_begins_with_what_never_changes(self):
        # The server's cache knows the longest common beginning only.
        builder = build(examples=lambda sent: _EXAMPLE)
        first, second = builder.build_messages("a"), builder.build_messages("b")
        assert first[:-1] == second[:-1]
        assert first[1:-1] == _EXAMPLE
        assert first[-1] != second[-1]

    def test_does_not_depend_on_the_order_in_which_it_is_used(self):
        builder = build()
        builder.build_request(builder.build_messages("a"))["temperature"] = 9
        assert builder.build_request([])["temperature"] == 0.5
        assert _DEFAULTS["request_params"] == {"temperature": 0.5}


class TestPrepare:
    def test_redacts_and_cuts(self):
        text = "Mme Roux recrute. " + "Un poste. " * 100
        outgoing = build(max_offer_tokens=60).prepare(text)
        assert outgoing.text.startswith("Mme [nom] recrute. Un poste.")
        assert outgoing.is_cut
        assert build(redact=False).prepare(text).text == text


class TestKey:
    def test_is_of_all_that_the_reply_depends_on(self):
        key = build().build_key("a")
        assert (key.text, key.model, key.prompt_version) == ("a", "m", PROMPT_VERSION)
        assert key.taxonomy_fingerprint == TWO_THEMES.fingerprint
        assert key.parameters == {"response_format": "json_schema", "temperature": 0.5}
        assert (key.vote, key.replay) == (0, "")

    @pytest.mark.parametrize(
        "change",
        [
            {"model": "m2"},
            {"taxonomy": HR_THEMES},
            {"response_format": "text"},
            {"request_params": {}},
            {"request_params": {"temperature": 0.6}},
            {"examples": lambda sent: _EXAMPLE},
        ],
    )
    def test_changes_with_each_of_it(self, change):
        assert build(**change).build_key("a").digest != build().build_key("a").digest

    def test_changes_with_the_examples_that_this_offer_is_shown(self):
        shown = {"a": _EXAMPLE, "b": _EXAMPLE[::-1]}
        first, second = build(examples=shown.get), build(examples=lambda sent: _EXAMPLE)
        assert first.build_key("a") == second.build_key("a")
        assert first.build_key("b") != second.build_key("b")

    def test_changes_with_vote_and_round(self):
        builder = build()
        keys = [builder.build_key("a", vote=vote, replay=name) for vote in (0, 1) for name in "xy"]
        assert len({key.digest for key in keys} | {builder.build_key("a").digest}) == 5

    @given(st.text(), st.text())
    def test_is_another_for_another_text(self, a, b):
        builder = build()
        assert (builder.build_key(a) == builder.build_key(b)) == (a == b)
        json.dumps(builder.build_messages(a))

    def test_is_the_same_whether_or_not_redaction_had_anything_to_do(self):
        on, off = build(), build(redact=False)
        assert on.build_key(on.prepare("Une prime.").text) == off.build_key("Une prime.")

    def test_of_examples_knows_what_was_redacted_in_them(self):
        gold = pd.DataFrame(
            {
                "text": ["Mme Roux recrute. Prime."],
                "DIVERSITY": [0],
                "COMPENSATION_BENEFITS": [1],
                "COMPENSATION_BENEFITS_evidence": ["Prime"],
            }
        )

        def make_key(*, redact):
            def prepare(text):
                return build(redact=redact).prepare(text).text

            source = open_examples(gold, TWO_THEMES, n_examples=1, prepare=prepare)
            return build(redact=redact, examples=source).build_key("a")

        assert make_key(redact=True) != make_key(redact=False)
