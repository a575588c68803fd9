import os
import shutil
import signal
import sqlite3
import time
from contextlib import closing
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

import pytest

from annotations.forks import needs_fork, run_in_fork
from annotations.workers import count_replies, make_key
from jocas_themes.annotations import AnnotationStore, ReplyKey, StoredReply
from jocas_themes.annotations.store import _schema
from jocas_themes.errors import StoreError
from jocas_themes.taxonomy import HR_THEMES, Taxonomy

# Written by the version before, which kept one reply a key, and no messages, attempts or costs.
OLD_FILE = Path(__file__).with_name("store_format_1.sqlite")
OK = StoredReply(raw="{}", status="ok")


def read(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def run(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def read_old(path: Path) -> list[tuple[Any, ...]]:
    """Read all that format 1 knew of a reply, byte by byte, from either form."""
    return read(
        path,
        "SELECT key, offer_id, model, prompt_version, taxonomy_fingerprint, parameters, status, "
        "hex(raw), prompt_tokens, completion_tokens, duration_s, received_at "
        "FROM replies ORDER BY key",
    )


@pytest.fixture
def old(path: Path) -> Path:
    """Give a copy of the old file."""
    shutil.copy(OLD_FILE, path)
    return path


@pytest.fixture
def long_old(old: Path) -> Path:
    """Give an old file too large for memory, so that a change of it reaches the disk early."""
    run(
        old,
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION SELECT n + 1 FROM numbers LIMIT 1000) "
        "INSERT INTO replies (key, offer_id, model, prompt_version, taxonomy_fingerprint, "
        "parameters, status, raw) "
        "SELECT n, n, 'm', '1', 'f', '{}', 'ok', hex(randomblob(3000)) FROM numbers",
    )
    return old


class TestUpgrade:
    def test_the_old_file_is_one(self) -> None:
        assert OLD_FILE.read_bytes()[68:72] == b"JOCA"
        assert int.from_bytes(OLD_FILE.read_bytes()[60:64], "big") == 1

    def test_loses_not_a_byte(self, old: Path) -> None:
        replies, taxonomies = read_old(old), read(old, "SELECT * FROM taxonomies")
        with AnnotationStore(old) as store:
            assert len(store) == len(replies) == 3
        assert read(old, "PRAGMA user_version") == [(2,)]
        assert read_old(old) == replies
        assert read(old, "SELECT * FROM taxonomies") == taxonomies
        assert read(old, "PRAGMA integrity_check") == [("ok",)]
        assert read(old, "SELECT name FROM sqlite_master WHERE name = 'replies_1'") == []

    def test_old_replies_are_found_and_read(self, old: Path) -> None:
        taxonomy = Taxonomy(HR_THEMES[:2])
        key = ReplyKey(
            text="Chargé·e d’études 😀",
            model="m",
            prompt_version="1",
            taxonomy_fingerprint=taxonomy.fingerprint,
            parameters={"response_format": "json_schema", "temperature": 0},
        )
        with AnnotationStore(old) as store:
            store.require_taxonomy(taxonomy)
            reply = StoredReply(raw='{"é\u2028😀\x00": 1}', status="refused")
            assert store.get([key.digest]) == {key.digest: (reply,)}
            (record,) = store.trace([key.digest])
            assert (record["offer_id"], record["messages"]) == ("c’é", [])
            # In order of arrival: the first came a second before the two others.
            assert store.to_frame()["offer_id"].tolist() == ["a", "c’é", "b"]
            assert store.read_spending().total_usd == 0  # nobody noted what they cost
            store.put(key, OK, offer_id="o")
            assert store.get([key.digest]) == {key.digest: (reply, OK)}

    def test_once_is_enough(self, old: Path) -> None:
        with AnnotationStore(old) as store:
            assert len(store) == 3
        once = old.read_bytes()
        with AnnotationStore(old) as store:
            assert len(store) == 3
        assert old.read_bytes() == once

    def test_the_tables_are_those_of_a_new_store(self, old: Path, tmp_path: Path) -> None:
        new = tmp_path / "new.sqlite"
        for path in (old, new):
            with AnnotationStore(path) as store:
                store.put(make_key(), OK, offer_id="o")
        query = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
        assert read(old, query) == read(new, query)

    def test_four_processes_at_once(self, four_processes: Pool, old: Path, tmp_path: Path) -> None:
        replies = read_old(old)
        for attempt in range(5):
            path = tmp_path / f"{attempt}.sqlite"
            shutil.copy(OLD_FILE, path)
            jobs = [(path, time.time() + 0.02)] * 4
            assert four_processes.starmap(count_replies, jobs, chunksize=1) == [3] * 4
            assert read_old(path) == replies

    @needs_fork
    @pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
    @pytest.mark.parametrize(
        "statement",
        [
            "ALTER TABLE replies",
            "CREATE TABLE claims",
            "INSERT INTO replies",
            "DROP TABLE",
            "PRAGMA user_version =",
            "COMMIT",
        ],
    )
    def test_killed_on_its_way_it_leaves_the_old_file(self, long_old: Path, statement: str) -> None:
        replies = read_old(long_old)
        connect = sqlite3.connect

        def connect_to_die(*args: Any, **options: Any) -> sqlite3.Connection:
            def die(sql: str) -> None:
                lines = [line.strip() for line in sql.splitlines()]
                if any(line.startswith(statement) for line in lines):  # after comments
                    os.kill(os.getpid(), signal.SIGKILL)

            connection = connect(*args, **options)
            connection.set_trace_callback(die)
            return connection

        def upgrade() -> int:
            sqlite3.connect = connect_to_die  # type: ignore[assignment]
            return len(AnnotationStore(long_old))

        assert run_in_fork(upgrade) == ""  # it did die
        assert read(long_old, "PRAGMA user_version") == [(1,)]
        assert read_old(long_old) == replies
        with AnnotationStore(long_old) as store:
            assert len(store) == 1003
        assert read_old(long_old) == replies

    def test_one_that_fails_leaves_the_old_file(self, old: Path) -> None:
        run(old, "CREATE TABLE messages (mine TEXT)")
        replies = read_old(old)
        with pytest.raises(StoreError, match="cannot be opened: table messages already exists"):
            len(AnnotationStore(old))
        assert read(old, "PRAGMA user_version") == [(1,)]
        assert read_old(old) == replies
        run(old, "DROP TABLE messages")
        with AnnotationStore(old) as store:
            assert len(store) == 3


class TestRefusals:
    @pytest.mark.parametrize("application_id", [0, 42])
    def test_a_database_of_another_application(self, path: Path, application_id: int) -> None:
        run(path, f"PRAGMA application_id = {application_id}; CREATE TABLE replies (key TEXT)")
        before = path.read_bytes()
        with pytest.raises(StoreError, match="is a database, but not an annotation store"):
            AnnotationStore(path).put(make_key(), OK, offer_id="o")
        assert path.read_bytes() == before

    def test_a_newer_format(self, store: AnnotationStore, path: Path) -> None:
        store.put(make_key(), OK, offer_id="o")
        store.close()
        run(path, f"PRAGMA user_version = {_schema.FORMAT_VERSION + 1}")
        before = path.read_bytes()
        with pytest.raises(StoreError, match=r"has format 3, .* reads up to 2\. Upgrade"):
            store.get([])
        assert path.read_bytes() == before
        run(path, f"PRAGMA user_version = {_schema.FORMAT_VERSION}")
        assert len(store) == 1

    def test_the_file_says_whose_it_is(self, store: AnnotationStore, path: Path) -> None:
        """Bytes 68-71 of SQLite's header hold the application's id, 60-63 the version."""
        store.put(make_key(), OK, offer_id="o")
        store.close()
        header = path.read_bytes()[:100]
        assert header[68:72] == b"JOCA"
        assert int.from_bytes(header[60:64], "big") == 2
