import json

import pytest

from annotations.workers import make_key
from jocas_themes.annotations import AnnotationStore, StoredReply
from jocas_themes.errors import StoreError

OK = StoredReply(raw="{}", status="ok")


def test_a_message_is_stored_once(store: AnnotationStore) -> None:
    system = {"role": "system", "content": "Lis."}
    for text in "abc":
        user = {"role": "user", "content": text}
        store.put(make_key(text), OK, offer_id="o", messages=[system, user])
    with store.read() as connection:
        roles = connection.execute("SELECT role FROM messages ORDER BY role").fetchall()
    assert roles == [("system",), ("user",), ("user",), ("user",)]


def test_the_same_words_in_another_role_are_another_message(store: AnnotationStore) -> None:
    messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "a"}]
    store.put(make_key(), OK, offer_id="o", messages=messages)
    (record,) = store.trace([make_key().digest])
    assert record["messages"] == messages


def test_a_message_that_cannot_be_kept_is_an_error(store: AnnotationStore) -> None:
    """Without it, the reply could never be traced."""
    messages = [{"role": None, "content": "a"}]
    with pytest.raises(StoreError, match=r"NOT NULL constraint failed: messages\.role"):
        store.put(make_key(), OK, offer_id="o", messages=messages)  # type: ignore[list-item]
    assert len(store) == 0


def test_lone_surrogates_cost_no_reply(store: AnnotationStore) -> None:
    """No UTF-8 can hold them; in JSON, an escape says the same."""
    reply = StoredReply(raw='{"evidence": "31 \ud83d K\u20ac"}', status="ok")
    correction = [{"role": "assistant", "content": "31 \ud83d"}]
    store.put(make_key(), reply, offer_id="o", messages=correction)
    ((kept,),) = store.get([make_key().digest]).values()
    assert json.loads(kept.raw) == json.loads(reply.raw)
    (record,) = store.trace([make_key().digest])
    assert record["messages"] == [{"role": "assistant", "content": r"31 \ud83d"}]


def test_how_long_the_replies_are(store: AnnotationStore) -> None:
    assert store.read_completions("m").n_replies == 0
    assert store.read_completions("m").mean_tokens is None
    for n_tokens in (100, 300, None):
        store.put(
            make_key(str(n_tokens)),
            StoredReply(raw="{}", status="ok", completion_tokens=n_tokens),
            offer_id="o",
        )
    store.put(
        make_key(model="other"),
        StoredReply(raw="{}", status="ok", completion_tokens=9_000),
        offer_id="o",
    )
    told = store.read_completions("m")
    # (100 + 300) / 2; the one that was not counted does not count.
    assert (told.n_replies, told.mean_tokens, told.longest_tokens) == (2, 200, 300)
