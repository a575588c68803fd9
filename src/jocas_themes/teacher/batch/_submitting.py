"""Handing over a batch: once, wherever the process may be killed.

The batch is noted in the store, then its file is uploaded, then noted, then the batch is created,
then its name on the server is noted. Whoever finds a batch that was left in between looks for it
on the server, by our id in its metadata: it is adopted, or its questions are free again.
"""

import json
import logging
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from jocas_themes.annotations import SUBMITTING, Batch, BatchLedger, Question
from jocas_themes.errors import BatchError, TeacherError, TeacherUnavailableError
from jocas_themes.teacher.asking import Job
from jocas_themes.teacher.batch import _remote
from jocas_themes.teacher.batch._files import (
    RequestFile,
    build_line,
    iter_messages,
    keep_requests,
    write_files,
)
from jocas_themes.teacher.batch._remote import GoneError, Remote, RemoteBatch
from jocas_themes.teacher.batch._reserving import Reserve
from jocas_themes.teacher.cost import Price
from jocas_themes.teacher.prompt import RequestBuilder

logger = logging.getLogger(__name__)

# The server's clock and ours may differ, by less than this.
_CLOCKS_S = 86_400


@dataclass(frozen=True, kw_only=True)
class Submitter:
    """Hand over questions as batches of one server."""

    ledger: BatchLedger
    remote: Remote
    server: str
    price: Price | None
    reserve: Reserve
    max_cost_usd: float | None

    def submit(self, jobs: Sequence[Job], builder: RequestBuilder) -> Iterator[str]:
        """Hand over all jobs, a file at a time; yield the ids of the batches."""
        with TemporaryDirectory() as folder:
            for file in write_files(self._build_requests(jobs, builder), Path(folder)):
                batch_id = self._submit_file(file, model=builder.model)
                if batch_id is not None:
                    yield batch_id

    def _build_requests(
        self, jobs: Iterable[Job], builder: RequestBuilder
    ) -> Iterator[tuple[Question, bytes]]:
        for job in jobs:
            messages = job.build_messages(builder)
            question = Question(
                key=job.key,
                offer_id=job.offer_id,
                attempt=job.attempt,
                reserved_usd=self.reserve(messages),
            )
            yield question, build_line(job.digest, builder.build_request(messages))

    def _submit_file(self, file: RequestFile, *, model: str) -> str | None:
        """Hand over one file; None when all its questions are somebody else's by now."""
        batch_id = uuid.uuid4().hex
        with self.ledger.hold(batch_id):  # before others can see it
            noted = self.ledger.add(
                batch_id,
                zip(file.questions, iter_messages(file.path), strict=True),
                server=self.server,
                model=model,
                price=None if self.price is None else json.dumps(asdict(self.price)),
                max_cost_usd=self.max_cost_usd,
            )
            if not noted:
                return None
            if len(noted) < len(file.questions):
                keep_requests(file, noted)
            input_file_id = self._upload(file, batch_id)
            created = self._create(batch_id, input_file_id)
            _adopt(self.ledger, batch_id, created)
        logger.info("submitted batch %s of %d requests", batch_id, len(noted))
        return batch_id

    def _upload(self, file: RequestFile, batch_id: str) -> str:
        try:
            return self.remote.upload(file.path, name=f"jocas-themes-{batch_id}.jsonl")
        except TeacherError as error:
            _give_up(self.ledger, batch_id, str(error))
            if isinstance(error, GoneError):
                raise BatchError(
                    f"{self.server} takes no files: it has no Batch API. Use mode='sync'. ({error})"
                ) from None
            raise

    def _create(self, batch_id: str, input_file_id: str) -> RemoteBatch:
        since = time.time() - _CLOCKS_S

        def look_up() -> RemoteBatch | None:
            found = self.remote.find(batch_id, since=since)
            if found is None:
                self.ledger.note_uploaded(batch_id, input_file_id)  # and from when on to look
            return found

        self.ledger.note_uploaded(batch_id, input_file_id)
        try:
            return self.remote.create(input_file_id, batch_id, look_up=look_up)
        except TeacherUnavailableError:
            raise  # it may be there: it is looked for when the server is back
        except TeacherError as error:
            _give_up(self.ledger, batch_id, str(error))
            delete_input(self.remote, input_file_id)
            raise


def settle(ledger: BatchLedger, remote: Remote, batch: Batch) -> None:
    """Find out what became of a batch whose submission was interrupted."""
    with ledger.hold(batch.batch_id) as held:
        if not held:
            return  # a process that lives is submitting it
        for left in ledger.find_open():  # as it is now
            if left.batch_id == batch.batch_id and left.status == SUBMITTING:
                _settle_held(ledger, remote, left)


def _settle_held(ledger: BatchLedger, remote: Remote, batch: Batch) -> None:
    """Adopt a batch that was created, give up one that was not; leave one that may show yet."""
    if batch.input_file_id is None:
        _give_up(ledger, batch.batch_id, "interrupted before the server knew of it")
        return
    noted_at = datetime.fromisoformat(batch.submitted_at).timestamp()
    found = remote.find(batch.batch_id, since=noted_at - _CLOCKS_S)
    if found is not None:
        _adopt(ledger, batch.batch_id, found)
    elif time.time() - noted_at > _remote.SETTLE_S:
        _give_up(ledger, batch.batch_id, "interrupted, and not on the server")
        delete_input(remote, batch.input_file_id)


def _adopt(ledger: BatchLedger, batch_id: str, found: RemoteBatch) -> None:
    ledger.note_status(batch_id, remote_id=found.remote_id, status=found.status)


def _give_up(ledger: BatchLedger, batch_id: str, detail: str) -> None:
    """Note that a batch does not exist: its questions are free."""
    ledger.close(batch_id, status="not submitted", detail=detail)


def delete_input(remote: Remote, input_file_id: str) -> None:
    """Delete a file of requests, which holds the offers' texts, if that can be done."""
    try:
        remote.delete_file(input_file_id)
    except GoneError:
        return
    except TeacherError as error:
        logger.warning("the file %s stays on the server: %s", input_file_id, error)
