from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.workers import make_key
from jocas_themes.annotations import AnnotationStore, Claim, Question, Spending, StoredReply
from jocas_themes.annotations.store import _batches
from jocas_themes.annotations.store._batches import BatchLedger
from jocas_themes.errors import BudgetReachedError, StoreError
from jocas_themes.taxonomy import HR_THEMES

KEYS = [make_key(text, parameters={"temperature": 0}) for text in "abc"]
A, B, C = (key.digest for key in KEYS)
OK = StoredReply(raw="{}", status="ok", cost_usd=0.125, batch_id="b1")
SYSTEM = {"role": "system", "content": "Lis."}


@pytest.fixture
def ledger(store: AnnotationStore) -> BatchLedger:
    return BatchLedger(store)


def ask(number: int, **changes: Any) -> tuple[Question, list[dict[str, str]]]:
    parts: dict[str, Any] = {
        "key": KEYS[number],
        "offer_id": f"o{number}",
        "attempt": 0,
        "reserved_usd": 0.25,
    }
    user = {"role": "user", "content": KEYS[number].text}
    return Question(**parts | changes), [SYSTEM, user]


def add(
    ledger: BatchLedger, *numbers: int, batch_id: str = "b1", max_cost_usd: float | None = None
) -> set[str]:
    return ledger.add(
        batch_id,
        [ask(number) for number in numbers],
        server="https://api.example.org",
        model="m",
        price="{}",
        max_cost_usd=max_cost_usd,
    )


class TestQuestion:
    PARAMETERS = st.dictionaries(
        st.text(max_size=3),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False)),
            lambda children: st.lists(children, max_size=2),
            max_leaves=3,
        ),
        max_size=3,
    )

    @settings(deadline=None, max_examples=150)
    @given(
        text=st.text(st.characters(), max_size=5),
        parameters=PARAMETERS,
        vote=st.integers(0, 3),
        replay=st.text(max_size=3),
        attempt=st.integers(0, 2),
        reserved_usd=st.floats(0, 10),
        messages=st.lists(st.text("0123456789abcdef"), max_size=3).map(tuple),
    )
    def test_comes_back_as_it_was(
        self,
        text: str,
        parameters: dict[str, Any],
        vote: int,
        replay: str,
        attempt: int,
        reserved_usd: float,
        messages: tuple[str, ...],
    ) -> None:
        question = Question(
            key=make_key(text, parameters=parameters, vote=vote, replay=replay),
            offer_id="o",
            attempt=attempt,
            reserved_usd=reserved_usd,
            messages=messages,
        )
        loaded = _batches._load(_batches._dump(question))
        assert loaded == question
        assert loaded.key.digest == question.key.digest

    def test_is_read_from_the_store(self, ledger: BatchLedger) -> None:
        add(ledger, 0, 1)
        found = ledger.read_questions("b1", [B, C])
        assert list(found) == [B]
        assert found[B].key == KEYS[1]
        assert (found[B].offer_id, len(found[B].messages)) == ("o1", 2)


class TestMoney:
    def test_a_batch_reserves_what_it_may_cost(
        self, ledger: BatchLedger, store: AnnotationStore
    ) -> None:
        assert add(ledger, 0, 1) == {A, B}
        assert store.read_spending() == Spending(spent_usd=0, lost_usd=0, in_flight_usd=0.5)
        with store.ask(max_cost_usd=0.6) as asker:
            assert asker.claim(A, 0, reserved_usd=0.1).result() is Claim.IN_BATCH
            assert asker.claim(C, 0, reserved_usd=0.2).result() is Claim.OVER_BUDGET
            asker.recover()
        assert store.read_spending().in_flight_usd == 0.5  # no run ends a batch

    def test_exactly_at_the_limit_and_above(
        self, ledger: BatchLedger, store: AnnotationStore
    ) -> None:
        store.put(make_key("paid"), OK, offer_id="o")
        with pytest.raises(BudgetReachedError, match=r"of 2 requests may cost up to \$0\.5000"):
            add(ledger, 0, 1, max_cost_usd=0.62)
        # Nothing of it is there: neither claims nor messages nor the batch.
        assert store.read_spending().in_flight_usd == 0
        assert store.read_batches().empty
        assert ledger.find_holders([A, B]) == {}
        assert add(ledger, 0, 1, max_cost_usd=0.625) == {A, B}

    def test_what_others_ask_or_have_answered_is_left_out(
        self, ledger: BatchLedger, store: AnnotationStore
    ) -> None:
        store.put(KEYS[0], OK, offer_id="o")
        with store.ask() as asker:
            asker.claim(B, 0, reserved_usd=0.25).result()
            assert add(ledger, 0, 1, 2) == {C}
            assert ledger.find_holders([A, B, C]) == {B: None, C: "b1"}
        assert add(ledger, 0, 2, batch_id="b2") == set()
        assert store.read_batches()["batch_id"].tolist() == ["b1"]


