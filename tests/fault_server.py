"""A Chat Completions server that misbehaves, at the rate it is told and always the same way.

    python tests/fault_server.py --port 0 --latency 0.2 --faults 0.2

prints its address on one line. What became of each request is in its journal.
"""

import argparse
import asyncio
import dataclasses
import json
import math
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from random import Random
from urllib.request import urlopen

from fault_replies import (
    REPLY_FAULTS,
    Json,
    answer_by_word,
    build_completion,
    build_error,
    count_tokens,
    read_offer,
)
from loopback import Connection, LoopbackServer, Request, build_head

# Each fault with its weight: the probability that an attempt meets it, one fifth in all.
TRANSPORT_FAULTS = {
    "storm": 0.003,  # 429 to everybody, for a while
    "status": 0.052,  # 408, 409, 500, 502 or 503
    "reset": 0.03,  # hung up before the first byte
    "cut": 0.02,  # hung up in the middle of the body
    "stall": 0.002,  # stops in the middle of the body, and never ends
    "garbage": 0.02,  # status 200, and no completion
    "empty": 0.01,  # status 200, and no body
    # These bring a good reply all the same:
    "slow": 0.01,  # trickled
    "late": 0.02,  # others overtake it
    "twice": 0.003,  # and then once more, on the same connection
}
_WITHOUT_COMPLETION = TRANSPORT_FAULTS.keys() - {"slow", "late", "twice"}
FAULTS = TRANSPORT_FAULTS | REPLY_FAULTS

# A client that took the second copy of a reply for the reply to its next request is off by one
# from then on. It has this long to notice, and hang up, before that request is dealt with.
_GRACE_S = 3.0

STATUSES = (408, 409, 500, 502, 503)


@dataclasses.dataclass(slots=True)
class Entry:
    """What became of one request."""

    offer: str
    n_messages: int
    fault: str = ""
    paid: bool = False  # a completion was sent whole, to a client that was there to take it
    delivered: bool = False  # and it was a good one
    prompt_tokens: int = 0  # of the completion, whether it was paid for or not
    cached_tokens: int = 0  # of the prompt
    completion_tokens: int = 0


