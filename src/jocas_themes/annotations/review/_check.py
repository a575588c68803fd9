"""What a file says, checked as a whole: all of it becomes decisions, or none."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from jocas_themes.annotations.review._log import DecisionLog, write_date
from jocas_themes.annotations.review.formats import GivenDecision
from jocas_themes.annotations.store import Decision
from jocas_themes.errors import ReviewFileError

_LABELS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1}
_Key = tuple[str, str, str]  # text, theme, reviewer


class DecisionChecker:
    """Turn what a file says into decisions, and collect what is wrong with it.

    Parameters
    ----------
    cells : iterable of dict
        The queue's cells: an answer speaks of one of their offers, with the same text.
    themes : collection of str
        The themes' codes.
    log : DecisionLog
        What was decided before.
    reviewer : str or None
        Who decided where the file does not say.
    source : str
        Where the decisions come from.
    """

    def __init__(
        self,
        cells: Iterable[dict[str, Any]],
        themes: Collection[str],
        log: DecisionLog,
        *,
        reviewer: str | None,
        source: str,
    ) -> None:
        self.faults: list[str] = []
        self._texts: dict[str, set[str]] = {}
        for cell in cells:
            self._texts.setdefault(cell["offer_id"], set()).add(cell["text"])
        self._themes = themes
        self._log = log
        self._reviewer = reviewer
        self._source = source

    def check(self, given: Iterable[GivenDecision]) -> list[Decision]:
        """Return the decisions that are sound; `faults` names the others."""
        found: dict[_Key, tuple[str, Decision]] = {}
        decisions = []
        for answer in given:
            try:
                decision = self._build(answer)
            except ValueError as error:
                self.faults.append(f"{answer.where}: {error}")
                continue
            if decision is None:
                continue
            key = (decision.text, decision.theme, decision.reviewer)
            where, first = found.setdefault(key, (answer.where, decision))
            if first.label != decision.label:
                self.faults.append(
                    f"{answer.where}: {decision.reviewer!r} says {decision.label} of "
                    f"{decision.theme} in {decision.offer_id!r}, but {first.label} at {where} of "
                    f"the same text in {first.offer_id!r}"
                )
            decisions.append(decision)
        return decisions

    def _build(self, given: GivenDecision) -> Decision | None:
        """Build a decision, None where the reviewer did not answer; a fault is a ValueError."""
        label = _read_label(given.label)
        if label is None:
            return None
        offer_id, text = self._find_text(given)
        if given.theme not in self._themes:
            raise ValueError(f"unknown theme {given.theme!r}, there are {list(self._themes)!r}")
        reviewer = _read_string(given.reviewer, "reviewer") or self._reviewer
        if not reviewer:
            raise ValueError("no reviewer; say who decided: reviewer=...")
        evidence = _read_string(given.evidence, "evidence")
        check_evidence(evidence, text, label)
        answer = {
            "text": text,
            "theme": given.theme,
            "label": label,
            "reviewer": reviewer,
            "evidence": evidence,
            "comment": _read_string(given.comment, "comment"),
        }
        decided_at = self._find_date(given.decided_at, answer)
        return Decision(**answer, offer_id=offer_id, decided_at=decided_at, source=self._source)

    def _find_text(self, given: GivenDecision) -> tuple[str, str]:
        """Find the queue's text of the offer that is meant."""
        offer_id = str(given.offer_id)
        if offer_id not in self._texts:
            raise ValueError(f"unknown offer {given.offer_id!r}")
        if isinstance(given.text, str):
            # Tools may write other line ends; of two such texts, the very same one.
            for text in sorted(self._texts[offer_id], key=lambda text: text != given.text):
                if _flatten(given.text) == _flatten(text):
                    return offer_id, text
        raise ValueError(
            f"the text of {offer_id!r} differs from the queue's, so that the answer may be about "
            f"another: got {given.text!r:.60}"
        )

    def _find_date(self, written: Any, answer: Mapping[str, Any]) -> str:
        """Read the date, or find one that makes the same file give the same decisions again."""
        text, theme, reviewer = answer["text"], answer["theme"], answer["reviewer"]
        date = _read_string(written, "decided_at")
        if date is None:
            return self._log.find_repeated(answer) or self._log.date_new(text, theme)
        try:
            date = write_date(datetime.fromisoformat(date))
        except (ValueError, OverflowError) as error:
            raise ValueError(f"decided_at is not an ISO 8601 date: {written!r}") from error
        before = self._log.find_label(text, theme, reviewer, date)
        if before is not None and before != answer["label"]:
            raise ValueError(
                f"says {answer['label']} of {theme} where the store has {before} by {reviewer!r} "
                f"at the same time, {date}; empty decided_at to decide anew"
            )
        return date


def _flatten(text: str) -> list[str]:
    """Write a text as a spreadsheet may: its own line ends, "?" for what cp1252 lacks."""
    return text.encode("cp1252", errors="replace").decode("cp1252").splitlines()


def check_evidence(evidence: str | None, text: str, label: int) -> None:
    """Refuse evidence of an absent theme, or that the text does not hold."""
    if evidence is None:
        return
    if label == 0:
        raise ValueError(f"evidence of a theme that is absent: {evidence!r:.60}")
    if evidence not in text:
        raise ValueError(f"the evidence is not in the offer, word for word: {evidence!r:.60}")


def raise_faults(path: Any, faults: list[str]) -> None:
    """Raise if there is any fault, naming the first five, and the same one only once."""
    if faults:
        places: dict[str, list[str]] = {}
        for fault in faults:
            where, _, said = fault.partition(": ")
            places.setdefault(said, []).append(where)
        listed = "".join(
            f"\n  {_list_places(where)}: {said}" for said, where in list(places.items())[:5]
        )
        raise ReviewFileError(
            f"{path}: nothing was imported, mend the file first ({len(faults)} in all):{listed}"
        )


def _list_places(places: list[str]) -> str:
    """List the first five places, and count the others."""
    more = f" and {len(places) - 5} more" if len(places) > 5 else ""
    return ", ".join(places[:5]) + more


def _read_label(value: Any) -> int | None:
    """Read 0 or 1; None where nothing was answered."""
    if isinstance(value, str):
        value = value.strip()
        if value in _LABELS:
            return _LABELS[value]
    if value is None or value == "" or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value in (0, 1):
        return int(value)
    raise ValueError(f"a decision must be 0 or 1, or empty, got {value!r}")


def _read_string(value: Any, name: str) -> str | None:
    """Read a string; None where there is none."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a string, got {value!r}")  # noqa: TRY004 (a fault)
    return value if value.strip() else None
