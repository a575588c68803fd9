"""Several small pictures of the same kind, side by side."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jocas_themes._optional import import_optional
from jocas_themes.plots._canvas import SMALL, find_ink, open_axes
from jocas_themes.plots._share_axis import fit_note

if TYPE_CHECKING:
    import numpy.typing as npt

_LEFT = 0.02  # of the figure's width


def open_panels(
    axes: Any, n: int, *, columns: int, size: tuple[float, float], purpose: str
) -> "npt.NDArray[np.object_]":
    """Return the first n axes of those given, or those of a new figure; panels of `size` inches."""
    if axes is None:
        pyplot = import_optional("matplotlib.pyplot", extra="plots", purpose=purpose)
        columns = min(columns, n)
        rows = -(-n // columns)
        _, axes = pyplot.subplots(
            rows,
            columns,
            figsize=(size[0] * columns, size[1] * rows + 0.5),
            layout="constrained",
            squeeze=False,
        )
    panels = np.asarray(axes, dtype=object).ravel()
    if len(panels) < n:
        raise ValueError(f"axes must hold at least {n} axes, one a panel, got {len(panels)}.")
    for unused in panels[n:]:
        unused.set_visible(False)
    for ax in panels[:n]:
        open_axes(ax, size, purpose=purpose)
    return panels[:n]


def write_panels_note(panels: "npt.NDArray[np.object_]", sentences: Sequence[str]) -> None:
    """Write below all panels how to read them."""
    figure = panels[0].figure
    label = figure.supxlabel(" ", x=_LEFT, ha="left", fontsize=SMALL - 1, color=find_ink(panels[0]))
    fit_note(label, sentences, figure.bbox.width * (1 - 2 * _LEFT))
