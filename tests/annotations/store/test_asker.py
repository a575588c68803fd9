import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

import pytest

from annotations.forks import needs_fork, run_in_fork
from annotations.workers import ask_for, make_key
from jocas_themes.annotations import AnnotationStore, Asker, Claim, Spending, StoredReply
from jocas_themes.errors import StoreError

KEYS = [make_key(str(number)) for number in range(600)]
A, B, C = (key.digest for key in KEYS[:3])
BROKEN = StoredReply(raw="{}", status=None)  # type: ignore[arg-type]


def make_reply(**changes: Any) -> StoredReply:
    return StoredReply(**{"raw": "{}", "status": "ok", "cost_usd": 0.125, **changes})


def claim(asker: Asker, key: str = A, attempt: int = 0, reserved_usd: float = 0.25) -> Claim:
    return asker.claim(key, attempt, reserved_usd=reserved_usd).result(timeout=30)


def keep(asker: Asker, number: int = 0, reply: StoredReply | None = None) -> "Future[None]":
    return asker.keep(KEYS[number], reply or make_reply(), offer_id="o", messages=())


def list_locks(path: Path) -> list[str]:
    """List what askers leave beside the store."""
    return sorted(file.name for file in path.parent.glob(f".{path.name}.?*.lock*"))


def count_locks(path: Path) -> int:
    return sum(name.endswith(".lock") for name in list_locks(path))


def read(store: AnnotationStore, query: str) -> list[tuple[Any, ...]]:
    with store.read() as connection:
        return connection.execute(query).fetchall()


class TestChanges:
    def test_are_on_disk_once_they_are_done(self, store: AnnotationStore, path: Path) -> None:
        with store.ask() as asker, AnnotationStore(path) as other:
            assert claim(asker) is Claim.YOURS
            assert other.read_spending().in_flight_usd == 0.25
            assert keep(asker).result(timeout=30) is None
            assert other.read_spending() == Spending(spent_usd=0.125, lost_usd=0, in_flight_usd=0)
            assert other.get([A]) == {A: (make_reply(),)}

    def test_a_reply_is_kept_with_what_was_sent(self, store: AnnotationStore) -> None:
        messages = [{"role": "user", "content": "Cariste"}]
        with store.ask() as asker:
            asker.keep(KEYS[0], make_reply(), offer_id="o7", messages=messages).result(timeout=30)
        (record,) = store.trace([A])
        assert (record["offer_id"], record["messages"]) == ("o7", messages)

    def test_a_claim_can_be_given_back(self, store: AnnotationStore, path: Path) -> None:
        with store.ask() as asker, AnnotationStore(path) as other, other.ask() as rival:
            claim(asker, A)
            claim(asker, B)
            assert claim(rival, A) is Claim.TAKEN
            asker.release(A, lost=None).result(timeout=30)
            asker.release(B, lost="timeout").result(timeout=30)
            assert claim(rival, A) is claim(rival, B) is Claim.YOURS
            spending = store.read_spending()
            assert spending == Spending(spent_usd=0, lost_usd=0.25, in_flight_usd=0.5)

    def test_others_answers_are_seen(self, store: AnnotationStore, path: Path) -> None:
        with store.ask() as asker, AnnotationStore(path) as other, other.ask() as rival:
            claim(rival)
            keep(rival).result(timeout=30)
            assert claim(asker) is Claim.ANSWERED
            assert claim(asker, attempt=1) is Claim.YOURS

    def test_the_budget_counts_everything_in_the_store(self, store: AnnotationStore) -> None:
        store.put(KEYS[2], make_reply(cost_usd=0.5), offer_id="o")
        with store.ask(max_cost_usd=1) as asker:
            assert claim(asker, A, reserved_usd=0.5) is Claim.YOURS
            assert claim(asker, B, reserved_usd=0.001) is Claim.OVER_BUDGET
            asker.release(A, lost="timeout").result(timeout=30)
            assert claim(asker, B, reserved_usd=0.001) is Claim.OVER_BUDGET

    def test_those_that_wait_together_share_a_transaction(self, store: AnnotationStore) -> None:
        statements: list[str] = []
        with store.ask() as asker:
            with store.read() as connection:  # nobody else can use it meanwhile
                connection.set_trace_callback(statements.append)
                futures = [keep(asker, number) for number in range(len(KEYS))]
            for future in futures:
                future.result(timeout=30)
            with store.read() as connection:
                connection.set_trace_callback(None)
        assert len(store) == len(KEYS) == 600
        # At most 256 each: one for the first that came, perhaps, and three for the others.
        assert 3 <= statements.count("BEGIN IMMEDIATE") <= 4

    def test_the_order_is_that_of_the_calls(self, store: AnnotationStore) -> None:
        with store.ask() as asker:
            for number in range(50):
                keep(asker, 0, make_reply(raw=str(number)))
        assert [reply.raw for reply in store.get([A])[A]] == [str(n) for n in range(50)]


