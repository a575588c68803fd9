"""Pictures of what was computed; this one needs nothing but the core dependencies."""

from jocas_themes.plots._shares_svg import draw_shares_svg

__all__ = ["draw_shares_svg"]
