import copy
import json
import os
import pickle
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.workers import count_replies, make_key, put_replies
from jocas_themes.annotations import AnnotationStore, ReplyKey, StoredReply
from jocas_themes.errors import StoreError, StoreMismatchError
from jocas_themes.taxonomy import HR_THEMES, Taxonomy

OK = StoredReply(raw="{}", status="ok")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "annotations.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[AnnotationStore]:
    with AnnotationStore(path) as opened:
        yield opened


# Few different values, so that equal parts and shifted borders are drawn often.
STRINGS = st.text("ab", max_size=3)
SCALARS = st.sampled_from([None, True, 1, 0, 0.5, "1", "a", [], [1], {"a": 1}])
KEYS = st.builds(
    ReplyKey,
    text=STRINGS,
    model=STRINGS,
    prompt_version=STRINGS,
    taxonomy_fingerprint=STRINGS,
    parameters=st.dictionaries(STRINGS, SCALARS, max_size=2),
)


def list_parts(key: ReplyKey) -> list[Any]:
    parameters = sorted((name, repr(value)) for name, value in key.parameters.items())
    return [key.text, key.model, key.prompt_version, key.taxonomy_fingerprint, parameters]


class TestReplyKey:
    @settings(deadline=None, max_examples=300)
    @given(one=KEYS, other=KEYS)
    def test_digests_are_equal_if_and_only_if_all_parts_are(
        self, one: ReplyKey, other: ReplyKey
    ) -> None:
        assert (one.digest == other.digest) == (list_parts(one) == list_parts(other))

    @settings(deadline=None, max_examples=100)
    @given(
        part=st.sampled_from(["text", "model", "prompt_version", "taxonomy_fingerprint"]),
        one=st.text(st.characters(), max_size=5),
        other=st.text(st.characters(), max_size=5),
    )
    def test_any_change_of_one_part_changes_the_digest(
        self, part: str, one: str, other: str
    ) -> None:
        same = make_key(**{part: one}).digest == make_key(**{part: other}).digest
        assert same == (one == other) or _are_surrogate_pairs(one, other)

    def test_the_order_of_the_parameters_does_not_matter(self) -> None:
        one = make_key(parameters={"temperature": 0, "seed": {"a": 1, "b": 2}})
        other = make_key(parameters={"seed": {"b": 2, "a": 1}, "temperature": 0})
        assert one.digest == other.digest

    @pytest.mark.parametrize("other", [{"n": 0}, {"n": "1"}, {"n": True}, {"m": 1}, {}, {"n": [1]}])
    def test_each_parameter_matters(self, other: dict[str, Any]) -> None:
        assert make_key(parameters={"n": 1}).digest != make_key(parameters=other).digest

    def test_is_the_same_in_every_version(self) -> None:
        # Worked out outside the package. Should it change, every stored reply is lost:
        # sha256('["Cariste", "m", "1", "f", "{\\"temperature\\": 0}"]')
        digest = make_key(parameters={"temperature": 0}).digest
        assert digest == "f44980117efc96b1fe93f0437af5b4b490ec099bae7a378dabbb591b1a0c6735"


def _are_surrogate_pairs(one: str, other: str) -> bool:
    """Two lone surrogates may spell one character; clean texts hold none."""
    return one.encode("utf-16", "surrogatepass") == other.encode("utf-16", "surrogatepass")


