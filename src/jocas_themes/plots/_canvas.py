"""What all matplotlib pictures share: the axes, the colours, the words, the checks."""

import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from sklearn.isotonic import isotonic_regression

from jocas_themes._optional import import_optional
from jocas_themes.plots._names import is_average
from jocas_themes.taxonomy import HR_THEMES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, which colour-blind readers tell apart; their yellow is too pale on white.
BLUE, VERMILLION = "#0072B2", "#D55E00"
PALETTE = (BLUE, VERMILLION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
# On white as on the black of a dark notebook; all other ink is the style's own.
GREY = "#7a7a7a"
FULL, HOLLOW = "●", "○"
SMALL = 9.0  # points
BAND = 0.15  # opacity

_MAX_NAME = 34
_SMALLEST_SPAN = 0.3


def open_axes(ax: "Axes | None", size: tuple[float, float], *, purpose: str) -> "Axes":
    """Return the axes given, or those of a new figure of this size in inches."""
    if ax is None:
        pyplot = import_optional("matplotlib.pyplot", extra="plots", purpose=purpose)
        _, ax = pyplot.subplots(figsize=size, layout="constrained")
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(GREY)
    ax.tick_params(color=GREY, labelsize=SMALL)
    return ax


def add_grid(ax: "Axes", axis: Literal["x", "y", "both"]) -> None:
    """Draw the grid behind all else."""
    ax.set_axisbelow(True)
    ax.grid(axis=axis, color=GREY, alpha=0.25, lw=0.8)


def find_ink(ax: "Axes") -> Any:
    """Return the colour in which this axes' labels are written."""
    return ax.xaxis.label.get_color()


def check_table(table: Any, columns: Sequence[str], *, maker: str) -> pd.DataFrame:
    """Return the table if it has these columns and a row."""
    if not isinstance(table, pd.DataFrame):
        raise TypeError(
            f"table must be a DataFrame, got {type(table).__name__}. Make it with {maker}."
        )
    absent = [name for name in columns if name not in table.columns]
    if absent:
        raise ValueError(
            f"table must have the columns {list(columns)!r}, it lacks {absent[:5]!r} "
            f"({len(absent)} in all). Make it with {maker}."
        )
    if table.empty:
        raise ValueError(f"table must have a row at least, got none. Make it with {maker}.")
    return table


def color_themes(codes: Iterable[str]) -> dict[str, str | None]:
    """Give each theme its colour, None to an average: an HR theme has its own in every picture."""
    order = dict.fromkeys([*HR_THEMES.codes, *codes])
    return {
        code: None if is_average(code) else PALETTE[place % len(PALETTE)]
        for place, code in enumerate(order)
    }


def write_name(name: str, letters: int = _MAX_NAME) -> str:
    """Shorten a name and leave out what no font draws; dollars must not start mathematics."""
    drawable = "".join(letter if letter.isprintable() else " " for letter in name)
    short = textwrap.shorten(drawable, letters, placeholder="…")
    return short.replace("$", r"\$")


def find_span(low: float, high: float) -> tuple[float, float]:
    """Find round limits around shares, never so close that a small difference looks large."""
    low, high = math.floor(round(low * 10, 9)) / 10, math.ceil(round(high * 10, 9)) / 10
    high = min(1.0, max(high, low + _SMALLEST_SPAN))
    return max(0.0, min(low, high - _SMALLEST_SPAN)), high


def label_ends(ax: "Axes", labels: Sequence[tuple[float, str, str | None, str]]) -> None:
    """Write labels right of the axes, none over another: (height, mark, colour, text) of each.

    Of equal heights the first stands highest. The vertical limits must be set before.
    """
    bottom, top = ax.get_ylim()
    line = (top - bottom) * 1.3 * SMALL / 72 / (ax.get_window_extent().height / ax.figure.dpi)
    # From the lowest to the highest.
    labels = sorted(labels, key=lambda label: label[0], reverse=True)[::-1]
    halves = np.array([line * (text.count("\n") + 1) / 2 for *_, text in labels])
    # Heights less the room of the labels below: keeping these in order is keeping them apart.
    room = np.cumsum(halves) + np.cumsum(halves) - halves - halves[0]
    nearest = isotonic_regression([label[0] for label in labels] - room)
    heights = np.clip(nearest, bottom, max(bottom, top - room[-1])) + room
    for (_, mark, color, text), height in zip(labels, heights, strict=True):
        for shift, content, ink in ((8, mark, color), (19, text, None)):
            ax.annotate(
                content,
                (1, height),
                xycoords=("axes fraction", "data"),
                xytext=(shift, 0),
                textcoords="offset points",
                va="center",
                color=ink or find_ink(ax),
                fontsize=SMALL,
                annotation_clip=False,
            )
