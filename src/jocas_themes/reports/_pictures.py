"""Pictures of a report, drawn alike wherever: the reader's own style has no say in them."""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jocas_themes._optional import import_optional

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH = 7.6


@dataclass(frozen=True, eq=False)
class Picture:
    """What draws a picture, its size in inches, and what it says to those who cannot see it.

    It is drawn on one axes, or on an array of them where there are panels, in rows and columns.
    """

    draw: Callable[[Any], object]
    height: float
    description: str
    width: float = _WIDTH
    panels: tuple[int, int] = (1, 1)


def build_panels(
    description: str,
    draw: Callable[[Any], object],
    *,
    n_panels: int,
    width: float = _WIDTH,
    columns: int = 2,
    row_height: float = 2.5,
) -> Picture:
    """Build a picture of panels; one that is left over is hidden."""
    columns = min(columns, n_panels)
    rows = -(-n_panels // columns)

    def draw_all(axes: Any) -> None:
        for unused in np.ravel(axes)[n_panels:]:
            unused.set_visible(False)
        draw(axes)

    return Picture(draw_all, 0.6 + row_height * rows, description, width, panels=(rows, columns))


@contextmanager
def draw_picture(picture: Picture) -> Iterator["Figure"]:
    """Draw a picture on white, and yield it in the style in which it must be saved."""
    style = import_optional("matplotlib.style", extra="plots", purpose="a picture")
    figures = import_optional("matplotlib.figure", extra="plots", purpose="a picture")
    with (
        style.context(["default", {"svg.hashsalt": "jocas_themes"}]),
        warnings.catch_warnings(),
    ):
        # A board's name in letters that the font lacks is drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        figure = figures.Figure((picture.width, picture.height), layout="constrained")
        picture.draw(figure.subplots(*picture.panels))
        yield figure


def render_svg(picture: Picture) -> str:
    """Render a picture as SVG, without a date: the same each time."""
    file = io.BytesIO()
    with draw_picture(picture) as figure:
        about = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(file, format="svg", metadata=about)
    return file.getvalue().decode("utf-8")