class TestGetAndPut:
    def test_what_was_put_comes_back(self, store: AnnotationStore) -> None:
        reply = StoredReply(
            raw='{"a": "é\u2028😀\x00"}',
            status="invalid",
            prompt_tokens=1200,
            completion_tokens=300,
            duration_s=1.25,
        )
        store.put(make_key(), reply, offer_id="o1")
        assert store.get([make_key().digest]) == {make_key().digest: reply}
        assert len(store) == 1

    def test_what_is_not_there_is_not_in_the_result(self, store: AnnotationStore) -> None:
        store.put(make_key("a"), OK, offer_id="o1")
        digests = [make_key(text).digest for text in "abc"]
        assert list(store.get(digests)) == [digests[0]]
        assert store.get([]) == {}
        assert store.get(["", "x'); DROP TABLE replies; --"]) == {}
        assert store.get(iter([digests[0], digests[0]])) == {digests[0]: OK}

    def test_many_at_once(self, store: AnnotationStore) -> None:
        """More than old versions of SQLite take as separate parameters."""
        keys = [make_key(str(number)) for number in range(2_000)]
        store.put_many((key, OK, "o") for key in keys)
        assert len(store) == len(store.get(key.digest for key in keys)) == 2_000

    def test_put_many_is_all_or_nothing(self, store: AnnotationStore) -> None:
        broken = StoredReply(raw=None, status="ok")  # type: ignore[arg-type]
        with pytest.raises(StoreError, match="NOT NULL"):
            store.put_many([(make_key("a"), OK, "o"), (make_key("b"), broken, "o")])
        assert len(store) == 0
        store.put(make_key("a"), OK, offer_id="o")
        assert len(store) == 1

    @pytest.mark.parametrize("first", ["refused", "truncated", "invalid"])
    @pytest.mark.parametrize("second", ["ok", "refused", "truncated", "invalid"])
    def test_a_reply_at_fault_is_replaced(
        self, store: AnnotationStore, first: str, second: str
    ) -> None:
        store.put(make_key(), StoredReply(raw="old", status=first, duration_s=1), offer_id="o")
        new = StoredReply(raw="new", status=second, prompt_tokens=5)
        store.put(make_key(), new, offer_id="o")
        assert store.get([make_key().digest]) == {make_key().digest: new}

    @pytest.mark.parametrize("second", ["ok", "refused", "truncated", "invalid"])
    def test_an_understood_reply_is_never_replaced(
        self, store: AnnotationStore, second: str
    ) -> None:
        store.put(make_key(), OK, offer_id="o")
        store.put(make_key(), StoredReply(raw="new", status=second), offer_id="o")
        assert store.get([make_key().digest]) == {make_key().digest: OK}

    def test_within_one_put_many_too(self, store: AnnotationStore) -> None:
        bad = StoredReply(raw="bad", status="invalid")
        store.put_many([(make_key(), bad, "o"), (make_key(), OK, "o"), (make_key(), bad, "o")])
        assert store.get([make_key().digest]) == {make_key().digest: OK}

    def test_to_frame(self, store: AnnotationStore) -> None:
        key = make_key(parameters={"temperature": 0})
        store.put(key, StoredReply(raw="{}", status="ok", prompt_tokens=7), offer_id="o1")
        table = store.to_frame()
        asked = ["key", "offer_id", "model", "prompt_version", "taxonomy_fingerprint", "parameters"]
        came = ["status", "prompt_tokens", "completion_tokens", "duration_s", "received_at"]
        assert table.columns.tolist() == asked + came
        row = table.iloc[0]
        assert row[:8].tolist() == (
            [key.digest, "o1", "m", "1", "f", '{"temperature": 0}', "ok", 7]
        )
        received = pd.to_datetime(row["received_at"])
        assert abs(pd.Timestamp.now("UTC") - received) < pd.Timedelta("1min")

    def test_to_frame_of_an_empty_store(self, store: AnnotationStore) -> None:
        assert store.to_frame().shape == (0, 11)


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

    @pytest.mark.parametrize("application_id", [0, 42])
    def test_a_database_of_another_application(self, path: Path, application_id: int) -> None:
        other = sqlite3.connect(path)
        other.executescript(
            f"PRAGMA application_id = {application_id}; CREATE TABLE replies (key TEXT)"
        )
        other.close()
        before = path.read_bytes()
        with pytest.raises(StoreError, match="is a database, but not an annotation store"):
            AnnotationStore(path).put(make_key(), OK, offer_id="o")
        assert path.read_bytes() == before

    def test_a_newer_format(self, store: AnnotationStore, path: Path) -> None:
        store.put(make_key(), OK, offer_id="o")
        store.close()
        _run_sql(path, "PRAGMA user_version = 2")
        with pytest.raises(StoreError, match=r"has format 2, .* reads up to 1\. Upgrade"):
            store.get([])
        _run_sql(path, "PRAGMA user_version = 1")
        assert len(store) == 1

    def test_a_damaged_table_is_a_store_error(self, store: AnnotationStore, path: Path) -> None:
        store.put(make_key(), OK, offer_id="o")
        _run_sql(path, "DROP TABLE replies")
        with pytest.raises(StoreError, match="failed: no such table: replies"):
            len(store)

    def test_the_file_says_whose_it_is(self, store: AnnotationStore, path: Path) -> None:
        """Bytes 68-71 of SQLite's header hold the application's id, 60-63 the version."""
        store.put(make_key(), OK, offer_id="o")
        store.close()
        header = path.read_bytes()[:100]
        assert header[68:72] == b"JOCA"
        assert int.from_bytes(header[60:64], "big") == 1

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

            error = _run_in_fork(read)
            Path(folder).chmod(0o755)
        assert error.startswith("StoreError: the annotation store")
        assert "cannot be opened" in error
        assert error.endswith("Is it a SQLite file that you may write?")


