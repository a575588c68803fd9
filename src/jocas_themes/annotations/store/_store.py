"""The annotation store: every reply that was paid for, in one SQLite file."""

import json
import math
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import pandas as pd

from jocas_themes.annotations._lock import exclusive_lock
from jocas_themes.annotations.store._replies import ReplyKey, StoredReply
from jocas_themes.errors import StoreError, StoreMismatchError
from jocas_themes.taxonomy import Taxonomy

# Written into the file's header: says whose file it is, and which form its tables have.
# To change the tables: raise the version, convert older files in _prepare, and keep a file of
# the old form among the tests.
APPLICATION_ID = 0x4A4F4341  # "JOCA"
FORMAT_VERSION = 1

_TABLES = """
CREATE TABLE taxonomies (
    fingerprint TEXT PRIMARY KEY,
    content TEXT NOT NULL,
    added_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
);
CREATE TABLE replies (
    key TEXT PRIMARY KEY,
    offer_id TEXT NOT NULL,
    model TEXT NOT NULL,
    prompt_version TEXT NOT NULL,
    taxonomy_fingerprint TEXT NOT NULL,
    parameters TEXT NOT NULL,
    status TEXT NOT NULL,
    raw TEXT NOT NULL,
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    duration_s REAL,
    received_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
) WITHOUT ROWID;
"""


# Connections that a fork inherited. SQLite forbids closing them in the child, which letting go
# of them would do.
_INHERITED: list[sqlite3.Connection] = []


