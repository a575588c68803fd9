"""What tokens cost: a small dated table, the user's own price, and the usage in a reply."""

import difflib
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from numbers import Real
from typing import Any

from jocas_themes.errors import UnknownPriceError

_MILLION = 1_000_000
# More than any request can take: a count beyond is garbage, and must not end a budget.
_TOO_MANY_TOKENS = 100_000_000
_SNAPSHOT = re.compile(r"-20\d\d-\d\d-\d\d$")  # as in gpt-5-mini-2025-08-07
_REQUIRED = ("input", "output")
_RATES = (*_REQUIRED, "cached_input", "cache_write")
_HOW_TO_GIVE = (
    "price={'input': 0.25, 'output': 2.0}, in US dollars per million tokens (and 'cached_input', "
    "if the server has such a rate). A server of your own costs price={'input': 0, 'output': 0}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The tokens that one reply took, as the server counted them.

    Parameters
    ----------
    prompt_tokens : int, optional
        Tokens of the prompt, those from and to the cache included.
    cached_tokens : int, optional
        Tokens of the prompt that were read from the server's cache.
    cache_write_tokens : int, optional
        Tokens of the prompt that were written to it, where the server tells.
    completion_tokens : int, optional
        Tokens of the reply, those of its reasoning included.
    reasoning_tokens : int, optional
        Tokens of the reply's reasoning.
    """

    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What the tokens of a model cost.

    Parameters
    ----------
    input_usd : float
        US dollars per million tokens of the prompt.
    cached_input_usd, cache_write_usd : float
        The same for tokens of the prompt read from the server's cache, and written to it.
    output_usd : float
        The same for tokens of the reply.
    batch_discount : float, optional
        Share that a batch takes off, 0-1; None where there are no batches.
    reasoning : bool, default=False
        Whether the model reasons unless it is told not to.
    as_of : str, optional
        Month of the price; None for one that the user gave.

    See Also
    --------
    find_price : Finds the price of a model.
    """

    input_usd: float
    cached_input_usd: float
    cache_write_usd: float
    output_usd: float
    batch_discount: float | None = None
    reasoning: bool = False
    as_of: str | None = None

    def compute_cost(self, usage: Usage, *, batch: bool = False) -> float | None:
        """Compute what a reply cost.

        Parameters
        ----------
        usage : Usage
            The tokens it took.
        batch : bool, default=False
            Whether it came by batch.

        Returns
        -------
        float or None
            US dollars; None where the server did not say how many tokens there were.

        Raises
        ------
        ValueError
            If a batch is asked of a price that knows none.

        Examples
        --------
        >>> price = find_price("gpt-5-mini")
        >>> price.compute_cost(Usage(prompt_tokens=1_000_000, completion_tokens=500_000))
        1.25
        """
        if usage.prompt_tokens is None or usage.completion_tokens is None:
            return None
        cached, written = usage.cached_tokens or 0, usage.cache_write_tokens or 0
        cost_usd = (
            max(usage.prompt_tokens - cached - written, 0) * self.input_usd
            + cached * self.cached_input_usd
            + written * self.cache_write_usd
            + usage.completion_tokens * self.output_usd
        ) / _MILLION
        return cost_usd * (self.batch_share if batch else 1)

    @property
    def batch_share(self) -> float:
        """Share of the full price that is left by batch."""
        if self.batch_discount is None:
            raise ValueError(
                "no batch discount is known for this model. Give it as "
                "price={..., 'batch_discount': 0.5}."
            )
        return 1 - self.batch_discount


def find_price(model: str, override: Mapping[str, Any] | None = None) -> Price:
    """Find what the tokens of a model cost.

    Parameters
    ----------
    model : str
        The model's name; a dated snapshot, such as ``gpt-5-mini-2025-08-07``, has its model's
        price unless the table has one of its own.
    override : mapping, optional
        A price of the user's own: ``input`` and ``output`` and, possibly, ``cached_input`` and
        ``cache_write`` (default: as input), in US dollars per million tokens;
        ``batch_discount``, 0-1, and ``reasoning`` (default: as in the table).

    Returns
    -------
    Price
        The user's, or the table's.

    Raises
    ------
    UnknownPriceError
        If the table does not have the model, and no price is given.
    ValueError
        If the price that is given is not valid.

    Examples
    --------
    >>> find_price("gpt-5-mini-2025-08-07").output_usd
    2.0
    >>> find_price("my-own-model", {"input": 0, "output": 0}).output_usd
    0.0
    >>> find_price("gpt-5-maxi")
    Traceback (most recent call last):
    jocas_themes.errors.UnknownPriceError: the price of the model 'gpt-5-maxi' is not known...
    """
    table = _read_table()
    known = table.get(model) or table.get(_SNAPSHOT.sub("", model))
    if override is not None:
        return _build_price(override, known)
    if known is None:
        close = difflib.get_close_matches(model, table, n=5)
        hint = f" Close names in the price table: {', '.join(map(repr, close))}." if close else ""
        raise UnknownPriceError(
            f"the price of the model {model!r} is not known. Give it as {_HOW_TO_GIVE}.{hint}"
        )
    return known


def read_usage(body: Mapping[str, Any]) -> Usage:
    """Read the tokens that a reply took from its body.

    Parameters
    ----------
    body : mapping
        The body of a chat completion.

    Returns
    -------
    Usage
        What can be read; None for what is missing, or cannot be a number of tokens.

    Notes
    -----
    Some servers leave the reasoning out of ``completion_tokens`` but not out of
    ``total_tokens`` (Gemini's, xAI's); it is paid for as output, so that the larger of
    ``completion_tokens`` and what the total leaves counts. DeepSeek gives the cached tokens as
    ``prompt_cache_hit_tokens``.

    Examples
    --------
    >>> usage = read_usage({"usage": {"prompt_tokens": 1500, "completion_tokens": 160}})
    >>> usage.prompt_tokens, usage.cached_tokens
    (1500, None)
    """
    usage = _read_mapping(body, "usage")
    prompt, completion = (
        _read_count(usage, "prompt_tokens"),
        _read_count(usage, "completion_tokens"),
    )
    total = _read_count(usage, "total_tokens")
    if prompt is not None and completion is not None and total is not None:
        completion = max(completion, total - prompt)
    of_prompt = _read_mapping(usage, "prompt_tokens_details")
    of_completion = _read_mapping(usage, "completion_tokens_details")
    cached = _read_count(of_prompt, "cached_tokens", at_most=prompt)
    if cached is None:
        cached = _read_count(usage, "prompt_cache_hit_tokens", at_most=prompt)
    return Usage(
        prompt_tokens=prompt,
        cached_tokens=cached,
        cache_write_tokens=_read_count(of_prompt, "cache_write_tokens", at_most=prompt),
        completion_tokens=completion,
        reasoning_tokens=_read_count(of_completion, "reasoning_tokens", at_most=completion),
    )


@lru_cache(maxsize=1)
def _read_table() -> dict[str, Price]:
    """Read the table that comes with the package."""
    source = files("jocas_themes.teacher.cost").joinpath("prices.toml")
    table = tomllib.loads(source.read_text(encoding="utf-8"))
    return {model: _make_price(row, as_of=table["as_of"]) for model, row in table["models"].items()}


def _make_price(row: Mapping[str, Any], *, as_of: str | None) -> Price:
    return Price(
        input_usd=float(row["input"]),
        cached_input_usd=float(row.get("cached_input", row["input"])),
        cache_write_usd=float(row.get("cache_write", row["input"])),
        output_usd=float(row["output"]),
        batch_discount=row.get("batch_discount"),
        reasoning=row.get("reasoning", False),
        as_of=as_of,
    )


def _build_price(given: Mapping[str, Any], known: Price | None) -> Price:
    """Check a price of the user's own; what it does not say of the model, the table may."""
    if not isinstance(given, Mapping) or not set(_REQUIRED) <= set(given):
        raise ValueError(
            f"price must hold 'input' and 'output', got {given!r}. Such as: {_HOW_TO_GIVE}."
        )
    unknown = sorted(map(str, set(given) - {*_RATES, "batch_discount", "reasoning"}))
    if unknown:
        raise ValueError(
            f"price holds {unknown[:5]!r}, which it does not know; it takes {list(_RATES)!r}, "
            f"'batch_discount' and 'reasoning'."
        )
    for name in set(_RATES) & set(given):
        _check_number(name, given[name], at_most=math.inf, unit="US dollars per million tokens")
    if given.get("batch_discount") is not None:
        _check_number("batch_discount", given["batch_discount"], at_most=1, unit="a share")
    if given.get("reasoning", False) not in (True, False):
        raise ValueError(f"price['reasoning'] must be True or False, got {given['reasoning']!r}.")
    of_model: dict[str, Any] = {}
    if known is not None:
        of_model = {"batch_discount": known.batch_discount, "reasoning": known.reasoning}
    return _make_price(of_model | dict(given), as_of=None)


def _check_number(name: str, value: Any, *, at_most: float, unit: str) -> None:
    """Check a number of a price: finite, not negative, not text."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= at_most or value == math.inf:
        bound = "at least 0" if at_most == math.inf else f"in [0, {at_most}]"
        raise ValueError(f"price[{name!r}] must be a number {bound} ({unit}), got {value!r}.")


def _read_mapping(source: Any, name: str) -> Mapping[str, Any]:
    """Return what a body holds under a name, if it is a mapping; else an empty one."""
    value = source.get(name) if isinstance(source, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _read_count(source: Mapping[str, Any], name: str, *, at_most: int | None = None) -> int | None:
    """Return a number of tokens; None for what is missing, or cannot be one."""
    value = source.get(name)
    limit = _TOO_MANY_TOKENS if at_most is None else at_most
    return value if type(value) is int and 0 <= value <= limit else None