def _run_sql(path: Path, command: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(command)
    connection.commit()
    connection.close()


def _run_in_fork(function: Callable[[], Any]) -> str:
    """Run a function in a forked child; return its result or its error, as a string."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = str(function())
        except BaseException as error:  # noqa: BLE001 (the child must not return)
            answer = f"{type(error).__name__}: {error}"
        os.write(writer, answer.encode())
        os._exit(0)
    os.close(writer)
    deadline = time.monotonic() + 30
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(child, 9)
            os.waitpid(child, 0)
            break
        time.sleep(0.01)
    with os.fdopen(reader, "rb") as pipe:
        return pipe.read().decode()


class TestTaxonomies:
    OTHER = Taxonomy(HR_THEMES[:2])

    def test_a_new_store_takes_the_first_taxonomy(self, store: AnnotationStore) -> None:
        store.require_taxonomy(HR_THEMES)
        store.require_taxonomy(HR_THEMES)
        with pytest.raises(StoreMismatchError, match="another taxonomy"):
            store.require_taxonomy(self.OTHER)

    def test_the_error_says_what_is_there_and_what_to_do(
        self, store: AnnotationStore, path: Path
    ) -> None:
        store.require_taxonomy(self.OTHER)
        store.put(make_key(), OK, offer_id="o")
        with pytest.raises(StoreMismatchError) as caught:
            store.require_taxonomy(HR_THEMES)
        assert str(caught.value) == (
            f"{path} holds 1 answers of another taxonomy: {self.OTHER.fingerprint} (DIVERSITY, "
            f"COMPENSATION_BENEFITS). This one is {HR_THEMES.fingerprint} "
            f"({', '.join(HR_THEMES.codes)}). Pass the taxonomy that the answers were made with, "
            "or another store; or accept that every offer is asked again with "
            "AnnotationStore(path).add_taxonomy(taxonomy)."
        )

    def test_a_changed_definition_is_another_taxonomy(self, store: AnnotationStore) -> None:
        store.require_taxonomy(HR_THEMES)
        with pytest.raises(StoreMismatchError, match="another taxonomy"):
            store.require_taxonomy(Taxonomy(HR_THEMES, title="another title"))

    def test_one_that_was_added_is_accepted_beside_the_first(self, store: AnnotationStore) -> None:
        store.require_taxonomy(HR_THEMES)
        store.add_taxonomy(self.OTHER)
        store.add_taxonomy(self.OTHER)
        store.require_taxonomy(self.OTHER)
        store.require_taxonomy(HR_THEMES)

    def test_the_taxonomies_can_be_read_back(self, store: AnnotationStore, path: Path) -> None:
        store.require_taxonomy(HR_THEMES)
        store.close()
        connection = sqlite3.connect(path)
        ((content,),) = connection.execute("SELECT content FROM taxonomies")
        connection.close()
        assert Taxonomy.from_dict(json.loads(content)) == HR_THEMES


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

    def test_keys_and_replies_can_be_pickled(self) -> None:
        for thing in (make_key(parameters={"a": [1]}), OK):
            assert pickle.loads(pickle.dumps(thing)) == thing

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
        assert {reply.raw for reply in replies.values()} == texts
        assert len(store) == 200

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
            lines = [writer.stdout.readline() for _ in range(300)]
            writer.kill()
            lines += writer.stdout.read().splitlines(keepends=True)
        done = [line.strip() for line in lines if line.endswith("\n")]
        assert len(done) >= 300
        assert len(store.get(make_key(text).digest for text in done)) == len(done)
        assert all(len(reply.raw) == 3000 for reply in store.get([make_key("0").digest]).values())
        store.put(make_key("after"), OK, offer_id="o")

    @needs_fork
    @pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
    def test_a_forked_child_opens_the_file_for_itself(self, store: AnnotationStore) -> None:
        store.put(make_key("parent"), OK, offer_id="o")

        def use() -> int:
            store.put(make_key("child"), OK, offer_id="o")
            store.close()
            return len(store)

        assert _run_in_fork(use) == "2"
        store.put(make_key("parent again"), OK, offer_id="o")
        assert len(store) == 3

    @needs_fork
    @pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
    def test_a_forked_child_does_not_wait_for_a_thread_of_its_parent(
        self, store: AnnotationStore, path: Path
    ) -> None:
        """The thread that held the lock when the process forked does not exist in the child."""
        store.put(make_key("a"), OK, offer_id="o")
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")  # the thread's put waits, and holds the lock meanwhile
        thread = threading.Thread(
            target=store.put, args=(make_key("b"), OK), kwargs={"offer_id": "o"}
        )
        thread.start()
        time.sleep(0.1)
        try:
            assert _run_in_fork(lambda: len(store)) == "1"
        finally:
            blocker.execute("ROLLBACK")
            blocker.close()
            thread.join()
        assert len(store) == 2


def test_an_empty_store_is_true(tmp_path: Path) -> None:
    with AnnotationStore(tmp_path / "store.sqlite") as store:
        assert len(store) == 0
        assert store
