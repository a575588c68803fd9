"""English and French: the words, the months and the numbers that pictures write."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, Self

import numpy as np
import pandas as pd

from jocas_themes.plots._canvas import write_name
from jocas_themes.plots._names import name_theme
from jocas_themes.taxonomy import HR_THEMES
from jocas_themes.trends.aggregation import UNKNOWN
from jocas_themes.trends.nomenclatures import load_nomenclature

LanguageCode = Literal["en", "fr"]

_MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "fr": (
        "janv.",
        "févr.",
        "mars",
        "avr.",
        "mai",
        "juin",
        "juil.",
        "août",
        "sept.",
        "oct.",
        "nov.",
        "déc.",
    ),
}
# A stretch of time between steps, as the tables name it.
_STRETCH = re.compile(r"(until|from)? ?(\d{4}-\d\d)(?: to (\d{4}-\d\d))?")
_STRETCHES = {
    "en": {"until": "until {}", "from": "from {}", "to": "{} to {}"},
    "fr": {"until": "jusqu’à {}", "from": "depuis {}", "to": "de {} à {}"},
}
_NOMENCLATURES = {
    "sector": "naf_sections",
    "region": "regions",
    "rome_family": "rome_families",
    "rome_domain": "rome_domains",
}
_LONGEST_GROUP = 46  # letters
_NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Language:
    """How one language writes what every picture has."""

    code: LanguageCode

    @classmethod
    def open(cls, code: str) -> Self:
        """Return the language, if it is one that pictures know."""
        if code not in _MONTHS:
            raise ValueError(f"language must be one of {list(_MONTHS)!r}, got {code!r}.")
        return cls("fr" if code == "fr" else "en")

    def choose(self, english: str, french: str) -> str:
        """Return the words of this language."""
        return french if self.code == "fr" else english

    def number(self, value: float, digits: int = 1, *, sign: bool = False) -> str:
        """Write a number with its thousands apart; a zero has no sign."""
        value = round(float(value), digits) + 0.0
        text = f"{value:{'+' if sign and value else ''},.{digits}f}".replace("-", "−")
        return text.translate({44: _NO_BREAK, 46: ","}) if self.code == "fr" else text

    def percent(self, share: float, digits: int = 1) -> str:
        """Write a share (0-1) as a percentage."""
        return self.number(100 * share, digits) + self.choose("%", f"{_NO_BREAK}%")

    def tick(self, share: float) -> str:
        """Write a share as a tick does: with as few digits as tell it."""
        return self.percent(share, _count_digits(100 * share))

    def points(self, change: float) -> str:
        """Write a change as a tick does, in points, with its sign."""
        return self.number(100 * change, _count_digits(100 * change), sign=True)

    def interval(self, low: float, high: float, *, sign: bool = False) -> str:
        """Write an interval of shares, in points."""
        ends = [self.number(100 * end, sign=sign) for end in (low, high)]
        return f"[{self.choose(', ', f'{_NO_BREAK}; ').join(ends)}]"

    def month(self, month: pd.Timestamp) -> str:
        """Write a month and its year."""
        return f"{_MONTHS[self.code][month.month - 1]} {month.year}"

    def period(self, period: object, by: str) -> str:
        """Write a period, as it stands in the column `by` of a table."""
        if not isinstance(period, pd.Timestamp):
            return self._stretch(str(period))
        if by == "month":
            return self.month(period)
        if by == "quarter":
            return f"{period.year} {self.choose('Q', 'T')}{period.quarter}"
        if by == "semester":
            return f"{period.year} {self.choose('H', 'S')}{1 + (period.month > 6)}"
        return str(period.year)

    def _stretch(self, period: str) -> str:
        """Write a stretch between steps; what is none stays as it is."""
        found = _STRETCH.fullmatch(period)
        if found is None or not (found[1] or found[3]):
            return write_name(period)
        months = [self.month(pd.Timestamp(month)) for month in found.groups()[1:] if month]
        return _STRETCHES[self.code][found[1] or "to"].format(*months)

    def theme(self, code: str, names: Mapping[str, str] | None = None) -> str:
        """Write the name given for a theme, else an HR theme's own, else its code in words."""
        own = {theme.code: self.choose(theme.name_en, theme.name_fr) for theme in HR_THEMES}
        return write_name({**own, **(names or {})}.get(code, name_theme(code)))

    def row(self, value: object, by: str, names: Mapping[str, str] | None = None) -> str:
        """Write the name of a theme or a group."""
        return self.theme(str(value), names) if by == "theme" else self.group(value, by, names)

    def group(self, value: object, by: str, names: Mapping[str, str] | None = None) -> str:
        """Write the name given for a group, else the official name of its code, else itself."""
        own = {UNKNOWN: self.choose("Unknown", "Inconnu"), **_find_names(by, self.code)}
        name = {**own, **(names or {})}.get(str(value), str(value))
        return re.sub(r"[ ,;:]+…$", "…", write_name(name, _LONGEST_GROUP))


def _count_digits(value: float) -> int:
    """Count the decimals that a round number needs, three at most."""
    return next((digits for digits in range(3) if np.isclose(round(value, digits), value)), 3)


@cache
def _find_names(by: str, language: LanguageCode) -> dict[str, str]:
    """Find the official names of the codes of a group; sections begin alike, so have their code."""
    if by not in _NOMENCLATURES:
        return {}
    table = load_nomenclature(_NOMENCLATURES[by]).set_index("code")
    name = next(x for x in (f"name_{language}", "name_fr", "name") if x in table.columns)
    written = {str(code): str(text) for code, text in table[name].items()}
    if by == "sector":
        return {code: f"{code} · {text}" for code, text in written.items()}
    return written
