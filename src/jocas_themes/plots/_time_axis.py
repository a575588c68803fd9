"""The axis of time: where periods lie, which are missing, where the known steps are."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes._optional import import_optional
from jocas_themes.plots._canvas import GREY, SMALL
from jocas_themes.plots._language import Language
from jocas_themes.trends.aggregation._periods import WIDTHS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]

COVID = pd.Timestamp("2020-03-01")
_SHADE = 0.2  # opacity
_YEAR_INCHES, _MONTH_INCHES = 0.42, 0.75
_LONGEST_BY_MONTH = 30
_YEAR_LETTERS = 4


@dataclass(frozen=True)
class Timeline:
    """All periods from the first to the last, also those that a table lacks."""

    starts: pd.DatetimeIndex
    by: str

    @classmethod
    def fit(cls, periods: pd.Series, by: str) -> "Timeline":
        """Take in the periods of a table's column of time."""
        freq = pd.DateOffset(months=WIDTHS[by])
        starts = pd.date_range(periods.min(), periods.max(), freq=freq)
        strange = [str(day) for day in periods[~periods.isin(starts)].unique()]
        if strange:
            raise ValueError(
                f"{by} must hold the first days of periods, got {strange[:5]!r} "
                f"({len(strange)} in all)."
            )
        return cls(starts, by)

    @property
    def end(self) -> pd.Timestamp:
        """First day after the last period."""
        return self.starts[-1] + pd.DateOffset(months=WIDTHS[self.by])

    @property
    def edges(self) -> Array:
        """Where the periods begin, and the last one ends, as matplotlib counts days."""
        return place_dates([*self.starts, self.end])

    @property
    def middles(self) -> Array:
        """Where the periods have their points."""
        edges = self.edges
        middles: Array = (edges[:-1] + edges[1:]) / 2
        return middles

    def keep(self, steps: Sequence[pd.Timestamp]) -> list[pd.Timestamp]:
        """Keep the steps after the first period begins and before the last one ends."""
        return [step for step in steps if self.starts[0] < step < self.end]

    def complete(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return one row a period; NaN where the table has none."""
        return table.set_index(self.by).reindex(self.starts).rename_axis(self.by).reset_index()


def place_dates(dates: Any) -> Array:
    """Place dates on an axis, as matplotlib does: in days since 1970."""
    counting = import_optional("matplotlib.dates", extra="plots", purpose="an axis of time")
    days = counting.date2num(np.asarray(dates, dtype="datetime64[s]"))
    return np.asarray(days, dtype=np.float64)


def draw_time_axis(ax: "Axes", timeline: Timeline, language: Language) -> None:
    """Set the axis to the whole periods, its years (or months) named in their middles."""
    first, last = timeline.edges[[0, -1]]
    ax.xaxis_date()
    ax.set_xlim(first, last)
    inches = ax.get_window_extent().width / ax.figure.dpi / (last - first)  # of a day
    spans = _list_spans(timeline, language)
    least = _MONTH_INCHES if len(spans[0][2]) > _YEAR_LETTERS else _YEAR_INCHES
    every = math.ceil(least / (inches * np.median([right - left for left, right, _ in spans])))
    # A year of which only a corner is seen has no room for its name.
    named = [
        ((left + right) / 2, name)
        for left, right, name in spans
        if (right - left) * inches >= 0.6 * least / every
    ][::every]
    ax.set_xticks(sorted({place for left, right, _ in spans for place in (left, right)}), [])
    ax.set_xticks([place for place, _ in named], [name for _, name in named], minor=True)
    ax.tick_params(axis="x", which="minor", length=0, labelsize=SMALL)


def _list_spans(timeline: Timeline, language: Language) -> list[tuple[float, float, str]]:
    """List the years, or the months of a short time: where each begins, ends, its name."""
    edges = timeline.edges
    if timeline.by == "month" and len(timeline.starts) <= _LONGEST_BY_MONTH:
        names = [language.month(month) for month in timeline.starts]
        return list(zip(edges[:-1], edges[1:], names, strict=True))
    years = range(timeline.starts[0].year, timeline.starts[-1].year + 1)
    starts = place_dates([f"{year}-01-01" for year in (*years, years[-1] + 1)])
    left, right = np.clip(starts[:-1], edges[0], None), np.clip(starts[1:], None, edges[-1])
    return list(zip(left, right, map(str, years), strict=True))


def shade_missing(ax: "Axes", timeline: Timeline, is_known: npt.NDArray[np.bool_]) -> None:
    """Shade the periods of which nothing is known, one band for those in a row."""
    edges = timeline.edges
    changes = np.flatnonzero(np.diff(np.r_[True, is_known, True].astype(np.int8)))
    for first, last in changes.reshape(-1, 2):
        ax.axvspan(edges[first], edges[last], color=GREY, alpha=_SHADE, lw=0, zorder=0)


def draw_steps(
    ax: "Axes", steps: Sequence[pd.Timestamp], language: Language, *, is_named: bool = True
) -> None:
    """Draw a line where each step begins, with its month above."""
    left, right = ax.get_xlim()
    for step, place in zip(steps, place_dates(steps), strict=True):
        if not left < place < right:
            continue
        ax.axvline(place, color=GREY, lw=1, ls=(0, (4, 3)), zorder=1)
        if is_named:
            ax.annotate(
                name_step(step, language),
                (place, 1),
                xycoords=("data", "axes fraction"),
                xytext=(0, 3),
                textcoords="offset points",
                ha="center",
                va="bottom",
                color=GREY,
                fontsize=SMALL - 1,
                annotation_clip=False,
            )


def name_step(step: pd.Timestamp, language: Language) -> str:
    """Name a step by its month, and by what happened where everybody knows it."""
    return ("Covid-19, " if step == COVID else "") + language.month(step)