class TestCollecting:
    def test_a_reply_is_kept_once_with_what_was_sent(
        self, ledger: BatchLedger, store: AnnotationStore
    ) -> None:
        add(ledger, 0, 1)
        question = ledger.read_questions("b1", [A])[A]
        for _ in range(2):  # two processes collect the same batch
            ledger.keep("b1", [(question, OK)])
        assert store.get([A, B]) == {A: (OK,)}
        (record,) = store.trace([A])
        assert record["messages"] == [SYSTEM, {"role": "user", "content": "a"}]
        assert ledger.read_pending("b1") == [B]
        assert store.read_spending() == Spending(spent_usd=0.125, lost_usd=0, in_flight_usd=0.25)

    def test_all_replies_or_none(self, ledger: BatchLedger, store: AnnotationStore) -> None:
        add(ledger, 0, 1)
        found = ledger.read_questions("b1", [A, B])
        broken = StoredReply(raw="{}", status=None)  # type: ignore[arg-type]
        with pytest.raises(StoreError, match="NOT NULL constraint failed"):
            ledger.keep("b1", [(found[A], OK), (found[B], broken)])
        assert len(store) == 0
        assert len(ledger.read_pending("b1")) == 2

    def test_what_a_closed_batch_did_not_answer_is_free(
        self, ledger: BatchLedger, store: AnnotationStore
    ) -> None:
        add(ledger, 0, 1, 2)
        ledger.keep("b1", [(ledger.read_questions("b1", [A])[A], OK)])
        for _ in range(2):  # the second time changes nothing
            ledger.close("b1", status="expired", detail="2 of 3", lost=[B])
        assert store.read_spending() == Spending(spent_usd=0.125, lost_usd=0.25, in_flight_usd=0)
        assert ledger.find_open() == []
        assert ledger.read_pending("b1") == []
        (row,) = store.read_batches().to_dict("records")
        assert (row["status"], row["detail"], row["n_requests"]) == ("expired", "2 of 3", 3)
        assert add(ledger, 0, 1, 2, batch_id="b2") == {B, C}

    def test_another_process_finds_what_is_open(
        self, ledger: BatchLedger, store: AnnotationStore
    ) -> None:
        add(ledger, 0)
        add(ledger, 1, batch_id="b2")
        ledger.note_uploaded("b1", "file-1")
        ledger.note_status("b1", remote_id="batch_1", status="in_progress")
        with AnnotationStore(store.path) as other:
            batches = {batch.batch_id: batch for batch in BatchLedger(other).find_open()}
        assert sorted(batches) == ["b1", "b2"]
        one = batches["b1"]
        assert (one.remote_id, one.status, one.input_file_id) == (
            ("batch_1", "in_progress", "file-1")
        )
        assert (batches["b2"].remote_id, batches["b2"].status) == (None, "submitting")


def test_one_process_submits_a_batch(ledger: BatchLedger, store: AnnotationStore) -> None:
    with ledger.hold("b1") as mine, BatchLedger(AnnotationStore(store.path)).hold("b1") as yours:
        assert (mine, yours) == (True, False)
    with ledger.hold("b1") as mine:
        assert mine
    assert list(store.path.parent.glob(".*b1*")) == []


def test_the_taxonomy_of_a_question(ledger: BatchLedger, store: AnnotationStore) -> None:
    store.add_taxonomy(HR_THEMES)
    assert ledger.read_taxonomy(HR_THEMES.fingerprint) == HR_THEMES
    with pytest.raises(StoreError, match=r"lacks the taxonomy 1234 of a batch\. Add it"):
        ledger.read_taxonomy("1234")