class AnnotationStore:
    """Keep every reply of a teacher, so that no offer is paid for twice.

    One SQLite file in write-ahead mode: several processes may share it, and a reply is on disk
    before the next one is awaited. An instance can be pickled and copied: it carries the path.

    Parameters
    ----------
    path : str or Path
        The file; made when absent, in a folder that exists.

    Raises
    ------
    StoreError
        On first use, if the file cannot be opened, or is not an annotation store, or was
        written by a newer version.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from jocas_themes import AnnotationStore
    >>> store = AnnotationStore(pathlib.Path(tempfile.mkdtemp()) / "annotations.sqlite")
    >>> len(store)
    0
    >>> store.close()
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._pid: int | None = None

    def __repr__(self) -> str:
        return f"AnnotationStore({str(self.path)!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path.absolute()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["path"])  # type: ignore[misc]

    def __len__(self) -> int:
        with self._open() as connection:
            count: int = connection.execute("SELECT count(*) FROM replies").fetchone()[0]
            return count

    def __bool__(self) -> bool:
        return True  # "store or default" must not drop a store that is still empty

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

    def get(self, digests: Iterable[str]) -> dict[str, StoredReply]:
        """Return the replies that are there.

        Parameters
        ----------
        digests : iterable of str
            Digests of `ReplyKey`.

        Returns
        -------
        dict of str to StoredReply
            By digest; those that are not in the store are not in the result.
        """
        with self._open() as connection:
            rows = connection.execute(
                "SELECT key, raw, status, prompt_tokens, completion_tokens, duration_s "
                "FROM replies WHERE key IN (SELECT value FROM json_each(?))",
                (json.dumps(list(digests)),),
            ).fetchall()
        return {
            key: StoredReply(
                raw=raw,
                status=status,
                prompt_tokens=prompt_tokens,
                completion_tokens=completion_tokens,
                duration_s=duration_s,
            )
            for key, raw, status, prompt_tokens, completion_tokens, duration_s in rows
        }

    def put(self, key: ReplyKey, reply: StoredReply, *, offer_id: str) -> None:
        """Keep one reply; an understood one is never replaced by one that is not.

        Parameters
        ----------
        key : ReplyKey
            What was asked.
        reply : StoredReply
            What came.
        offer_id : str
            Of the first offer that had this text, for people who read the file.
        """
        self.put_many([(key, reply, offer_id)])

    def put_many(self, items: Iterable[tuple[ReplyKey, StoredReply, str]]) -> None:
        """Keep several replies in one transaction.

        Parameters
        ----------
        items : iterable of (ReplyKey, StoredReply, str)
            What was asked, what came, and the offer's id.
        """
        rows = [
            (
                key.digest,
                offer_id,
                key.model,
                key.prompt_version,
                key.taxonomy_fingerprint,
                key.parameters_json,
                reply.status,
                reply.raw,
                reply.prompt_tokens,
                reply.completion_tokens,
                reply.duration_s,
            )
            for key, reply, offer_id in items
        ]
        with self._open() as connection, connection:
            connection.executemany(
                "INSERT INTO replies (key, offer_id, model, prompt_version, "
                "taxonomy_fingerprint, parameters, status, raw, prompt_tokens, "
                "completion_tokens, duration_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (key) DO UPDATE SET status = excluded.status, raw = excluded.raw, "
                "prompt_tokens = excluded.prompt_tokens, "
                "completion_tokens = excluded.completion_tokens, "
                "duration_s = excluded.duration_s, received_at = excluded.received_at "
                "WHERE replies.status != 'ok'",
                rows,
            )

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Hold the right to ask for what the store lacks.

        One holder at a time, over threads and processes: whoever waited finds in the store what
        the other one asked for, and no offer is paid for twice. The right of a process that
        dies is free again at once.

        Yields
        ------
        None
            While the right is held.

        Raises
        ------
        StoreError
            If the lock beside the store cannot be made.
        """
        path = self.path.absolute()
        with ExitStack() as stack:
            try:
                stack.enter_context(
                    exclusive_lock(path.with_name(f"{path.name}.asking"), timeout_s=math.inf)
                )
            except OSError as error:
                raise StoreError(f"the annotation store {self.path} failed: {error}.") from error
            yield

    def add_taxonomy(self, taxonomy: Taxonomy) -> None:
        """Accept a taxonomy beside those whose answers the store holds.

        Parameters
        ----------
        taxonomy : Taxonomy
            Its offers will be asked, and paid for, on their own.
        """
        with self._open() as connection, connection:
            connection.execute(
                "INSERT OR IGNORE INTO taxonomies (fingerprint, content) VALUES (?, ?)",
                (taxonomy.fingerprint, json.dumps(taxonomy.to_dict(), ensure_ascii=False)),
            )

    def require_taxonomy(self, taxonomy: Taxonomy) -> None:
        """Check that the store is one for this taxonomy; a new store becomes one.

        Parameters
        ----------
        taxonomy : Taxonomy
            What the teacher is going to ask.

        Raises
        ------
        StoreMismatchError
            If the store knows other taxonomies only: a changed definition would otherwise pay
            for every offer again without a word.
        """
        with self._open() as connection:
            rows = connection.execute("SELECT fingerprint, content FROM taxonomies").fetchall()
        known = {fingerprint: json.loads(content) for fingerprint, content in rows}
        if not known:
            self.add_taxonomy(taxonomy)
        elif taxonomy.fingerprint not in known:
            others = [
                f"{fingerprint} ({', '.join(theme['code'] for theme in content['themes'])})"
                for fingerprint, content in known.items()
            ]
            raise StoreMismatchError(
                f"{self.path} holds {len(self)} answers of another taxonomy: {'; '.join(others)}. "
                f"This one is {taxonomy.fingerprint} ({', '.join(taxonomy.codes)}). Pass the "
                f"taxonomy that the answers were made with, or another store; or accept that "
                f"every offer is asked again with AnnotationStore(path).add_taxonomy(taxonomy)."
            )

    def to_frame(self) -> pd.DataFrame:
        """Return what the store holds, but for the replies' bodies.

        Returns
        -------
        DataFrame of shape (n_replies, 11)
            One row a reply, in the order of arrival.
        """
        with self._open() as connection:
            cursor = connection.execute(
                "SELECT key, offer_id, model, prompt_version, taxonomy_fingerprint, parameters, "
                "status, prompt_tokens, completion_tokens, duration_s, received_at "
                "FROM replies ORDER BY received_at, key"
            )
            names = [column[0] for column in cursor.description]
            return pd.DataFrame(cursor.fetchall(), columns=names)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Give this process's connection to one thread at a time."""
        self._leave_to_parent()
        with self._lock:
            if self._connection is None:
                self._pid, self._connection = os.getpid(), self._connect()
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise StoreError(f"the annotation store {self.path} failed: {error}.") from error

    def _leave_to_parent(self) -> None:
        """After a fork, leave the parent its connection and its lock, which a thread may hold."""
        if self._connection is not None and self._pid != os.getpid():
            _INHERITED.append(self._connection)
            self._connection, self._lock = None, threading.RLock()

    def _connect(self) -> sqlite3.Connection:
        """Open the file and check that it is ours."""
        path = self.path.absolute()
        if not path.parent.is_dir():
            raise StoreError(
                f"the annotation store {self.path} cannot be made: there is no folder "
                f"{path.parent}. Make it first."
            )
        connection = None
        try:
            # One at a time: two processes may make the store at once.
            with exclusive_lock(path):
                connection = sqlite3.connect(path, timeout=60, check_same_thread=False)
                self._prepare(connection)
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

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Make the tables of a new file; refuse a file that is not an annotation store."""
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (n_tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if n_tables and application != APPLICATION_ID:
            raise StoreError(f"{self.path} is a database, but not an annotation store.")
        if version > FORMAT_VERSION:
            raise StoreError(
                f"{self.path} has format {version}, this version of jocas-themes reads up to "
                f"{FORMAT_VERSION}. Upgrade jocas-themes."
            )
        # Write-ahead mode lets others read while one writes; a killed process loses nothing.
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        if mode != "wal":
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if not n_tables:
            connection.executescript(
                f"BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION_ID}; "
                f"PRAGMA user_version = {FORMAT_VERSION}; {_TABLES} COMMIT;"
            )
