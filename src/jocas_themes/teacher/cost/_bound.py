"""The most that a request is taken to cost, before its reply is there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jocas_themes.teacher.cost._estimate import bound_cost
from jocas_themes.teacher.cost._prices import Price, Usage
from jocas_themes.teacher.cost._tokens import approximate_tokens

# Where the request states no limit: long evidence for every theme, and a long train of thought.
_TOKENS_PER_THEME = 100
_REASONING_TOKENS = 8_000
# What the next reply may take beyond the longest one so far.
_GROWTH = 1.25
_PER_MESSAGE = 4
# How a request may state the most that its reply may take.
LIMITS = ("max_completion_tokens", "max_tokens")

_count_again = lru_cache(maxsize=8)(approximate_tokens)


@dataclass(kw_only=True)
class CostBound:
    """Bound what each request may cost; learns from the longest reply where no limit is stated.

    With ``max_completion_tokens`` (or ``max_tokens``) among the request's parameters the bound
    is strict; without, a reply longer than any before can exceed it.
    """

    price: Price | None
    n_themes: int
    request_params: Mapping[str, Any]
    n_static_tokens: int = 0
    longest: int = 0

    def compute(self, n_prompt_tokens: int) -> float:
        """Bound the cost of one request; 0 where no price is known."""
        if self.price is None:
            return 0.0
        return bound_cost(
            n_prompt_tokens, self.price, max_completion_tokens=self._max_completion_tokens()
        )

    def count(self, messages: Sequence[Mapping[str, str]]) -> int:
        """Count the tokens of a prompt, by approximation."""
        n_tokens = self.n_static_tokens
        for message in messages:
            is_static = message["role"] == "system"  # the same one for every offer
            count = _count_again if is_static else approximate_tokens
            n_tokens += _PER_MESSAGE + count(message["content"])
        return n_tokens

    def learn(self, usage: Usage) -> None:
        """Learn how long replies are."""
        self.longest = max(self.longest, usage.completion_tokens or 1)

    @property
    def is_guess(self) -> bool:
        """Whether nothing is known yet of how long replies are."""
        return self.price is not None and self.stated is None and not self.longest

    @property
    def stated(self) -> int | None:
        """Return the limit that the request states, if any."""
        stated = [self.request_params.get(name) for name in LIMITS]
        return max((limit for limit in stated if limit is not None), default=None)

    def _max_completion_tokens(self) -> int:
        if self.stated is not None:
            return self.stated
        reasoning = self.price is not None and self.price.reasoning
        assumed = self.n_themes * _TOKENS_PER_THEME + reasoning * _REASONING_TOKENS
        return max(assumed, int(self.longest * _GROWTH))
