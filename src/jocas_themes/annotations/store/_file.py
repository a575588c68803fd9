"""One SQLite file that threads, processes and forks share."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from weakref import WeakSet

from jocas_themes.annotations._lock import exclusive_lock
from jocas_themes.annotations.store._schema import prepare
from jocas_themes.errors import StoreError

# How long a fork waits for a thread that uses the file.
_FORK_WAIT_S = 1
# Connections that a fork inherited all the same. SQLite forbids closing them in the child, which
# letting go of them would do.
_INHERITED: list[sqlite3.Connection] = []
_open_files: "WeakSet[StoreFile]" = WeakSet()


class StoreFile:
    """The file of a store: opened when it is needed, and changed in whole transactions.

    Parameters
    ----------
    path : str or Path
        The file.
    """

    def __init__(self, path: str | Path) -> None:
        # For good: locks lie beside it, and it may be opened again from another folder.
        self.path = Path(path).resolve()
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._pid: int | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["path"])  # type: ignore[misc]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_connection", None) is not None:
            self.close()

    def close(self) -> None:
        """Close the file; it opens again by itself when it is needed."""
        self._leave_to_parent()
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Give this process's connection to one thread at a time; for parts of the package."""
        self._leave_to_parent()
        with self._lock:
            if self._connection is None:
                self._pid, self._connection = os.getpid(), self._connect()
                _open_files.add(self)
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise self.explain(error) from error

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside one transaction: all that is done is kept, or nothing."""
        with self.read() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    def explain(self, error: Exception) -> Exception:
        """Return an error of the database as one that names the store."""
        if isinstance(error, sqlite3.Error):
            return StoreError(f"the annotation store {self.path} failed: {error}.")
        return error

    def _connect(self) -> sqlite3.Connection:
        """Open the file and check that it is ours."""
        if not self.path.parent.is_dir():
            raise StoreError(
                f"the annotation store {self.path} cannot be made: there is no folder "
                f"{self.path.parent}. Make it first."
            )
        connection = None
        try:
            # One at a time: two processes may make the store at once.
            with exclusive_lock(self.path):
                connection = sqlite3.connect(
                    self.path, timeout=60, check_same_thread=False, isolation_level=None
                )
                prepare(connection, self.path)
        except (sqlite3.Error, OSError, StoreError) as error:
            if connection is not None:
                connection.close()
            if isinstance(error, StoreError):
                raise
            raise StoreError(
                f"the annotation store {self.path} cannot be opened: {error}. Is it a SQLite "
                f"file that you may write?"
            ) from error
        return connection

    def _close_before_fork(self) -> None:
        """Close the file, unless a thread is busy with it for long."""
        self._leave_to_parent()
        if self._lock.acquire(timeout=_FORK_WAIT_S):
            try:
                if self._connection is not None and not self._connection.in_transaction:
                    self.close()
            finally:
                self._lock.release()

    def _leave_to_parent(self) -> None:
        """After a fork, leave the parent its connection and its lock, which a thread may hold."""
        if self._connection is not None and self._pid != os.getpid():
            _INHERITED.append(self._connection)
            self._connection, self._lock = None, threading.RLock()


def _close_before_fork() -> None:
    """Close all files: they open again by themselves, on both sides.

    With a file that was open when it was forked, a child's SQLite believes that it holds the
    parent's locks, and what it writes is lost when the parent closes the file.
    """
    for file in list(_open_files):
        file._close_before_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_close_before_fork)
