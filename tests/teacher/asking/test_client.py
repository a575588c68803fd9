"""Where a key may travel, and what is said of a failure without repeating it."""

import pytest
from openai import AzureOpenAI, OpenAI, OpenAIError

from chat_server import ChatServer, Reply, failure
from jocas_themes.errors import MissingKeyError, TeacherAuthError
from jocas_themes.teacher.asking._client import (
    check_base_url,
    describe_failure,
    find_base_url,
    read_key,
)

_KEY = "sk-test-0123456789abcdef"


class TestKey:
    def test_is_read_from_the_environment(self, monkeypatch):
        monkeypatch.setenv("MY_KEY", f" {_KEY}\n")  # as pasted
        assert read_key("MY_KEY", None, n_requests=1) == _KEY

    @pytest.mark.parametrize("value", [None, "", "  "])
    def test_that_is_missing_is_named(self, monkeypatch, value):
        if value is not None:
            monkeypatch.setenv("MY_KEY", value)
        with pytest.raises(MissingKeyError, match=r"variable MY_KEY is not set, and 7 answers"):
            read_key("MY_KEY", None, n_requests=7)

    def test_is_not_needed_by_a_server_of_ones_own(self, monkeypatch):
        monkeypatch.delenv("MY_KEY", raising=False)
        assert read_key("MY_KEY", "http://gpu.example/v1", n_requests=1) == "no-key"

    @pytest.mark.parametrize("value", ["clé-secrète", "sk-a\nsk-b", "sk a", "sk-a\u200bb"])
    def test_that_cannot_be_one_is_not_repeated(self, monkeypatch, value):
        monkeypatch.setenv("MY_KEY", value)
        with pytest.raises(TeacherAuthError, match="MY_KEY holds no API key") as caught:
            read_key("MY_KEY", None, n_requests=1)
        assert value not in str(caught.value)

    @pytest.mark.parametrize(
        "address", ["http://localhost:1/v1", "http://127.0.0.1:1", "http://[::1]:1", "https://x.fr"]
    )
    def test_may_travel_encrypted_or_not_at_all(self, monkeypatch, address):
        monkeypatch.setenv("MY_KEY", _KEY)
        assert read_key("MY_KEY", address, n_requests=1) == _KEY

    @pytest.mark.parametrize(
        "address", ["http://x.fr/v1", "HTTP://x.fr", "http://localhost.x.fr", "http://10.0.0.1"]
    )
    def test_never_travels_in_clear_text(self, monkeypatch, address):
        monkeypatch.setenv("MY_KEY", _KEY)
        with pytest.raises(TeacherAuthError, match=r"clear text .*https://") as caught:
            read_key("MY_KEY", address, n_requests=1)
        assert _KEY not in str(caught.value)


class TestBaseUrl:
    @pytest.mark.parametrize(
        "address", ["https://x.fr", "http://localhost:11434/v1", "http://[::1]:8000/v1"]
    )
    def test_that_can_be_asked(self, address):
        check_base_url(address)

    @pytest.mark.parametrize(
        ("address", "message"),
        [
            ("localhost:11434/v1", "must start with http"),
            ("api.x.fr/v1", "must start with http"),
            ("ftp://x.fr", "must start with http"),
            ("https://", "must start with http"),
            ("", "must start with http"),
            ("http://[::1/v1", "not a valid address"),
            ("http://x.fr:99999/v1", "not a valid address"),
            ("https://me:s3cret@x.fr/v1", "user name, a password or a query"),
            ("https://s3cret@x.fr/v1", "user name, a password or a query"),
        ],
    )
    def test_that_cannot(self, address, message):
        with pytest.raises(ValueError, match=rf"base_url .*{message}") as caught:
            check_base_url(address)
        assert "s3cret" not in str(caught.value)

    def test_of_the_environment_is_checked_as_the_parameter_is(self, monkeypatch):
        assert find_base_url(None) is None
        monkeypatch.setenv("OPENAI_BASE_URL", "https://x.fr/v1")
        assert find_base_url(None) == "https://x.fr/v1"
        assert find_base_url("https://y.fr") == "https://y.fr"
        monkeypatch.setenv("OPENAI_BASE_URL", "https://me:s3cret@x.fr/v1")
        with pytest.raises(ValueError, match="password"):
            find_base_url(None)


class TestDescription:
    @staticmethod
    def _fail(client):
        with client, pytest.raises(OpenAIError, match=r"\d") as caught:
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}])
        return describe_failure(caught.value)

    @pytest.mark.parametrize(
        ("reply", "expected"),
        [
            (failure(400, f"bad\n key:  {_KEY}."), "BadRequestError 400: bad key: ***"),
            (failure(400, "é" * 999), f"BadRequestError 400: {'é' * 300}"),
        ],
    )
    def test_is_one_short_line_without_the_key(self, reply, expected):
        with ChatServer(lambda request: reply) as server:
            client = OpenAI(api_key=_KEY, base_url=server.url, max_retries=0)
            assert self._fail(client) == expected

    @pytest.mark.parametrize(
        "body", [f"<html>{_KEY}</html>", {"detail": f"who is {_KEY}?"}, {"error": _KEY}]
    )
    def test_repeats_the_server_in_whatever_form_it_speaks_but_for_the_key(self, body):
        with ChatServer(lambda request: Reply(body, 400)) as server:
            described = self._fail(OpenAI(api_key=_KEY, base_url=server.url, max_retries=0))
        assert _KEY not in described
        assert "***" in described

    def test_knows_the_header_of_azure(self):
        with ChatServer(lambda request: failure(401, f"bad key {_KEY}")) as server:
            client = AzureOpenAI(
                api_key=_KEY, azure_endpoint=server.url, api_version="1", max_retries=0
            )
            assert self._fail(client) == "AuthenticationError 401: bad key ***"

    def test_of_an_error_without_words(self):
        assert describe_failure(ValueError()) == "ValueError: ValueError"
