"""What is asked for: which of a model's themes, and how many of something."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from jocas_themes.annotations import Themes, choose_themes


def find_themes(known: Sequence[str], themes: Themes) -> list[int]:
    """Return the places of some themes of a model, in the model's order; of all by default."""
    wanted = choose_themes(themes=tuple(known) if themes is None else themes)
    unknown = [theme for theme in wanted if theme not in known]
    if unknown:
        raise ValueError(
            f"themes must be among those of the model, {list(known)[:8]!r}; got "
            f"{unknown[:5]!r} ({len(unknown)} unknown)."
        )
    return [place for place, theme in enumerate(known) if theme in wanted]


def check_count(value: Any, name: str) -> int:
    """Return a count of 1 or more, or refuse it."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name} must be a whole number, 1 or more, got {value!r}.")
    return int(value)
