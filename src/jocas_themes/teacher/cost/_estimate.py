"""What asking would cost: an estimate to read before paying, and a bound to hold a budget with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jocas_themes.teacher.cost._prices import Price

# Measured with o200k_base on 2,077 answers: 21 tokens a theme in compact JSON, 27 with spaces,
# 34 on indented lines.
_TOKENS_PER_THEME = 30
_REASONING_TOKENS = 800
ENOUGH_REPLIES = 20
# Other makers' tokenizers cut French offers into up to 46% more tokens than o200k_base, which is
# what counts here: the largest of the ones measured, for 97.5% of the offers.
_TOKEN_MARGIN = 1.5


@dataclass(frozen=True, kw_only=True, repr=False)
class CostEstimate:
    """What asking for some offers would cost; shows as a text to read before paying.

    Parameters
    ----------
    model : str
        The model that would be asked.
    messages : sequence of mapping
        The exact prompt of one of the offers.
    n_offers, n_distinct : int
        Offers, and distinct texts among them.
    n_stored : int
        Distinct texts whose answer the store holds: they cost nothing.
    n_in_batch : int
        Requests that were handed over in a batch, and are paid for when it is collected.
    n_calls : int
        Requests to make.
    prompt_tokens, completion_tokens : int
        Tokens of all the prompts together, counted, and of all the replies, expected.
    completion_source : str
        Where the expected length of a reply comes from.
    cost_usd : float
        What the requests would cost, in US dollars.
    batch_cost_usd : float, optional
        What they would cost by batch; None where there are no batches.
    spent_usd : float
        What the store's replies cost already, and requests without an answer may have.
    counter : str
        How the tokens were counted.
    price : Price
        The price that was used.

    See Also
    --------
    build_estimate : Builds one.
    """

    model: str
    messages: Sequence[Mapping[str, str]]
    n_offers: int
    n_distinct: int
    n_stored: int
    n_in_batch: int
    n_calls: int
    prompt_tokens: int
    completion_tokens: int
    completion_source: str
    cost_usd: float
    batch_cost_usd: float | None
    spent_usd: float
    counter: str
    price: Price

    def __str__(self) -> str:
        """Write one prompt, the estimate as a short table, and what it leaves out."""
        rows = {
            "offers": f"{self.n_offers:,}, {self.n_distinct:,} distinct texts",
            "in the store": f"{self.n_stored:,}, which cost nothing",
            **({"in a batch": f"{self.n_in_batch:,} requests"} if self.n_in_batch else {}),
            "requests": f"{self.n_calls:,}",
            "prompts": f"{self.prompt_tokens:,} tokens{self._each(self.prompt_tokens)} "
            f"({self.counter})",
            "replies": f"{self.completion_tokens:,} tokens{self._each(self.completion_tokens)} "
            f"({self.completion_source})",
            "price": _describe_price(self.price),
            "cost": f"about {_format_usd(self.cost_usd)}",
            "by batch": "no batches known for this model"
            if self.batch_cost_usd is None
            else f"about {_format_usd(self.batch_cost_usd)}",
            "spent before": f"{_format_usd(self.spent_usd)} for the replies in the store",
        }
        prompt = [f"[{message['role']}]\n{message['content']}\n" for message in self.messages]
        return "\n".join(
            [
                *(["The prompt of one offer:", "", *prompt] if prompt else []),
                f"Asking {self.model}: about {_format_usd(self.cost_usd)}",
                *(f"  {name:<13} {value}" for name, value in rows.items()),
                "Not counted: requests repeated after a fault or an answer that breaks the schema,",
                "and the discount on the part of the prompt that never changes, which servers give",
                "when they find it in their cache.",
            ]
        )

    __repr__ = __str__  # notebooks show the repr

    def _each(self, n_tokens: int) -> str:
        """Say how many tokens that is for one request."""
        return f", {n_tokens / self.n_calls:,.0f} a request" if self.n_calls else ""


def build_estimate(
    *,
    model: str,
    messages: Sequence[Mapping[str, str]],
    n_offers: int,
    n_distinct: int,
    n_stored: int,
    n_in_batch: int = 0,
    n_calls: int,
    prompt_tokens: int,
    price: Price,
    counter: str,
    n_themes: int,
    reasoning: bool | None = None,
    n_replies: int = 0,
    mean_completion_tokens: float | None = None,
    spent_usd: float = 0.0,
) -> CostEstimate:
    """Build an estimate from what is counted.

    Parameters
    ----------
    model, messages, n_offers, n_distinct, n_stored, n_in_batch, n_calls, prompt_tokens
        As in `CostEstimate`.
    price, counter, spent_usd
        As in `CostEstimate`.
    n_themes : int
        Themes that one reply answers.
    reasoning : bool, optional
        Whether the replies will hold reasoning; by default as the price says of the model.
    n_replies : int, default=0
        Replies of this model that the store holds, with their number of tokens.
    mean_completion_tokens : float, optional
        How many tokens these took on average.

    Returns
    -------
    CostEstimate
        The estimate.

    Notes
    -----
    It is meant to lie on the upper side. No prompt is taken to come from the server's cache;
    where writing to that cache costs more than input (OpenAI, from GPT-5.6 on), all of the
    prompt is taken to be written. A reply takes what the store's replies of the model took on
    average when there are 20 of them; else 30 tokens a theme, and 800 if the model reasons,
    which varies a lot with the model and its effort: ask a hundred offers first to know better.

    Examples
    --------
    >>> from jocas_themes.teacher.cost import find_price
    >>> estimate = build_estimate(
    ...     model="gpt-5-mini",
    ...     messages=[{"role": "user", "content": "..."}],
    ...     n_offers=1000,
    ...     n_distinct=900,
    ...     n_stored=100,
    ...     n_calls=800,
    ...     prompt_tokens=1_200_000,
    ...     price=find_price("gpt-5-mini"),
    ...     counter="tiktoken, o200k_base",
    ...     n_themes=6,
    ... )
    >>> estimate.completion_tokens, round(estimate.cost_usd, 3), round(estimate.batch_cost_usd, 3)
    (784000, 1.868, 0.934)
    """
    each, source = expect_completion(
        n_themes=n_themes,
        reasoning=price.reasoning if reasoning is None else reasoning,
        n_replies=n_replies,
        mean_completion_tokens=mean_completion_tokens,
    )
    completion_tokens = round(n_calls * each)
    cost_usd = _compute_upper_cost(prompt_tokens, completion_tokens, price)
    return CostEstimate(
        model=model,
        messages=tuple(messages),
        n_offers=n_offers,
        n_distinct=n_distinct,
        n_stored=n_stored,
        n_in_batch=n_in_batch,
        n_calls=n_calls,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        completion_source=source,
        cost_usd=cost_usd,
        batch_cost_usd=None if price.batch_discount is None else cost_usd * price.batch_share,
        spent_usd=spent_usd,
        counter=counter,
        price=price,
    )


def bound_cost(
    prompt_tokens: int, price: Price, *, max_completion_tokens: int, batch: bool = False
) -> float:
    """Bound what one request can cost: the amount to reserve before it leaves.

    Parameters
    ----------
    prompt_tokens : int
        Tokens of the prompt, as counted or approximated here.
    price : Price
        The model's price.
    max_completion_tokens : int
        The most tokens that the reply may take, its reasoning included.
    batch : bool, default=False
        Whether the request goes by batch.

    Returns
    -------
    float
        US dollars.

    Notes
    -----
    The prompt is taken to be half as long again as counted, for the models whose own tokenizer
    is not known here, and to be written to the server's cache where that costs more than input.

    Examples
    --------
    >>> from jocas_themes.teacher.cost import find_price
    >>> bound_cost(2000, find_price("gpt-5-mini"), max_completion_tokens=4000)
    0.00875
    """
    cost_usd = _compute_upper_cost(_TOKEN_MARGIN * prompt_tokens, max_completion_tokens, price)
    return cost_usd * (price.batch_share if batch else 1)


def _compute_upper_cost(prompt_tokens: float, completion_tokens: int, price: Price) -> float:
    """Compute a cost with no discount, and every surcharge, of the server's cache."""
    rate = max(price.input_usd, price.cache_write_usd)
    return (prompt_tokens * rate + completion_tokens * price.output_usd) / 1_000_000


def expect_completion(
    *, n_themes: int, reasoning: bool, n_replies: int, mean_completion_tokens: float | None
) -> tuple[float, str]:
    """Return how many tokens to expect of one reply, and where that comes from."""
    if mean_completion_tokens is not None and n_replies >= ENOUGH_REPLIES:
        return mean_completion_tokens, f"the mean of the store's {n_replies:,} replies"
    expected = _TOKENS_PER_THEME * n_themes
    source = f"assumed: {_TOKENS_PER_THEME} a theme"
    if reasoning:
        return expected + _REASONING_TOKENS, f"{source} and {_REASONING_TOKENS} of reasoning"
    return expected, source


def _describe_price(price: Price) -> str:
    """Write a price, and where it comes from."""
    source = "as given" if price.as_of is None else f"table of {price.as_of}; check it"
    return (
        f"{_format_usd(price.input_usd)} in and {_format_usd(price.output_usd)} out per million "
        f"tokens ({source})"
    )


def _format_usd(amount: float) -> str:
    """Write an amount of US dollars: in cents, or finer where there are but few."""
    return f"${amount:,.2f}" if amount >= 0.1 or amount == 0 else f"${amount:.2g}"
