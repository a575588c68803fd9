"""How fast to ask: as fast as the server takes it, and no faster than it says."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from jocas_themes.teacher.asking._faults import Fault
from jocas_themes.teacher.asking._limits import RateLimit, read_limits

# A limit that a server tells may be a day's, or wrong: after so long one request finds out.
_LONGEST_WAIT_S = 60.0
_SHORTEST_ALARM_S = 0.001


@dataclass(frozen=True, slots=True)
class Slot:
    """The right to have one request under way: when it was given, and what had left by then."""

    started_at: float
    n_requests: int
    n_tokens: int


class Pace:
    """Hand out slots for requests, in order of arrival, within one event loop.

    Parameters
    ----------
    concurrency : int
        The most requests under way at once, and how many there are at first.
    requests_per_minute, tokens_per_minute : float, optional
        Limits to keep.
    clock : callable, default=time.monotonic
        Tells the time in seconds.

    Notes
    -----
    Additive increase, multiplicative decrease (Chiu and Jain, 1989): a request that fails for
    want of room halves how many may be under way, once for all those that had left before; as
    many replies as there are places add a place. Retry-After holds everything back.

    What the server tells of its own limits is kept, too. Of a limit L that has R left and is
    whole again in t seconds, (L - R) / t comes back each second, be it a limit per minute
    (OpenAI's) or per day (Groq's on requests); what has left since that request is subtracted
    from R. Where t is not told (Mistral), L is taken to be per minute.

    Examples
    --------
    >>> import asyncio
    >>> async def ask(pace, headers):
    ...     slot = await pace.enter(n_tokens=1500)
    ...     try:
    ...         ...  # send the request; pace.note_fault(fault, slot) where it fails
    ...     finally:
    ...         pace.leave()
    ...     pace.note_reply(headers, slot)
    >>> asyncio.run(ask(Pace(8), {"x-ratelimit-limit-requests": "500"}))
    """

    def __init__(
        self,
        concurrency: int,
        *,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._concurrency = concurrency
        self._clock = clock
        self._limit = concurrency
        self._given = (
            RateLimit.per_minute(requests_per_minute),
            RateLimit.per_minute(tokens_per_minute),
        )
        self._told = (
            RateLimit(longest_wait_s=_LONGEST_WAIT_S),
            RateLimit(longest_wait_s=_LONGEST_WAIT_S),
        )
        self._n_requests = 0
        self._n_tokens = 0
        self._n_under_way = 0
        self._n_good = 0
        self._decreased_at = -math.inf
        self._paused_until = -math.inf
        self._stopped = asyncio.Event()
        self._waiting: deque[tuple[int, asyncio.Future[Slot | None]]] = deque()
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def limit(self) -> int:
        """How many requests may be under way at once, now."""
        return self._limit

    @property
    def is_stopped(self) -> bool:
        """Whether nothing more is to be asked."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Hand out no more slots, and wake all who wait for one, or pause."""
        self._stopped.set()
        self._admit()

    async def pause(self, duration_s: float) -> None:
        """Wait so many seconds, or until nothing more is to be asked.

        Parameters
        ----------
        duration_s : float
            Seconds.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(duration_s):
                await self._stopped.wait()

    async def enter(self, n_tokens: int = 0) -> Slot | None:
        """Wait for a slot; whoever has one must `leave` when the request has ended.

        Parameters
        ----------
        n_tokens : int, default=0
            Tokens that the request is expected to take.

        Returns
        -------
        Slot or None
            None when nothing more is to be asked: there is nothing to leave.
        """
        turn: asyncio.Future[Slot | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((n_tokens, turn))
        self._admit()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.cancelled() or turn.result() is None:
                self._admit()  # the next one may need less
            else:  # its turn came at the same moment
                self.leave()
            raise

    def leave(self) -> None:
        """Give a slot back."""
        self._n_under_way -= 1
        self._admit()

    def note_reply(self, headers: Mapping[str, str], slot: Slot) -> None:
        """Note that the server answered, and what it tells of its limits.

        Parameters
        ----------
        headers : mapping
            The headers of the reply.
        slot : Slot
            What the request had entered with.
        """
        self._n_good += 1
        if self._n_good >= self._limit:
            self._n_good = 0
            self._limit = min(self._limit + 1, self._concurrency)
        now = self._clock()
        n_since = (self._n_requests - slot.n_requests, self._n_tokens - slot.n_tokens)
        for limit, told, n in zip(self._told, read_limits(headers), n_since, strict=True):
            if told is not None:
                limit.learn(told, asked_at=slot.started_at, n_since=n, now=now)
        self._admit()

    def note_fault(self, fault: Fault, slot: Slot) -> None:
        """Note that a request failed; to be called before it leaves.

        Parameters
        ----------
        fault : Fault
            What went wrong.
        slot : Slot
            What the request had entered with.
        """
        now = self._clock()
        # What left before the last decrease tells nothing of the room there is since.
        if fault.is_congestion and slot.started_at > self._decreased_at:
            self._decreased_at = now
            self._n_good = 0
            self._limit = max(1, min(self._limit, self._n_under_way) // 2)
        if fault.is_passing and fault.retry_after_s is not None:
            self._paused_until = max(self._paused_until, now + fault.retry_after_s)

    def _admit(self) -> None:
        """Give their turn to those who wait, while there is room; set an alarm for when there is.

        Only this gives turns, and always to the first in the queue.
        """
        while self._waiting:
            n_tokens, turn = self._waiting[0]
            if turn.done():  # cancelled
                pass
            elif self.is_stopped:
                turn.set_result(None)
            elif self._n_under_way >= self._limit:
                return
            else:
                now = self._clock()
                wait_s = self._compute_wait(n_tokens, now)
                if wait_s > 0:
                    self._set_alarm(wait_s)
                    return
                turn.set_result(self._take(n_tokens, now))
            self._waiting.popleft()

    def _compute_wait(self, n_tokens: int, now: float) -> float:
        return max(
            self._paused_until - now,
            *(requests.compute_wait(1, now) for requests, _ in (self._given, self._told)),
            *(tokens.compute_wait(n_tokens, now) for _, tokens in (self._given, self._told)),
        )

    def _take(self, n_tokens: int, now: float) -> Slot:
        for requests, tokens in (self._given, self._told):
            requests.take(1, now)
            tokens.take(n_tokens, now)
        self._n_under_way += 1
        self._n_requests += 1
        self._n_tokens += n_tokens
        return Slot(now, self._n_requests, self._n_tokens)

    def _set_alarm(self, wait_s: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        loop = asyncio.get_running_loop()
        self._alarm = loop.call_later(max(wait_s, _SHORTEST_ALARM_S), self._admit)
