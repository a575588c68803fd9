"""`draw_shares_svg`: shares by period, one panel a theme, with the standard library alone."""

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from jocas_themes.plots._scale import Scale, name_period
from jocas_themes.plots._svg import write_document, write_element, write_line, write_text
from jocas_themes.trends import PERIODS

# Okabe and Ito's colours, which colour-blind readers tell apart.
_BLUE, _VERMILLION = "#0072B2", "#D55E00"
_STYLE = (
    "text{font-family:Arial,Helvetica,'Liberation Sans','DejaVu Sans',sans-serif;"
    "font-size:12px;fill:#222}"
    ".title{font-size:20px;font-weight:bold}"
    ".note{font-size:13px;fill:#444}"
    ".theme{font-size:14px;font-weight:bold}"
    ".tick{font-size:11px;fill:#444}"
    ".grid{stroke:#e4e4e4;stroke-width:1}"
    ".axis{stroke:#777;stroke-width:1}"
    f".point{{fill:{_BLUE};fill-opacity:.4}}"
    f".mean{{fill:none;stroke:{_BLUE};stroke-width:1.8;stroke-linejoin:round;"
    "stroke-linecap:round}"
    f".event{{stroke:{_VERMILLION};stroke-width:1.2;stroke-dasharray:4 3}}"
)

_CAVEAT = "Observed shares of predicted labels, not corrected for the classifier's errors."

# In pixels.
_WIDTH = 960.0
_LEFT, _RIGHT, _HEAD, _FOOT = 52.0, 20.0, 142.0, 32.0
_PANEL_HEIGHT, _COLUMN_GAP, _ROW_GAP = 150.0, 24.0, 62.0
_NAME_LINE = 17.0
_MAX_COLUMNS = 3
# Without the font at hand, on average and generously: a bold 14 px and a plain 11-12 px letter.
_BOLD_LETTER, _PLAIN_LETTER = 8.0, 6.4


@dataclass(frozen=True)
class _Frame:
    """The rectangle of one panel, its name, and where the scale's 0 to 1 falls in it."""

    name: tuple[str, ...]
    left: float
    top: float
    width: float

    @property
    def bottom(self) -> float:
        return self.top + _PANEL_HEIGHT

    @property
    def right(self) -> float:
        return self.left + self.width

    def x(self, place: float) -> float:
        return self.left + place * self.width

    def y(self, place: float) -> float:
        return self.bottom - place * _PANEL_HEIGHT


