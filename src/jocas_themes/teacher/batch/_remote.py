"""The Batch API of one server, through either kind of client."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jocas_themes.errors import BatchError, TeacherUnavailableError
from jocas_themes.teacher.asking import (
    _loop,
    adapt_client,
    classify_fault,
    compute_backoff,
    describe_failure,
    find_fatal,
    is_asynchronous,
)
from jocas_themes.teacher.batch._files import ENDPOINT
from jocas_themes.teacher.reply import NotACompletionError

# By this name a batch's metadata hold our id, by which it is found again.
METADATA = "jocas_themes_batch"
# How long a batch that was asked for may take to show in the server's list.
SETTLE_S = 30.0
# A file of 200 MB takes its time.
_TIMEOUT_S = 600.0
_TRIES = 6
_PAGE = 100
_CONFLICT = 409
_OPENAI = "https://api.openai.com/v1"
_ENDED = frozenset({"completed", "expired", "cancelled", "failed"})


class GoneError(BatchError):
    """The server does not know a batch or a file."""


def name_server(client: Any, base_url: str | None) -> str:
    """Name the server that a client, or by default ours, asks."""
    url = str(base_url or _OPENAI) if client is None else str(client.base_url)
    address = urlsplit(url)
    host = address.netloc.rpartition("@")[2]  # without a password
    return f"{address.scheme}://{host}{address.path}".rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteBatch:
    """What the server says of a batch.

    Parameters
    ----------
    remote_id, status : str
        In the server's words.
    n_done, n_completed : int
        Requests that have ended, and those of them that were answered.
    input_file_id, output_file_id, error_file_id : str or None
        The files of its requests, its answers and its errors.
    fault : str
        Why it failed as a whole; empty otherwise.
    """

    remote_id: str
    status: str
    n_done: int
    n_completed: int
    input_file_id: str | None
    output_file_id: str | None
    error_file_id: str | None
    fault: str

    @property
    def has_ended(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.status in _ENDED


class Remote:
    """Call the Batch API; faults that pass are repeated, others raise a `TeacherError`.

    Parameters
    ----------
    client : openai.OpenAI or openai.AsyncOpenAI
        Whom to call.
    api_key_env : str
        Name of the environment variable that holds the key, for messages.
    """

    def __init__(self, client: Any, *, api_key_env: str) -> None:
        self._client = adapt_client(client, timeout_s=_TIMEOUT_S)
        self._asynchronous = is_asynchronous(client.files.create)
        self._api_key_env = api_key_env

    def close(self) -> None:
        """Close the client."""
        self._once(self._client.close)

    def upload(self, path: Path, *, name: str) -> str:
        """Upload a file of requests, streamed from the disk; return its id."""
        with path.open("rb") as content:
            create = partial(self._client.files.create, file=(name, content), purpose="batch")
            return str(self._call(create, read=_read_file).id)

    def create(
        self, input_file_id: str, batch_id: str, *, look_up: Callable[[], RemoteBatch | None]
    ) -> RemoteBatch:
        """Create a batch, once: after a fault that may have hidden one, it is looked up."""
        create = partial(
            self._client.batches.create,
            input_file_id=input_file_id,
            endpoint=ENDPOINT,
            completion_window="24h",
            metadata={METADATA: batch_id},
        )
        created: RemoteBatch = self._call(create, read=_read, look_up=look_up)
        return created

    def find(self, batch_id: str, *, since: float) -> RemoteBatch | None:
        """Find a batch by our id among those created since a time, in seconds since 1970."""
        after: dict[str, str] = {}
        while True:
            list_page = partial(self._client.batches.list, limit=_PAGE, **after)
            page = self._call(list_page, read=_read_page)
            for batch in page.data:  # the newest first
                if batch.created_at < since:
                    return None
                if (batch.metadata or {}).get(METADATA) == batch_id:
                    return _read(batch)
            if not page.data or getattr(page, "has_more", None) is False:
                return None
            after = {"after": page.data[-1].id}

    def retrieve(self, remote_id: str) -> RemoteBatch:
        """Ask for the state of a batch."""
        state: RemoteBatch = self._call(
            partial(self._client.batches.retrieve, remote_id), read=_read
        )
        return state

    def cancel(self, remote_id: str) -> RemoteBatch:
        """Cancel a batch, unless it has ended."""
        cancel = partial(self._client.batches.cancel, remote_id)
        try:
            state: RemoteBatch = self._call(cancel, read=_read, final_status=_CONFLICT)
        except BatchError:
            state = self.retrieve(remote_id)
            if not state.has_ended:
                raise
        return state

    def download(self, file_id: str, path: Path) -> None:
        """Stream a file to the disk."""
        open_response = partial(self._client.files.with_streaming_response.content, file_id)

        def fetch() -> None:
            with open_response() as response:
                response.stream_to_file(path)

        async def fetch_async() -> None:
            async with open_response() as response:
                await response.stream_to_file(path)

        self._call(fetch_async if self._asynchronous else fetch)

    def delete_file(self, file_id: str) -> None:
        """Delete a file."""
        self._call(partial(self._client.files.delete, file_id))

    def _call(
        self,
        call: Callable[[], Any],
        *,
        read: Callable[[Any], Any] = lambda found: found,
        look_up: Callable[[], Any] | None = None,
        final_status: int | None = None,
    ) -> Any:
        """Call until it goes well, or `look_up` finds that it had; else raise."""
        for n_faults in count(1):
            try:
                return read(self._once(call))
            except Exception as error:  # noqa: BLE001 (it is classified)
                fault, broke_off = classify_fault(error), _broke_off(error)
                is_final = final_status == getattr(error, "status_code", 0)
                is_passing = (fault.is_passing or broke_off) and not is_final
                if not is_passing or n_faults >= _TRIES:
                    # Not chained: the server's own words may quote the key.
                    raise self._explain(error, is_passing=is_passing) from None
            pause_s = max(fault.retry_after_s or 0, compute_backoff(n_faults))
            if look_up is not None and (fault.may_be_charged or broke_off):
                pause_s = max(pause_s, SETTLE_S)
            time.sleep(pause_s)
            found = look_up() if look_up is not None else None
            if found is not None:
                return found
        raise AssertionError  # not reached

    def _once(self, call: Callable[[], Any]) -> Any:
        """Call, in the loop that all asynchronous clients live in where it is one."""
        if not self._asynchronous:
            return call()

        async def await_it() -> Any:
            return await call()

        running = _loop.submit(await_it())
        try:
            return running.result()
        except BaseException:
            running.cancel()
            raise

    def _explain(self, error: Exception, *, is_passing: bool) -> Exception:
        """Return the error that tells the user what failed."""
        import openai

        reason = describe_failure(error)
        if isinstance(error, openai.NotFoundError):
            return GoneError(f"the server does not know what was asked for: {reason}.")
        fatal = find_fatal(error, model="", api_key_env=self._api_key_env)
        if fatal is not None:
            return fatal
        if is_passing:
            return TeacherUnavailableError(
                f"{self._client.base_url} does not answer: {reason}. What it has goes on there; "
                f"run again when it is back."
            )
        if isinstance(error, openai.OpenAIError):
            return BatchError(f"the server refused a call of its Batch API: {reason}.")
        return error


def _read(batch: Any) -> RemoteBatch:
    """Read what the client makes of a batch; servers leave out much of it."""
    if not isinstance(getattr(batch, "status", None), str):
        raise NotACompletionError("the body is not a batch")
    counts = getattr(batch, "request_counts", None)
    errors = getattr(getattr(batch, "errors", None), "data", None) or []
    return RemoteBatch(
        remote_id=batch.id,
        status=batch.status,
        n_done=0 if counts is None else counts.completed + counts.failed,
        n_completed=0 if counts is None else counts.completed,
        input_file_id=getattr(batch, "input_file_id", None),
        output_file_id=getattr(batch, "output_file_id", None) or None,  # some say ""
        error_file_id=getattr(batch, "error_file_id", None) or None,
        fault="; ".join(map(_describe_error, errors[:5])),
    )


def _read_file(file: Any) -> Any:
    if not isinstance(getattr(file, "id", None), str):
        raise NotACompletionError("the body is not a file")
    return file


def _read_page(page: Any) -> Any:
    """Check a page of a list: one that is none must not be taken for an empty one."""
    if not isinstance(getattr(page, "data", None), list):
        raise NotACompletionError("the body is not a list of batches")
    return page


def _describe_error(error: Any) -> str:
    line = f"line {error.line}: " if getattr(error, "line", None) else ""
    return f"{line}{error.code or ''} {error.message or ''}".strip()[:300]


def _broke_off(error: Exception) -> bool:
    """Tell whether a body came in part, or in another form: errors that no client translates."""
    return type(error).__module__.startswith("httpx") or isinstance(error, json.JSONDecodeError)
