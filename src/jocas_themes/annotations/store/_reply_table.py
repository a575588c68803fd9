"""The tables of replies and of the messages that they answer."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from jocas_themes.annotations.store._replies import ReplyKey, StoredReply

Message = Mapping[str, str]  # role, content

_REPLY = tuple(StoredReply.__dataclass_fields__)
_OF_KEY = "key, vote, replay, offer_id, model, prompt_version, taxonomy_fingerprint, parameters"


def insert_reply(
    connection: sqlite3.Connection,
    key: ReplyKey,
    reply: StoredReply,
    *,
    offer_id: str,
    messages: Sequence[Message],
) -> None:
    """Add one reply, and the messages that are not there yet."""
    reply = replace(reply, raw=_escape(reply.raw))  # it is paid for, whatever the model quotes
    values = (
        key.digest,
        key.vote,
        key.replay,
        offer_id,
        key.model,
        key.prompt_version,
        key.taxonomy_fingerprint,
        key.parameters_json,
        json.dumps(insert_messages(connection, messages)),
        *(getattr(reply, name) for name in _REPLY),
    )
    marks = ", ".join("?" * len(values))
    connection.execute(
        f"INSERT INTO replies ({_OF_KEY}, messages, {', '.join(_REPLY)}) VALUES ({marks})",  # noqa: S608
        values,
    )


def insert_messages(connection: sqlite3.Connection, messages: Sequence[Message]) -> list[str]:
    """Add the messages that are not there yet; return the digests of all."""
    rows = []
    for message in messages:
        role, content = message["role"], _escape(message["content"])
        digest = hashlib.sha256(json.dumps([role, content]).encode()).hexdigest()[:32]
        rows.append((digest, role, content))
    connection.executemany("INSERT INTO messages VALUES (?, ?, ?) ON CONFLICT DO NOTHING", rows)
    return [digest for digest, _, _ in rows]


def _escape(text: str) -> str:
    r"""Write lone surrogates, which no UTF-8 can hold, as JSON does: ``\ud800``."""
    return text.encode(errors="backslashreplace").decode()


def select_replies(
    connection: sqlite3.Connection, digests: Iterable[str]
) -> dict[str, tuple[StoredReply, ...]]:
    """Return the replies to some questions, in the order in which they came."""
    rows = connection.execute(
        f"SELECT key, {', '.join(_REPLY)} FROM replies "  # noqa: S608
        "WHERE key IN (SELECT value FROM json_each(?)) ORDER BY reply_id",
        (json.dumps(list(digests)),),
    )
    found: dict[str, list[StoredReply]] = {}
    for key, *values in rows:
        found.setdefault(key, []).append(StoredReply(**dict(zip(_REPLY, values, strict=True))))
    return {key: tuple(replies) for key, replies in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Completions:
    """How long a model's replies are, as far as the store can tell.

    Parameters
    ----------
    n_replies : int
        Replies whose tokens were counted.
    mean_tokens : float or None
        Their mean; None without any.
    longest_tokens : int
        The longest of them.
    """

    n_replies: int
    mean_tokens: float | None
    longest_tokens: int


def summarise_completions(connection: sqlite3.Connection, model: str) -> Completions:
    """Summarise how many tokens a model's replies take."""
    n_replies, mean_tokens, longest_tokens = connection.execute(
        "SELECT count(completion_tokens), avg(completion_tokens), max(completion_tokens) "
        "FROM replies WHERE model = ?",
        (model,),
    ).fetchone()
    return Completions(
        n_replies=n_replies, mean_tokens=mean_tokens, longest_tokens=longest_tokens or 0
    )


def select_frame(connection: sqlite3.Connection) -> pd.DataFrame:
    """Return all replies as a table, without their bodies and what was sent."""
    cursor = connection.execute("SELECT * FROM replies LIMIT 0")
    names = [name for name, *_ in cursor.description if name not in {"raw", "messages"}]
    rows = connection.execute(f"SELECT {', '.join(names)} FROM replies ORDER BY reply_id")  # noqa: S608
    return pd.DataFrame(rows.fetchall(), columns=names)


def price_replies(
    connection: sqlite3.Connection,
    model: str,
    compute_cost: Callable[[StoredReply], float | None],
) -> int:
    """Price the replies of a model that have no price; return how many of all still have none."""
    names = [name for name in _REPLY if name != "raw"]
    rows = connection.execute(
        f"SELECT reply_id, {', '.join(names)} FROM replies "  # noqa: S608
        "WHERE model = ? AND cost_usd IS NULL",
        (model,),
    ).fetchall()
    for reply_id, *values in rows:
        reply = StoredReply(raw="", **dict(zip(names, values, strict=True)))
        connection.execute(
            "UPDATE replies SET cost_usd = ? WHERE reply_id = ?", (compute_cost(reply), reply_id)
        )
    unpriced = connection.execute("SELECT count(*) FROM replies WHERE cost_usd IS NULL")
    return int(unpriced.fetchone()[0])


def iter_records(
    connection: sqlite3.Connection, digests: Sequence[str] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield everything about each reply, as plain values; the messages by their digests."""
    where = "" if digests is None else "WHERE key IN (SELECT value FROM json_each(?)) "
    cursor = connection.execute(
        f"SELECT * FROM replies {where}ORDER BY reply_id",  # noqa: S608
        () if digests is None else (json.dumps(list(digests)),),
    )
    names = [column[0] for column in cursor.description]
    for row in cursor:
        record = dict(zip(names, row, strict=True))
        for name in ("parameters", "messages"):
            record[name] = json.loads(record[name])
        yield record


def select_messages(
    connection: sqlite3.Connection, digests: Iterable[str]
) -> dict[str, dict[str, str]]:
    """Return messages by digest."""
    rows = connection.execute(
        "SELECT digest, role, content FROM messages "
        "WHERE digest IN (SELECT value FROM json_each(?))",
        (json.dumps(list(digests)),),
    )
    return {digest: {"role": role, "content": content} for digest, role, content in rows}
