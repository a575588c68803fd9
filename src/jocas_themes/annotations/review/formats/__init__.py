"""The forms in which decisions come and cells go: one module a tool, and their register."""

from jocas_themes.annotations.review.formats._given import NO_THEME, GivenDecision
from jocas_themes.annotations.review.formats._register import (
    FORMATS,
    Format,
    find_format,
    guess_format,
)

__all__ = ["FORMATS", "NO_THEME", "Format", "GivenDecision", "find_format", "guess_format"]
