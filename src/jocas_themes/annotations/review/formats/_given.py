"""What a file says of a cell or of a whole offer, before it is checked."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

# What a reviewer chooses where none of the themes asked for is there. No theme's code can be
# this: codes hold no brackets.
NO_THEME = "(no theme)"


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenDecision:
    """What a file says of one cell, as it is written there.

    ``label`` is None where the reviewer did not answer.
    """

    where: str
    offer_id: Any
    text: Any
    theme: Any
    label: Any
    reviewer: Any = None
    decided_at: Any = None
    evidence: Any = None
    comment: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenThemes:
    """What a file says of one offer: the themes asked for, and those that the reviewer chose."""

    where: str
    offer_id: Any
    text: Any
    asked: Any
    chosen: Any
    reviewer: Any = None
    decided_at: Any = None

    def decide(self, faults: list[str]) -> Iterator[GivenDecision]:
        """Yield a decision for each theme asked for, present or absent, and each one chosen."""
        asked = self.asked.split() if isinstance(self.asked, str) else self.asked
        if not _are_strings(asked) or not asked:
            faults.append(f"{self.where}: no list of the themes asked for in 'themes'")
            return
        if not _are_strings(self.chosen):
            faults.append(f"{self.where}: not a list of themes: {self.chosen!r}")
            return
        chosen = [theme for theme in self.chosen if theme != NO_THEME]
        if chosen and len(chosen) < len(self.chosen):
            faults.append(f"{self.where}: {NO_THEME!r} beside {chosen[0]!r}")
            return
        for theme in dict.fromkeys([*asked, *chosen]):
            yield GivenDecision(
                where=self.where,
                offer_id=self.offer_id,
                text=self.text,
                theme=theme,
                label=int(theme in chosen),
                reviewer=self.reviewer,
                decided_at=self.decided_at,
            )


@dataclass(frozen=True, slots=True)
class Task:
    """One text to look at, and the cells that ask about it."""

    offer_id: str
    text: str
    cells: tuple[dict[str, Any], ...]

    @property
    def themes(self) -> list[str]:
        """Return the codes of the themes asked for."""
        return [cell["theme"] for cell in self.cells]

    @property
    def proposed(self) -> list[str] | None:
        """Return the themes that the teacher saw; None where it gave no answer at all."""
        if all(cell.get("proposed") is None for cell in self.cells):
            return None
        return [cell["theme"] for cell in self.cells if cell.get("proposed") == 1]


def group_cells(cells: Iterable[dict[str, Any]]) -> list[Task]:
    """Make one task of all cells of a text, also where several offers share it."""
    by_text: dict[str, dict[str, dict[str, Any]]] = {}
    for cell in cells:
        by_text.setdefault(cell["text"], {}).setdefault(cell["theme"], cell)
    return [
        Task(next(iter(themes.values()))["offer_id"], text, tuple(themes.values()))
        for text, themes in by_text.items()
    ]


def _are_strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
