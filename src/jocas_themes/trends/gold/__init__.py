"""The gold sample: which offers people must read, and how exact the trends will be with it."""

from jocas_themes.trends.gold._planning import plan_gold
from jocas_themes.trends.gold._sampling import sample_gold

__all__ = ["plan_gold", "sample_gold"]
