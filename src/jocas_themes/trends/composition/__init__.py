"""The mix of offers: held fixed, taken apart, kept to constant boards."""

from jocas_themes.trends.composition._boards import take_boards
from jocas_themes.trends.composition._decomposition import decompose
from jocas_themes.trends.composition._mix import compute_mix
from jocas_themes.trends.composition._raking import rake
from jocas_themes.trends.composition._standardization import standardize

__all__ = ["compute_mix", "decompose", "rake", "standardize", "take_boards"]
