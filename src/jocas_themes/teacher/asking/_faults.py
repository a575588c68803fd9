"""What went wrong with a request: whether to send it again, when, and what it may have cost."""

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from random import random as draw_uniform

from jocas_themes.teacher.asking._client import find_fatal, is_refused_request
from jocas_themes.teacher.reply import NotACompletionError

_LONGEST_RETRY_AFTER_S = 600.0
_BACKOFF_BASE_S = 0.5
_BACKOFF_CAP_S = 60.0

_KINDS = {
    402: "fatal",  # DeepSeek's, of an empty account
    408: "timeout",
    409: "server",  # a conflict inside the server, which passes
    429: "rate_limit",
    503: "overloaded",
    504: "timeout",
    524: "timeout",  # Cloudflare's
    529: "overloaded",  # Anthropic's
}
_PASSING = frozenset({"rate_limit", "overloaded", "server", "timeout", "connection", "garbage"})
_CONGESTION = frozenset({"rate_limit", "overloaded", "timeout"})
# A proxy that gave up waiting: what is behind it may have done the work. (At 408 the server had
# not even read the request.)
_UNSURE_STATUSES = frozenset({504, 524})
# How `httpx` names what happened before anything was sent.
_NOTHING_SENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol"})

# What a request can do without, and the two names of the one limit that it may state.
_OPTIONAL = (
    "top_logprobs",
    "logprobs",
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "seed",
    "max_completion_tokens",
    "max_tokens",
)
_OPTIONAL_NAME = re.compile(rf"\b({'|'.join(_OPTIONAL)})\b", re.IGNORECASE)
# How servers say that they do not take something: OpenAI and Azure, Mistral and vLLM, Gemini.
_REFUSAL = re.compile(
    r"unsupported|not supported|does not support|only allowed when|not allowed to request"
    r"|unrecognized request argument|extra_forbidden|extra inputs|unknown name|not enabled",
    re.IGNORECASE,
)
_REFUSING_STATUSES = frozenset({400, 403, 422})  # 403: log-probabilities, of reasoning models


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What went wrong with a request.

    Parameters
    ----------
    error : Exception
        What was raised.
    kind : str
        ``rate_limit``, ``overloaded``, ``server``, ``timeout``, ``connection`` or ``garbage`` (a
        body that is no reply), which pass; ``refused_request``, ``unsupported_parameter``;
        ``fatal``, when asking on is of no use; ``other``, when it is none of the server's doing.
    is_passing : bool
        Whether the same request may fare better later.
    may_be_charged : bool
        Whether the server may have done the work, and charge it.
    retry_after_s : float, optional
        How long the server asks to wait, in seconds, ten minutes at most.
    parameter : str, optional
        The parameter of the request that the server does not take.
    """

    error: Exception
    kind: str
    is_passing: bool
    may_be_charged: bool
    retry_after_s: float | None = None
    parameter: str | None = None

    @property
    def is_congestion(self) -> bool:
        """Whether fewer requests at once may help."""
        return self.kind in _CONGESTION


def classify_fault(error: Exception) -> Fault:
    """Tell what an error means for the request that raised it, and for the next ones.

    Parameters
    ----------
    error : Exception
        What a client raised, of `openai` or of a limit on time, or `NotACompletionError`.

    Returns
    -------
    Fault
        What it means.

    Notes
    -----
    An error status is no reply, and is not charged. No reply in time, a connection that broke
    once the request may have left, and a body that is none may be.

    Examples
    --------
    >>> fault = classify_fault(TimeoutError())
    >>> fault.kind, fault.is_passing, fault.may_be_charged
    ('timeout', True, True)
    """
    headers = getattr(getattr(error, "response", None), "headers", {})
    parameter = _find_refused_parameter(error)
    kind = "unsupported_parameter" if parameter else _find_kind(error)
    return Fault(
        error=error,
        kind=kind,
        is_passing=kind in _PASSING and headers.get("x-should-retry") != "false",
        may_be_charged=_may_be_charged(error, kind),
        retry_after_s=_read_retry_after(headers),
        parameter=parameter,
    )


def compute_backoff(attempt: int, *, random: Callable[[], float] = draw_uniform) -> float:
    """Compute how long to wait before a request is sent again.

    Parameters
    ----------
    attempt : int
        How often it has failed, from 1.
    random : callable, default=random.random
        Draws a number in [0, 1).

    Returns
    -------
    float
        Seconds.

    Notes
    -----
    Exponential backoff with full jitter (Brooker, "Exponential Backoff And Jitter", AWS
    Architecture Blog, 2015): uniform between 0 and 0.5 s, doubled with each failure, 60 s at
    most.

    Examples
    --------
    >>> compute_backoff(3, random=lambda: 0.5)
    1.0
    """
    doublings = min(attempt - 1, 20)  # far beyond the cap
    return random() * min(_BACKOFF_CAP_S, _BACKOFF_BASE_S * 2.0**doublings)


def _find_kind(error: Exception) -> str:
    import openai

    if isinstance(error, (NotACompletionError, openai.APIResponseValidationError)):
        return "garbage"
    if isinstance(error, (TimeoutError, openai.APITimeoutError)):
        return "timeout"
    if isinstance(error, openai.APIConnectionError):
        return "connection"
    if not isinstance(error, openai.APIStatusError):
        return "other"
    if find_fatal(error, model="", api_key_env="") is not None:
        return "fatal"
    if is_refused_request(error):
        return "refused_request"
    return _KINDS.get(error.status_code, "server" if error.status_code >= 500 else "other")


def _may_be_charged(error: Exception, kind: str) -> bool:
    status = getattr(error, "status_code", None)
    if kind == "timeout" and status is not None:
        return status in _UNSURE_STATUSES
    return kind in {"timeout", "connection", "garbage"} and (
        type(error.__cause__).__name__ not in _NOTHING_SENT
    )


def _find_refused_parameter(error: Exception) -> str | None:
    """Find the optional parameter that a server does not take, out of its own words."""
    if getattr(error, "status_code", None) not in _REFUSING_STATUSES:
        return None
    body = getattr(error, "body", None)
    said = f"{getattr(error, 'code', '')} {body or error}"
    if not _REFUSAL.search(said):
        return None
    named = str(getattr(error, "param", None) or "")
    found = _OPTIONAL_NAME.fullmatch(named) or _OPTIONAL_NAME.search(said)
    return found[1].lower() if found else None


def _read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Read how many seconds a server asks to wait: in milliseconds, in seconds, or until a date."""
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        seconds = _read_seconds(headers.get(name, "")) * unit_s
        if seconds >= 0:  # and not nan
            return min(seconds, _LONGEST_RETRY_AFTER_S)
    return None


def _read_seconds(text: str) -> float:
    """Read a number, or the seconds until a date; -1 for all else."""
    with suppress(ValueError):
        return float(text)
    try:
        return parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, OverflowError, OSError):
        return -1.0
