import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.workers import make_key
from jocas_themes.annotations import AnnotationStore, Claim, Spending, StoredReply
from jocas_themes.annotations.store import _claims, _schema
from jocas_themes.annotations.store._claims import BATCH_PREFIX, read_spending
from jocas_themes.annotations.store._reply_table import insert_reply

KEYS = [make_key(text) for text in "abc"]
A, B, C = (key.digest for key in KEYS)


def make_tables() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(_schema._load("tables.sql"))
    return connection


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    opened = make_tables()
    yield opened
    opened.close()


def claim(
    connection: sqlite3.Connection,
    key: str = A,
    attempt: int = 0,
    *,
    asker_id: str = "one",
    reserved_usd: float = 0.25,
    max_cost_usd: float | None = None,
) -> Claim:
    return _claims.add_claim(
        connection,
        key,
        attempt,
        asker_id=asker_id,
        reserved_usd=reserved_usd,
        max_cost_usd=max_cost_usd,
    )


def answer(connection: sqlite3.Connection, key: str = A, **changes: Any) -> None:
    reply = StoredReply(**{"raw": "{}", "status": "ok", **changes})
    full_key = next(each for each in KEYS if each.digest == key)
    insert_reply(connection, full_key, reply, offer_id="o", messages=())


class TestClaim:
    def test_the_first_has_it(self, connection: sqlite3.Connection) -> None:
        assert claim(connection) is Claim.YOURS
        assert claim(connection, asker_id="other") is Claim.TAKEN
        assert claim(connection, B, asker_id="other") is Claim.YOURS

    def test_twice_by_the_same_is_once(self, connection: sqlite3.Connection) -> None:
        assert [claim(connection) for _ in range(2)] == [Claim.YOURS] * 2
        assert read_spending(connection).in_flight_usd == 0.25

    def test_one_that_a_batch_asks(self, connection: sqlite3.Connection) -> None:
        claim(connection, asker_id=f"{BATCH_PREFIX}b1")
        assert claim(connection) is Claim.IN_BATCH

    def test_one_that_was_answered(self, connection: sqlite3.Connection) -> None:
        answer(connection)
        assert claim(connection) is Claim.ANSWERED
        assert read_spending(connection).in_flight_usd == 0

    @pytest.mark.parametrize(
        ("attempt", "expected"),
        [(0, Claim.ANSWERED), (1, Claim.ANSWERED), (2, Claim.YOURS)],
    )
    def test_a_correction_is_another_question(
        self, connection: sqlite3.Connection, attempt: int, expected: Claim
    ) -> None:
        answer(connection, status="invalid", attempt=1)
        assert claim(connection, attempt=attempt) is expected

    def test_one_that_was_given_back(self, connection: sqlite3.Connection) -> None:
        claim(connection)
        _claims.drop_claim(connection, A, asker_id="one")
        assert claim(connection, asker_id="other") is Claim.YOURS
        assert read_spending(connection) == Spending(spent_usd=0, lost_usd=0, in_flight_usd=0.25)

    def test_nobody_gives_back_what_is_not_theirs(self, connection: sqlite3.Connection) -> None:
        claim(connection)
        _claims.drop_claim(connection, A, asker_id="other")
        _claims.add_loss(connection, A, asker_id="other", reason="timeout")
        _claims.drop_asker(connection, "other", reason="the process died")
        assert claim(connection, asker_id="other") is Claim.TAKEN
        assert read_spending(connection) == Spending(spent_usd=0, lost_usd=0, in_flight_usd=0.25)


