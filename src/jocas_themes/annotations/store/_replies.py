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
    """

    text: str
    model: str
    prompt_version: str
    taxonomy_fingerprint: str
    parameters: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """Return the key's 64 hexadecimal digits."""
        parts = [
            self.text,
            self.model,
            self.prompt_version,
            self.taxonomy_fingerprint,
            self.parameters_json,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @property
    def parameters_json(self) -> str:
        """Return the parameters in one canonical form."""
        return json.dumps(dict(self.parameters), sort_keys=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReply:
    """One reply as it came, with what it cost.

    Parameters
    ----------
    raw : str
        The body of the reply, whole.
    status : str
        How it was understood when it came.
    prompt_tokens, completion_tokens : int or None
        As the server counted them.
    duration_s : float or None
        From request to reply, in seconds.
    """

    raw: str
    status: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    duration_s: float | None = None
