"""Trends of themes: from labels and gold to shares, changes and breaks; tables, never a model."""

from jocas_themes.trends._result import Shares
from jocas_themes.trends._shares import PERIODS, compute_shares
from jocas_themes.trends._volume import find_constant_boards, volume
from jocas_themes.trends.change import (
    adjust_p_values,
    compare_periods,
    describe_change,
    fit_panel,
    test_break,
)
from jocas_themes.trends.composition import compute_mix, decompose, rake, standardize, take_boards
from jocas_themes.trends.gold import plan_gold, sample_gold
from jocas_themes.trends.nomenclatures import load_nomenclature
from jocas_themes.trends.prevalence import estimate_prevalence
from jocas_themes.trends.prevalence._error_rates import compute_error_rates
from jocas_themes.trends.smoothing import smooth_trend

__all__ = [
    "PERIODS",
    "Shares",
    "adjust_p_values",
    "compare_periods",
    "compute_error_rates",
    "compute_mix",
    "compute_shares",
    "decompose",
    "describe_change",
    "estimate_prevalence",
    "find_constant_boards",
    "fit_panel",
    "load_nomenclature",
    "plan_gold",
    "rake",
    "sample_gold",
    "smooth_trend",
    "standardize",
    "take_boards",
    "test_break",
    "volume",
]
