"""One process at a time: a lock that the system gives back when its holder dies."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def exclusive_lock(path: Path, *, timeout_s: float = 60) -> Iterator[None]:
    """Hold the lock of a file, kept in ``<name>.lock`` beside it.

    The lock is SQLite's: it works on every system that the store works on, between threads and
    processes alike. An OSError is raised when it cannot be had.
    """
    lock = path.with_name(f".{path.name}.lock")
    try:
        connection = sqlite3.connect(lock, timeout=timeout_s, isolation_level=None)
    except sqlite3.Error as error:
        raise OSError(f"no lock {lock}: {error}") from error
    with closing(connection):
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            raise OSError(f"no lock {lock}: {error}") from error
        yield