class FaultServer(LoopbackServer):
    """Answer offers over Chat Completions, with faults.

    Which faults an offer meets depends on the seed, its text and how often it was asked, never
    on the order in which requests arrive; only who is caught in a storm does. An offer is what
    stands between the offer marks, as it was sent.

    Parameters
    ----------
    answer : callable, optional
        From an offer's text, the answer by theme. By default each theme that is asked for is
        present where the offer holds a certain word.
    faults : mapping of str to float, optional
        Faults and their weights, such as `FAULTS`; none by default.
    seed : int, default=0
        Another one gives other faults.
    latency_s, jitter_s : float, default=0
        What each reply takes, and at most on top of that.
    max_in_a_row : int, default=3
        After so many faults an offer gets a good reply, so that a teacher can reach them all.
    stubborn : collection of str, default=()
        Faults of the reply that a corrective message does not repair.
    storm_s, slow_s : float
        How long a storm lasts, and a trickled reply.
    requests_per_minute, tokens_per_minute : float
        What the rate-limit headers tell, and what is refused beyond.
    burst_s : float, default=60
        Of what time the allowance may be used at once.
    keep_bodies : bool, default=False
        Whether to keep the first request for each offer, in `bodies`.
    port : int, default=0
        A free one by default.
    """

    def __init__(
        self,
        answer: Callable[[str], Json] | None = None,
        *,
        faults: Mapping[str, float] | None = None,
        seed: int = 0,
        latency_s: float = 0,
        jitter_s: float = 0,
        max_in_a_row: int = 3,
        stubborn: Collection[str] = (),
        storm_s: float = 0.2,
        slow_s: float = 0.1,
        requests_per_minute: float = 1e7,
        tokens_per_minute: float = 1e10,
        burst_s: float = 60,
        keep_bodies: bool = False,
        port: int = 0,
    ) -> None:
        super().__init__(port=port)
        self.answer = answer
        self.faults = {"": 1 - sum((faults or {}).values()), **(faults or {})}
        self.seed = seed
        self.latency_s, self.jitter_s = latency_s, jitter_s
        self.max_in_a_row = max_in_a_row
        self.stubborn = stubborn
        self.storm_s, self.slow_s = storm_s, slow_s
        self.keep_bodies = keep_bodies
        self.journal: list[Entry] = []
        self.bodies: dict[str, Json] = {}  # by offer, the first request for each
        self._requests = _Allowance("requests", requests_per_minute, burst_s)
        self._tokens = _Allowance("tokens", tokens_per_minute, burst_s)
        self._attempts: Counter[str] = Counter()
        self._in_a_row: Counter[str] = Counter()
        self._reply_faults: dict[str, str] = {}  # the last one of each offer
        self._muddled: set[Connection] = set()
        self._storm_ends = -math.inf
        self._n_refused = 0

    def delivered(self, text: str) -> int:
        """Count the good replies to one offer that were sent whole."""
        return self.count_delivered()[text]

    def count_delivered(self) -> Counter[str]:
        """Count the good replies that were sent whole, by offer."""
        return Counter(entry.offer for entry in self.journal if entry.delivered)

    async def handle(self, request: Request, connection: Connection) -> None:
        if request.path == "/v1/chat/completions":
            await self._chat(request.json(), connection)
        elif request.path in {"/journal", "/v1/journal"}:
            entries = [dataclasses.asdict(entry) for entry in self.journal]
            await connection.send(json.dumps(entries).encode())
        elif request.path == "/v1/bodies":
            await connection.send(json.dumps(list(self.bodies.values())).encode())
        else:
            await connection.send(build_error(f"no {request.path}"), status=404)

    async def _chat(self, body: Json, connection: Connection) -> None:
        """Answer one request, with the fault that is its own."""
        offer, corrected = read_offer(body)
        if connection in self._muddled and await connection.is_closed_within(_GRACE_S):
            self.journal.append(Entry(offer, len(body["messages"]), "after_twice"))
            return
        random, fault = self._choose(body, offer, corrected=corrected)
        entry = Entry(offer, len(body["messages"]), fault)
        self.journal.append(entry)
        if self.keep_bodies:
            self.bodies.setdefault(offer, body)
        headers = {"x-request-id": f"req_{len(self.journal):032x}", "openai-processing-ms": "1"}
        headers |= self._requests.headers | self._tokens.headers
        if fault in {"storm", "limit"}:
            await self._refuse(connection, headers)
            return
        content = json.dumps(self.complete(body, entry, fault=fault), ensure_ascii=False).encode()
        await asyncio.sleep(self._pause(fault, random))
        # Noted beforehand: the client may have read it before this thread goes on.
        entry.paid = connection.is_open and fault not in _WITHOUT_COMPLETION
        entry.delivered = entry.paid and fault not in REPLY_FAULTS
        if not await self._send(connection, content, headers, fault, random):
            entry.paid = entry.delivered = False

    def _choose(self, body: Json, offer: str, *, corrected: bool) -> tuple[Random, str]:
        """Choose what happens to this attempt; who is refused has not made one."""
        now = time.monotonic()
        if now < self._storm_ends:
            return Random(0), "storm"
        if not (self._requests.take(1) and self._tokens.take(count_tokens(body))):
            return Random(0), "limit"
        random = Random(f"{self.seed} {self._attempts[offer]} {offer}")
        self._attempts[offer] += 1
        (fault,) = random.choices(list(self.faults), list(self.faults.values()))
        if self._in_a_row[offer] >= self.max_in_a_row:
            fault = ""
        if corrected and (not fault or fault in REPLY_FAULTS):
            before = self._reply_faults.get(offer, "")
            fault = before if before in self.stubborn else ""
        if fault == "storm":
            self._storm_ends = now + self.storm_s
        elif fault in REPLY_FAULTS:
            self._reply_faults[offer] = fault
        self._in_a_row[offer] = self._in_a_row[offer] + 1 if fault else 0
        return random, fault

    def _pause(self, fault: str, random: Random) -> float:
        """Return what a reply takes, in seconds."""
        late = max(5 * self.latency_s, 0.05) if fault == "late" else 0
        return self.latency_s + (self.jitter_s + late) * random.random()

    def complete(self, body: Json, entry: Entry, *, fault: str = "") -> Json:
        """Build the body of a completion, and note what it costs."""
        answer = answer_by_word(body) if self.answer is None else self.answer(entry.offer)
        number = len(self.journal)
        # The words that all prompts begin with are cached from the second one on.
        n_cached = len(body["messages"][0]["content"]) // 4 if number > 1 else 0
        reply = build_completion(body, answer, number=number, fault=fault, n_cached=n_cached)
        entry.prompt_tokens = reply["usage"]["prompt_tokens"]
        entry.cached_tokens = n_cached
        entry.completion_tokens = reply["usage"]["completion_tokens"]
        return reply

    async def _refuse(self, connection: Connection, headers: dict[str, str]) -> None:
        """Say 429, and when to come back: in milliseconds, in seconds, as a date, by turns."""
        storm_s = self._storm_ends - time.monotonic()
        wait_s = max(storm_s, self._requests.wait_s, self._tokens.wait_s, 0.001)
        self._n_refused += 1
        retry_after = [
            {"retry-after-ms": str(math.ceil(1_000 * wait_s))},
            {"Retry-After": str(math.ceil(wait_s))},
            {"Retry-After": formatdate(math.ceil(time.time() + wait_s), usegmt=True)},
        ][self._n_refused % 3]
        body = build_error("Rate limit reached.", kind="requests", code="rate_limit_exceeded")
        await connection.send(body, status=429, headers=headers | retry_after)

    async def _send(
        self,
        connection: Connection,
        content: bytes,
        headers: dict[str, str],
        fault: str,
        random: Random,
    ) -> bool:
        """Send a completion, or what comes in its place; tell whether it was sent whole."""
        half = len(content) // 2
        head = build_head(content, headers=headers)
        match fault:
            case "slow":
                return await connection.trickle(head + content, self.slow_s)
            case "twice":
                self._muddled.add(connection)
                return await connection.write(2 * (head + content))
            case "stall":
                await connection.write(head + content[:half])
                await connection.stall()
                connection.close()
            case "cut":
                await connection.write(head + content[:half])
                await asyncio.sleep(0.001)  # a reset overtakes what was written just before it
                connection.reset()
            case "reset":
                random.choice([connection.reset, connection.close])()
            case "status":
                error = build_error("The server had an error.", kind="server_error")
                await connection.send(error, status=random.choice(STATUSES), headers=headers)
            case "garbage":
                html, error = b"<html><h1>It works!</h1></html>", build_error("no upstream")
                body = random.choice([html, content[:half], b"null", error])
                await connection.send(body, headers=headers)
            case "empty":
                await connection.send(b"", headers=headers)
            case _:
                return await connection.write(head + content)
        return False


