"""How many tokens a text takes: by tiktoken where it is there, by approximation elsewhere."""

import json
import logging
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

logger = logging.getLogger(__name__)

_UNKNOWN_MODEL = "o200k_base"  # the encoding of OpenAI's models since GPT-4o
_OPENAI_NAMES = ("gpt-", "chatgpt-", "ft:gpt-", "o1", "o3", "o4")
_DIGITS = "0123456789"
_PUNCTUATION = ".,;:!?-()/'’\""
# What the chat format puts around each message, and before the reply (OpenAI's cookbook, "How to
# count tokens with tiktoken").
_TOKENS_PER_MESSAGE = 3
_TOKENS_BEFORE_REPLY = 3


def approximate_tokens(text: str) -> int:
    """Approximate how many tokens a French or English text takes.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    int
        Number of tokens, at least 1 for a text that is not empty.

    See Also
    --------
    count_tokens : Counts with tiktoken where it can.

    Notes
    -----
    A weighted sum of what can be counted fast: characters, bytes beyond one a character, words,
    digits and punctuation marks. The weights are a least-squares fit of the relative error to
    the encoding o200k_base on 2,077 real French offers. On 11,123 others the error is +1.6% on
    average, and within [-8%, +10%] for 95% of the offers; on this package's own instructions, in
    English, +3%; on answers in JSON +8%. Models of other makers cut French into more tokens than
    o200k_base does: DeepSeek's 16% more, the one that Anthropic published 35% more.

    Examples
    --------
    >>> approximate_tokens("Tickets restaurant et prime de fin d'année.")
    11
    >>> approximate_tokens("")
    0
    """
    n_beyond_ascii = len(text.encode("utf-8", "surrogatepass")) - len(text)
    return math.ceil(
        0.105 * len(text)
        + 0.28 * n_beyond_ascii
        + 0.52 * len(text.split())
        + 0.97 * sum(map(text.count, _DIGITS))
        + 0.84 * sum(map(text.count, _PUNCTUATION))
    )


def count_tokens(text: str, model: str) -> int:
    """Count the tokens of a text as a model does, or as nearly as can be known here.

    Parameters
    ----------
    text : str
        Any text.
    model : str
        The model's name. One that tiktoken does not know is counted with ``o200k_base``.

    Returns
    -------
    int
        Number of tokens: by tiktoken when it is installed and its encoding can be loaded, which
        takes a download the first time; else approximate.

    See Also
    --------
    describe_counter : Says which of the two it is.
    """
    encoding = _load_encoding(_name_encoding(model))
    return approximate_tokens(text) if encoding is None else len(encoding.encode_ordinary(text))


def count_message_tokens(messages: Sequence[Mapping[str, str]], model: str) -> int:
    """Count the tokens of a request's messages, with what the chat format adds to them.

    Parameters
    ----------
    messages : sequence of mapping
        Messages of the Chat Completions API; ``role`` and ``content`` are counted.
    model : str
        The model's name.

    Returns
    -------
    int
        Number of prompt tokens.

    See Also
    --------
    count_request_tokens : Counts the schema of the answer, too.

    Examples
    --------
    >>> count_message_tokens([], "gpt-5-mini")
    3
    """
    n_tokens = _TOKENS_BEFORE_REPLY
    for message in messages:
        is_static = message["role"] in {"system", "developer"}  # the same one for every offer
        count = _count_again if is_static else count_tokens
        n_tokens += _TOKENS_PER_MESSAGE + _count_again(message["role"], model)
        n_tokens += count(message["content"], model)
    return n_tokens


def count_request_tokens(request: Mapping[str, Any]) -> int:
    """Count the prompt tokens of a request: its messages, and the schema of the answer.

    Parameters
    ----------
    request : mapping
        A request of the Chat Completions API: ``model``, ``messages`` and, possibly,
        ``response_format``, whose schema servers add to the prompt.

    Returns
    -------
    int
        Number of prompt tokens. The schema is counted as it is written, in JSON; servers may
        word it shorter.

    See Also
    --------
    bound_cost : The most that such a request can cost.
    """
    n_tokens = count_message_tokens(request["messages"], request["model"])
    schema = request.get("response_format", {}).get("json_schema")
    if schema is not None:
        n_tokens += _count_again(json.dumps(schema), request["model"])
    return n_tokens


def describe_counter(model: str) -> str:
    """Say how the tokens of a model are counted, for an estimate.

    Parameters
    ----------
    model : str
        The model's name.

    Returns
    -------
    str
        Such as ``tiktoken, o200k_base``.
    """
    name = _name_encoding(model)
    if _load_encoding(name) is None:
        counter = "approximation, within 10% of OpenAI's count for 95% of the offers"
    else:
        counter = f"tiktoken, {name}"
    if model.startswith(_OPENAI_NAMES):
        return counter
    return f"{counter}; models of other makers may count 10-40% more"


@lru_cache(maxsize=64)
def _count_again(text: str, model: str) -> int:
    """Count what comes back with every request only once."""
    return count_tokens(text, model)


@lru_cache(maxsize=64)
def _name_encoding(model: str) -> str:
    """Name the encoding of a model."""
    try:
        import tiktoken

        return str(tiktoken.encoding_name_for_model(model))
    except (ImportError, KeyError):
        return _UNKNOWN_MODEL


@lru_cache(maxsize=8)
def _load_encoding(name: str) -> Any:
    """Load an encoding of tiktoken; None where it is missing, or cannot be downloaded."""
    try:
        import tiktoken
    except ImportError:
        logger.info("tokens are approximated; pip install 'jocas-themes[tokens]' to count them")
        return None
    try:
        return tiktoken.get_encoding(name)
    except Exception as error:  # noqa: BLE001 (offline, a proxy, a broken cache: all the same here)
        logger.warning(
            "tokens are approximated: tiktoken could not load its encoding %s (%s)",
            name,
            type(error).__name__,
        )
        return None
