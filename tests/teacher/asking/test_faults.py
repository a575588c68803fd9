"""What errors mean: with real clients, and with what real servers say."""

import asyncio
import json
import socket
import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import APIResponseValidationError, APITimeoutError, AsyncOpenAI, OpenAI, OpenAIError

from chat_server import ChatServer, Reply, completion, failure
from jocas_themes.teacher.asking._faults import classify_fault, compute_backoff
from jocas_themes.teacher.reply import NotACompletionError


def _send(client):
    with client, pytest.raises(OpenAIError, match=r".") as caught:
        client.chat.completions.with_raw_response.create(
            model="m", messages=[{"role": "user", "content": "x"}]
        )
    return caught.value


def _open(url, **params):
    return OpenAI(api_key="test", base_url=url, max_retries=0, **params)


def _fail(reply):
    """Return the fault of a request that gets this reply."""
    with ChatServer(lambda request: reply) as server:
        return classify_fault(_send(_open(server.url)))


class TestStatus:
    @pytest.mark.parametrize(
        ("status", "kind", "is_passing", "may_be_charged"),
        [
            (400, "refused_request", False, False),
            (401, "fatal", False, False),
            (402, "fatal", False, False),
            (403, "fatal", False, False),
            (404, "fatal", False, False),
            (408, "timeout", True, False),
            (409, "server", True, False),
            (413, "refused_request", False, False),
            (418, "other", False, False),
            (422, "refused_request", False, False),
            (429, "rate_limit", True, False),
            (500, "server", True, False),
            (502, "server", True, False),
            (503, "overloaded", True, False),
            (504, "timeout", True, True),
            (524, "timeout", True, True),
            (529, "overloaded", True, False),
        ],
    )
    def test_says_whether_to_repeat_and_what_is_charged(
        self, status, kind, is_passing, may_be_charged
    ):
        fault = _fail(failure(status, "no"))
        assert (fault.kind, fault.is_passing, fault.may_be_charged) == (
            kind,
            is_passing,
            may_be_charged,
        )
        assert fault.is_congestion == (kind in {"rate_limit", "overloaded", "timeout"})
        assert fault.parameter is None
        assert fault.error.status_code == status

    @pytest.mark.parametrize("code", ["insufficient_quota", "billing_not_active"])
    def test_of_an_empty_account_does_not_pass(self, code):
        fault = _fail(failure(429, "You exceeded your current quota", code=code))
        assert (fault.kind, fault.is_passing) == ("fatal", False)

    def test_that_the_server_says_not_to_repeat(self):
        fault = _fail(failure(500, "no", **{"x-should-retry": "false"}))
        assert (fault.kind, fault.is_passing) == ("server", False)

    @pytest.mark.parametrize("body", ["<html>Bad gateway</html>", "", [1], None, {"error": None}])
    def test_is_enough_when_the_body_is_anything(self, body):
        assert _fail(Reply(body, 502)).kind == "server"
        assert _fail(Reply(body, 400)).kind == "refused_request"


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("headers", "expected_s"),
        [
            ({"retry-after": "7"}, 7),
            ({"retry-after": "0.25"}, 0.25),
            ({"retry-after": "0"}, 0),
            ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
            ({"retry-after-ms": "soon", "retry-after": "9"}, 9),
            ({"retry-after": "86400"}, 600),
            ({"retry-after": "inf"}, 600),
            ({"retry-after": "-3"}, None),
            ({"retry-after": "nan"}, None),
            ({"retry-after": "later"}, None),
            ({"retry-after": ""}, None),
            ({"retry-after": "Fri, 99 Feb 2026 99:00:00 GMT"}, None),
            ({"retry-after": formatdate(0, usegmt=True)}, None),  # long ago
            ({}, None),
        ],
    )
    def test_is_read_where_it_makes_sense(self, headers, expected_s):
        fault = _fail(Reply({"error": {"message": "slow down"}}, 429, headers))
        assert fault.retry_after_s == expected_s

    def test_may_be_a_date(self):
        headers = {"retry-after": formatdate(time.time() + 30, usegmt=True)}
        fault = _fail(Reply({}, 503, headers))
        assert 25 < fault.retry_after_s <= 30


