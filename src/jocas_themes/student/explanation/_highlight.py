"""An explanation as HTML: the evidence of each theme, highlighted in the offer's text."""

import html
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import pandas as pd

from jocas_themes.student.explanation._places import Span
from jocas_themes.student.explanation._report import N_SHOWN, describe

# Told apart by colour-blind readers (after Okabe and Ito, 2008), on white and on black.
_COLOURS = ("213,94,0", "0,144,210", "0,158,115", "204,95,160", "205,145,0", "130,120,220")
_OFFER = "margin:1em 0;max-width:56em;line-height:1.8;overflow-wrap:anywhere"
_TEXT = "white-space:pre-line;unicode-bidi:isolate;margin-top:.3em"
_CHIP = "display:inline-block;padding:0 .6em;margin-right:.5em;border-radius:3px;font-size:90%"
_LEGEND = (
    "Underlined: the sentence that carried the theme. Shaded: its words, the stronger the more "
    "they add. Dotted above: a pattern of the lexicon."
)
_GAP = '<span style="opacity:.5"> […] </span>'
# A text this short is shown whole; of a longer one, what lies this near to the evidence.
_MAX_WHOLE = 700
_NEAR = 90
# A sentence without an end, as pasted lists are, would fill the page.
_MAX_SENTENCE = 400
_MAX_PLACES = 8


class _Mark(NamedTuple):
    """One row of the explanation's table."""

    kind: str
    start: int
    end: int
    theme: str
    contribution: float


def render_html(table: pd.DataFrame, parts: pd.DataFrame, offers: pd.DataFrame) -> str:
    """Draw the first offers with what carried their themes."""
    cells = parts[["offer_id", "theme"]].drop_duplicates()
    themes = [name.removesuffix("_probability") for name in offers.columns[2:]]
    colours = {theme: _COLOURS[place % len(_COLOURS)] for place, theme in enumerate(themes)}
    shown = offers.head(N_SHOWN).to_dict("records")
    drawn = []
    for offer in shown:
        explained = cells.loc[cells["offer_id"] == offer["offer_id"], "theme"]
        rows = table[table["offer_id"] == offer["offer_id"]]
        marks = [_Mark(*row) for row in rows[list(_Mark._fields)].itertuples(index=False)]
        drawn.append(_draw_offer(offer, explained, marks, colours))
    if len(offers) > len(shown):
        drawn.append(f"<div>… and {len(offers) - len(shown)} more offers</div>")
    head = f"<div><b>{describe(offers, cells)}</b></div><small>{_LEGEND}</small>"
    return f"<div>{head}{''.join(drawn)}</div>"


def _draw_offer(
    offer: Mapping[Any, Any],
    themes: Sequence[str],
    marks: Sequence[_Mark],
    colours: Mapping[str, str],
) -> str:
    """Draw one offer: its id, its themes with their probabilities, and its text."""
    chips = [
        f'<span style="{_CHIP};background:rgba({colours[theme]},.2);'
        f'border-left:.4em solid rgb({colours[theme]})">{_escape(theme)} '
        f"<b>{offer[f'{theme}_probability']:.2f}</b></span>"
        for theme in themes
    ]
    text = _draw_text(offer["text"], marks, colours)
    return (
        f'<div style="{_OFFER}"><code>{_escape(str(offer["offer_id"]))}</code> '
        f'{"".join(chips) or "no theme"}<div style="{_TEXT}">{text}</div></div>'
    )


def _draw_text(text: str, marks: Sequence[_Mark], colours: Mapping[str, str]) -> str:
    """Draw a text, or those stretches of it that hold the evidence."""
    edges = {edge for mark in marks for edge in (mark.start, mark.end)}
    hottest: dict[str, float] = defaultdict(float)
    for span in pairwise(sorted(edges)):
        for theme, heat in _sum_heats(_find_covering(marks, span)).items():
            hottest[theme] = max(hottest[theme], heat)
    pieces = []
    shown = 0
    for start, end in _find_windows(text, marks):
        pieces.append(_GAP if start > shown else "")
        inside = {edge for edge in edges if start < edge < end}
        for span in pairwise(sorted({start, end} | inside)):
            covering = _find_covering(marks, span)
            pieces.append(_draw_piece(text, span, covering, hottest, colours))
        shown = end
    return "".join(pieces) + (_GAP if shown < len(text) else "")


