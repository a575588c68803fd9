"""One process at a time: a lock that the system gives back when its holder dies."""

import math
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

_POLL_S = 0.2  # short, so that Ctrl-C is heard while waiting


@contextmanager
def exclusive_lock(path: Path, *, timeout_s: float = 60) -> Iterator[None]:
    """Hold the lock of a file, kept in ``<name>.lock`` beside it.

    The lock is SQLite's: it works on every system that the store works on, between threads and
    processes alike. An OSError is raised when it cannot be had.
    """
    lock = path.with_name(f".{path.name}.lock")
    try:
        connection = sqlite3.connect(lock, timeout=min(_POLL_S, timeout_s), isolation_level=None)
    except sqlite3.Error as error:
        raise OSError(f"no lock {lock}: {error}") from error
    with closing(connection):
        _begin(connection, lock, deadline=time.monotonic() + timeout_s)
        yield


def _begin(connection: sqlite3.Connection, lock: Path, *, deadline: float = math.inf) -> None:
    """Try until the lock is ours."""
    while True:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            busy = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() >= deadline:
                raise OSError(f"no lock {lock}: {error}") from error
        else:
            return
