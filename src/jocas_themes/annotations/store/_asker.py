"""One run that asks: it claims questions, keeps replies, and is known to be alive."""

import os
import queue
import sqlite3
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from jocas_themes.annotations._lock import exclusive_lock
from jocas_themes.annotations.store._claims import (
    Claim,
    add_claim,
    add_loss,
    drop_asker,
    drop_claim,
)
from jocas_themes.annotations.store._file import StoreFile
from jocas_themes.annotations.store._replies import ReplyKey, StoredReply
from jocas_themes.annotations.store._reply_table import Message, insert_reply
from jocas_themes.errors import StoreError

_T = TypeVar("_T")
Change = Callable[[sqlite3.Connection], Any]
# How many changes share one transaction, and so one wait for the disk.
_MAX_CHANGES = 256


class Asker:
    """Change a store from a thread of its own, for as long as one run asks.

    Changes come back as futures, which are done once they are on disk; those that wait together
    share a transaction. While the asker lives it holds a lock file, which the system gives back
    however it ends: so other processes know whose claims are void.

    Parameters
    ----------
    store : AnnotationStore
        What to change.
    max_cost_usd : float or None
        What all replies of the store together may cost.
    """

    def __init__(self, store: StoreFile, *, max_cost_usd: float | None) -> None:
        self._store = store
        self._max_cost_usd = max_cost_usd
        self._asker_id = uuid.uuid4().hex
        self._pid = os.getpid()
        self._changes: queue.SimpleQueue[tuple[Change, Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="jocas-themes store", daemon=True)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        lock = self._lock_path(self._asker_id)
        self._stack.callback(_remove, lock)
        try:
            with self._store.change() as connection:
                # Before others can see the asker: one without its lock is dead to them.
                self._stack.enter_context(exclusive_lock(lock))
                connection.execute("INSERT INTO askers (asker_id) VALUES (?)", (self._asker_id,))
            self.recover()
        except BaseException as error:
            self._stack.close()
            if isinstance(error, OSError):
                message = f"the annotation store {self._store.path} failed: {error}."
                raise StoreError(message) from error
            raise
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if os.getpid() != self._pid:
            return  # a fork's child: the claims, the lock and the thread are its parent's
        try:
            self._changes.put(None)
            self._thread.join()
            with self._store.change() as connection:
                drop_asker(connection, self._asker_id, reason="left unanswered")
        finally:
            self._stack.close()

    def claim(self, key: str, attempt: int, *, reserved_usd: float) -> Future[Claim]:
        """Claim one question before it is sent."""
        return self._submit(
            lambda connection: add_claim(
                connection,
                key,
                attempt,
                asker_id=self._asker_id,
                reserved_usd=reserved_usd,
                max_cost_usd=self._max_cost_usd,
            )
        )

    def keep(
        self, key: ReplyKey, reply: StoredReply, *, offer_id: str, messages: Sequence[Message]
    ) -> Future[None]:
        """Keep a reply, and give its claim back."""
        digest = key.digest

        def change(connection: sqlite3.Connection) -> None:
            insert_reply(connection, key, reply, offer_id=offer_id, messages=messages)
            drop_claim(connection, digest, asker_id=self._asker_id)

        return self._submit(change)

    def release(self, key: str, *, lost: str | None) -> Future[None]:
        """Give a claim back; what it holds counts as lost where a reason is given."""
        if lost is None:
            return self._submit(lambda c: drop_claim(c, key, asker_id=self._asker_id))
        return self._submit(lambda c: add_loss(c, key, asker_id=self._asker_id, reason=lost))

    def recover(self) -> None:
        """Void the claims of processes that have died: what they had sent may have been charged."""
        with self._store.read() as connection:
            rows = connection.execute(
                "SELECT asker_id FROM askers WHERE asker_id != ?", (self._asker_id,)
            ).fetchall()
        for (asker_id,) in rows:
            lock = self._lock_path(asker_id)
            with suppress(OSError):  # it lives
                with exclusive_lock(lock, timeout_s=0), self._store.change() as connection:
                    drop_asker(connection, asker_id, reason="the process died")
                _remove(lock)

    def _lock_path(self, asker_id: str) -> Path:
        path = self._store.path
        return path.with_name(f"{path.name}.{asker_id}")

    def _submit(self, change: Callable[[sqlite3.Connection], _T]) -> "Future[_T]":
        if not self._thread.is_alive():  # nor is it in a fork's child
            raise RuntimeError("an Asker takes changes only inside its with statement.")
        future: Future[_T] = Future()
        self._changes.put((change, future))
        return future

    def _write(self) -> None:
        """Apply changes in the order in which they came, all that wait in one transaction."""
        ending = False
        while not ending:
            items = [self._changes.get()]
            while len(items) < _MAX_CHANGES and not self._changes.empty():
                items.append(self._changes.get())
            ending = None in items
            self._apply([item for item in items if item is not None])

    def _apply(self, items: list[tuple[Change, Future[Any]]]) -> None:
        """Apply changes; one that fails takes none of the others with it."""
        # From here on nobody can cancel: what was paid for is kept, also if nobody waits for it.
        awaited = {id(future) for _, future in items if future.set_running_or_notify_cancel()}
        outcomes: list[tuple[Future[Any], Any]] = []
        try:
            with self._store.change() as connection:
                for change, future in items:
                    outcomes.append((future, self._apply_one(connection, change)))
        except Exception as error:  # noqa: BLE001 (nothing of it is on disk)
            outcomes = [(future, _Failed(error)) for _, future in items]
        for future, result in outcomes:
            if id(future) not in awaited:
                continue
            if isinstance(result, _Failed):
                future.set_exception(result.error)
            else:
                future.set_result(result)

    def _apply_one(self, connection: sqlite3.Connection, change: Change) -> Any:
        """Apply one change, or leave no trace of it."""
        connection.execute("SAVEPOINT one_change")
        try:
            result = change(connection)
        except Exception as error:  # whoever waits for it is told
            if not connection.in_transaction:
                raise  # a full disk makes the database give up all of them
            connection.execute("ROLLBACK TO one_change")
            result = _Failed(self._store.explain(error))
        connection.execute("RELEASE one_change")
        return result


@dataclass(frozen=True, slots=True)
class _Failed:
    """What a change failed with."""

    error: Exception


def _remove(lock: Path) -> None:
    """Remove what a lock leaves behind, unless somebody is trying it."""
    with suppress(OSError):
        lock.with_name(f".{lock.name}.lock").unlink()
