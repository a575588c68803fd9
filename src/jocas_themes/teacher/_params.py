"""Checks of `LLMTeacher`'s parameters beyond their types."""

import json
import re
from collections.abc import Mapping
from typing import Any

from jocas_themes.teacher.asking import check_base_url

# What would carry a key into the store or a repr.
_SECRET_NAME = re.compile(r"api[-_]?key|authorization|password|secret", re.IGNORECASE)
# What the teacher sets itself, and headers, for the same reason.
_RESERVED = frozenset(
    {"model", "messages", "response_format", "stream", "n", "api_key", "timeout"}
    | {"extra_headers", "extra_query"}
)


def check_server(model: str, base_url: str | None, client: Any, api_key_env: str) -> None:
    """Check what says whom to ask."""
    if not model.strip():
        raise ValueError("model must be the name of a model, got an empty string.")
    if base_url is not None:
        check_base_url(base_url)
    if client is not None and not hasattr(client, "chat"):
        raise ValueError(
            f"client must be an openai.OpenAI or openai.AsyncOpenAI, got a {type(client).__name__}."
        )
    if not re.fullmatch(r"\w+", api_key_env):
        raise ValueError(
            "api_key_env must be the name of an environment variable (letters, digits and "
            "underscores), never the key itself."
        )


def check_request_params(request_params: Mapping[str, Any], *, votes: int) -> None:
    """Check that the request's further parameters can be sent, stored and shown."""
    reserved = sorted(_RESERVED & set(request_params))
    if reserved:
        raise ValueError(
            f"request_params may not hold {reserved!r}: the teacher sets them itself, or "
            f"they could carry a key."
        )
    try:
        written = json.dumps(dict(request_params), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"request_params must hold JSON values only: {error}.") from error
    if _SECRET_NAME.search(written):
        raise ValueError(
            "request_params seem to hold a key, which would show in every repr. Put it into "
            "an environment variable, and name that with api_key_env=."
        )
    if votes > 1 and (request_params.get("temperature") == 0 or "seed" in request_params):
        raise ValueError(
            f"votes={votes} needs answers that can differ, and request_params with a temperature "
            f"of 0, or a seed, give the same one again. Leave them out, or set votes=1."
        )
