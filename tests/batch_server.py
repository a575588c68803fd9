"""OpenAI's Batch API on loopback, beside Chat Completions; the test drives its batches."""

import itertools
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from batch_files import build_error_line, read_form, read_requests, spoil_lines
from fault_replies import REPLY_FAULTS, Json, build_error, read_offer
from fault_server import Entry, FaultServer
from loopback import Connection, Request

ENDPOINT = "/v1/chat/completions"
ENDED = frozenset({"completed", "expired", "cancelled", "failed"})
_DAY_S = 86_400


class RefusedError(Exception):
    """A call is answered with an error."""

    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = build_error(message, **more)


@dataclass
class StoredFile:
    """A file: what is told of it, and what it holds."""

    info: Json
    content: bytes


@dataclass
class StoredBatch:
    """A batch: what is told of it, and what it asks."""

    info: Json
    requests: dict[str, Json] = field(default_factory=dict)  # bodies by custom id, once checked
    n_polls: int = 0


class BatchServer(FaultServer):
    """Take files and batches as OpenAI does.

    A batch stays in ``validating`` until the test moves it, with `advance`, `finish` or `fail`.
    Calls go by names such as "POST /batches" or "GET /files/{id}/content".

    Parameters
    ----------
    answer : callable, optional
        As for `FaultServer`.
    max_requests, max_bytes : int
        Limits of one file, OpenAI's by default.
    finish_after : int, optional
        Finish each batch by itself when it has been asked for so often.
    no_file : {None, ""}, default=None
        How a batch says that it has no output or no error file; OpenAI has done both.
    **params : dict
        Others of `FaultServer`, which concern the chat endpoint alone.
    """

    def __init__(
        self,
        answer: Callable[[str], Json] | None = None,
        *,
        max_requests: int = 50_000,
        max_bytes: int = 200_000_000,
        finish_after: int | None = None,
        no_file: str | None = None,
        **params: Any,
    ) -> None:
        super().__init__(answer, **params)
        self.max_requests = max_requests
        self.max_bytes = max_bytes
        self.finish_after = finish_after
        self.no_file = no_file
        self.calls: Counter[str] = Counter()
        self.files: dict[str, StoredFile] = {}
        self._file_numbers = itertools.count()  # ids of deleted files do not come back
        self.batches: dict[str, StoredBatch] = {}
        self._disturbances: dict[str, list[int | None]] = defaultdict(list)
        self._lock = threading.RLock()  # between the test's thread and the server's
        self._calls = {
            "POST /files": self._post_file,
            "GET /files/{id}": lambda request, id_: self._find_file(id_).info,
            "GET /files/{id}/content": lambda request, id_: self._find_file(id_).content,
            "DELETE /files/{id}": self._delete_file,
            "POST /batches": self._post_batch,
            "GET /batches": self._list_batches,
            "GET /batches/{id}": self._poll,
            "POST /batches/{id}/cancel": self._cancel,
        }

    def disturb(self, call: str, status: int | None = None) -> None:
        """Refuse the next call of a kind with a status; without one, obey and hang up unheard."""
        self._disturbances[call].append(status)

    def custom_ids(self, batch_id: str) -> list[str]:
        """Return the custom ids in a batch's file, in their order."""
        lines = self.files[self.batches[batch_id].info["input_file_id"]].content.splitlines()
        return [json.loads(line)["custom_id"] for line in lines]

    def advance(self, batch_id: str) -> str:
        """Move a batch on by one stage, and return it; its file is checked first."""
        with self._lock:
            batch = self.batches[batch_id]
            if batch.info["status"] == "validating":
                content = self.files[batch.info["input_file_id"]].content
                batch.requests, errors = read_requests(
                    content, endpoint=ENDPOINT, max_requests=self.max_requests
                )
                if errors:
                    return self.fail(batch_id, *errors)
                batch.info["request_counts"]["total"] = len(batch.requests)
                _mark(batch.info, "in_progress")
            elif batch.info["status"] == "in_progress":
                _mark(batch.info, "finalizing")
            return batch.info["status"]

    def fail(self, batch_id: str, *errors: Json) -> str:
        """Fail a batch as a whole; errors have the keys code, message, param and line."""
        empty = {"code": None, "message": "", "param": None, "line": None}
        info = self.batches[batch_id].info
        info["errors"] = {"object": "list", "data": [empty | error for error in errors]}
        return _mark(info, "failed")

    def finish(
        self,
        batch_id: str,
        *,
        fail: Mapping[str, int | str] | None = None,
        expire: Collection[str] = (),
        faults: Mapping[str, str] | None = None,
        lose_output: bool = False,
        **spoilt: Any,
    ) -> str:
        """Bring a batch to its end: answer its requests, write its files; return the status.

        It is ``cancelled`` after a cancellation, ``expired`` where requests have, ``failed``
        where its file is not valid, else ``completed``.

        Parameters
        ----------
        batch_id : str
            Of a batch that has not ended.
        fail : mapping of str to int or str, optional
            Requests, by custom id, that end in the error file: with an HTTP status, or with the
            code of an error before any, such as "batch_cancelled".
        expire : collection of str, default=()
            Requests that end there as "batch_expired".
        faults : mapping of str to str, optional
            Faults of replies, such as "refusal"; the names are those of `REPLY_FAULTS`.
        lose_output : bool, default=False
            Whether the output file is gone when it is asked for.
        **spoilt : dict
            What is wrong with the output file: see `spoil_lines`.
        """
        with self._lock:
            batch = self.batches[batch_id]
            while batch.info["status"] in {"validating", "in_progress"}:
                self.advance(batch_id)
            if batch.info["status"] in ENDED:
                return batch.info["status"]
            failed = {**(fail or {}), **dict.fromkeys(expire, "batch_expired")}
            output = {
                custom_id: self._answer(custom_id, body, (faults or {}).get(custom_id, ""))
                for custom_id, body in batch.requests.items()
                if custom_id not in failed
            }
            errors = {
                custom_id: build_error_line(custom_id, how) for custom_id, how in failed.items()
            }
            batch.info["request_counts"] |= {"completed": len(output), "failed": len(errors)}
            self._attach(batch.info, "output", spoil_lines(output, **spoilt))
            self._attach(batch.info, "error", spoil_lines(errors))
            if lose_output:
                del self.files[batch.info["output_file_id"]]
            if batch.info["status"] == "cancelling":
                return _mark(batch.info, "cancelled")
            return _mark(
                batch.info, "expired" if "batch_expired" in failed.values() else "completed"
            )

    async def handle(self, request: Request, connection: Connection) -> None:
        kind, id_, *more = [*request.path.removeprefix("/v1/").split("/"), ""]
        tail = "".join(f"/{part}" for part in more if part)
        name = f"{request.method} /{kind}{'/{id}' if id_ else ''}{tail}"
        if name not in self._calls:
            await super().handle(request, connection)
            return
        self.calls[name] += 1
        disturbances = self._disturbances[name]
        disturbance = disturbances.pop(0) if disturbances else 200
        if disturbance not in {None, 200}:
            await connection.send(build_error("disturbed"), status=disturbance)
            return
        status, body = 200, b""
        try:
            with self._lock:
                found = self._calls[name](request, id_)
                body = found if isinstance(found, bytes) else json.dumps(found).encode()
        except RefusedError as error:
            status, body = error.status, error.body
        if disturbance is None:
            connection.reset()
        else:
            await connection.send(body, status=status)

    def _post_file(self, request: Request, id_: str) -> Json:
        fields, name, content = read_form(request)
        if fields.get("purpose") != "batch":
            raise RefusedError(400, f"{fields.get('purpose')!r} is not one of ['batch'].")
        if not name.endswith(".jsonl"):
            raise RefusedError(400, "Invalid file format for Batch API. Must be .jsonl")
        if len(content) > self.max_bytes:
            raise RefusedError(400, "File is too large.")
        return self._add_file(name, content, purpose="batch")

    def _add_file(self, name: str, content: bytes, *, purpose: str) -> Json:
        info = {
            "id": f"file-{next(self._file_numbers):06d}",
            "object": "file",
            "bytes": len(content),
            "created_at": _now(),
            "expires_at": _now() + 30 * _DAY_S,
            "filename": name,
            "purpose": purpose,
            "status": "processed",
            "status_details": None,
        }
        self.files[info["id"]] = StoredFile(info, content)
        return info

    def _find_file(self, id_: str) -> StoredFile:
        if id_ not in self.files:
            raise RefusedError(404, f"No such File object: {id_}", param="id")
        return self.files[id_]

    def _delete_file(self, request: Request, id_: str) -> Json:
        del self.files[self._find_file(id_).info["id"]]
        return {"id": id_, "object": "file", "deleted": True}

    def _post_batch(self, request: Request, id_: str) -> Json:
        body = request.json()
        for name, allowed in (("endpoint", ENDPOINT), ("completion_window", "24h")):
            if body.get(name) != allowed:
                message = f"Invalid value: {body.get(name)!r}. Supported values are: {allowed!r}."
                raise RefusedError(400, message, param=name, code="invalid_value")
        self._find_file(body["input_file_id"])
        stages = ("in_progress", "finalizing", "completed", "failed", "expired")
        info = {
            "id": f"batch_{len(self.batches):06d}",
            "object": "batch",
            "endpoint": ENDPOINT,
            "errors": None,
            "input_file_id": body["input_file_id"],
            "completion_window": "24h",
            "status": "validating",
            "output_file_id": self.no_file,
            "error_file_id": self.no_file,
            "created_at": _now(),
            "expires_at": _now() + _DAY_S,
            **dict.fromkeys(f"{stage}_at" for stage in (*stages, "cancelling", "cancelled")),
            "request_counts": {"total": 0, "completed": 0, "failed": 0},
            "metadata": body.get("metadata"),
        }
        self.batches[info["id"]] = StoredBatch(info)
        return info

    def _find_batch(self, id_: str) -> StoredBatch:
        if id_ not in self.batches:
            raise RefusedError(404, f"No batch found with id '{id_}'.")
        return self.batches[id_]

    def _poll(self, request: Request, id_: str) -> Json:
        batch = self._find_batch(id_)
        batch.n_polls += 1
        if self.finish_after is not None and batch.n_polls >= self.finish_after:
            self.finish(id_)
        return batch.info

    def _list_batches(self, request: Request, id_: str) -> Json:
        """List the newest first, a page at a time."""
        infos = [batch.info for batch in reversed(self.batches.values())]
        after = request.query.get("after")
        if after:
            infos = infos[[info["id"] for info in infos].index(after) + 1 :]
        page = infos[: int(request.query.get("limit", 20))]
        return {
            "object": "list",
            "data": page,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
            "has_more": len(page) < len(infos),
        }

    def _cancel(self, request: Request, id_: str) -> Json:
        info = self._find_batch(id_).info
        if info["status"] in ENDED:
            raise RefusedError(409, f"Cannot cancel a batch with status '{info['status']}'.")
        if info["status"] == "validating":
            self.advance(id_)
        if info["status"] != "failed":
            _mark(info, "cancelling")
        return info

    def _answer(self, custom_id: str, body: Json, fault: str) -> Json:
        """Answer one request of a batch, which is paid for."""
        entry = Entry(read_offer(body)[0], len(body["messages"]), fault, paid=True)
        entry.delivered = fault not in REPLY_FAULTS
        self.journal.append(entry)
        number = len(self.journal)
        response = {
            "status_code": 200,
            "request_id": f"req_{number:032x}",
            "body": self.complete(body, entry, fault=fault),
        }
        line = {"id": f"batch_req_{number}", "custom_id": custom_id}
        return {**line, "response": response, "error": None}

    def _attach(self, info: Json, kind: str, content: bytes) -> None:
        """Attach an output or error file to a batch, unless it is empty."""
        if content:
            name = f"{info['id']}_{kind}.jsonl"
            info[f"{kind}_file_id"] = self._add_file(name, content, purpose="batch_output")["id"]


def _mark(info: Json, status: str) -> str:
    """Give a batch a status, and note when."""
    info |= {"status": status, f"{status}_at": _now()}
    return status


def _now() -> int:
    return int(time.time())
