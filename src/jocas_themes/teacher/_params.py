"""Checks of `LLMTeacher`'s parameters beyond their types."""

import json
import re
from collections.abc import Mapping
from typing import Any

from jocas_themes.teacher.asking import check_base_url
from jocas_themes.teacher.cost import LIMITS

# What would carry a key into the store or a repr: by its name, or by how it begins.
_SECRET_NAME = re.compile(
    r"(?:api|access)[-_]?key|authorization|password|secret|token", re.IGNORECASE
)
_SECRET_VALUE = re.compile(r"(?:Bearer |sk-|hf_|gsk_|xai-)\S{4,}")
# Numbers of tokens bear the word in their name, and no secret.
_COUNT_NAME = re.compile(r"(?:max|min).*tokens|.*_tokens", re.IGNORECASE)
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
            f"client must be an openai.OpenAI or openai.AsyncOpenAI, got {type(client).__name__}."
        )
    if not re.fullmatch(r"\w+", api_key_env):
        raise ValueError(
            "api_key_env must be the name of an environment variable (letters, digits and "
            "underscores), never the key itself."
        )


def check_request_params(request_params: Mapping[str, Any], *, votes: int) -> None:
    """Check that the request's further parameters can be sent, stored and shown."""
    inside = request_params.get("extra_body", {})
    if not isinstance(inside, Mapping):
        raise ValueError(  # noqa: TRY004 (as for the other parameters)
            f"request_params['extra_body'] must be a mapping, got {inside!r}."
        )
    reserved = sorted(_RESERVED & {*request_params, *inside})
    if reserved:
        raise ValueError(
            f"request_params may not hold {reserved!r}: the teacher sets them itself, or "
            f"they could carry a key."
        )
    try:
        json.dumps(dict(request_params), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"request_params must hold JSON values only: {error}.") from error
    if _holds_secret(request_params):
        raise ValueError(
            "request_params seem to hold a key, which would show in every repr. Put it into "
            "an environment variable, and name that with api_key_env=."
        )
    if votes > 1 and (request_params.get("temperature") == 0 or "seed" in request_params):
        raise ValueError(
            f"votes={votes} needs answers that can differ, and request_params with a temperature "
            f"of 0, or a seed, give the same one again. Leave them out, or set votes=1."
        )
    for name in LIMITS:
        limit = {**inside, **request_params}.get(name)
        if limit is not None and (not isinstance(limit, int) or limit < 1):
            raise ValueError(
                f"request_params[{name!r}] must be a whole number of tokens, at least 1, got "
                f"{limit!r}: the budget rests on it."
            )


def _holds_secret(value: Any) -> bool:
    """Tell whether something looks like a key, at any depth."""
    if isinstance(value, Mapping):
        return any(
            (_SECRET_NAME.search(str(name)) and not _COUNT_NAME.fullmatch(str(name)))
            or _holds_secret(item)
            for name, item in value.items()
        )
    if isinstance(value, (list, tuple)):
        return any(map(_holds_secret, value))
    return isinstance(value, str) and bool(_SECRET_VALUE.match(value))
