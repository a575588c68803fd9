"""How a report on trends writes its tables: names, periods, shares and changes for readers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from jocas_themes.plots._language import Language

WIDTH = 8.4  # of its pictures, in inches
_SMALLEST_P = 0.0005  # smaller ones would be written 0.000

Months = tuple[pd.Timestamp, pd.Timestamp]  # the first and the last of a stretch


@dataclass(frozen=True, eq=False)
class View:
    """What a report speaks of, and in which words.

    Parameters
    ----------
    time : str
        Length of a period.
    group : str or None
        What the groups are.
    before, after : pair of Timestamp
        First and last month of what is compared.
    steps : tuple of Timestamp
        Months from which on things may be otherwise.
    names : mapping of str to str
        What to call themes and groups.
    words : Language
        Language of all that is written.
    """

    time: str
    group: str | None
    before: Months
    after: Months
    steps: tuple[pd.Timestamp, ...]
    names: Mapping[str, str]
    words: Language

    def say(self, english: str, french: str) -> str:
        """Return the words of the report's language."""
        return self.words.choose(english, french)

    @property
    def drawing(self) -> dict[str, Any]:
        """What every picture is told."""
        return {"names": self.names, "language": self.words.code}

    @property
    def stretches(self) -> str:
        """What is compared with what."""
        (start, end), (later, last) = (
            [self.words.month(month) for month in pair] for pair in (self.before, self.after)
        )
        return self.say(
            f"From {later} to {last}, against {start} to {end}.",
            f"De {later} à {last}, contre {start} à {end}.",
        )

    def list_changes(self, changes: pd.DataFrame, by: str) -> pd.DataFrame:
        """Write changes, a row each."""
        words = self.words
        rows: dict[str, Any] = {self.say("Theme", "Thème"): self.name_themes(changes)}
        if by != "theme":
            rows[self.name_group(by).capitalize()] = [
                words.group(value, by, self.names) for value in changes[by]
            ]
        rows |= {
            self.say("Before", "Avant"): [words.percent(share) for share in changes["before"]],
            self.say("After", "Après"): [words.percent(share) for share in changes["after"]],
            "Points": self.write_points(changes, "change"),
            self.say("p, corrected", "p corrigée"): [
                self.write_p(p) for p in changes["p_adjusted"]
            ],
        }
        return pd.DataFrame(rows)

    def write_p(self, p: float) -> str:
        """Write a p-value; one that is not known is left blank."""
        if math.isnan(p):
            return ""
        return self.words.number(p, 3) if p >= _SMALLEST_P else f"< {self.words.number(0.001, 3)}"

    def pivot(self, table: pd.DataFrame) -> pd.DataFrame:
        """Write estimates with intervals, periods in rows and themes in columns."""
        cells = pd.DataFrame(
            {
                "period": table[self.time],
                "theme": self.name_themes(table),
                "cell": self.write_estimates(table),
            }
        )
        wide = cells.pivot(index="period", columns="theme", values="cell").fillna("")
        wide = wide[list(dict.fromkeys(cells["theme"]))]
        wide.columns.name = None  # else a heading over the periods' numbers
        periods = [self.words.period(period, self.time) for period in wide.index]
        wide.insert(0, self.say("Period", "Période"), periods)
        return wide

    def write_estimates(self, table: pd.DataFrame) -> list[str]:
        """Write shares with their intervals; what is not known is left blank."""
        columns = (table[name] for name in ("estimate", "ci_low", "ci_high"))
        return [
            ""
            if pd.isna(share)
            else f"{self.words.percent(share)} {self.words.interval(low, high)}"
            for share, low, high in zip(*columns, strict=True)
        ]

    def write_points(self, table: pd.DataFrame, name: str) -> list[str]:
        """Write changes in points with their intervals."""
        columns = (table[column] for column in (name, "ci_low", "ci_high"))
        return [
            f"{self.words.number(100 * change, sign=True)} "
            f"{self.words.interval(low, high, sign=True)}"
            for change, low, high in zip(*columns, strict=True)
        ]

    def name_themes(self, table: pd.DataFrame) -> list[str]:
        """Write the themes of a table's rows."""
        return [self.words.theme(theme, self.names) for theme in table["theme"]]

    def name_group(self, group: str) -> str:
        """Write what the groups are."""
        known = {
            "theme": self.say("theme", "thème"),
            "region": self.say("region", "région"),
            "sector": self.say("sector", "secteur"),
            "board": self.say("board", "site"),
            "rome_family": self.say("ROME family", "famille ROME"),
            "rome_domain": self.say("ROME domain", "domaine ROME"),
        }
        return known.get(group, group)
