"""What people decided of a theme in an offer: kept by text, over any teacher's answer."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

_COLUMNS = (
    "text_digest, text, offer_id, theme, label, reviewer, decided_at, evidence, comment, source"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person says of one theme in one offer.

    Parameters
    ----------
    text : str
        The offer's text, as `as_offers` gives it.
    theme : str
        The theme's code.
    label : {0, 1}
        Absent or present.
    reviewer : str
        Who decided.
    decided_at : str
        When, as ISO 8601 in UTC, such as ``2026-03-01T09:30:00Z``.
    offer_id : str or None
        Of the offer that the reviewer saw.
    evidence : str or None
        The verbatim span that shows the theme.
    comment : str or None
        Why, for people.
    source : str, default=""
        Where the decision was made, such as ``label_studio``.
    """

    text: str
    theme: str
    label: int
    reviewer: str
    decided_at: str
    offer_id: str | None = None
    evidence: str | None = None
    comment: str | None = None
    source: str = ""


def insert_decisions(connection: sqlite3.Connection, decisions: Iterable[Decision]) -> int:
    """Add decisions, but for those that are there already; return how many were new."""
    n_new = 0
    for decision in decisions:
        values = (
            _digest(decision.text),
            decision.text,
            decision.offer_id,
            decision.theme,
            decision.label,
            decision.reviewer,
            decision.decided_at,
            decision.evidence,
            decision.comment,
            decision.source,
        )
        n_new += connection.execute(
            f"INSERT INTO decisions ({_COLUMNS}) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ? "  # noqa: S608
            "WHERE NOT EXISTS (SELECT 1 FROM decisions WHERE text_digest = ? AND theme = ? "
            "AND label = ? AND reviewer = ? AND decided_at = ? AND evidence IS ? "
            "AND comment IS ?)",
            (*values, values[0], *values[3:9]),
        ).rowcount
    return n_new


def select_decisions(connection: sqlite3.Connection) -> pd.DataFrame:
    """Return all decisions as a table, withdrawn ones too."""
    cursor = connection.execute("SELECT * FROM decisions ORDER BY decision_id")
    return pd.DataFrame(cursor.fetchall(), columns=[column[0] for column in cursor.description])


def find_decisions(
    connection: sqlite3.Connection, texts: Iterable[str]
) -> dict[str, dict[str, Decision]]:
    """Return the decision that holds, by text and theme: the latest that is not withdrawn."""
    digests = [_digest(text) for text in texts]
    # Later rows overwrite earlier ones: the latest by date, then the last that was added. Dates
    # are compared as such: there are several ways to write one in UTC.
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM decisions WHERE withdrawn_at IS NULL "  # noqa: S608
        "AND text_digest IN (SELECT value FROM json_each(?)) "
        "ORDER BY julianday(decided_at), decision_id",
        (json.dumps(digests),),
    )
    found: dict[str, dict[str, Decision]] = {}
    for _, text, offer_id, theme, label, reviewer, decided_at, evidence, comment, source in rows:
        found.setdefault(text, {})[theme] = Decision(
            text=text,
            theme=theme,
            label=label,
            reviewer=reviewer,
            decided_at=decided_at,
            offer_id=offer_id,
            evidence=evidence,
            comment=comment,
            source=source,
        )
    return found


def withdraw_decisions(
    connection: sqlite3.Connection, text: str, theme: str, *, reviewer: str | None
) -> int:
    """Mark decisions as withdrawn; return how many."""
    return connection.execute(
        "UPDATE decisions SET withdrawn_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now') "
        "WHERE text_digest = ? AND theme = ? AND withdrawn_at IS NULL "
        "AND (? IS NULL OR reviewer = ?)",
        (_digest(text), theme, reviewer, reviewer),
    ).rowcount


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