class TestConnection:
    def test_that_never_was_costs_nothing(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # and nobody listens
            client = _open(f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
            fault = classify_fault(_send(client))
        assert (fault.kind, fault.is_passing, fault.may_be_charged) == ("connection", True, False)

    def test_that_broke_in_the_middle_may_cost(self):
        fault = _fail(Reply(completion("{}"), cut=True))
        assert (fault.kind, fault.is_passing, fault.may_be_charged) == ("connection", True, True)

    def test_too_slow_may_cost(self):
        def respond(request):
            time.sleep(0.3)
            return Reply(completion("{}"))

        with ChatServer(respond) as server:
            error = _send(_open(server.url, timeout=0.05))
        assert isinstance(error, APITimeoutError)
        fault = classify_fault(error)
        assert (fault.kind, fault.is_passing, fault.may_be_charged) == ("timeout", True, True)

    def test_that_was_still_waited_for_costs_nothing(self):
        error = APITimeoutError(request=None)
        error.__cause__ = type("PoolTimeout", (Exception,), {})()  # of either `httpx`
        assert not classify_fault(error).may_be_charged

    def test_beyond_a_limit_of_our_own_may_cost(self):
        async def send(url):
            client = AsyncOpenAI(api_key="test", base_url=url, max_retries=0)
            async with client, asyncio.timeout(0.05):
                await client.chat.completions.create(model="m", messages=[])

        def respond(request):
            time.sleep(0.3)
            return Reply(completion("{}"))

        with ChatServer(respond) as server, pytest.raises(TimeoutError, match=r"^$") as caught:
            asyncio.run(send(server.url))
        fault = classify_fault(caught.value)
        assert (fault.kind, fault.is_passing, fault.may_be_charged) == ("timeout", True, True)


class TestOther:
    def test_garbage_passes_and_may_cost(self):
        fault = classify_fault(NotACompletionError("the body is not a chat completion"))
        assert (fault.kind, fault.is_passing, fault.may_be_charged) == ("garbage", True, True)
        with ChatServer(lambda request: failure(500, "x")) as server:
            response = _send(_open(server.url)).response
        invalid = APIResponseValidationError(response=response, body=None)
        assert classify_fault(invalid).kind == "garbage"

    @pytest.mark.parametrize("error", [ValueError("x"), OSError("disk full"), OpenAIError("key")])
    def test_is_none_of_the_servers_doing(self, error):
        fault = classify_fault(error)
        assert (fault.kind, fault.is_passing, fault.may_be_charged) == ("other", False, False)
        assert fault.error is error


def _openai(message, *, param=None, code=None):
    return {
        "error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    }


class TestParameter:
    """The bodies are what servers are known to answer."""

    @pytest.mark.parametrize(
        ("status", "body", "parameter"),
        [
            (
                400,
                _openai(
                    "Unsupported value: 'temperature' does not support 0 with this model. Only "
                    "the default (1) value is supported.",
                    param="temperature",
                    code="unsupported_value",
                ),
                "temperature",
            ),
            (
                400,
                _openai(
                    "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                    "'max_completion_tokens' instead.",
                    param="max_tokens",
                    code="unsupported_parameter",
                ),
                "max_tokens",
            ),
            (
                400,  # through a proxy that passes the words on, and nothing else
                {"detail": "Unsupported parameter: 'top_p' is not supported with this model."},
                "top_p",
            ),
            (403, _openai("You are not allowed to request logprobs from this model"), "logprobs"),
            (
                400,
                _openai("The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled."),
                "top_logprobs",
            ),
            (
                400,  # Azure
                _openai("Unrecognized request argument supplied: max_completion_tokens"),
                "max_completion_tokens",
            ),
            (
                422,  # Mistral
                {
                    "object": "error",
                    "message": {
                        "detail": [
                            {
                                "type": "extra_forbidden",
                                "loc": ["body", "seed"],
                                "msg": "Extra inputs are not permitted",
                                "input": 7,
                            }
                        ]
                    },
                    "type": "invalid_request_error",
                    "param": None,
                    "code": None,
                },
                "seed",
            ),
            (
                400,  # Gemini
                [
                    {
                        "error": {
                            "code": 400,
                            "message": "Invalid JSON payload received. Unknown name "
                            '"frequency_penalty": Cannot find field.',
                            "status": "INVALID_ARGUMENT",
                        }
                    }
                ],
                "frequency_penalty",
            ),
            (
                400,
                {"error": {"code": 400, "message": "Logprobs is not enabled for models/gemini"}},
                "logprobs",
            ),
        ],
    )
    def test_that_is_refused_is_named(self, status, body, parameter):
        fault = _fail(Reply(body, status))
        assert fault.parameter == parameter
        assert (fault.kind, fault.is_passing) == ("unsupported_parameter", False)
        assert not fault.may_be_charged

    @pytest.mark.parametrize(
        "body",
        [
            _openai(
                "Invalid 'temperature': decimal above maximum value. Expected a value <= 2.",
                param="temperature",
                code="decimal_above_max_value",
            ),
            _openai(
                "max_tokens is too large: 20000. This model supports at most 16384 tokens.",
                param="max_tokens",
            ),
            _openai(
                "This model's maximum context length is 8192 tokens. However, you requested 9000 "
                "(1000 in the messages, 8000 in the completion via max_tokens)."
            ),
            _openai(
                "Unsupported value: 'reasoning_effort' does not support 'minimal' with this model.",
                param="reasoning_effort",
                code="unsupported_value",
            ),
            _openai("Unsupported value: 'messages[0].role' does not support 'system'."),
            _openai("This model does not support seeds of doubt"),
            "Unsupported",
        ],
    )
    def test_that_is_wrong_or_needed_is_the_users_to_change(self, body):
        fault = _fail(Reply(body, 400))
        assert (fault.kind, fault.parameter) == ("refused_request", None)

    def test_is_not_looked_for_in_other_faults(self):
        body = _openai("Unsupported parameter: 'seed'", param="seed", code="unsupported_parameter")
        assert _fail(Reply(json.dumps(body), 500)).parameter is None
        assert _fail(Reply(body, 401)).kind == "fatal"


class TestBackoff:
    @pytest.mark.parametrize(
        ("attempt", "most_s"), [(1, 0.5), (2, 1), (3, 2), (7, 32), (8, 60), (5000, 60)]
    )
    def test_is_up_to_twice_as_long_each_time_and_a_minute_at_most(self, attempt, most_s):
        assert compute_backoff(attempt, random=lambda: 0.0) == 0
        assert compute_backoff(attempt, random=lambda: 0.999) == pytest.approx(0.999 * most_s)

    @given(st.integers(1, 10_000))
    def test_is_drawn(self, attempt):
        assert 0 <= compute_backoff(attempt) <= 60
