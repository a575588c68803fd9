"""The `openai` client: opening one, sending a request, telling its failures apart."""

import asyncio
import inspect
import os
import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from jocas_themes.errors import (
    MissingKeyError,
    TeacherAuthError,
    TeacherError,
    TeacherUnavailableError,
)

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# The server's own words for an account that cannot pay: waiting does not help.
_NO_FUNDS = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_SECRET_HEADERS = ("authorization", "api-key")  # the second is Azure's
# What a server says of one request; other offers may fare better.
_REFUSED_REQUEST = frozenset({400, 413, 422})


@dataclass(frozen=True, slots=True)
class RawReply:
    """The body of a reply, and how long it took in seconds."""

    body: str
    duration_s: float


def read_key(api_key_env: str, base_url: str | None, *, n_requests: int) -> str:
    """Read the API key from the environment, and check that it may travel to that address."""
    key = os.environ.get(api_key_env, "").strip()
    if not re.fullmatch(r"[!-~]*", key):
        raise TeacherAuthError(
            f"the environment variable {api_key_env} holds no API key: a key has printable ASCII "
            f"characters only, and no white space inside. Set it again."
        )
    if base_url is None:
        if not key:
            raise MissingKeyError(
                f"no API key: the environment variable {api_key_env} is not set, and "
                f"{n_requests} offers are not in the store. Set it, or name another variable "
                f"with api_key_env=."
            )
        return key
    address = urlsplit(base_url)
    if key and address.scheme == "http" and address.hostname not in _LOOPBACK:
        raise TeacherAuthError(
            f"the key of {api_key_env} would travel in clear text to {address.hostname!r}. Use "
            f"an https:// base_url, or name an empty variable with api_key_env= if that server "
            f"needs no key."
        )
    return key or "no-key"


def find_base_url(base_url: str | None) -> str | None:
    """Return the address that will be asked: the `openai` client reads a variable too."""
    base_url = base_url or os.environ.get("OPENAI_BASE_URL", "").strip() or None
    if base_url is not None:
        check_base_url(base_url)
    return base_url


def check_base_url(base_url: str) -> None:
    """Check that an address can be asked, and holds no secret."""
    try:
        address = urlsplit(base_url)
        usable = address.scheme in {"http", "https"} and address.hostname and address.port != 0
    except ValueError:
        raise ValueError("base_url is not a valid address.") from None
    if address.username is not None or address.query:
        raise ValueError(
            "base_url holds a user name, a password or a query, which would show in every repr. "
            "Put the key into an environment variable, and name that with api_key_env=."
        )
    if not usable:
        raise ValueError(f"base_url must start with http:// or https://, got {base_url!r}.")


def open_client(*, api_key: str, base_url: str | None, timeout_s: float, max_retries: int) -> Any:
    """Open an asynchronous client of our own."""
    from openai import AsyncOpenAI  # slow to import, and only needed when something is asked

    return AsyncOpenAI(
        api_key=api_key, base_url=base_url, timeout=timeout_s, max_retries=max_retries
    )


def make_sender(client: Any, executor: ThreadPoolExecutor) -> Callable[[Mapping[str, Any]], Any]:
    """Make the one function through which requests leave, for either kind of client."""
    create = client.chat.completions.with_raw_response.create
    asynchronous = inspect.iscoroutinefunction(inspect.unwrap(create))

    async def send(request: Mapping[str, Any]) -> RawReply:
        start = time.monotonic()
        if asynchronous:
            response = await create(**request)
        else:
            loop = asyncio.get_running_loop()
            response = await loop.run_in_executor(executor, partial(create, **request))
        return RawReply(response.http_response.text, time.monotonic() - start)

    return send


def find_fatal(error: Exception, *, model: str, api_key_env: str) -> TeacherError | None:
    """Return the error with which to stop, when asking on is of no use; else None."""
    import openai

    reason = describe_failure(error)
    if isinstance(error, (openai.AuthenticationError, openai.PermissionDeniedError)):
        return TeacherAuthError(
            f"the server refused the key (of {api_key_env}): {reason}. The answers that had "
            f"arrived are in the store."
        )
    if isinstance(error, openai.RateLimitError) and error.code in _NO_FUNDS:
        return TeacherAuthError(
            f"the account cannot pay ({error.code}): {reason}. The answers that had arrived "
            f"are in the store; add credit and run again."
        )
    if isinstance(error, openai.NotFoundError):
        return TeacherUnavailableError(
            f"the server does not know the model {model!r} or the address: {reason}. Check "
            f"model= and base_url=."
        )
    return None


def is_refused_request(error: Exception) -> bool:
    """Tell whether a server that is up refused this one request."""
    return getattr(error, "status_code", None) in _REFUSED_REQUEST


def describe_failure(error: Exception) -> str:
    """Describe a failure in one line that never holds a key."""
    body = getattr(error, "body", None)  # the server's own words, in whatever form
    if isinstance(body, dict):
        body = body.get("message") or body
    message = str(body or getattr(error, "message", "") or error) or type(error).__name__
    request = getattr(error, "request", None)
    headers = {} if request is None else request.headers
    for header in _SECRET_HEADERS:
        secret = headers.get(header, "").removeprefix("Bearer ").strip()
        if len(secret) > 3:
            message = message.replace(secret, "***")
    status = getattr(error, "status_code", None)
    line = " ".join(message.split())[:300].rstrip(".")
    return f"{type(error).__name__}{f' {status}' if status else ''}: {line}"
