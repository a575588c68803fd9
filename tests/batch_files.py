"""What the files of a batch hold, on their way in and out, written as OpenAI does."""

import json
import re
from collections.abc import Collection, Mapping
from random import Random

from fault_replies import Json
from loopback import Request

_NOT_RUN = {
    "batch_expired": "This request could not be executed before the completion window expired.",
    "batch_cancelled": "The batch was cancelled before this request was executed.",
    "request_timeout": "The underlying call to the model timed out.",
}
_TYPES = {400: "invalid_request_error", 429: "requests"}
_CODES = {400: "invalid_value", 429: "rate_limit_exceeded"}


def read_form(request: Request) -> tuple[dict[str, str], str, bytes]:
    """Read a form with one file: its fields, the file's name and content."""
    boundary = request.headers["content-type"].partition("boundary=")[2].strip('"').encode()
    fields, name, content = {}, "", b""
    for part in request.body.split(b"--" + boundary)[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        names = dict(re.findall(r'(\w+)="([^"]*)"', head.decode()))
        if "filename" in names:
            name, content = names["filename"], value[:-2]
        else:
            fields[names["name"]] = value[:-2].decode()
    return fields, name, content


def read_requests(
    content: bytes, *, endpoint: str, max_requests: int
) -> tuple[dict[str, Json], list[Json]]:
    """Read the bodies in a batch's file by custom id, and all that is wrong with it."""
    lines = content.splitlines()
    if not lines:
        return {}, [{"code": "empty_file", "message": "The batch input file is empty."}]
    if len(lines) > max_requests:
        message = f"The batch input file has more than {max_requests} requests."
        return {}, [{"code": "too_many_tasks", "message": message}]
    requests: dict[str, Json] = {}
    errors: list[Json] = []
    for number, line in enumerate(lines, start=1):
        try:
            request = json.loads(line)
        except ValueError:
            message = "This line is not parseable as valid JSON."
            errors.append({"code": "invalid_json_line", "message": message, "line": number})
            continue
        error = _find_error(request, requests, endpoint)
        if error:
            errors.append({**error, "line": number})
        else:
            requests[request["custom_id"]] = request["body"]
    return requests, errors


def _find_error(request: Json, before: Mapping[str, Json], endpoint: str) -> Json | None:
    """Say what is wrong with one request of a batch."""
    missing = [name for name in ("custom_id", "method", "url", "body") if not request.get(name)]
    if missing:
        message = f"Missing required parameter: '{missing[0]}'."
        return {"code": "missing_required_parameter", "message": message, "param": missing[0]}
    if request["custom_id"] in before:
        message = (
            f"The custom_id '{request['custom_id']}' for this request is a duplicate of another "
            f"request. The custom_id parameter must be unique for each request in a batch."
        )
        return {"code": "duplicate_custom_id", "message": message, "param": "custom_id"}
    if request["method"] != "POST" or request["url"] != endpoint:
        message = "The URL provided for this request does not match the batch endpoint."
        return {"code": "invalid_url", "message": message, "param": "url"}
    first = next(iter(before.values()), request["body"])
    if request["body"]["model"] != first["model"]:
        message = (
            f"The model '{request['body']['model']}' for this request does not match the rest of "
            f"the batch. Each batch must contain requests for a single model."
        )
        return {"code": "mismatched_model", "message": message, "param": "body.model"}
    return None


def build_error_line(custom_id: str, how: int | str) -> Json:
    """Build a line of the error file: an HTTP status, or the code of an error before any."""
    line: Json = {"id": f"batch_req_{custom_id}", "custom_id": custom_id}
    if isinstance(how, str):
        message = _NOT_RUN.get(how, "The request failed.")
        return {**line, "response": None, "error": {"code": how, "message": message}}
    error = {
        "message": "The request failed.",
        "type": _TYPES.get(how, "server_error"),
        "param": None,
        "code": _CODES.get(how),
    }
    response = {"status_code": how, "request_id": "req_failed", "body": {"error": error}}
    return {**line, "response": response, "error": None}


def spoil_lines(
    lines: Mapping[str, Json],
    *,
    twice: Collection[str] = (),
    leave_out: Collection[str] = (),
    shuffle: int | None = None,
    garbage: bool = False,
    truncate: bool = False,
) -> bytes:
    """Write lines as a file, with what can be wrong with one.

    Parameters
    ----------
    lines : mapping of str to dict
        By custom id.
    twice, leave_out : collection of str, default=()
        Lines to write twice, or not at all.
    shuffle : int, optional
        Seed of another order than that of the requests.
    garbage, truncate : bool, default=False
        Whether a line is not JSON, and whether the last one is cut.
    """
    chosen = [custom_id for custom_id in lines if custom_id not in leave_out]
    chosen += [custom_id for custom_id in chosen if custom_id in twice]
    if shuffle is not None:
        Random(shuffle).shuffle(chosen)
    written = [json.dumps(lines[custom_id], ensure_ascii=False) for custom_id in chosen]
    if garbage:
        written.insert(1, "<html>502 Bad Gateway</html>")
    content = "".join(f"{line}\n" for line in written).encode()
    return content[: -len(written[-1].encode()) // 2] if truncate and written else content
