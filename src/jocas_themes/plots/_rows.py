"""Scores one below the other: a dot, its interval, and the figures in columns beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jocas_themes.plots._canvas import GREY, SMALL, add_grid, find_ink, find_span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW_INCHES = 0.27
_COLUMN_POINTS = 46.0


@dataclass(frozen=True)
class Row:
    """One line of the picture; a heading has no score, a shaky one a hollow dot."""

    name: str
    color: str | None = None
    score: float = np.nan
    low: float = np.nan
    high: float = np.nan
    figures: tuple[str, ...] = ()
    is_heading: bool = False
    is_shaky: bool = False


def draw_rows(ax: "Axes", rows: Sequence[Row], headers: Sequence[str], *, axis_label: str) -> None:
    """Draw the rows from top to bottom."""
    scores = [row for row in rows if not row.is_heading]
    known = pd.Series([value for row in scores for value in (row.low, row.score, row.high)])
    ax.set_xlim(*find_span(*known.agg(["min", "max"])) if known.notna().any() else (0, 1))
    ax.set_ylim(len(rows) - 0.4, -0.6)
    add_grid(ax, "x")
    ax.set_xlabel(axis_label)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.set_yticks(range(len(rows)), [row.name for row in rows])
    for place, row in enumerate(rows):
        if row.is_heading:
            ax.get_yticklabels()[place].set_fontweight("bold")
            continue
        color = row.color or find_ink(ax)
        inside = ax.get_facecolor() if row.is_shaky else color
        ax.plot([row.low, row.high], [place, place], color=color, lw=1.8, alpha=0.7)
        ax.plot(row.score, place, "o", color=color, mfc=inside, ms=6, clip_on=False)
        _write_figures(ax, place, row.figures, find_ink(ax))
    _write_figures(ax, -0.9, headers, GREY)


def _write_figures(ax: "Axes", place: float, figures: Sequence[str], color: str) -> None:
    """Write the columns of one row, right of the axes."""
    for column, figure in enumerate(figures, start=1):
        ax.annotate(
            figure,
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(column * _COLUMN_POINTS, 0),
            textcoords="offset points",
            ha="right",
            va="center_baseline",
            color=color,
            fontsize=SMALL,
            annotation_clip=False,
        )
