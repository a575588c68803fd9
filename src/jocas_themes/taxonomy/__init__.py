"""Themes and taxonomies: what is looked for in an offer."""

from jocas_themes.taxonomy._hr_themes import HR_THEMES
from jocas_themes.taxonomy._taxonomy import Taxonomy, Theme

__all__ = ["HR_THEMES", "Taxonomy", "Theme"]
