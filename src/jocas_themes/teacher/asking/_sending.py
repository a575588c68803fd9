"""One request until it is answered: pauses, repeats, and what a broken one may have cost."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jocas_themes.annotations import Asker, Claim
from jocas_themes.teacher.asking._client import RawReply
from jocas_themes.teacher.asking._faults import Fault, classify_fault, compute_backoff
from jocas_themes.teacher.asking._pace import Pace
from jocas_themes.teacher.reply import load_body

# The one limit that has two names: the newer models of OpenAI know the second, others the first.
# Renamed, never left out: the budget counts on it.
_RENAMED = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
# What makes no sense without another.
_DEPENDENT = {"logprobs": "top_logprobs"}
# Connections that fail at the very beginning, before the run gives up on the address.
_MAX_UNREACHED = 5


class UnansweredError(Exception):
    """A request that was given up: for good with an error, for now without one."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(kw_only=True)
class Sender:
    """Send requests at the server's pace, again after faults that pass."""

    send: Callable[[Mapping[str, Any]], Awaitable[RawReply]]
    pace: Pace
    asker: Asker
    max_retries: int
    left_out: set[str]
    _is_reached: bool = False
    _n_unreached: int = 0

    async def ask(
        self,
        request: Mapping[str, Any],
        *,
        digest: str,
        n_tokens: int,
        reclaim: Callable[[], Awaitable[Claim]],
    ) -> RawReply:
        """Return the reply to a request that is claimed, or give the claim back and raise."""
        n_faults, refused = 0, set[str]()
        while True:
            outcome = await self._try(request, n_tokens)
            if isinstance(outcome, RawReply):
                return outcome
            if outcome is None:  # the run has stopped before it was sent
                await self._release(digest)
                raise UnansweredError
            if outcome.parameter in request.keys() - refused:
                refused.add(outcome.parameter)
                self.left_out.add(outcome.parameter)
                continue
            is_last = not outcome.is_passing or n_faults >= self.max_retries or self._is_away
            if outcome.may_be_charged:
                await self._release(digest, lost=outcome.kind)
            elif is_last or self.pace.is_stopped:
                await self._release(digest)
            if is_last or self.pace.is_stopped:
                raise UnansweredError(outcome.error if is_last else None)
            n_faults += 1
            await self.pace.pause(max(outcome.retry_after_s or 0, compute_backoff(n_faults)))
            if outcome.may_be_charged and await reclaim() is not Claim.YOURS:
                raise UnansweredError

    @property
    def _is_away(self) -> bool:
        """Whether nobody was ever there: patience is for servers that have answered before."""
        return not self._is_reached and self._n_unreached >= _MAX_UNREACHED

    async def _try(self, request: Mapping[str, Any], n_tokens: int) -> Fault | RawReply | None:
        """Send once, when it is this request's turn."""
        slot = await self.pace.enter(n_tokens)
        if slot is None:
            return None
        try:
            reply = await self.send(_without(request, self.left_out))
            load_body(reply.body)  # refuses what is no reply
        except Exception as error:  # noqa: BLE001 (it is classified)
            fault = classify_fault(error)
            self._is_reached |= fault.kind != "connection"
            self._n_unreached += fault.kind == "connection"
            self.pace.note_fault(fault, slot)
            return fault
        finally:
            self.pace.leave()
        self._is_reached = True
        self.pace.note_reply(reply.headers, slot)
        return reply

    async def _release(self, digest: str, *, lost: str | None = None) -> None:
        await asyncio.wrap_future(self.asker.release(digest, lost=lost))


def _without(request: Mapping[str, Any], left_out: set[str]) -> dict[str, Any]:
    """Return a request without the parameters that the model refuses, or under its names."""
    dropped = left_out | {_DEPENDENT[name] for name in left_out & _DEPENDENT.keys()}
    kept = {name: value for name, value in request.items() if name not in dropped}
    for old, new in _RENAMED.items():
        if old in dropped and old in request:
            kept.setdefault(new, request[old])
    return kept