def _draw_piece(
    text: str,
    span: Span,
    covering: Sequence[_Mark],
    hottest: Mapping[str, float],
    colours: Mapping[str, str],
) -> str:
    """Draw a piece of text that the same marks cover from end to end."""
    piece = _escape(text[slice(*span)])
    if not covering:
        return piece
    styles = []
    sentences = dict.fromkeys(mark.theme for mark in covering if mark.kind == "sentence")
    if sentences:
        lines = [f"0 {2 * n}px rgb({colours[theme]})" for n, theme in enumerate(sentences, 1)]
        styles.append(f"box-shadow:{','.join(lines)}")
    heats = _sum_heats(covering)
    if heats:
        theme = max(heats, key=lambda theme: heats[theme] / hottest[theme])
        strength = 0.15 + 0.4 * heats[theme] / hottest[theme]
        styles.append(f"background:rgba({colours[theme]},{strength:.2f})")
    pattern = next((mark for mark in covering if mark.kind == "pattern"), None)
    if pattern is not None:
        styles.append(f"border-top:2px dotted rgb({colours[pattern.theme]})")
    title = _escape("\n".join(_describe(mark, text) for mark in covering))
    return f'<span style="{";".join(styles)}" title="{title}">{piece}</span>'


def _describe(mark: _Mark, text: str) -> str:
    """Say what a mark is; a pattern may have no contribution of its own."""
    quoted = "" if mark.kind == "sentence" else f" « {text[mark.start : mark.end]} »"
    added = "" if pd.isna(mark.contribution) else f" {mark.contribution:+.2f}"
    return f"{mark.theme}: {mark.kind}{quoted}{added}"


def _find_covering(marks: Sequence[_Mark], span: Span) -> list[_Mark]:
    return [mark for mark in marks if mark.start <= span[0] and span[1] <= mark.end]


def _sum_heats(marks: Sequence[_Mark]) -> dict[str, float]:
    """Sum what n-grams that lie over each other add to each theme."""
    heats: dict[str, float] = defaultdict(float)
    for mark in marks:
        if mark.kind == "ngram":
            heats[mark.theme] += mark.contribution
    return heats


def _find_windows(text: str, marks: Sequence[_Mark]) -> Iterator[Span]:
    """Yield the stretches to show, in order: all of a short text, else what surrounds marks."""
    if len(text) <= _MAX_WHOLE:
        yield 0, len(text)
        return
    spans = sorted(
        (mark.start, min(mark.end, mark.start + _MAX_SENTENCE)) for mark in _find_strongest(marks)
    )
    # Without any evidence, the beginning.
    start, end = _widen(text, spans[0] if spans else (0, _MAX_SENTENCE))
    for span in spans[1:]:
        left, right = _widen(text, span)
        if left > end:
            yield start, end
            start = left
        end = max(end, right)
    yield start, end


def _find_strongest(marks: Sequence[_Mark]) -> Iterator[_Mark]:
    """Yield the marks of each theme and kind that add most, as many as a page has room for."""
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for mark in sorted(
        marks, key=lambda mark: 0 if pd.isna(mark.contribution) else -mark.contribution
    ):
        counts[mark.theme, mark.kind] += 1
        if counts[mark.theme, mark.kind] <= _MAX_PLACES:
            yield mark


def _widen(text: str, span: Span) -> Span:
    """Widen a span by what lies near, cut between words where there is a space."""
    start, end = max(0, span[0] - _NEAR), min(len(text), span[1] + _NEAR)
    if start > 0:
        start = max(start, text.find(" ", start, span[0]))
    if end < len(text):
        space = text.rfind(" ", span[1], end)
        end = space if space >= 0 else end
    return start, end


def _escape(text: str) -> str:
    """Escape a text for HTML; lone surrogates, that no page can hold, are replaced."""
    return html.escape(text.encode("utf-8", "replace").decode("utf-8"))
