"""The tables of batches: what was handed over, so that any process on any day can collect it.

A batch is noted with its questions and its money before the server hears of it. Its questions
leave the tables one by one, each in the transaction that keeps its answer: what is there is what
is still awaited.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from jocas_themes.annotations._lock import exclusive_lock
from jocas_themes.annotations.store._claims import (
    BATCH_PREFIX,
    Claim,
    Spending,
    add_claim,
    add_loss,
    drop_asker,
    drop_claim,
    read_spending,
)
from jocas_themes.annotations.store._file import StoreFile
from jocas_themes.annotations.store._replies import ReplyKey, StoredReply
from jocas_themes.annotations.store._reply_table import (
    Message,
    insert_messages,
    insert_reply,
    select_messages,
)
from jocas_themes.errors import BudgetReachedError, StoreError
from jocas_themes.taxonomy import Taxonomy

# Noted here, and perhaps not on the server yet.
SUBMITTING = "submitting"
_SHOWN = (
    "batch_id, remote_id, server, model, status, detail, n_requests, submitted_at, collected_at"
)
_NOW = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of a batch: all that is needed to keep its answer without the offers.

    Parameters
    ----------
    key : ReplyKey
        What the answer depends on.
    offer_id : str
        Of the first offer that has this text.
    attempt : int
        0, or 1 and up for a correction.
    reserved_usd : float
        What the answer is taken to cost, in US dollars.
    messages : tuple of str
        Digests of the messages that are sent.
    """

    key: ReplyKey
    offer_id: str
    attempt: int
    reserved_usd: float
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What is noted of one batch.

    Parameters
    ----------
    batch_id, remote_id : str
        Its id here, and on the server once that has answered.
    server : str
        Address of the server.
    model : str
        Who is asked.
    status : str
        The server's word for its state, or ``submitting``.
    n_requests : int
        Questions that were handed over.
    price : str, optional
        What its tokens cost, as whoever submitted it wrote it down.
    input_file_id : str, optional
        The file that was uploaded; without it nothing was created.
    submitted_at : str
        ISO 8601, UTC.
    """

    batch_id: str
    remote_id: str | None
    server: str
    model: str
    status: str
    n_requests: int
    price: str | None
    input_file_id: str | None
    submitted_at: str


def select_batches(connection: sqlite3.Connection) -> pd.DataFrame:
    """Return all batches as a table."""
    rows = connection.execute(f"SELECT {_SHOWN} FROM batches ORDER BY submitted_at, rowid")  # noqa: S608
    return pd.DataFrame(rows.fetchall(), columns=_SHOWN.split(", "))


class BatchLedger:
    """Note what becomes of batches in a store; each method is one transaction.

    Parameters
    ----------
    store : StoreFile
        Where.
    """

    def __init__(self, store: StoreFile) -> None:
        self._store = store

    @contextmanager
    def hold(self, batch_id: str) -> Iterator[bool]:
        """Tell whether this process alone submits a batch; it does until it is done, or dead."""
        path = self._store.path.with_name(f"{self._store.path.name}.{batch_id}")
        with ExitStack() as stack:
            try:
                stack.enter_context(exclusive_lock(path, timeout_s=0))
            except OSError:
                yield False
                return
            try:
                yield True
            finally:
                stack.close()
                with suppress(OSError):  # somebody tries it
                    path.with_name(f".{path.name}.lock").unlink()

    def add(
        self,
        batch_id: str,
        requests: Iterable[tuple[Question, Sequence[Message]]],
        *,
        server: str,
        model: str,
        price: str | None,
        max_cost_usd: float | None,
    ) -> set[str]:
        """Note a batch before it is handed over, and reserve what it may cost.

        Questions that somebody else asks, or that were answered meanwhile, are left out.

        Returns
        -------
        set of str
            Digests of the questions that are in it; nothing is noted when there are none.

        Raises
        ------
        BudgetReachedError
            If the batch could exceed ``max_cost_usd``; nothing is noted.
        """
        asker_id = BATCH_PREFIX + batch_id
        with self._store.change() as connection:
            before = read_spending(connection)
            noted: set[str] = set()
            for question, messages in requests:
                digest = question.key.digest
                claim = add_claim(
                    connection,
                    digest,
                    question.attempt,
                    asker_id=asker_id,
                    reserved_usd=question.reserved_usd,
                    max_cost_usd=None,  # looked at below, for all together
                )
                if claim is not Claim.YOURS:
                    continue
                sent = tuple(insert_messages(connection, messages))
                connection.execute(
                    "INSERT INTO batch_requests VALUES (?, ?, ?)",
                    (batch_id, digest, _dump(replace(question, messages=sent))),
                )
                noted.add(digest)
            after = read_spending(connection)
            if max_cost_usd is not None and after.exceeds(max_cost_usd):
                needed_usd = after.total_usd - before.total_usd
                raise _explain_budget(len(noted), needed_usd, before, max_cost_usd)
            if noted:
                connection.execute(
                    "INSERT INTO batches (batch_id, server, model, status, n_requests, price) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    (batch_id, server, model, SUBMITTING, len(noted), price),
                )
        return noted

    def note_uploaded(self, batch_id: str, input_file_id: str) -> None:
        """Note the file of a batch, which from now on may exist on the server."""
        with self._store.change() as connection:
            connection.execute(
                f"UPDATE batches SET input_file_id = ?, submitted_at = {_NOW} WHERE batch_id = ?",  # noqa: S608
                (input_file_id, batch_id),
            )

    def note_status(self, batch_id: str, *, remote_id: str, status: str) -> None:
        """Note what the server says of a batch that was not collected."""
        with self._store.change() as connection:
            connection.execute(
                "UPDATE batches SET remote_id = ?, status = ? "
                "WHERE batch_id = ? AND collected_at IS NULL",
                (remote_id, status, batch_id),
            )

    def find_open(self) -> list[Batch]:
        """Return the batches that were not collected, in the order of their submission."""
        fields = tuple(Batch.__dataclass_fields__)
        with self._store.read() as connection:
            rows = connection.execute(
                f"SELECT {', '.join(fields)} FROM batches WHERE collected_at IS NULL "  # noqa: S608
                "ORDER BY submitted_at, rowid"
            ).fetchall()
        return [Batch(**dict(zip(fields, row, strict=True))) for row in rows]

    def find_holders(self, digests: Iterable[str]) -> dict[str, str | None]:
        """Return who is asking some questions: the id of a batch, or None for a run."""
        with self._store.read() as connection:
            rows = connection.execute(
                "SELECT key, asker_id FROM claims WHERE key IN (SELECT value FROM json_each(?))",
                (json.dumps(list(digests)),),
            ).fetchall()
        return {
            key: asker_id.removeprefix(BATCH_PREFIX) if asker_id.startswith(BATCH_PREFIX) else None
            for key, asker_id in rows
        }

    def read_pending(self, batch_id: str) -> list[str]:
        """Return the digests of the questions of a batch that are still awaited."""
        with self._store.read() as connection:
            rows = connection.execute(
                "SELECT key FROM batch_requests WHERE batch_id = ?", (batch_id,)
            ).fetchall()
        return [key for (key,) in rows]

    def read_questions(self, batch_id: str, digests: Iterable[str]) -> dict[str, Question]:
        """Return some questions of a batch, those that are still awaited, by digest."""
        with self._store.read() as connection:
            rows = connection.execute(
                "SELECT key, question FROM batch_requests "
                "WHERE batch_id = ? AND key IN (SELECT value FROM json_each(?))",
                (batch_id, json.dumps(list(digests))),
            ).fetchall()
        return {key: _load(question) for key, question in rows}

    def keep(self, batch_id: str, replies: Iterable[tuple[Question, StoredReply]]) -> None:
        """Keep replies, each once, and give their claims back."""
        with self._store.change() as connection:
            for question, reply in replies:
                digest = question.key.digest
                awaited = connection.execute(
                    "DELETE FROM batch_requests WHERE batch_id = ? AND key = ?", (batch_id, digest)
                )
                if not awaited.rowcount:
                    continue  # somebody collects the same batch
                sent = select_messages(connection, question.messages)
                insert_reply(
                    connection,
                    question.key,
                    reply,
                    offer_id=question.offer_id,
                    messages=[sent[message] for message in question.messages],
                )
                drop_claim(connection, digest, asker_id=BATCH_PREFIX + batch_id)

    def close(self, batch_id: str, *, status: str, detail: str, lost: Collection[str] = ()) -> None:
        """Note that a batch is done with: what it did not answer is free to be asked again.

        Parameters
        ----------
        batch_id : str
            Which one.
        status, detail : str
            What became of it.
        lost : collection of str
            Digests of questions that may have been charged all the same.
        """
        asker_id = BATCH_PREFIX + batch_id
        with self._store.change() as connection:
            for digest in lost:
                add_loss(connection, digest, asker_id=asker_id, reason="lost by the batch")
            drop_asker(connection, asker_id, reason=None)
            connection.execute("DELETE FROM batch_requests WHERE batch_id = ?", (batch_id,))
            connection.execute(
                f"UPDATE batches SET status = ?, detail = ?, collected_at = {_NOW} "  # noqa: S608
                "WHERE batch_id = ? AND collected_at IS NULL",
                (status, detail, batch_id),
            )

    def read_taxonomy(self, fingerprint: str) -> Taxonomy:
        """Return the taxonomy that a question was asked with."""
        with self._store.read() as connection:
            row = connection.execute(
                "SELECT content FROM taxonomies WHERE fingerprint = ?", (fingerprint,)
            ).fetchone()
        if row is None:
            raise StoreError(
                f"{self._store.path} lacks the taxonomy {fingerprint} of a batch. Add it with "
                f"AnnotationStore(path).add_taxonomy(taxonomy), and collect again."
            )
        return Taxonomy.from_dict(json.loads(row[0]))


def _dump(question: Question) -> str:
    key = question.key
    return json.dumps(
        {
            "text": key.text,
            "model": key.model,
            "prompt_version": key.prompt_version,
            "taxonomy_fingerprint": key.taxonomy_fingerprint,
            "parameters": json.loads(key.parameters_json),
            "vote": key.vote,
            "replay": key.replay,
            "offer_id": question.offer_id,
            "attempt": question.attempt,
            "reserved_usd": question.reserved_usd,
            "messages": question.messages,
        }
    )


def _load(row: str) -> Question:
    content: dict[str, Any] = json.loads(row)
    key = {name: content.pop(name) for name in ReplyKey.__dataclass_fields__}
    messages = tuple(content.pop("messages"))
    return Question(key=ReplyKey(**key), messages=messages, **content)


def _explain_budget(
    n_requests: int, needed_usd: float, before: Spending, max_cost_usd: float
) -> BudgetReachedError:
    left_usd = max(max_cost_usd - before.total_usd, 0)
    return BudgetReachedError(
        f"a batch of {n_requests} requests may cost up to ${needed_usd:.4f}, and "
        f"max_cost_usd={max_cost_usd:g} leaves ${left_usd:.4f}: the store's replies cost "
        f"${before.spent_usd:.4f}, up to ${before.lost_usd:.4f} is lost, and up to "
        f"${before.in_flight_usd:.4f} under way. Nothing of this batch was sent; those before it "
        f"are under way. Collect them, pass fewer offers, or raise max_cost_usd."
    )
