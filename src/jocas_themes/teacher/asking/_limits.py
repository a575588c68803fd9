"""Limits on requests and tokens per minute: the ones given, and the ones a server tells of."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

_MINUTE_S = 60.0
_DAY_S = 86_400.0
_PREFIX = "x-ratelimit-"
# What servers call one limit; the second names are Mistral's.
_REQUESTS = ("requests", "req-minute")
_TOKENS = ("tokens", "tokens-minute")
_UNITS_S = {"d": _DAY_S, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_PART = re.compile(rf"({_NUMBER})(ms|us|µs|d|h|m|s)")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")


@dataclass(frozen=True, slots=True)
class ToldLimit:
    """What a server tells of one limit with a reply: how much in all, how much of it is left.

    ``reset_s`` is when it will be whole again; None where the server does not say.
    """

    limit: float
    remaining: float
    reset_s: float | None


@dataclass(slots=True)
class RateLimit:
    """A limit that refills with time (a token bucket); infinite until one is known.

    Parameters
    ----------
    rate : float, default=inf
        What comes back in a second.
    capacity : float, default=inf
        The most there ever is.
    longest_wait_s : float, default=inf
        After so long one request may go, whatever is left.
    """

    rate: float = math.inf
    capacity: float = math.inf
    longest_wait_s: float = math.inf
    _level: float = math.inf
    _refilled_at: float = -math.inf
    _told_at: float = -math.inf

    @classmethod
    def per_minute(cls, limit: float | None) -> "RateLimit":
        """Build a limit that is given: spread over the minute, a second's share at once."""
        if limit is None:
            return cls()
        rate = limit / _MINUTE_S
        return cls(rate, capacity=max(rate, 1.0))

    def take(self, n: int, now: float) -> None:
        """Take n, for a request that leaves now."""
        self._refill(now)
        self._level -= n

    def compute_wait(self, n: int, now: float) -> float:
        """Compute the seconds to wait for n; what exceeds the capacity waits for all of it."""
        self._refill(now)
        needed = min(n, self.capacity)
        if self._level >= needed - 1e-6:
            return 0.0
        if needed - self._level > self.longest_wait_s * self.rate:
            self._level = needed - self.longest_wait_s * self.rate
        return (needed - self._level) / self.rate

    def learn(self, told: ToldLimit, *, asked_at: float, n_since: int, now: float) -> None:
        """Learn the limit from the reply to a request that left at a time, and n_since after it.

        Replies come out of order: what an older request was told is left aside.
        """
        if asked_at < self._told_at:
            return
        n_used = told.limit - told.remaining
        if told.reset_s and n_used > 0:
            self.rate = n_used / told.reset_s
        elif told.limit != self.capacity:
            self.rate = told.limit / _MINUTE_S
        self.capacity = told.limit
        back_since = self.rate * (now - asked_at)
        self._level = min(told.limit, told.remaining + back_since) - n_since
        self._refilled_at = now
        self._told_at = asked_at

    def _refill(self, now: float) -> None:
        if self._level < self.capacity:
            self._level += self.rate * (now - self._refilled_at)
        self._level = min(self._level, self.capacity)
        self._refilled_at = now


def read_limits(headers: Mapping[str, str]) -> tuple[ToldLimit | None, ToldLimit | None]:
    """Read what a server tells of its limits on requests and on tokens.

    Parameters
    ----------
    headers : mapping
        The headers of a reply.

    Returns
    -------
    tuple of (ToldLimit or None, ToldLimit or None)
        For requests and for tokens; None for what is not told, or cannot be (Azure's -1).

    Examples
    --------
    >>> requests, tokens = read_limits({
    ...     "x-ratelimit-limit-requests": "5000",
    ...     "x-ratelimit-remaining-requests": "4999",
    ...     "x-ratelimit-reset-requests": "12ms",
    ... })
    >>> requests
    ToldLimit(limit=5000.0, remaining=4999.0, reset_s=0.012)
    """
    told = {
        name.lower().removeprefix(_PREFIX): value
        for name, value in headers.items()
        if name.lower().startswith(_PREFIX)
    }
    return _read_limit(told, _REQUESTS), _read_limit(told, _TOKENS)


def parse_duration(text: str) -> float | None:
    """Parse a duration of a rate-limit header, such as ``6m0s``, ``20ms`` or ``1.5``.

    Parameters
    ----------
    text : str
        The header's value; a bare number is one of seconds.

    Returns
    -------
    float or None
        Seconds; None for what is no duration, or longer than a day.

    Examples
    --------
    >>> parse_duration("1m30.5s"), parse_duration("20ms"), parse_duration("soon")
    (90.5, 0.02, None)
    """
    text = text.strip()
    if re.fullmatch(_NUMBER, text):
        seconds = float(text)
    elif _DURATION.fullmatch(text):
        seconds = sum(float(n) * _UNITS_S[unit] for n, unit in _PART.findall(text))
    else:
        return None
    return seconds if seconds <= _DAY_S else None


def _read_limit(told: Mapping[str, str], names: tuple[str, ...]) -> ToldLimit | None:
    """Read one limit, under the first name that tells all of it."""
    for name in names:
        limit = _read_number(told.get(f"limit-{name}", ""))
        remaining = _read_number(told.get(f"remaining-{name}", ""))
        if limit and remaining is not None:
            reset_s = parse_duration(told.get(f"reset-{name}", ""))
            return ToldLimit(limit, min(remaining, limit), reset_s)
    return None


def _read_number(text: str) -> float | None:
    """Read a number that is not negative."""
    number = float(text) if re.fullmatch(_NUMBER, text.strip()) else math.inf
    return number if math.isfinite(number) else None
