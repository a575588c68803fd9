"""What a model says of an offer over Chat Completions: well, and badly."""

import json
import re
import time
from typing import Any

REPLY_FAULTS = {
    "refusal": 0.005,
    "content_filter": 0.005,
    "length": 0.005,
    "invalid_json": 0.005,
    "missing_theme": 0.005,
    "wrong_evidence": 0.005,
}
_WORDS = {  # of the built-in answer: a theme is present where the offer holds its word
    "DIVERSITY": "tous",
    "COMPENSATION_BENEFITS": "prime",
    "CAREER_OPPORTUNITIES": "formation",
    "COMPANY_CULTURE": "valeurs",
    "LEADERSHIP_MANAGEMENT": "manager",
    "WORK_LIFE_BALANCE": "horaires",
}
_OFFER = re.compile(r"<offer[^>]*>\n?(.*?)\n?</offer>", re.DOTALL)
Json = dict[str, Any]


def read_offer(body: Json) -> tuple[str, bool]:
    """Return the offer's text out of a request, and whether a corrective message follows it."""
    for n_after, message in enumerate(reversed(body["messages"])):
        found = _OFFER.search(message["content"]) if message["role"] == "user" else None
        if found:
            return found[1], n_after > 0
    return body["messages"][-1]["content"], False


def count_tokens(body: Json) -> int:
    """Count the tokens of a prompt, roughly."""
    return sum(len(message["content"]) for message in body["messages"]) // 4


def answer_by_word(body: Json) -> Json:
    """Find each theme that is asked for where the offer holds its word."""
    offer, _ = read_offer(body)
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
    found = {code: word for code, word in _WORDS.items() if word in offer}
    return {
        code: {"evidence": found.get(code), "present": code in found, "confidence": 90}
        for code in schema.get("properties", _WORDS)
    }


def build_completion(
    body: Json, answer: Json, *, number: int, fault: str = "", n_cached: int = 0
) -> Json:
    """Build a completion, with a fault of `REPLY_FAULTS` if one is named."""
    content = _write(answer, fault)
    n_prompt, n_completion = count_tokens(body), len(content or "Non.") // 4 + 1
    reason = {"length": "length", "content_filter": "content_filter"}.get(fault, "stop")
    refusal = "Non." if fault == "refusal" else None
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body["model"],
        "choices": [
            {
                "index": 0,
                "finish_reason": reason,
                "message": {"role": "assistant", "content": content, "refusal": refusal},
                "logprobs": None,
            }
        ],
        "usage": {
            "prompt_tokens": n_prompt,
            "completion_tokens": n_completion,
            "total_tokens": n_prompt + n_completion,
            "prompt_tokens_details": {"cached_tokens": n_cached},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
    }


def build_error(message: str, *, kind: str = "invalid_request_error", **more: Any) -> bytes:
    """Build an error as OpenAI words it."""
    error = {"message": message, "type": kind, "param": None, "code": None, **more}
    return json.dumps({"error": error}).encode()


def _write(answer: Json, fault: str) -> str | None:
    """Write an answer, and spoil it."""
    first, *others = answer
    if fault in {"refusal", "content_filter"}:
        return None
    if fault == "missing_theme":
        answer = {code: answer[code] for code in others}
    elif fault == "wrong_evidence":
        wrong = {"evidence": "mots que l'offre ne dit pas", "present": True}
        answer = {**answer, first: {**answer[first], **wrong}}
    content = json.dumps(answer, ensure_ascii=False)
    return content[: len(content) // 2] if fault in {"length", "invalid_json"} else content
