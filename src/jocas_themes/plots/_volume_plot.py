"""`plot_volume`: offers a month by board; what is missing, and who came and went."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from jocas_themes.plots._canvas import BLUE, SMALL, VERMILLION
from jocas_themes.plots._language import Language, LanguageCode
from jocas_themes.plots._panels import open_panels, write_panels_note
from jocas_themes.plots._series import check_series, find_time, read_table
from jocas_themes.plots._time_axis import (
    Timeline,
    draw_steps,
    draw_time_axis,
    shade_missing,
)
from jocas_themes.trends._volume import ALL_BOARDS
from jocas_themes.trends.aggregation import parse_steps

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from matplotlib.axes import Axes

_COLUMNS = ("board", "n_offers", "status")
_STATUSES = ("present", "missing", "entry", "exit", "absent")
_PANEL = (7.6, 0.72)
_OPACITIES = (0.35, 0.75)  # of all offers, and of those without near-duplicates
_NAME: dict[str, Any] = {"rotation": 0, "ha": "right", "va": "center", "fontsize": SMALL}
_EVENTS = {"entry": ">", "exit": "<"}


def plot_volume(
    volume: pd.DataFrame,
    *,
    steps: Sequence[Any] = ("2020-03",),
    names: Mapping[str, str] | None = None,
    axes: Any = None,
    language: LanguageCode = "en",
) -> "npt.NDArray[np.object_]":
    """Draw the offers a month of each board, with the months that are missing.

    Parameters
    ----------
    volume : DataFrame of shape (n_boards * n_periods, n_columns)
        As `volume` gives it: ``board``, ``month`` (or another time), ``n_offers``, ``status``
        ("present", "missing", "entry", "exit" or "absent") and, where it is there,
        ``n_vacancies`` are drawn.
    steps : sequence of months, default=("2020-03",)
        Months to mark.
    names : mapping of str to str, optional
        What to write for a board.
    axes : array of matplotlib Axes, optional
        Where to draw, at least one a board; by default a new figure, as high as there are boards.
    language : {"en", "fr"}, default="en"
        Of words, months and numbers.

    Returns
    -------
    ndarray of matplotlib Axes
        One a board, in the table's order. Each has a scale of its own, from zero to its busiest
        period, which is written; missing periods are shaded, entries and exits are triangles.

    Raises
    ------
    TypeError
        If the table is not a DataFrame, or its periods are no dates.
    ValueError
        If a column is missing, a period of a board comes twice, a status is unknown, or there
        are not enough axes.
    MissingDependencyError
        If matplotlib is not installed.

    See Also
    --------
    plot_trend : The shares among these offers.

    Examples
    --------
    >>> import pandas as pd
    >>> from matplotlib.figure import Figure
    >>> from jocas_themes.plots import plot_volume
    >>> volume = pd.DataFrame({
    ...     "board": "board_1", "month": pd.to_datetime(["2020-01", "2020-02", "2020-03"]),
    ...     "n_offers": [4000, 0, 5200], "status": ["entry", "missing", "present"],
    ... })
    >>> (ax,) = plot_volume(volume, axes=Figure().subplots())
    >>> ax.get_ylabel(), [label.get_text() for label in ax.get_yticklabels()]
    ('board_1', ['0', '5,200'])
    """
    words = Language.open(language)
    table = read_table(volume, _COLUMNS, maker="volume")
    unknown = sorted({str(status) for status in table["status"]} - set(_STATUSES))
    if unknown:
        raise ValueError(f"status must be one of {list(_STATUSES)!r}, got {unknown[:5]!r}.")
    time = find_time(table)
    check_series(table, ["board", time])
    timeline = Timeline.fit(table[time], time)
    known_steps = timeline.keep(parse_steps(steps))
    boards = list(dict.fromkeys(table["board"]))
    panels = open_panels(axes, len(boards), columns=1, size=_PANEL, purpose="plot_volume")
    for ax, board in zip(panels, boards, strict=True):
        rows = timeline.complete(table[table["board"] == board])
        _set_scale(ax, rows, words)
        draw_time_axis(ax, timeline, words)
        ax.tick_params(axis="x", which="both", labelbottom=ax is panels[-1])
        _draw_board(ax, rows, timeline)
        draw_steps(ax, known_steps, words, is_named=ax is panels[0])
        every = {ALL_BOARDS: words.choose("All boards", "Tous les sites"), **(names or {})}
        ax.set_ylabel(words.group(board, "board", every), **_NAME)
    panels[0].figure.align_ylabels(panels)
    write_panels_note(panels, _explain(table, words))
    return panels


def _set_scale(ax: "Axes", rows: pd.DataFrame, words: Language) -> None:
    """Set the scale from zero to the busiest period."""
    most = max(1.0, float(rows["n_offers"].max()))
    ax.set_ylim(0, most * 1.05)
    ax.set_yticks([0, most], [words.number(0, 0), words.number(most, 0)])
    ax.tick_params(axis="y", labelsize=SMALL - 1)


def _draw_board(ax: "Axes", rows: pd.DataFrame, timeline: Timeline) -> None:
    """Draw the offers of a board, its missing periods, its entry and its exit."""
    shade_missing(ax, timeline, (rows["status"] != "missing").to_numpy())
    counts = [name for name in ("n_offers", "n_vacancies") if name in rows.columns]
    for name, opacity in zip(counts, _OPACITIES[-len(counts) :], strict=True):
        heights = rows[name].fillna(0).to_numpy(dtype=float)
        ax.stairs(heights, timeline.edges, fill=True, color=BLUE, alpha=opacity, lw=0)
    for status, mark in _EVENTS.items():
        for place in timeline.middles[(rows["status"] == status).to_numpy()]:
            ax.plot(place, 0, mark, color=VERMILLION, ms=7, clip_on=False, zorder=4)


def _explain(table: pd.DataFrame, words: Language) -> list[str]:
    """Say what the marks and shades are."""
    copies = words.choose(
        "Full colour: without near-duplicates.", "Couleur pleine : sans les quasi-doublons."
    )
    return [
        words.choose(
            "Offers by period; each board has its own scale. Shaded: missing periods. "
            "► the board enters, ◄ it leaves.",
            "Offres par période ; chaque site a son échelle. Grisé : périodes manquantes. "
            "► le site entre, ◄ il sort.",
        ),
        copies if "n_vacancies" in table.columns else "",
    ]
