"""Collecting a batch that has ended: each answer is kept once, whatever its files look like."""

import json
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from jocas_themes.annotations import Batch, BatchLedger, Question, StoredReply
from jocas_themes.taxonomy import Taxonomy
from jocas_themes.teacher.batch._files import Row, read_rows
from jocas_themes.teacher.batch._remote import GoneError, Remote, RemoteBatch
from jocas_themes.teacher.batch._submitting import delete_input
from jocas_themes.teacher.cost import Price, read_usage
from jocas_themes.teacher.reply import NotACompletionError, parse_reply

logger = logging.getLogger(__name__)

# How many replies share one transaction.
_GROUP = 500
# A line that cannot be read may be the connection's fault, and what it holds is paid for.
_DOWNLOADS = 3
_MISSING = "the batch ended without a word on it"


@dataclass
class _Findings:
    """What the files of a batch say of the questions that they hold no reply to."""

    faults: dict[str, str] = field(default_factory=dict)  # by digest
    charged: set[str] = field(default_factory=set)  # answered, by what is no completion
    is_whole: bool = True  # whether all the answers could be read


@dataclass(kw_only=True)
class Collector:
    """Collect batches of one server into the store."""

    ledger: BatchLedger
    remote: Remote
    _taxonomies: dict[str, Taxonomy] = field(default_factory=dict)

    def collect(self, batch: Batch, ended: RemoteBatch) -> dict[str, str]:
        """Keep the answers of a batch; return what failed and why, by digest."""
        findings = self._keep_answers(batch, ended)
        pending = self.ledger.read_pending(batch.batch_id)
        missing = ended.fault or _MISSING
        failures = {digest: findings.faults.get(digest, missing) for digest in pending}
        lost = _find_lost(batch, ended, findings, pending)
        if ended.input_file_id is not None:
            delete_input(self.remote, ended.input_file_id)
        detail = _describe(batch.n_requests, failures, n_lost=len(lost))
        self.ledger.close(batch.batch_id, status=ended.status, detail=detail, lost=lost)
        log = logger.warning if failures else logger.info
        log("batch %s is %s: %s", batch.batch_id, ended.status, detail)
        return failures

    def _keep_answers(self, batch: Batch, ended: RemoteBatch) -> _Findings:
        """Read the files of a batch line by line; return what they say failed."""
        findings = _Findings()
        if ended.output_file_id is not None:
            findings.is_whole = self._keep_whole(batch, ended.output_file_id, findings)
        if ended.error_file_id is not None:
            self._keep_whole(batch, ended.error_file_id, findings)
        return findings

    def _keep_whole(self, batch: Batch, file_id: str, findings: _Findings) -> bool:
        """Keep the answers in one file; tell whether all of it could be read."""
        for _ in range(_DOWNLOADS):
            try:
                n_unreadable = self._keep_file(batch, file_id, findings)
            except GoneError as error:
                logger.warning("a file of batch %s is gone: %s", batch.batch_id, error)
                return False
            if not n_unreadable:
                return True
            logger.warning("%d lines of the file %s cannot be read", n_unreadable, file_id)
        return False

    def _keep_file(self, batch: Batch, file_id: str, findings: _Findings) -> int:
        """Keep the answers in one file; return how many of its lines cannot be read."""
        n_unreadable = 0
        with TemporaryDirectory() as folder:
            path = Path(folder) / "rows.jsonl"
            self.remote.download(file_id, path)
            for rows in _iter_groups(read_rows(path)):
                readable = [row for row in rows if row is not None]
                n_unreadable += len(rows) - len(readable)
                self._keep_rows(batch, readable, findings)
        return n_unreadable

    def _keep_rows(self, batch: Batch, rows: Sequence[Row], findings: _Findings) -> None:
        """Keep some answers in one transaction; what was collected before is left alone."""
        price = None if batch.price is None else Price(**json.loads(batch.price))
        questions = self.ledger.read_questions(batch.batch_id, [row.digest for row in rows])
        replies: list[tuple[Question, StoredReply]] = []
        for row in rows:
            question = questions.get(row.digest)
            if question is None:
                continue
            try:
                replies.append((question, self._read(row, question, price, batch.batch_id)))
            except NotACompletionError as error:
                findings.faults[row.digest] = row.fault or str(error)
                if row.is_charged:
                    findings.charged.add(row.digest)
        self.ledger.keep(batch.batch_id, replies)

    def _read(
        self, row: Row, question: Question, price: Price | None, batch_id: str
    ) -> StoredReply:
        """Read a reply as one that is stored."""
        if row.body is None:
            raise NotACompletionError(row.fault)
        raw = json.dumps(row.body, ensure_ascii=False)
        taxonomy = self._find_taxonomy(question.key.taxonomy_fingerprint)
        usage = read_usage(row.body)
        cost_usd = None
        if price is not None:
            cost_usd = price.compute_cost(usage, batch=price.batch_discount is not None)
            if cost_usd is None:  # the server did not say: what it was taken to be
                cost_usd = question.reserved_usd
        return StoredReply(
            raw=raw,
            status=parse_reply(raw, taxonomy, question.key.text).status,
            attempt=question.attempt,
            prompt_tokens=usage.prompt_tokens,
            cached_tokens=usage.cached_tokens,
            completion_tokens=usage.completion_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            cost_usd=cost_usd,
            request_id=row.request_id,
            batch_id=batch_id,
        )

    def _find_taxonomy(self, fingerprint: str) -> Taxonomy:
        """Find the taxonomy of a question, which may be another teacher's."""
        if fingerprint not in self._taxonomies:
            self._taxonomies[fingerprint] = self.ledger.read_taxonomy(fingerprint)
        return self._taxonomies[fingerprint]


def _find_lost(
    batch: Batch, ended: RemoteBatch, findings: _Findings, pending: Collection[str]
) -> set[str]:
    """Find what may be charged without a reply: whatever the server answered is."""
    charged = findings.charged.intersection(pending)
    n_answered = batch.n_requests - len(pending) + len(charged)
    if ended.status == "completed" or not findings.is_whole or ended.n_completed > n_answered:
        charged |= set(pending) - findings.faults.keys()
    return charged


def _iter_groups(rows: Iterable[Row | None]) -> Iterator[list[Row | None]]:
    remaining = iter(rows)
    while group := list(islice(remaining, _GROUP)):
        yield group


def _describe(n_requests: int, failures: Mapping[str, str], *, n_lost: int) -> str:
    """Say in one line what a batch brought."""
    parts = [f"{n_requests - len(failures):,} of {n_requests:,} answered"]
    reasons = Counter(failures.values()).most_common(3)
    parts += [f"{count:,} failed ({reason})" for reason, count in reasons]
    if n_lost:
        parts.append(f"{n_lost:,} may have been charged without an answer")
    return "; ".join(parts)
