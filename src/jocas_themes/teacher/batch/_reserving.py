"""What is reserved for the requests of a batch, before their answers are there."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from jocas_themes.annotations import Completions
from jocas_themes.teacher.cost import CostBound, expect_completion

# How much longer than expected the replies of a whole batch may be on average.
_MARGIN = 1.5
_LIMITS = ("max_completion_tokens", "max_tokens")

Reserve = Callable[[Sequence[Mapping[str, str]]], float]


def make_reserve(bound: CostBound, completions: Completions) -> Reserve:
    """Make what says how much to reserve for one request of a batch.

    Parameters
    ----------
    bound : CostBound
        What bounds the cost of a request that is sent on its own.
    completions : Completions
        How long the replies of the model are, as far as the store can tell.

    Returns
    -------
    callable
        From the messages of a request to US dollars; 0 where no price is known.

    Notes
    -----
    With ``max_completion_tokens`` (or ``max_tokens``) among the request's parameters the bound is
    strict. Else the bound of a single request, which has room for the longest reply there may
    be, summed over thousands of requests would be many times what they cost: reserved is half as
    much again as the expected length of a reply, which all together are unlikely to exceed.
    """
    price = bound.price
    if price is None:
        return lambda _: 0.0
    if not any(isinstance(bound.request_params.get(name), int) for name in _LIMITS):
        expected, _ = expect_completion(
            n_themes=bound.n_themes,
            reasoning=price.reasoning,
            n_replies=completions.n_replies,
            mean_completion_tokens=completions.mean_tokens,
        )
        bound = replace(
            bound, request_params={"max_completion_tokens": math.ceil(_MARGIN * expected)}
        )
    share = 1.0 if price.batch_discount is None else price.batch_share
    return lambda messages: share * bound.compute(bound.count(messages))