def draw_shares_svg(
    shares: pd.DataFrame,
    *,
    names: Mapping[str, str] | None = None,
    title: str | None = None,
    event_date: str | None = "2020-03-01",
    event_name: str = "March 2020, first Covid-19 lockdown",
) -> str:
    """Draw the observed shares of each theme over time, as an SVG picture.

    Parameters
    ----------
    shares : DataFrame of shape (n_themes * n_periods, 4)
        As `compute_shares` gives it: ``theme``, ``month`` (or ``quarter``, or ``year``),
        ``n_offers`` and ``share`` (0-1). The panels follow the themes' first appearance.
    names : mapping of str to str, optional
        Name to show for each theme code; the code itself where there is none.
    title : str, optional
        Title of the picture, of at most some 80 characters.
    event_date : str or None, default="2020-03-01"
        ISO date of the vertical line; None for no line.
    event_name : str, default="March 2020, first Covid-19 lockdown"
        What the line stands for.

    Returns
    -------
    str
        A self-contained SVG document, 960 pixels wide: write it to a file in UTF-8.

    Raises
    ------
    ValueError
        If a column is not there, if there is no row, if a period comes twice for a theme, or
        if a share is not between 0 and 1.

    See Also
    --------
    jocas_themes.trends.compute_shares : The table that is drawn.

    Notes
    -----
    All panels have the same axes. A point is a period, drawn at its middle. For months the line
    is the mean over three of them, weighted by their offers; quarters and years are joined as
    they are. The line stops where a period has no offers.

    Examples
    --------
    >>> import pandas as pd
    >>> from jocas_themes.plots import draw_shares_svg
    >>> shares = pd.DataFrame({
    ...     "theme": "DIVERSITY",
    ...     "month": pd.to_datetime(["2020-01-01", "2020-02-01"]),
    ...     "n_offers": [120, 80],
    ...     "share": [0.10, 0.15],
    ... })
    >>> picture = draw_shares_svg(shares, names={"DIVERSITY": "Diversité"})
    >>> "Diversité" in picture and "200 offers" in picture
    True
    """
    by = _check_shares(shares)
    shares = shares.assign(period=pd.PeriodIndex(shares[by], freq=PERIODS[by]))
    repeated = shares.duplicated(["theme", "period"])
    if repeated.any():
        raise ValueError(
            f"shares must have one row a theme and {by}, {int(repeated.sum())} come again. "
            f"Draw one group at a time."
        )
    scale = Scale.fit(pd.PeriodIndex(shares["period"]), float(shares["share"].max()))
    title = title or f"Share of job offers labelled with each theme, by {by}"
    extent = _describe_extent(shares, by)
    event = None if event_date is None else scale.place_date(pd.Timestamp(event_date))
    if event is not None and not 0 < event < 1:
        event = None
    body = [
        write_text(title, 16, 34, class_="title"),
        write_text(_CAVEAT, 16, 57, class_="note"),
        write_text(extent, 16, 75, class_="note"),
        *_draw_legend(by, None if event is None else event_name),
    ]
    tables = list(shares.groupby("theme", sort=False))
    frames = _lay_out([str((names or {}).get(str(theme), theme)) for theme, _ in tables])
    for frame, (_, table) in zip(frames, tables, strict=True):
        body += _draw_axes(frame, scale)
        if event is not None:
            x = frame.x(event)
            body.append(write_line([(x, frame.top), (x, frame.bottom)], class_="event"))
        body += _draw_data(frame, scale, table.sort_values("period"), by)
    return write_document(
        _WIDTH,
        frames[-1].bottom + _FOOT,
        title=title,
        description=f"{_CAVEAT} {extent}",
        style=_STYLE,
        body=body,
    )


def _check_shares(shares: pd.DataFrame) -> str:
    """Check the table, and return the name of its column of periods."""
    found = [name for name in PERIODS if name in shares.columns]
    absent = [name for name in ("theme", "n_offers", "share") if name not in shares.columns]
    if absent or not found:
        raise ValueError(
            f"shares must have the columns 'theme', 'n_offers', 'share' and one of "
            f"{list(PERIODS)}, found {list(shares.columns)[:8]!r}. "
            f"Make the table with compute_shares."
        )
    if not len(shares):
        raise ValueError("shares must have a row at least, got none: no offer has a date.")
    wrong = shares.loc[~shares["share"].between(0, 1), "share"]
    if len(wrong):
        raise ValueError(
            f"shares must be between 0 and 1, got {wrong.iloc[:5].tolist()!r} "
            f"({len(wrong)} in all). Divide percentages by 100."
        )
    return found[0]


def _describe_extent(shares: pd.DataFrame, by: str) -> str:
    """Say how many offers there are, and of what time."""
    totals = shares.groupby("theme")["n_offers"].sum()
    fewest, most = int(totals.min()), int(totals.max())
    offers = f"{most:,} offers" if fewest == most else f"{fewest:,} to {most:,} offers a theme"
    first, last = (name_period(end, by) for end in (shares["period"].min(), shares["period"].max()))
    return f"{offers}, {first}." if first == last else f"{offers}, {first} to {last}."


def _lay_out(names: Sequence[str]) -> list[_Frame]:
    """Spread the panels over rows of equal length, as far as their number allows."""
    n_rows = math.ceil(len(names) / _MAX_COLUMNS)
    n_columns = math.ceil(len(names) / n_rows)
    width = (_WIDTH - _LEFT - _RIGHT - (n_columns - 1) * _COLUMN_GAP) / n_columns
    letters = int(width / _BOLD_LETTER)
    wrapped = [textwrap.wrap(name, letters, max_lines=2, placeholder="…") for name in names]
    head = _HEAD + _NAME_LINE * any(len(lines) > 1 for lines in wrapped)
    return [
        _Frame(
            name=tuple(lines),
            left=_LEFT + panel % n_columns * (width + _COLUMN_GAP),
            top=head + panel // n_columns * (_PANEL_HEIGHT + _ROW_GAP),
            width=width,
        )
        for panel, lines in enumerate(wrapped)
    ]


