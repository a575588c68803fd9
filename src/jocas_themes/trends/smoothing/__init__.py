"""Trends from shares of separate months: bridged gaps, known steps, seasons, and honest bands."""

from jocas_themes.trends.smoothing._series import (
    PERIOD_MONTHS,
    Series,
    choose_level,
    find_time,
    is_known,
    iter_series,
    list_groups,
)
from jocas_themes.trends.smoothing._trend import FEWEST_PERIODS, smooth_trend

__all__ = [
    "FEWEST_PERIODS",
    "PERIOD_MONTHS",
    "Series",
    "choose_level",
    "find_time",
    "is_known",
    "iter_series",
    "list_groups",
    "smooth_trend",
]
