"""What a server charges, counted where it is charged: in the server."""

import hashlib
import threading
import time
from random import Random
from typing import Any

from chat_server import Reply, answer_by_word
from jocas_themes.teacher.cost import approximate_tokens

# In round figures: a token of the prompt costs $0.001, one from the cache a tenth of it, and one
# of the reply $0.004.
PRICE = {"input": 1_000, "cached_input": 100, "output": 4_000}
MAX_COMPLETION_TOKENS = 100
LIMITED = {"max_completion_tokens": MAX_COMPLETION_TOKENS}


class Cashier:
    """Answer by word, and charge as dearly as a server may.

    Prompts count up to half as much again as the approximation says, replies as much as they may
    take. With ``cut`` some bodies break off in the middle, and are charged all the same.
    """

    def __init__(self, *, pause_s: float = 0.002, cut: float = 0.0, usage: bool = True) -> None:
        self.pause_s = pause_s
        self.cut = cut
        self.usage = usage
        self.charged_usd = 0.0
        self.n_cut = 0
        self._n = 0
        self._lock = threading.Lock()

    def __call__(self, request: dict[str, Any]) -> Reply:
        with self._lock:
            self._n += 1
            digest = hashlib.sha256(f"{self._n} {request['messages']}".encode()).digest()
        random = Random(digest)
        time.sleep(self.pause_s * random.random())
        usage = self._count(request, random)
        is_cut = random.random() < self.cut
        with self._lock:
            self.charged_usd += compute_usd(usage)
            self.n_cut += is_cut
        body = answer_by_word(request).body
        body = {name: value for name, value in body.items() if name != "usage"}
        return Reply(body | ({"usage": usage} if self.usage else {}), cut=is_cut)

    def _count(self, request: dict[str, Any], random: Random) -> dict[str, Any]:
        counted = sum(approximate_tokens(message["content"]) for message in request["messages"])
        prompt = int(counted * random.choice([0.9, 1.2, 1.5]))
        most = request["max_completion_tokens"]
        completion = random.choice([most // 4, most // 2, most])
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": random.choice([0, prompt // 2])},
            "completion_tokens_details": {"reasoning_tokens": completion // 3},
        }


def compute_usd(usage: dict[str, Any]) -> float:
    """Compute what a reply costs; cached tokens are among the prompt's."""
    cached = usage["prompt_tokens_details"]["cached_tokens"]
    return (
        (usage["prompt_tokens"] - cached) * PRICE["input"]
        + cached * PRICE["cached_input"]
        + usage["completion_tokens"] * PRICE["output"]
    ) / 1e6
