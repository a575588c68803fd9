"""The `openai` client: opening one, sending a request, telling its failures apart."""

import asyncio
import inspect
import os
import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from jocas_themes.errors import (
    MissingKeyError,
    TeacherAuthError,
    TeacherError,
    TeacherUnavailableError,
)
from jocas_themes.teacher.asking._copies import Copies

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# The server's own words for an account that cannot pay: waiting does not help.
_NO_FUNDS = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_PAYMENT_REQUIRED = 402  # DeepSeek's, of an empty account
_SECRET_HEADERS = ("authorization", "api-key")  # the second is Azure's
# What a server says of one request; other offers may fare better.
_REFUSED_REQUEST = frozenset({400, 413, 422})


@dataclass(frozen=True, slots=True)
class RawReply:
    """The body of a reply, what came with it, and how long it took in seconds."""

    body: str
    headers: Mapping[str, str]
    duration_s: float

    @property
    def request_id(self) -> str | None:
        """Return the server's name for the request."""
        return self.headers.get("x-request-id")


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
                f"{n_requests} answers are not in the store. Set it, or name another variable "
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


def open_client(*, api_key: str, base_url: str | None) -> Any:
    """Open an asynchronous client of our own."""
    from openai import AsyncOpenAI  # slow to import, and only needed when something is asked

    return AsyncOpenAI(api_key=api_key, base_url=base_url)


def adapt_client(client: Any, *, timeout_s: float) -> Any:
    """Return a client of the same connections that waits so long, and repeats nothing itself."""
    if hasattr(client, "with_options"):
        return client.with_options(timeout=timeout_s, max_retries=0)
    return client


def is_asynchronous(call: Callable[..., Any]) -> bool:
    """Tell whether a method of a client gives something to await."""
    return inspect.iscoroutinefunction(inspect.unwrap(call))


def make_sender(
    client: Any, executor: ThreadPoolExecutor, *, timeout_s: float
) -> Callable[[Mapping[str, Any]], Any]:
    """Make the one function through which requests leave, for either kind of client."""
    create = adapt_client(client, timeout_s=timeout_s).chat.completions.with_raw_response.create
    asynchronous = is_asynchronous(create)
    copies = Copies()

    def create_in_thread(arguments: Mapping[str, Any]) -> Any:
        http = create(**arguments).http_response
        copies.refuse(http)  # before the connection can be used again
        return http

    async def send(request: Mapping[str, Any]) -> RawReply:
        start = time.monotonic()
        arguments = _send_as_it_is(request)
        if asynchronous:
            # The client's own limit begins again with every byte that trickles in.
            try:
                async with asyncio.timeout(timeout_s):
                    http = (await create(**arguments)).http_response
            except TimeoutError:
                raise TimeoutError(f"timed out after {timeout_s:g} s") from None
            await copies.refuse_async(http)
        else:
            loop = asyncio.get_running_loop()
            http = await loop.run_in_executor(executor, create_in_thread, arguments)
        return RawReply(http.text, http.headers, time.monotonic() - start)

    return send


def _send_as_it_is(request: Mapping[str, Any]) -> dict[str, Any]:
    """Hand a request over as ``extra_body``, which the client does not walk through.

    Of a request's other arguments it looks at every part, the schema of the answer included,
    which takes it a third of its time.
    """
    return {"model": request["model"], "messages": [], "extra_body": dict(request)}


def find_fatal(error: Exception, *, model: str, api_key_env: str) -> TeacherError | None:
    """Return the error with which to stop, when asking on is of no use; else None."""
    import openai

    reason = describe_failure(error)
    if isinstance(error, (openai.AuthenticationError, openai.PermissionDeniedError)):
        return TeacherAuthError(
            f"the server refused the key (of {api_key_env}): {reason}. The answers that had "
            f"arrived are in the store."
        )
    if _cannot_pay(error):
        code = getattr(error, "code", None) or getattr(error, "status_code", "")
        return TeacherAuthError(
            f"the account cannot pay ({code}): {reason}. The answers that had arrived "
            f"are in the store; add credit and run again."
        )
    if isinstance(error, openai.NotFoundError):
        return TeacherUnavailableError(
            f"the server does not know the model {model!r} or the address: {reason}. Check "
            f"model= and base_url=."
        )
    return None


def _cannot_pay(error: Exception) -> bool:
    """Tell whether a server says that the account is empty."""
    status = getattr(error, "status_code", None)
    named = {getattr(error, "code", None), getattr(error, "type", None)}
    return status == _PAYMENT_REQUIRED or (status == 429 and bool(named & _NO_FUNDS))


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