class TestFailures:
    def test_one_that_fails_takes_no_other_with_it(self, store: AnnotationStore) -> None:
        messages = [{"role": "user", "content": "Cariste"}]
        with store.ask() as asker:
            claim(asker, B)
            with store.read():
                futures = [
                    keep(asker, 0),
                    asker.keep(KEYS[1], BROKEN, offer_id="o", messages=messages),
                    asker._submit(lambda _: 1 / 0),
                    keep(asker, 2),
                ]
            assert futures[0].result(timeout=30) is None
            with pytest.raises(StoreError, match=r"failed: NOT NULL constraint failed: .*status"):
                futures[1].result(timeout=30)
            with pytest.raises(ZeroDivisionError, match="division by zero"):
                futures[2].result(timeout=30)
            assert futures[3].result(timeout=30) is None
            assert list(store.get([A, B, C])) == [A, C]
            # Nothing of the one that failed was kept, and its claim holds.
            assert read(store, "SELECT * FROM messages") == []
            assert store.read_spending().in_flight_usd == 0.25
            keep(asker, 1).result(timeout=30)
        assert store.read_spending() == Spending(spent_usd=0.375, lost_usd=0, in_flight_usd=0)

    def test_a_reply_nobody_waits_for_any_more_is_kept(self, store: AnnotationStore) -> None:
        with store.ask() as asker:
            claim(asker)
            with store.read():
                future = keep(asker)
                cancelled = future.cancel()
                neighbour = keep(asker, 1)
            assert neighbour.result(timeout=30) is None
            assert cancelled is future.cancelled()
            assert store.get([A]) == {A: (make_reply(),)}

    def test_a_cancelled_claim_holds_until_it_is_given_back(self, store: AnnotationStore) -> None:
        with store.ask() as asker:
            with store.read():
                blocked = keep(asker, 1)
                asker.claim(A, 0, reserved_usd=0.25).cancel()
            blocked.result(timeout=30)
            asker.release(A, lost=None).result(timeout=30)
            assert store.read_spending().total_usd == 0.125

    def test_a_callback_that_fails_does_not_stop_the_writer(
        self, store: AnnotationStore, caplog: pytest.LogCaptureFixture
    ) -> None:
        with store.ask() as asker:
            with store.read():
                future = keep(asker)
                future.add_done_callback(lambda _: 1 / 0)
            future.result(timeout=30)
            keep(asker, 1).result(timeout=30)
        assert "ZeroDivisionError" in caplog.text

    def test_a_full_disk(self, store: AnnotationStore) -> None:
        big = make_reply(raw="x" * 100_000)
        with store.ask() as asker:
            claim(asker, B)
            with store.read() as connection:
                (n_pages,) = connection.execute("PRAGMA page_count").fetchone()
                connection.execute(f"PRAGMA max_page_count = {n_pages + 3}")
                futures = [keep(asker, 1, big), keep(asker, 0)]
            with pytest.raises(StoreError, match="failed: database or disk is full"):
                futures[0].result(timeout=30)
            # Its neighbour is on disk, or failed for the same reason: it tells which.
            if futures[1].exception(timeout=30):
                assert store.get([A]) == {}
            assert store.get([B]) == {}
            assert store.read_spending().in_flight_usd == 0.25
            with store.read() as connection:
                connection.execute("PRAGMA max_page_count = 100000")
            keep(asker, 1, big).result(timeout=30)
        assert store.get([B]) == {B: (big,)}

    def test_a_store_that_others_lock(self, store: AnnotationStore, path: Path) -> None:
        blocker = sqlite3.connect(path, isolation_level=None)
        with store.ask() as asker:
            with store.read() as connection:
                connection.execute("PRAGMA busy_timeout = 20")
            blocker.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="failed: database is locked"):
                keep(asker).result(timeout=30)
            blocker.execute("ROLLBACK")
            keep(asker).result(timeout=30)
        blocker.close()
        assert len(store) == 1

    def test_outside_its_with_statement(self, store: AnnotationStore) -> None:
        asker = store.ask()
        with pytest.raises(RuntimeError, match="only inside its with statement"):
            keep(asker)
        with asker:
            keep(asker)
        with pytest.raises(RuntimeError, match="only inside its with statement"):
            keep(asker)
        assert len(store) == 1


