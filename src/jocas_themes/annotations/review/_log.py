"""What was decided before, which dates a new answer and tells a repeated one."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

_CONTENT = ("label", "evidence", "comment")


class DecisionLog:
    """What each reviewer said before, withdrawn or not.

    Parameters
    ----------
    decisions : DataFrame
        All decisions of the store, in the order in which they were added.
    """

    def __init__(self, decisions: pd.DataFrame) -> None:
        self._last: dict[tuple[str, ...], dict[str, Any]] = {}
        self._labels: dict[tuple[str, ...], int] = {}
        self._newest: dict[tuple[str, ...], str] = {}
        names = ["text", "theme", "reviewer", "decided_at", *_CONTENT]
        rows: list[list[Any]] = decisions[names].astype(object).to_numpy().tolist()
        for text, theme, reviewer, date, *found in rows:
            values: list[Any] = [None if pd.isna(value) else value for value in found]
            content = dict(zip(_CONTENT, values, strict=True))
            self._last[text, theme, reviewer] = {"decided_at": date} | content
            self._labels[text, theme, reviewer, date] = int(content["label"])
            self._newest[text, theme] = max(self._newest.get((text, theme), ""), date)

    def find_label(self, text: str, theme: str, reviewer: str, decided_at: str) -> int | None:
        """Return what a reviewer said at a certain time; None for nothing."""
        return self._labels.get((text, theme, reviewer, decided_at))

    def find_repeated(self, answer: Mapping[str, Any]) -> str | None:
        """Return the date of the reviewer's last answer if this one says the same."""
        last = self._last.get((answer["text"], answer["theme"], answer["reviewer"]))
        if last is None or any(last[name] != answer[name] for name in _CONTENT):
            return None
        date: str = last["decided_at"]
        return date

    def date_new(self, text: str, theme: str) -> str:
        """Return the time, or a second after the newest answer, so that the last one holds."""
        now = datetime.now(UTC).replace(microsecond=0)
        newest = self._newest.get((text, theme))
        if newest is not None:
            now = max(now, datetime.fromisoformat(newest) + timedelta(seconds=1))
        return write_date(now)


def write_date(moment: datetime) -> str:
    """Write a time as decisions have it; one without a zone is taken as UTC."""
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
