import copy
import os
import pickle
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from multiprocessing.pool import Pool
from pathlib import Path

import pytest

from annotations.forks import needs_fork, run_in_fork
from annotations.workers import count_replies, make_key, put_replies
from jocas_themes.annotations import AnnotationStore, StoredReply
from jocas_themes.annotations.store import _file
from jocas_themes.errors import StoreError

OK = StoredReply(raw="{}", status="ok")


class TestOpening:
    def test_nothing_is_made_before_it_is_needed(self, path: Path) -> None:
        store = AnnotationStore(str(path))
        assert repr(store) == f"AnnotationStore({str(path)!r})"
        assert not path.exists()
        assert len(store) == 0
        assert path.exists()
        store.close()

    def test_closed_it_opens_again_by_itself(self, store: AnnotationStore) -> None:
        store.put(make_key(), OK, offer_id="o")
        store.close()
        store.close()
        assert len(store) == 1

    def test_a_closed_store_is_one_file(self, store: AnnotationStore, path: Path) -> None:
        store.put(make_key(), OK, offer_id="o")
        store.close()
        assert not list(path.parent.glob("annotations.sqlite-*"))

    def test_an_empty_file_becomes_a_store(self, store: AnnotationStore, path: Path) -> None:
        path.touch()
        assert len(store) == 0

    def test_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match=r"there is no folder .*missing\. Make it first"):
            len(AnnotationStore(tmp_path / "missing" / "a.sqlite"))

    def test_a_folder_in_its_place(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="cannot be opened: unable to open database file"):
            len(AnnotationStore(tmp_path))

    @pytest.mark.parametrize("content", [b"not a database", b"offer_id;text\n" * 1000])
    def test_not_a_database(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        with pytest.raises(StoreError, match=r"cannot be opened: file is not a database\. Is it"):
            len(AnnotationStore(path))
        assert path.read_bytes() == content

    def test_a_damaged_table_is_a_store_error(self, store: AnnotationStore, path: Path) -> None:
        store.put(make_key(), OK, offer_id="o")
        run_sql(path, "DROP TABLE replies")
        with pytest.raises(StoreError, match="failed: no such table: replies"):
            len(store)

    @needs_fork
    def test_a_file_that_may_not_be_written(self) -> None:
        """In a child that gives up root's rights, so that this is tested in containers too."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "annotations.sqlite"
            with AnnotationStore(path) as store:
                store.put(make_key(), OK, offer_id="o")
            path.chmod(0o444)
            Path(folder).chmod(0o555)

            def read() -> int:
                if os.geteuid() == 0:
                    os.setuid(65_534)
                return len(AnnotationStore(path))

            error = run_in_fork(read)
            Path(folder).chmod(0o755)
        assert error.startswith("StoreError: the annotation store")
        assert "cannot be opened" in error
        assert error.endswith("Is it a SQLite file that you may write?")


def run_sql(path: Path, command: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(command)
    connection.commit()
    connection.close()


class TestChange:
    @pytest.fixture
    def damaged(self, store: AnnotationStore) -> AnnotationStore:
        """Give a store in which a change fails at its very end, as on a full disk."""
        with store.read() as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(
                "CREATE TABLE late (of TEXT REFERENCES messages DEFERRABLE INITIALLY DEFERRED)"
            )
        return store

    def test_all_or_nothing(self, store: AnnotationStore) -> None:
        store.put(make_key("a"), OK, offer_id="o")

        def empty(*tables: str) -> None:
            with store.change() as connection:
                for table in tables:
                    connection.execute(f"DELETE FROM {table}")

        with pytest.raises(StoreError, match="failed: no such table: losses_1"):
            empty("replies", "losses_1")
        assert len(store) == 1

    def test_one_that_fails_as_it_is_committed_leaves_nothing(
        self, damaged: AnnotationStore, path: Path
    ) -> None:
        with (
            pytest.raises(StoreError, match="failed: FOREIGN KEY constraint failed"),
            damaged.change() as connection,
        ):
            connection.execute("INSERT INTO late VALUES ('no message')")
        damaged.put(make_key("a"), OK, offer_id="o")  # the next one begins anew
        with AnnotationStore(path) as other:
            other.put(make_key("b"), OK, offer_id="o")  # and others do not wait
        assert len(damaged) == 2

    def test_a_full_disk(self, store: AnnotationStore) -> None:
        store.put(make_key("a"), OK, offer_id="o")
        limit_pages(store, 2)
        big = StoredReply(raw="x" * 100_000, status="ok")
        with pytest.raises(StoreError, match="failed: database or disk is full"):
            store.put(make_key("b"), big, offer_id="o")
        assert len(store) == 1
        limit_pages(store, 100_000)
        store.put(make_key("b"), big, offer_id="o")
        assert len(store) == 2


def limit_pages(store: AnnotationStore, n_more: int) -> None:
    """Let the file grow by so many pages at most."""
    with store.read() as connection:
        (n_pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {n_pages + n_more}")


class TestSharing:
    def test_a_pickle_carries_the_path_alone(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(path.parent)
        with AnnotationStore(path.name) as store:
            store.put(make_key(), OK, offer_id="o")
            pickled = pickle.dumps(store)
            monkeypatch.chdir(path.parent.parent)
            for other in (pickle.loads(pickled), copy.deepcopy(store)):
                assert other.path.name == path.name
            with pickle.loads(pickled) as other:
                assert len(other) == 1  # the same file, seen from another folder

    def test_a_relative_path_stays_the_same_file(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Opened again from another folder, it would be a new store: all would be paid twice."""
        monkeypatch.chdir(path.parent)
        with AnnotationStore(path.name) as store:
            store.put(make_key(), OK, offer_id="o")
            monkeypatch.chdir(path.parent.parent)
            store.close()
            assert len(store) == 1

    def test_two_instances_see_the_same_file(self, store: AnnotationStore, path: Path) -> None:
        with AnnotationStore(path) as other:
            store.put(make_key("a"), OK, offer_id="o")
            assert len(other) == 1
            other.put(make_key("b"), OK, offer_id="o")
            assert len(store) == 2

    def test_several_threads_share_one_instance(self, store: AnnotationStore) -> None:
        def put(worker: int) -> None:
            for number in range(25):
                store.put(make_key(f"{worker}-{number}"), OK, offer_id="o")

        threads = [threading.Thread(target=put, args=(worker,)) for worker in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(store) == 8 * 25

    def test_four_processes_make_one_store_at_the_same_moment(
        self, four_processes: Pool, tmp_path: Path
    ) -> None:
        for attempt in range(25):
            jobs = [(tmp_path / f"{attempt}.sqlite", time.time() + 0.02)] * 4
            assert four_processes.starmap(count_replies, jobs, chunksize=1) == [0] * 4

    def test_four_processes_write_to_one_new_store(
        self, four_processes: Pool, store: AnnotationStore, path: Path
    ) -> None:
        start = time.time() + 0.1
        jobs = [(path, start, worker, 50) for worker in range(4)]
        four_processes.starmap(put_replies, jobs, chunksize=1)
        texts = {f"{worker}-{number}" for worker in range(4) for number in range(50)}
        replies = store.get(make_key(text).digest for text in texts)
        assert {reply.raw for (reply,) in replies.values()} == texts
        assert len(store) == 200
        assert store.read_spending().spent_usd == 200 * 0.25

    def test_a_killed_process_loses_nothing_that_put_had_returned_from(
        self, store: AnnotationStore
    ) -> None:
        script = (
            "import sys\n"
            "from jocas_themes.annotations import AnnotationStore, ReplyKey, StoredReply\n"
            "store = AnnotationStore(sys.argv[1])\n"
            "for number in range(1_000_000):\n"
            "    key = ReplyKey(text=str(number), model='m', prompt_version='1',\n"
            "                   taxonomy_fingerprint='f', parameters={})\n"
            "    store.put(key, StoredReply(raw='r' * 3000, status='ok'), offer_id='o')\n"
            "    print(number, flush=True)\n"
        )
        command = [sys.executable, "-c", script, str(store.path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            lines = [writer.stdout.readline() for _ in range(100)]
            writer.kill()
            lines += writer.stdout.read().splitlines(keepends=True)
        done = [line.strip() for line in lines if line.endswith("\n")]
        assert len(done) >= 100
        assert len(store.get(make_key(text).digest for text in done)) == len(done)
        assert all(
            len(reply.raw) == 3000 for (reply,) in store.get([make_key("0").digest]).values()
        )
        store.put(make_key("after"), OK, offer_id="o")

    @needs_fork
    @pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
    def test_a_forked_child_opens_the_file_for_itself(self, store: AnnotationStore) -> None:
        store.put(make_key("parent"), OK, offer_id="o")

        def use() -> int:
            store.put(make_key("child"), OK, offer_id="o")
            store.close()
            return len(store)

        assert run_in_fork(use) == "2"
        store.put(make_key("parent again"), OK, offer_id="o")
        assert len(store) == 3

    @needs_fork
    @pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
    def test_a_forked_child_does_not_wait_for_a_thread_of_its_parent(
        self, store: AnnotationStore, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The thread that held the lock when the process forked does not exist in the child."""
        monkeypatch.setattr(_file, "_FORK_WAIT_S", 0.1)
        store.put(make_key("a"), OK, offer_id="o")
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")  # the thread's put waits, and holds the lock meanwhile
        thread = threading.Thread(
            target=store.put, args=(make_key("b"), OK), kwargs={"offer_id": "o"}
        )
        thread.start()
        time.sleep(0.1)
        try:
            assert run_in_fork(lambda: len(store)) == "1"
        finally:
            blocker.execute("ROLLBACK")
            blocker.close()
            thread.join()
        assert len(store) == 2

    @needs_fork
    @pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
    def test_what_a_child_puts_after_its_parent_has_closed_is_kept(
        self, store: AnnotationStore
    ) -> None:
        """With a file open across the fork, the child writes into a log that is gone."""
        store.put(make_key("parent"), OK, offer_id="o")
        childs_turn, parents_turn = os.pipe(), os.pipe()

        def put_twice() -> None:
            store.put(make_key("child, first"), OK, offer_id="o")
            os.write(parents_turn[1], b".")
            os.read(childs_turn[0], 1)
            store.put(make_key("child, second"), OK, offer_id="o")

        def close() -> None:
            os.read(parents_turn[0], 1)
            store.close()
            os.write(childs_turn[1], b".")

        closing = threading.Thread(target=close)
        closing.start()
        assert run_in_fork(put_twice) == "None"
        closing.join()
        assert len(store) == 3

    @needs_fork
    @pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
    def test_a_fork_does_not_break_a_change_that_is_under_way(self, store: AnnotationStore) -> None:
        with store.change() as connection:
            assert run_in_fork(lambda: "the child") == "the child"
            connection.execute("INSERT INTO askers (asker_id) VALUES ('a')")
        with store.read() as connection:
            assert connection.execute("SELECT count(*) FROM askers").fetchone() == (1,)
