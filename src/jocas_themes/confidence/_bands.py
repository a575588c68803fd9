"""Bands of confidence: each from its lower limit up to the next, the last one to 100."""

from collections.abc import Iterator, Sequence

import numpy as np

from jocas_themes.confidence._arrays import BoolArray, FloatArray

# Cells under 60 are few and the least sure; what a filter commonly keeps starts at 70 or 80.
BANDS = (0, 50, 60, 70, 80, 90)


def check_bands(bands: Sequence[float], *, name: str) -> None:
    """Refuse lower limits that do not rise from 0."""
    limits = np.asarray(bands, dtype=float)
    rising = limits.ndim == 1 and limits.size and limits[0] == 0 and (np.diff(limits) > 0).all()
    if not rising or limits[-1] >= 100:
        raise ValueError(
            f"{name} must be the lower limits of the bands of confidence, rising from 0 and "
            f"under 100, such as (0, 70), got {bands!r}."
        )


def iter_bands(
    confidences: FloatArray, bands: Sequence[float]
) -> Iterator[tuple[float, float, BoolArray]]:
    """Yield each band's limits, and which cells lie in it; a cell without confidence in none."""
    for low, high in zip(bands, (*bands[1:], 100), strict=True):
        under = confidences <= high if high == 100 else confidences < high
        yield float(low), float(high), (confidences >= low) & under