def _draw_legend(by: str, event_name: str | None) -> Iterator[str]:
    """Draw the key to the marks, in one line under the subtitle."""
    x, y = 16.0, 99.0
    yield write_element("circle", cx=x + 8, cy=y - 4, r=2.5, class_="point")
    for kind, label in (
        ("point", f"one {by}"),
        ("mean", "mean over three months" if by == "month" else ""),
        ("event", event_name or ""),
    ):
        if not label:
            continue
        if kind != "point":
            yield write_line([(x, y - 4), (x + 20, y - 4)], class_=kind)
        label_x = x + (18 if kind == "point" else 26)
        yield write_text(label, label_x, y)
        x = label_x + _PLAIN_LETTER * len(label) + 24


def _draw_axes(frame: _Frame, scale: Scale) -> Iterator[str]:
    """Draw the name, the grid, the ticks and their labels: shares on the left panels only."""
    for above, line in enumerate(reversed(frame.name)):
        yield write_text(line, frame.left, frame.top - 10 - _NAME_LINE * above, class_="theme")
    for place, label in scale.list_share_ticks():
        y = frame.y(place)
        yield write_line([(frame.left, y), (frame.right, y)], class_="grid" if place else "axis")
        if frame.left == _LEFT:
            yield write_text(label, frame.left - 7, y + 4, class_="tick", text_anchor="end")
    spans = scale.list_date_spans()
    widest = _PLAIN_LETTER * max(len(label) for *_, label in spans) + 10
    every = math.ceil(widest * len(spans) / frame.width)
    for position, (start, end, label) in enumerate(spans):
        x = frame.x(start)
        yield write_line([(x, frame.bottom), (x, frame.bottom + 5)], class_="axis")
        if position % every == 0 and (every > 1 or (end - start) * frame.width >= widest):
            middle = frame.x((start + end) / 2)
            yield write_text(label, middle, frame.bottom + 16, class_="tick", text_anchor="middle")
    yield write_line([(frame.right, frame.bottom), (frame.right, frame.bottom + 5)], class_="axis")


def _draw_data(frame: _Frame, scale: Scale, table: pd.DataFrame, by: str) -> Iterator[str]:
    """Draw the points of one theme, and over them the line, broken where periods are missing."""
    for period, share, n_offers in zip(
        table["period"], table["share"], table["n_offers"], strict=True
    ):
        tip = f"{name_period(period, by)}: {share:.1%} of {n_offers:,} offers"
        yield write_element(
            "circle",
            write_element("title", tip),
            cx=frame.x(scale.place_period(period)),
            cy=frame.y(scale.place_share(share)),
            r=2.2,
            class_="point",
        )
    for run in _compute_runs(table, half_window=1 if by == "month" else 0):
        points = [
            (frame.x(scale.place_period(period)), frame.y(scale.place_share(share)))
            for period, share in run
        ]
        if len(points) > 1:
            yield write_line(points, class_="mean")


def _compute_runs(table: pd.DataFrame, *, half_window: int) -> list[list[tuple[pd.Period, float]]]:
    """Average each period with its neighbours, weighted by offers, in runs without a gap."""
    rows = {
        period.ordinal: (period, share * n_offers, n_offers)
        for period, share, n_offers in zip(
            table["period"], table["share"], table["n_offers"], strict=True
        )
    }
    runs: list[list[tuple[pd.Period, float]]] = []
    for ordinal, (period, _, _) in rows.items():
        window = range(ordinal - half_window, ordinal + half_window + 1)
        near = [rows[other] for other in window if other in rows]
        mean = sum(labelled for _, labelled, _ in near) / sum(n_offers for *_, n_offers in near)
        if ordinal - 1 not in rows:
            runs.append([])
        runs[-1].append((period, mean))
    return runs
