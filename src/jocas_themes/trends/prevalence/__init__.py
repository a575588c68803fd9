"""True shares from imperfect labels and a gold sample that people read."""

from jocas_themes.trends.prevalence._prevalence import METHODS, estimate_prevalence

__all__ = ["METHODS", "estimate_prevalence"]
