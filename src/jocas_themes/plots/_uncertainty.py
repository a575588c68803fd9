"""Shares as colours, and the cells of which too little is known to be coloured."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.plots._canvas import GREY, SMALL
from jocas_themes.plots._language import Language

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable

# Perceptually uniform, and the same to colour-blind readers; the second for signed changes.
_COLORS, _SIGNED_COLORS = "viridis", "PuOr"
_SMALLEST_SPAN = 0.02
_MIDDLE = 0.18  # luminance
UNSURE_ALPHA, HATCH = 0.22, "////"


def open_colors(values: npt.ArrayLike, *, is_signed: bool) -> "ScalarMappable":
    """Return the colours of shares, or of changes around zero."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if is_signed:
        most = max(_SMALLEST_SPAN / 2, float(np.abs(known).max(initial=0)))
        return ScalarMappable(Normalize(-most, most), _SIGNED_COLORS)
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    return ScalarMappable(Normalize(low, max(high, low + _SMALLEST_SPAN)), _COLORS)


def choose_ink(color: Any) -> str:
    """Choose black or white, whichever has the higher contrast (WCAG 2.1) with a colour."""
    linear = ((np.array(color[:3]) + 0.055) / 1.055) ** 2.4
    return "black" if linear @ (0.2126, 0.7152, 0.0722) > _MIDDLE else "white"


def find_unsure(table: pd.DataFrame, *, max_half_width: float, min_offers: int) -> pd.Series:
    """Tell the rows whose interval is too wide, or whose offers are too few."""
    half = (table["ci_high"] - table["ci_low"]).astype(float) / 2
    few = table["n_offers"] < min_offers if "n_offers" in table.columns else False
    return ~(half <= max_half_width) | few


def draw_color_bar(
    ax: "Axes", colors: "ScalarMappable", language: Language, *, is_signed: bool
) -> None:
    """Draw the bar that says which colour is which share."""
    bar = ax.figure.colorbar(colors, ax=ax, shrink=0.6, aspect=22, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=SMALL, color=GREY)
    if is_signed:
        bar.ax.yaxis.set_major_formatter(lambda change, _: language.points(change))
        bar.set_label(language.choose("Change, points", "Écart, en points"), fontsize=SMALL)
    else:
        bar.ax.yaxis.set_major_formatter(lambda share, _: language.tick(share))
        bar.set_label(language.choose("Share of offers", "Part des offres"), fontsize=SMALL)


def say_unsure(max_half_width: float, min_offers: int, language: Language) -> str:
    """Say which cells are hatched."""
    half = language.number(100 * max_half_width, int(max_half_width * 100 % 1 > 0))
    few = language.number(min_offers, 0)
    return language.choose(
        f"Hatched: interval wider than ±{half} points, or fewer than {few} offers.",
        f"Hachuré : intervalle de plus de ±{half} points, ou moins de {few} offres.",
    )