class TestBudget:
    def test_counts_what_is_spent_lost_and_under_way(self, connection: sqlite3.Connection) -> None:
        answer(connection, A, cost_usd=0.5)
        claim(connection, B, reserved_usd=0.25)
        _claims.add_loss(connection, B, asker_id="one", reason="timeout")
        claim(connection, C, reserved_usd=0.125)
        spending = read_spending(connection)
        assert spending == Spending(spent_usd=0.5, lost_usd=0.25, in_flight_usd=0.125)
        assert spending.total_usd == 0.875

    @pytest.mark.parametrize(
        ("max_cost_usd", "expected"),
        [
            (0.875 + 0.125, Claim.YOURS),  # exactly
            (1.0 - 1e-6, Claim.OVER_BUDGET),
            (0.0, Claim.OVER_BUDGET),
            (None, Claim.YOURS),
        ],
    )
    def test_goes_exactly_to_the_limit(
        self, connection: sqlite3.Connection, max_cost_usd: float | None, expected: Claim
    ) -> None:
        self.test_counts_what_is_spent_lost_and_under_way(connection)
        outcome = claim(connection, B, 1, reserved_usd=0.125, max_cost_usd=max_cost_usd)
        assert outcome is expected

    def test_tenths_of_a_dollar_add_up(self, connection: sqlite3.Connection) -> None:
        """0.1 + 0.1 + 0.1 > 0.3 in binary."""
        for key in (A, B, C):
            outcome = claim(connection, key, reserved_usd=0.1, max_cost_usd=0.3)
            assert outcome is Claim.YOURS

    def test_what_costs_nothing_may_be_asked_for_nothing(
        self, connection: sqlite3.Connection
    ) -> None:
        assert claim(connection, reserved_usd=0, max_cost_usd=0) is Claim.YOURS

    def test_a_reply_that_cost_less_frees_the_rest(self, connection: sqlite3.Connection) -> None:
        claim(connection, A, reserved_usd=0.75, max_cost_usd=1)
        refused = claim(connection, B, reserved_usd=0.5, max_cost_usd=1)
        answer(connection, A, cost_usd=0.25)
        _claims.drop_claim(connection, A, asker_id="one")
        taken = claim(connection, B, reserved_usd=0.5, max_cost_usd=1)
        assert (refused, taken) == (Claim.OVER_BUDGET, Claim.YOURS)

    def test_a_refused_claim_leaves_no_trace(self, connection: sqlite3.Connection) -> None:
        claim(connection, reserved_usd=2, max_cost_usd=1)
        assert read_spending(connection).total_usd == 0
        assert claim(connection, asker_id="richer", reserved_usd=2) is Claim.YOURS

    @settings(deadline=None, max_examples=60)
    @given(
        steps=st.lists(
            st.tuples(
                st.sampled_from(["claim", "keep", "release", "lose", "die"]),
                st.sampled_from([A, B, C]),
                st.sampled_from(["one", "other"]),
                st.sampled_from([0.0, 0.01, 0.1, 0.25]),
            ),
            max_size=25,
        )
    )
    def test_the_totals_are_those_of_the_rows_and_never_too_much(
        self, steps: list[tuple[str, str, str, float]]
    ) -> None:
        connection = make_tables()
        for attempt, (step, key, asker_id, usd) in enumerate(steps):
            mine = connection.execute(
                "SELECT reserved_usd FROM claims WHERE key = ? AND asker_id = ?", (key, asker_id)
            ).fetchone()
            if step == "claim":
                claim(
                    connection, key, attempt, asker_id=asker_id, reserved_usd=usd, max_cost_usd=0.5
                )
            elif step == "keep" and mine:
                answer(connection, key, attempt=attempt, cost_usd=min(usd, *mine))
                _claims.drop_claim(connection, key, asker_id=asker_id)
            elif step == "release":
                _claims.drop_claim(connection, key, asker_id=asker_id)
            elif step == "lose":
                _claims.add_loss(connection, key, asker_id=asker_id, reason="timeout")
            elif step == "die":
                _claims.drop_asker(connection, asker_id, reason="the process died")
            sums = [
                connection.execute(f"SELECT total({column}) FROM {table}").fetchone()[0]
                for column, table in [
                    ("cost_usd", "replies"),
                    ("cost_usd", "losses"),
                    ("reserved_usd", "claims"),
                ]
            ]
            spending = read_spending(connection)
            told = [spending.spent_usd, spending.lost_usd, spending.in_flight_usd]
            assert told == pytest.approx(sums, abs=1e-12)
            assert spending.total_usd <= 0.5 + 1e-8
        connection.close()


class TestDropAsker:
    def test_what_it_held_is_lost(self, store: AnnotationStore) -> None:
        with store.change() as connection:
            claim(connection, A, reserved_usd=0.25)
            claim(connection, B, reserved_usd=0.5)
            claim(connection, C, asker_id="other")
            _claims.drop_asker(connection, "one", reason="the process died")
        with store.read() as connection:
            losses = connection.execute(
                "SELECT key, cost_usd, reason FROM losses ORDER BY cost_usd"
            )
            assert losses.fetchall() == (
                [(A, 0.25, "the process died"), (B, 0.5, "the process died")]
            )
        assert store.read_spending() == Spending(spent_usd=0, lost_usd=0.75, in_flight_usd=0.25)

    def test_without_a_reason_nothing_is(self, connection: sqlite3.Connection) -> None:
        claim(connection)
        _claims.drop_asker(connection, "one", reason=None)
        assert read_spending(connection).total_usd == 0