class TestEnding:
    def test_all_that_was_handed_over_is_kept(self, store: AnnotationStore) -> None:
        with store.ask() as asker:
            futures = [keep(asker, number) for number in range(len(KEYS))]
        assert all(future.done() for future in futures)
        assert len(store) == len(KEYS)

    def test_what_was_left_unanswered_is_lost(self, store: AnnotationStore, path: Path) -> None:
        def ask() -> None:
            with store.ask() as asker:
                claim(asker, A)
                claim(asker, B)
                keep(asker, 1)
                raise KeyboardInterrupt("Ctrl-C")

        with pytest.raises(KeyboardInterrupt, match="Ctrl-C"):
            ask()
        spending = store.read_spending()
        assert spending == Spending(spent_usd=0.125, lost_usd=0.25, in_flight_usd=0)
        assert read(store, "SELECT key, reason FROM losses") == [(A, "left unanswered")]
        assert read(store, "SELECT * FROM askers") == []
        assert list_locks(path) == []

    def test_the_lock_is_gone_also_when_the_end_fails(
        self, store: AnnotationStore, path: Path
    ) -> None:
        blocker = sqlite3.connect(path, isolation_level=None)

        def ask() -> None:
            with store.ask() as asker:
                claim(asker)
                with store.read() as connection:
                    connection.execute("PRAGMA busy_timeout = 20")
                blocker.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreError, match="database is locked"):
            ask()
        blocker.execute("ROLLBACK")
        blocker.close()
        assert list_locks(path) == []
        with store.ask() as asker:  # to it, the other is dead
            assert claim(asker) is Claim.YOURS
            assert store.read_spending().lost_usd == 0.25

    def test_no_folder(self, tmp_path: Path) -> None:
        asker = AnnotationStore(tmp_path / "missing" / "a.sqlite").ask()
        with pytest.raises(StoreError, match=r"there is no folder .*missing\. Make it"), asker:
            pass

    def test_no_lock(
        self, store: AnnotationStore, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asker = store.ask()
        path.with_name(f".{path.name}.{asker._asker_id}.lock").mkdir()
        with pytest.raises(StoreError, match=r"failed: no lock .*unable to open"), asker:
            pass
        assert read(store, "SELECT * FROM askers") == []


HOLDER = """
import sys, time
from jocas_themes.annotations import AnnotationStore, ReplyKey, StoredReply
def make_key(text):
    return ReplyKey(
        text=text, model="m", prompt_version="1", taxonomy_fingerprint="f", parameters={}
    )
with AnnotationStore(sys.argv[1]) as store, store.ask() as asker:
    for text in "012":
        asker.claim(make_key(text).digest, 0, reserved_usd=0.25).result()
    reply = StoredReply(raw="{}", status="ok", cost_usd=0.125)
    asker.keep(make_key("2"), reply, offer_id="o", messages=()).result()
    print("asking", flush=True)
    time.sleep(60)
"""


class TestOtherProcesses:
    def test_the_claims_of_one_that_was_killed_are_lost_and_those_of_others_hold(
        self, store: AnnotationStore, path: Path
    ) -> None:
        command = [sys.executable, "-c", HOLDER, str(path)]
        with (
            AnnotationStore(path) as other,
            other.ask() as living,
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder,
        ):
            claim(living, KEYS[3].digest)
            try:
                assert holder.stdout is not None
                assert holder.stdout.readline() == "asking\n"
                with store.ask() as asker:
                    assert claim(asker, A) is claim(asker, B) is Claim.TAKEN
                    assert claim(asker, C) is Claim.ANSWERED
                    spending = store.read_spending()
                    assert spending == Spending(spent_usd=0.125, lost_usd=0, in_flight_usd=0.75)
            finally:
                holder.kill()
            holder.wait()
            # Also without anybody's recovering, its money stays counted.
            assert store.read_spending().total_usd == 0.875
            with store.ask() as asker:
                spending = store.read_spending()
                assert spending == Spending(spent_usd=0.125, lost_usd=0.5, in_flight_usd=0.25)
                assert claim(asker, A) is claim(asker, B) is Claim.YOURS
                assert claim(asker, C) is Claim.ANSWERED
                assert claim(asker, KEYS[3].digest) is Claim.TAKEN
                asker.recover()
                assert store.read_spending().lost_usd == 0.5
                assert count_locks(path) == 2  # of those that live
        assert list_locks(path) == []
        assert {reason for (reason,) in read(store, "SELECT reason FROM losses")} == (
            {"the process died", "left unanswered"}
        )

    @pytest.mark.parametrize("how", ["link", "relative path"])
    def test_one_that_knows_the_file_by_another_name_lives(
        self, store: AnnotationStore, path: Path, how: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its lock must be found, or its claims would be void and its questions paid twice."""
        name = Path(path.name)
        if how == "link":
            name = path.parent / "folder" / "link.sqlite"
            name.parent.mkdir()
            name.symlink_to(path)
        monkeypatch.chdir(path.parent)
        with AnnotationStore(name) as other, other.ask() as living:
            monkeypatch.chdir(path.parent.parent)
            claim(living)
            with store.ask() as asker:
                assert claim(asker) is Claim.TAKEN
                asker.recover()
                living.recover()
                assert store.read_spending().lost_usd == 0

    def test_two_that_race_pay_once_and_never_too_much(
        self, four_processes: Pool, store: AnnotationStore, path: Path
    ) -> None:
        # Whenever a claim is added, note the total: it grows at no other time.
        with store.change() as connection:
            connection.execute("CREATE TABLE peaks (usd REAL)")
            connection.execute(
                "CREATE TRIGGER watch AFTER UPDATE ON totals "
                "WHEN new.name = 'claimed' AND new.usd > old.usd "
                "BEGIN INSERT INTO peaks SELECT sum(usd) FROM totals; END"
            )
        # 200 keys. A quarter is lost at 1/32, the others cost 1/64 but need 1/32 beforehand: all
        # of them would cost 50/32 + 150/64 = 3.9.
        max_cost_usd, start = 2.0, time.time() + 0.1
        jobs = [(path, start, worker, 200, max_cost_usd) for worker in range(2)]
        asking = four_processes.starmap_async(ask_for, jobs, chunksize=1)
        seen = [store.read_spending().total_usd]
        while not asking.ready():
            seen.append(store.read_spending().total_usd)
        one, other = asking.get()
        answered = [key for (key,) in read(store, "SELECT key FROM replies")]
        lost = [key for (key,) in read(store, "SELECT key FROM losses")]
        assert len(set(answered)) == len(answered)
        # Each key was asked once, but for those that were lost and asked again.
        assert sorted(one + other) == sorted(answered + lost)
        ((peak,),) = read(store, "SELECT max(usd) FROM peaks")
        assert max(*seen, peak) <= max_cost_usd
        assert peak > max_cost_usd - 1 / 32  # no more could be asked
        spending = store.read_spending()
        assert spending.total_usd == len(answered) / 64 + len(lost) / 32
        assert spending.in_flight_usd == 0
        assert list_locks(path) == []

    def test_many_askers_at_once(self, path: Path) -> None:
        outcomes: list[tuple[int, Claim]] = []

        def ask(worker: int) -> None:
            numbers = list(range(40))
            random.Random(worker).shuffle(numbers)
            with AnnotationStore(path) as store, store.ask() as asker:
                for number in numbers:
                    outcome = claim(asker, KEYS[number].digest)
                    outcomes.append((number, outcome))
                    if outcome is Claim.YOURS:
                        keep(asker, number)

        threads = [threading.Thread(target=ask, args=(worker,)) for worker in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(outcomes) == 6 * 40
        assert sorted(n for n, outcome in outcomes if outcome is Claim.YOURS) == list(range(40))
        with AnnotationStore(path) as store:
            assert len(store) == 40
            spending = store.read_spending()
            assert spending == Spending(spent_usd=40 * 0.125, lost_usd=0, in_flight_usd=0)
        assert list_locks(path) == []

    @needs_fork
    @pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
    def test_a_forked_child_leaves_its_parents_claims_alone(
        self, store: AnnotationStore, path: Path
    ) -> None:
        asker = store.ask()

        def use_and_leave() -> str:
            try:
                keep(asker)
            except RuntimeError as error:
                refused = str(error)
            with store.ask() as own:
                taken = claim(own)
                claim(own, B)
                keep(own, 1).result(timeout=30)
            asker.__exit__()  # as a child does that unwinds its parent's with statement
            return f"{refused} {taken}"

        with asker:
            claim(asker)
            assert run_in_fork(use_and_leave) == (
                "an Asker takes changes only inside its with statement. Claim.TAKEN"
            )
            assert count_locks(path) == 1
            with AnnotationStore(path) as other, other.ask() as rival:
                assert claim(rival) is Claim.TAKEN
            assert store.read_spending().lost_usd == 0
            keep(asker).result(timeout=30)
        assert list(store.get([A, B])) == [A, B] or list(store.get([A, B])) == [B, A]
        assert store.read_spending() == Spending(spent_usd=0.25, lost_usd=0, in_flight_usd=0)

    @needs_fork
    @pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
    def test_killed_at_any_moment_nothing_that_was_kept_is_lost(
        self, store: AnnotationStore, path: Path
    ) -> None:
        """Each time, what was answered is there, and the rest is free and counted."""

        def ask_until_killed(n_kept: int) -> None:
            with store.ask() as asker:
                futures = [
                    asker.claim(key.digest, 0, reserved_usd=0.25) for key in KEYS[: n_kept + 3]
                ]
                for future in futures:
                    future.result()
                for number in range(n_kept):
                    keep(asker, number).result()
                keep(asker, n_kept)  # perhaps
                os.kill(os.getpid(), 9)

        n_known = 0
        for n_kept in (1, 7, 30):
            before = store.read_spending()
            assert run_in_fork(lambda n=n_kept: ask_until_killed(n)) == ""  # type: ignore[misc]
            with store.ask():
                pass
            spending = store.read_spending()
            n_replies = len(store)
            assert n_replies in (n_known + n_kept, n_known + n_kept + 1) or n_replies >= n_kept
            assert len(store.get(key.digest for key in KEYS[:n_kept])) == n_kept
            assert spending.in_flight_usd == 0
            assert spending.spent_usd == n_replies * 0.125
            assert spending.lost_usd >= before.lost_usd + 2 * 0.25
            n_known = n_replies
