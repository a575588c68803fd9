"""The tables of a report on trends: of all offers together, and of their groups."""

import warnings
from collections.abc import Sequence
from typing import Any

import pandas as pd

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.reports._trends_contrast import Contrast
from jocas_themes.trends import (
    Shares,
    compare_periods,
    decompose,
    smooth_trend,
    standardize,
    test_break,
)
from jocas_themes.trends.change._break import adjust_effects, find_short_series
from jocas_themes.trends.smoothing import FEWEST_PERIODS, iter_series


def tabulate(
    shares: Shares, time: str, contrast: Contrast, correction: str
) -> dict[str, pd.DataFrame]:
    """Compute what is told of all offers together."""
    tables = {
        "shares": shares.table,
        "changes": compare_periods(
            shares, before=contrast.before, after=contrast.after, correction=correction
        ),
    }
    if _is_long(shares):
        tables["trends"] = smooth_trend(shares, steps=contrast.steps)
    if time == "month":
        tables |= _test_breaks(shares, contrast.steps, correction)
    return tables


def tabulate_group(
    shares: Shares, group: str, contrast: Contrast, correction: str
) -> dict[str, pd.DataFrame]:
    """Compute what is told of each group, and of all with their mix held fixed."""
    stretches: dict[str, Any] = {"before": contrast.before, "after": contrast.after}
    fixed = standardize(shares, weights="all", by=(group,))
    tables = {
        f"shares_by_{group}": shares.table,
        f"changes_by_{group}": compare_periods(shares, correction=correction, **stretches),
        f"standardized_by_{group}": fixed.table,
        f"standardized_changes_by_{group}": compare_periods(
            fixed, correction=correction, **stretches
        ),
        f"decomposition_by_{group}": decompose(shares, by=(group,), **stretches),
    }
    if _is_long(fixed):
        tables[f"standardized_trends_by_{group}"] = smooth_trend(fixed, steps=contrast.steps)
    return tables


def _is_long(shares: Shares) -> bool:
    """Tell whether each theme has enough periods with offers for a trend."""
    return all(len(series.months) >= FEWEST_PERIODS for series in iter_series(shares))


def _test_breaks(
    shares: Shares, steps: Sequence[pd.Timestamp], correction: str
) -> dict[str, pd.DataFrame]:
    """Test each step beside the others, and adjust once for all; nothing where none can be."""
    tested = []
    for step in steps:
        if find_short_series(shares, at=step, steps=steps):
            warnings.warn(
                f"no break in {step:%Y-%m} is tested: too few months with offers lie around it, "
                f"up to the next step or the end of the labels. Six are needed on each side; "
                f"leave out steps that are close to it, or take labels of a longer time.",
                JocasThemesWarning,
                stacklevel=2,
            )
        else:
            tested.append(test_break(shares, at=step, steps=steps, correction=None))
    if not tested:
        return {}
    return {"breaks": adjust_effects(pd.concat(tested, ignore_index=True), correction)}
