"""What trends are made of: a line, steps, seasons and a random walk."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.trends.aggregation import count_months
from jocas_themes.trends.smoothing._reml import Design, build_wiggles

Array = npt.NDArray[np.float64]

_SEASON_MONTHS = 24


def build_design(
    first: pd.Timestamp,
    observed: npt.NDArray[np.intp],
    width: int,
    steps: Sequence[pd.Timestamp],
    season: bool,
) -> tuple[Design, list[str]]:
    """Lay out all periods from the first to the last, and say what the observed ones do not tell.

    A period that holds a step has it in part: the months from the step on.
    """
    months = width * np.arange(observed[-1] + 1, dtype=np.float64)
    fixed = np.column_stack([np.ones_like(months), months / 12])
    lacks = []
    for step in steps:
        begins = float(count_months([step], first)[0])
        column = np.clip((months + width - begins) / width, 0, 1)
        wider = np.column_stack([fixed, column])
        if np.linalg.matrix_rank(wider[observed]) == wider.shape[1]:
            fixed = wider
        else:
            lacks.append(
                f"the step of {step:%Y-%m} was left out: no offers tell the periods before it "
                f"from those after it. Leave it out of steps, or estimate shares of more months"
            )
    seasons = build_seasons(first, months, width)
    wider = np.column_stack([fixed, seasons])
    if not season:
        return Design(fixed, 0, build_wiggles(months / 12)), lacks
    enough = len(observed) * width >= _SEASON_MONTHS
    if enough and np.linalg.matrix_rank(wider[observed]) == wider.shape[1]:
        return Design(wider, seasons.shape[1], build_wiggles(months / 12)), lacks
    lacks.append(
        f"seasons were left out: they need {_SEASON_MONTHS} observed months and each month of the "
        f"year among them. Pass season=False, or estimate shares of more months"
    )
    return Design(fixed, 0, build_wiggles(months / 12)), lacks


def build_seasons(first: pd.Timestamp, months: Array, width: int) -> Array:
    """Tell the periods of the year apart, by effects that sum to zero over it."""
    n_seasons = 12 // width
    place = ((first.month - 1 + months) // width % n_seasons).astype(np.intp)
    others = np.eye(n_seasons)[place]
    seasons: Array = others[:, :-1] - others[:, -1:]
    return seasons
