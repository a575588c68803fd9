"""What a stored reply depends on, and what is stored of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyKey:
    """What a reply depends on, and nothing else: the same question is never paid for twice.

    Parameters
    ----------
    text : str
        The offer's text, as it is sent.
    model : str
        The model's name.
    prompt_version : str
        Version of the words around the text.
    taxonomy_fingerprint : str
        Fingerprint of the themes asked for.
    parameters : mapping
        All other parameters of the request, as JSON values.
    vote : int, default=0
        Which of several independent answers to the same question.
    replay : str, default=""
        Name of the round in which a question was asked once more, to measure drift.
    """

    text: str
    model: str
    prompt_version: str
    taxonomy_fingerprint: str
    parameters: Mapping[str, Any]
    vote: int = 0
    replay: str = ""

    @property
    def digest(self) -> str:
        """Return the key's 64 hexadecimal digits."""
        parts: list[str | int] = [
            self.text,
            self.model,
            self.prompt_version,
            self.taxonomy_fingerprint,
            self.parameters_json,
        ]
        if self.vote or self.replay:  # a first answer keeps the key that it always had
            parts += [self.vote, self.replay]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @property
    def parameters_json(self) -> str:
        """Return the parameters in one canonical form, in which 0 and 0.0 are the same."""
        return json.dumps(_settle_numbers(dict(self.parameters)), sort_keys=True)


def _settle_numbers(value: Any) -> Any:
    """Write whole floats as integers, at any depth."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {name: _settle_numbers(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_settle_numbers(item) for item in value]
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReply:
    """One reply as it came, with what it cost.

    Parameters
    ----------
    raw : str
        The body of the reply, whole.
    status : str
        How it was understood when it came.
    attempt : int, default=0
        0 for the answer to the question, 1 and up for answers to a correction.
    prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens : int or None
        As the server counted them: the cached ones are part of the prompt, the reasoning ones of
        the completion.
    cost_usd : float or None
        What it cost, in US dollars; None when the price is not known.
    duration_s : float or None
        From request to reply, in seconds.
    request_id : str or None
        The server's name for the request.
    batch_id : str or None
        The batch that it came with.
    left_out : str, default=""
        Parameters that the model refused, and that were not sent; with spaces between.
    """

    raw: str
    status: str
    attempt: int = 0
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    duration_s: float | None = None
    request_id: str | None = None
    batch_id: str | None = None
    left_out: str = ""
