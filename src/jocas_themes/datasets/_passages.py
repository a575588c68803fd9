"""The sample's offers cut into passages that can be joined with those of other offers."""

import re
from dataclasses import dataclass
from functools import cache
from html.entities import codepoint2name

from jocas_themes.datasets._sample import load_sample_offers
from jocas_themes.offers import clean_text

# Who we are, the work, the profile, the conditions, how to apply: most offers keep this order.
N_PASSAGES = 5
# How a board writes a passage; each reads the same once the mark-up is removed.
STYLES = ("plain", "paragraphs", "breaks")

_ITEM = re.compile(r"(?:[-–—•*>✔▪·➢]|\d{1,2}[.)])\s*")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+(?=[A-ZÀ-ÖØ-Þ0-9«])")
_PAY = re.compile(r"€|\d\s?k\b|\beuros?\b|\bbruts?\b|\bsalaire|\bSMIC\b", re.IGNORECASE)
_ENTITIES = {
    code: f"&{name};" for code, name in codepoint2name.items() if code > 0x7F or chr(code) in "&<>"
}
_BEFORE_NBSP = re.compile(r" (?=[:;!?»%€])|(?<=«) |(?<=\d) (?=\d{3}\b)")


@dataclass(frozen=True)
class Passage:
    """A part of one sample offer, perhaps empty."""

    lines: tuple[str, ...]
    states_pay: bool

    def render(self, style: str) -> str:
        """Write the passage as a board of this style does."""
        if not self.lines:
            return ""
        if style == "paragraphs":
            return "".join(map(_mark_up, self.lines))
        if style == "breaks":
            lines = (_BEFORE_NBSP.sub("\xa0", _escape(line)) for line in self.lines)
            return "<br/>\n".join(lines) + "<br/><br/>\n"
        return "\n".join(self.lines) + "\n\n"


@cache
def read_passages() -> tuple[tuple[Passage, ...], ...]:
    """Cut each sample offer into `N_PASSAGES` passages, in the order of the sample."""
    descriptions = load_sample_offers()["description_full"]
    return tuple(_cut_description(clean_text(description)) for description in descriptions)


def _cut_description(text: str) -> tuple[Passage, ...]:
    """Spread the units of a clean description over the passages by their place in it."""
    passages: list[list[str]] = [[] for _ in range(N_PASSAGES)]
    done = 0
    for unit in _split_units(text):
        middle = done + len(unit) / 2
        # The first unit presents the post: it must open the offer, however long it is.
        place = int(N_PASSAGES * middle / len(text)) if done else 0
        passages[min(place, N_PASSAGES - 1)] += unit.split("\n")
        done += len(unit) + 1
    return tuple(
        Passage(tuple(lines), any(_PAY.search(line) for line in lines)) for lines in passages
    )


def _split_units(text: str) -> list[str]:
    """Split a clean description where it can be cut: never inside a list or after a heading."""
    units: list[str] = []
    joins_next = False
    lines = text.split("\n")
    for line in lines if len(lines) >= N_PASSAGES else _SENTENCE_END.split(text):
        if units and (joins_next or _ITEM.match(line)):
            units[-1] += "\n" + line
        else:
            units.append(line)
        is_heading = len(line) < 40 and not line.endswith((".", "!", ";", ",", ")"))
        joins_next = not _ITEM.match(line) and (is_heading or line.endswith(":"))
    return units


def _mark_up(line: str) -> str:
    """Write a line as an HTML paragraph or list item."""
    item = _ITEM.match(line)
    return f"<li>{_escape(line)}</li>" if item else f"<p>{_escape(line)}</p>"


def _escape(line: str) -> str:
    """Write accents and the signs of mark-up as HTML entities."""
    return line.translate(_ENTITIES)