class _Allowance:
    """What may be used a minute; it grows back continuously."""

    def __init__(self, name: str, per_minute: float, burst_s: float) -> None:
        self._name = name
        self._per_minute = per_minute
        self._most = self._left = max(per_minute * burst_s / 60, 1)
        self._at = time.monotonic()
        self.wait_s = 0.0

    def take(self, amount: float) -> bool:
        """Take an amount if it is there; else note how long to wait for it."""
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._at) * self._per_minute / 60)
        self._at = now
        self.wait_s = max(0, amount - self._left) * 60 / self._per_minute
        if not self.wait_s:
            self._left -= amount
        return not self.wait_s

    @property
    def headers(self) -> dict[str, str]:
        """Tell the allowance as OpenAI does."""
        full_in_s = (self._most - self._left) * 60 / self._per_minute
        return {
            f"x-ratelimit-limit-{self._name}": f"{self._per_minute:.0f}",
            f"x-ratelimit-remaining-{self._name}": f"{int(self._left)}",
            f"x-ratelimit-reset-{self._name}": _format_duration(full_in_s),
        }


def _format_duration(seconds: float) -> str:
    """Write a duration as OpenAI does: 17ms, 1.5s, 6m0s."""
    if seconds < 1:
        return f"{1_000 * seconds:.0f}ms"
    minutes, seconds = divmod(round(seconds, 3), 60)
    return f"{minutes:.0f}m{seconds:g}s" if minutes else f"{seconds:g}s"


def scale_faults(share: float, faults: Mapping[str, float] = FAULTS) -> dict[str, float]:
    """Scale the weights so that they sum to a share of all attempts."""
    total = sum(faults.values())
    return {name: weight * share / total for name, weight in faults.items()}


@contextmanager
def serve_apart(*arguments: str) -> Iterator[str]:
    """Run the server as a process of its own; give its address."""
    command = [sys.executable, __file__, "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def fetch_journal(url: str) -> list[Entry]:
    """Fetch the journal of a server that runs apart."""
    with urlopen(f"{url}/journal") as reply:
        return [Entry(**entry) for entry in json.load(reply)]


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--faults", type=float, default=0, help="share of faulty attempts")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0, help="of each reply, in seconds")
    parser.add_argument("--jitter", type=float, default=0, help="at most on top of that")
    parser.add_argument("--keep-bodies", action="store_true", help="serve them under /v1/bodies")
    options = parser.parse_args()
    with FaultServer(
        faults=scale_faults(options.faults),
        seed=options.seed,
        latency_s=options.latency,
        jitter_s=options.jitter,
        keep_bodies=options.keep_bodies,
        port=options.port,
    ) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
