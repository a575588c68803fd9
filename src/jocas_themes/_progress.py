"""Progress bars: plain ones where a notebook lacks the widgets, and without a warning for it."""

import warnings
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # tqdm warns on import where ipywidgets is missing
    from tqdm.auto import tqdm

__all__ = ["make_offers_bar", "tqdm"]

# From which count on a bar writes 1.2M, not the figure.
_LARGE = 1_000_000


def make_offers_bar(
    desc: str, *, progress: bool, total: int | None = None, initial: int = 0
) -> Any:
    """Make a bar that counts offers, many at a time.

    It is shown from its first update on: no empty one comes before an error.
    """
    return tqdm(
        desc=desc,
        unit=" offers",
        unit_scale=(total or 0) >= _LARGE,
        total=total,
        initial=initial,
        disable=not progress,
        mininterval=0,
        delay=1e-3,
    )
