"""The axis of shares, in percent; and the line below a picture that says how to read it."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from jocas_themes._optional import import_optional
from jocas_themes.plots._canvas import SMALL
from jocas_themes.plots._language import Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

SMALLEST_SPAN = 0.04  # closer limits would make noise look like a story
_SHORTEST_LINE = 30  # letters
_MARGIN = 0.02  # above 100%


def find_limits(low: float, high: float, *, least: float = SMALLEST_SPAN) -> tuple[float, float]:
    """Find limits around shares: from zero where that is near, never closer than the least span."""
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError("table must hold a known share, got NaN in every row.")
    span = max(high - low, least)
    margin = 0.06 * span
    middle = (low + high) / 2
    bottom, top = middle - span / 2 - margin, middle + span / 2 + margin
    if bottom < span / 2:  # shares a little below 0 are seen all the same
        bottom, top = min(0.0, low), max(top, least)
    return bottom, top


def align_limits(ranges: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Find limits around several ranges of shares, equally far apart for all."""
    least = max([SMALLEST_SPAN, *(high - low for low, high in ranges)])
    limits = [find_limits(low, high, least=least) for low, high in ranges]
    span = max(top - bottom for bottom, top in limits)
    lowest = max(0.0, 1 + _MARGIN - span)  # no scale goes on where there are no shares
    return [(min(bottom, lowest), min(bottom, lowest) + span) for bottom, _ in limits]


def write_ticks(ax: "Axes", language: Language, which: Literal["x", "y"] = "y") -> None:
    """Write the ticks of an axis of shares as percentages."""
    axis = ax.xaxis if which == "x" else ax.yaxis
    axis.set_major_formatter(lambda share, _: language.tick(share))


def fit_note(label: "Text", sentences: Sequence[str], pixels: float) -> None:
    """Write the sentences that are not empty, in lines that are no wider than this."""
    words = " ".join(sentence for sentence in sentences if sentence)
    label.set_text(words)
    if not words:
        return
    letters = max(_SHORTEST_LINE, int(len(words) * pixels / label.get_window_extent().width))
    while letters > _SHORTEST_LINE and label.get_window_extent().width > pixels:
        label.set_text(textwrap.fill(words, letters, break_long_words=False))
        letters -= 1


def write_note(ax: "Axes", sentences: Sequence[str]) -> None:
    """Write below the axes how to read them: last, as lines are as wide as all else leaves."""
    figure = ax.figure.canvas.figure
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
    whole = ax.get_tightbbox()
    assert whole is not None  # axes that are hidden have no note
    # A place in the figure: the axes move when the layout is made again for another resolution.
    start = max(whole.x0, 0) / figure.bbox.width
    label = ax.set_xlabel(" ", x=start, ha="left", fontsize=SMALL - 1, labelpad=8)
    transforms = import_optional("matplotlib.transforms", extra="plots", purpose="a picture")
    pixels = transforms.IdentityTransform()
    label.set_transform(transforms.blended_transform_factory(figure.transFigure, pixels))
    fit_note(label, sentences, min(whole.width, figure.bbox.width))


def say_scale(bottom: float, language: Language) -> str:
    """Say so where a scale of shares does not begin at zero."""
    if bottom <= 0:
        return ""
    return language.choose("The scale does not start at 0.", "L’échelle ne part pas de 0.")
