import json
import sqlite3
from pathlib import Path

import pandas as pd
import pytest

from annotations.workers import make_key
from jocas_themes.annotations import AnnotationStore, StoredReply
from jocas_themes.errors import StoreError, StoreMismatchError
from jocas_themes.taxonomy import HR_THEMES, Taxonomy

OK = StoredReply(raw="{}", status="ok")


class TestGetAndPut:
    def test_what_was_put_comes_back(self, store: AnnotationStore) -> None:
        reply = StoredReply(
            raw='{"a": "é\u2028😀\x00"}',
            status="invalid",
            attempt=1,
            prompt_tokens=1200,
            cached_tokens=1024,
            completion_tokens=300,
            reasoning_tokens=100,
            cost_usd=0.0125,
            duration_s=1.25,
            request_id="req_1",
            batch_id="b1",
            left_out="temperature",
        )
        store.put(make_key(), reply, offer_id="o1")
        assert store.get([make_key().digest]) == {make_key().digest: (reply,)}
        assert len(store) == 1

    def test_what_is_not_there_is_not_in_the_result(self, store: AnnotationStore) -> None:
        store.put(make_key("a"), OK, offer_id="o1")
        digests = [make_key(text).digest for text in "abc"]
        assert list(store.get(digests)) == [digests[0]]
        assert store.get([]) == {}
        assert store.get(["", "x'); DROP TABLE replies; --"]) == {}
        assert store.get(iter([digests[0], digests[0]])) == {digests[0]: (OK,)}

    def test_many_at_once(self, store: AnnotationStore) -> None:
        """More than old versions of SQLite take as separate parameters."""
        keys = [make_key(str(number)) for number in range(2_000)]
        store.put_many((key, OK, "o") for key in keys)
        assert len(store) == len(store.get(key.digest for key in keys)) == 2_000

    def test_put_many_is_all_or_nothing(self, store: AnnotationStore) -> None:
        broken = StoredReply(raw="{}", status=None)  # type: ignore[arg-type]
        with pytest.raises(StoreError, match="NOT NULL"):
            store.put_many([(make_key("a"), OK, "o"), (make_key("b"), broken, "o")])
        assert len(store) == 0
        store.put(make_key("a"), OK, offer_id="o")
        assert len(store) == 1

    @pytest.mark.parametrize("first", ["ok", "refused", "truncated", "invalid"])
    @pytest.mark.parametrize("second", ["ok", "refused", "truncated", "invalid"])
    def test_nothing_is_ever_replaced(
        self, store: AnnotationStore, first: str, second: str
    ) -> None:
        old = StoredReply(raw="old", status=first, duration_s=1)
        new = StoredReply(raw="new", status=second, attempt=1)
        store.put(make_key(), old, offer_id="o")
        store.put(make_key(), new, offer_id="o")
        assert store.get([make_key().digest]) == {make_key().digest: (old, new)}

    def test_the_same_reply_twice_is_there_twice(self, store: AnnotationStore) -> None:
        """It was paid for twice, then."""
        paid = StoredReply(raw="{}", status="ok", cost_usd=0.5)
        store.put_many([(make_key(), paid, "o"), (make_key(), paid, "o")])
        assert store.get([make_key().digest]) == {make_key().digest: (paid, paid)}
        assert store.read_spending().spent_usd == 1.0

    def test_votes_and_replays_are_kept_apart(self, store: AnnotationStore) -> None:
        keys = [make_key(), make_key(vote=1), make_key(replay="2026-06")]
        replies = [StoredReply(raw=raw, status="ok") for raw in "abc"]
        for key, reply in zip(keys, replies, strict=True):
            store.put(key, reply, offer_id="o")
        found = store.get(key.digest for key in keys)
        assert [found[key.digest] for key in keys] == [(reply,) for reply in replies]
        assert store.to_frame()[["vote", "replay"]].to_numpy().tolist() == (
            [[0, ""], [1, ""], [0, "2026-06"]]
        )

    def test_to_frame(self, store: AnnotationStore) -> None:
        key = make_key(parameters={"temperature": 0})
        reply = StoredReply(raw="{}", status="ok", prompt_tokens=7, cost_usd=0.5)
        store.put(key, reply, offer_id="o1", messages=[{"role": "user", "content": "Cariste"}])
        (row,) = store.to_frame().to_dict("records")
        received = pd.to_datetime(row.pop("received_at"))
        assert abs(pd.Timestamp.now("UTC") - received) < pd.Timedelta("1min")
        assert {name: value for name, value in row.items() if value is not None} == {
            "reply_id": 1,
            "key": key.digest,
            "attempt": 0,
            "vote": 0,
            "replay": "",
            "offer_id": "o1",
            "model": "m",
            "prompt_version": "1",
            "taxonomy_fingerprint": "f",
            "parameters": '{"temperature": 0}',
            "left_out": "",
            "status": "ok",
            "prompt_tokens": 7,
            "cost_usd": 0.5,
        }

    def test_to_frame_of_an_empty_store(self, store: AnnotationStore) -> None:
        table = store.to_frame()
        assert table.empty
        assert not {"raw", "messages"} & set(table.columns)


class TestTrace:
    SENT = ({"role": "system", "content": "Lis."}, {"role": "user", "content": "Cariste"})

    def test_tells_what_was_sent_and_what_came(self, store: AnnotationStore) -> None:
        key = make_key(parameters={"temperature": 0.5, "stop": ["a"]})
        first = StoredReply(raw="no", status="invalid", request_id="r1", cost_usd=0.25)
        second = StoredReply(raw="{}", status="ok", attempt=1, request_id="r2")
        corrected = [*self.SENT, {"role": "assistant", "content": "no"}, self.SENT[1]]
        store.put(key, first, offer_id="o", messages=self.SENT)
        store.put(make_key("other"), OK, offer_id="o", messages=self.SENT)
        store.put(key, second, offer_id="o", messages=corrected)
        one, two = store.trace([key.digest])
        assert (one["raw"], one["request_id"], one["cost_usd"]) == ("no", "r1", 0.25)
        assert one["parameters"] == {"temperature": 0.5, "stop": ["a"]}
        assert one["messages"] == list(self.SENT)
        assert (two["attempt"], two["messages"]) == (1, corrected)

    def test_what_is_not_there(self, store: AnnotationStore) -> None:
        assert store.trace([make_key().digest]) == []
        assert store.trace([]) == []


class TestTaxonomies:
    OTHER = Taxonomy(HR_THEMES[:2])

    def test_a_new_store_takes_the_first_taxonomy(self, store: AnnotationStore) -> None:
        store.require_taxonomy(HR_THEMES)
        store.require_taxonomy(HR_THEMES)
        store.require_taxonomy(self.OTHER)  # nothing was answered: the codebook may still change
        store.put(make_key(), OK, offer_id="o")
        with pytest.raises(StoreMismatchError, match="another taxonomy"):
            store.require_taxonomy(HR_THEMES)

    def test_is_not_taken_by_who_only_looks(self, store: AnnotationStore) -> None:
        store.require_taxonomy(self.OTHER, adopt=False)
        store.put(make_key(), OK, offer_id="o")
        store.require_taxonomy(HR_THEMES, adopt=False)

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
        store.put(make_key(), OK, offer_id="o")
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


def test_an_empty_store_is_true(tmp_path: Path) -> None:
    with AnnotationStore(tmp_path / "store.sqlite") as store:
        assert len(store) == 0
        assert store
