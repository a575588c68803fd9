"""What is reserved for the requests of a batch, before their answers are there."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from jocas_themes.annotations import Completions
from jocas_themes.teacher.cost import ENOUGH_REPLIES, CostBound, expect_completion

# How much longer than expected the replies of a whole batch may be on average.
_MARGIN = 1.5

Reserve = Callable[[Sequence[Mapping[str, str]]], float]


def make_reserve(
    bound: CostBound, completions: Completions, *, model: str, max_cost_usd: float | None
) -> Reserve:
    """Make what says how much to reserve for one request of a batch.

    Parameters
    ----------
    bound : CostBound
        What bounds the cost of a request that is sent on its own.
    completions : Completions
        How long the replies of the model are, as far as the store can tell.
    model : str
        The model's name.
    max_cost_usd : float or None
        What all replies of the store together may cost.

    Returns
    -------
    callable
        From the messages of a request to US dollars; 0 where no price is known.

    Raises
    ------
    ValueError
        If there is a budget, and how long replies may be is neither stated nor known.

    Notes
    -----
    With ``max_completion_tokens`` (or ``max_tokens``) among the request's parameters the bound is
    strict. Else the bound of a single request, which has room for the longest reply there may
    be, summed over thousands of requests would be many times what they cost: reserved is half as
    much again as the mean length of the store's replies. That is an expectation, not a bound: a
    batch whose replies are longer on average exceeds it, and with it the budget.
    """
    price = bound.price
    if price is None:
        return lambda _: 0.0
    if bound.stated is None:
        if max_cost_usd is not None and completions.n_replies < ENOUGH_REPLIES:
            raise ValueError(
                f"with max_cost_usd={max_cost_usd:g}, how long replies may be must be stated or "
                f"known before a batch is handed over, for all of it is paid for: request_params "
                f"states no max_completion_tokens, and the store has the length of "
                f"{completions.n_replies} replies of {model!r}, of {ENOUGH_REPLIES} needed. Pass "
                f'request_params={{"max_completion_tokens": ...}}, with room for reasoning if the '
                f"model does, or annotate {ENOUGH_REPLIES} offers with mode='sync' first."
            )
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
