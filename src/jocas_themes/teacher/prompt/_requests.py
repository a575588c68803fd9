"""How one teacher asks: everything that a request holds and that its reply depends on."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jocas_themes.annotations import ReplyKey
from jocas_themes.taxonomy import Taxonomy
from jocas_themes.teacher.cost import approximate_tokens
from jocas_themes.teacher.prompt._example_source import ExampleSource
from jocas_themes.teacher.prompt._outgoing import OutgoingText, prepare_text
from jocas_themes.teacher.prompt._prompt import (
    PROMPT_VERSION,
    build_messages,
    build_response_format,
)

Message = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class RequestBuilder:
    """Turn offers into requests, the same ones whatever is installed here."""

    model: str
    taxonomy: Taxonomy
    response_format: str
    request_params: Mapping[str, Any]
    redact: bool
    max_offer_tokens: int | None
    examples: ExampleSource | None = None

    # What all keys share is made once: there may be tens of thousands.
    @cached_property
    def _parameters(self) -> dict[str, Any]:
        return {"response_format": self.response_format, **self.request_params}

    @cached_property
    def _fingerprint(self) -> str:
        return self.taxonomy.fingerprint

    def prepare(self, text: str) -> OutgoingText:
        """Redact and cut an offer's text."""
        return prepare_text(
            text,
            redact=self.redact,
            max_tokens=self.max_offer_tokens,
            count_tokens=approximate_tokens,
        )

    def build_key(self, sent: str, *, vote: int = 0, replay: str = "") -> ReplyKey:
        """Build the key of the reply to a text as it is sent."""
        parameters = self._parameters
        if self.examples is not None:  # not all gold offers, but those that this offer is shown
            shown = json.dumps(self.examples(sent))
            digest = hashlib.sha256(shown.encode()).hexdigest()[:16]
            parameters = {**parameters, "examples": digest}
        return ReplyKey(
            text=sent,
            model=self.model,
            prompt_version=PROMPT_VERSION,
            taxonomy_fingerprint=self._fingerprint,
            parameters=parameters,
            vote=vote,
            replay=replay,
        )

    def build_messages(self, sent: str) -> list[dict[str, str]]:
        """Build the messages that ask about a text."""
        examples = () if self.examples is None else self.examples(sent)
        return build_messages(self.taxonomy, sent, examples=examples)

    def build_request(self, messages: Sequence[Message]) -> dict[str, Any]:
        """Build one request of the Chat Completions API."""
        return {
            **self.request_params,
            "model": self.model,
            "messages": list(messages),
            **build_response_format(self.taxonomy, self.response_format),
        }
