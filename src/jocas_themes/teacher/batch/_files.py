"""The files of the Batch API: requests on their way out, answers and errors on their way back."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jocas_themes.annotations import Question

ENDPOINT = "/v1/chat/completions"
# OpenAI's limits of one file.
MAX_REQUESTS = 50_000
MAX_BYTES = 200_000_000
_OK = 200


@dataclass(frozen=True, slots=True)
class RequestFile:
    """A file of requests, and the questions in it in their order."""

    path: Path
    questions: Sequence[Question]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one line of an output or error file says.

    Parameters
    ----------
    digest : str
        The question's, which is the custom id of its request.
    body : mapping or None
        The reply; None where there is none.
    request_id : str or None
        The server's name for the request.
    fault : str
        Why there is no reply; empty where there is.
    is_charged : bool
        Whether the server says that it answered, with whatever body.
    """

    digest: str
    body: Mapping[str, Any] | None
    request_id: str | None
    fault: str
    is_charged: bool


def build_line(digest: str, request: Mapping[str, Any]) -> bytes:
    """Write one request as a line."""
    line = {"custom_id": digest, "method": "POST", "url": ENDPOINT, "body": request}
    # Accents as they are; lone surrogates, which no file can hold, as JSON writes them.
    content = json.dumps(line, ensure_ascii=False).encode(errors="backslashreplace")
    return content + b"\n"


def write_files(requests: Iterable[tuple[Question, bytes]], folder: Path) -> Iterator[RequestFile]:
    """Write requests into files that a server takes; each is removed before the next."""
    remaining = iter(requests)
    request = next(remaining, None)
    while request is not None:
        path = folder / "requests.jsonl"
        questions: list[Question] = []
        n_bytes = 0
        with path.open("wb") as file:
            while request is not None and _fits(request[1], len(questions), n_bytes):
                question, line = request
                file.write(line)
                questions.append(question)
                n_bytes += len(line)
                request = next(remaining, None)
        yield RequestFile(path, questions)
        path.unlink()


def _fits(line: bytes, n_requests: int, n_bytes: int) -> bool:
    return not n_requests or (n_requests < MAX_REQUESTS and n_bytes + len(line) <= MAX_BYTES)


def iter_messages(path: Path) -> Iterator[list[dict[str, str]]]:
    """Yield the messages of each request of a file."""
    with path.open("rb") as file:
        for line in file:
            yield json.loads(line)["body"]["messages"]


def keep_requests(file: RequestFile, kept: set[str]) -> None:
    """Leave only some requests in a file."""
    staging = file.path.with_suffix(".kept")
    with file.path.open("rb") as source, staging.open("wb") as target:
        for question, line in zip(file.questions, source, strict=True):
            if question.key.digest in kept:
                target.write(line)
    staging.replace(file.path)


def read_rows(path: Path) -> Iterator[Row | None]:
    """Yield what the lines of an output or error file say; None for one that cannot be read."""
    with path.open("rb") as file:
        for line in file:
            if line.strip():
                yield _read_row(line)


def _read_row(line: bytes) -> Row | None:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not isinstance(content.get("custom_id"), str):
        return None
    response = content.get("response")
    if not isinstance(response, dict):
        response = {}
    body, request_id = response.get("body"), response.get("request_id")
    is_charged = response.get("status_code") == _OK
    answered = is_charged and isinstance(body, dict)
    fault = "" if answered else _describe_fault(content.get("error"), response)
    return Row(
        digest=content["custom_id"],
        body=body if answered else None,
        request_id=request_id if isinstance(request_id, str) else None,
        fault=fault,
        is_charged=is_charged,
    )


def _describe_fault(error: Any, response: Mapping[str, Any]) -> str:
    """Say in one line why a request has no reply, in the server's words."""
    status, body = response.get("status_code"), response.get("body")
    if status == _OK:
        return "the body is not a chat completion"
    if not isinstance(error, dict) and isinstance(body, dict):
        error = body.get("error")
    told = error if isinstance(error, dict) else {}
    parts = (f"HTTP {status}" if status else "", told.get("code"), told.get("message"))
    line = ": ".join(" ".join(str(part).split()) for part in parts if part)
    return line[:300] or "the server gave no reason"
