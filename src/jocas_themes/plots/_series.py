"""What a picture reads of a table: its theme, its groups, its periods."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from jocas_themes.plots._canvas import check_table
from jocas_themes.plots._language import Language
from jocas_themes.trends._result import Shares
from jocas_themes.trends.aggregation import GROUPS
from jocas_themes.trends.aggregation._periods import WIDTHS


def read_table(table: Any, columns: Sequence[str], *, maker: str) -> pd.DataFrame:
    """Return the table, or that of a result, if it has these columns and a row."""
    return check_table(table.table if isinstance(table, Shares) else table, columns, maker=maker)


def choose_theme(table: pd.DataFrame, theme: str | None) -> tuple[pd.DataFrame, str]:
    """Return the rows of one theme, and its code."""
    themes = list(dict.fromkeys(table["theme"]))
    if theme is None and len(themes) > 1:
        raise ValueError(f"theme must be one of the table's {themes!r}, got None.")
    code = themes[0] if theme is None else theme
    if code not in themes:
        raise ValueError(f"theme must be one of the table's {themes!r}, got {code!r}.")
    return table[table["theme"] == code], code


def find_time(table: pd.DataFrame) -> str:
    """Return the column of time."""
    found = [name for name in WIDTHS if name in table.columns]
    if len(found) != 1:
        raise ValueError(f"table must have one column of time of {list(WIDTHS)!r}, got {found!r}.")
    if not pd.api.types.is_datetime64_any_dtype(table[found[0]]):
        raise TypeError(
            f"table[{found[0]!r}] must hold dates, got {table[found[0]].dtype}. "
            f"Convert it with pd.to_datetime."
        )
    return found[0]


def order_stretches(stretches: Sequence[str]) -> list[str]:
    """Put stretches between steps in order of time, each once: until, to, from."""
    first = {"until": 0, "from": 2}
    return sorted(set(stretches), key=lambda name: (first.get(name.split(" ")[0], 1), name))


def find_group(table: pd.DataFrame, by: str | None) -> str | None:
    """Return the column of groups: the one given, else the only usual one, None without any."""
    if by is not None:
        if by not in table.columns:
            raise ValueError(
                f"by must name a column of the table, got {by!r}; "
                f"it has {[str(name) for name in table.columns]!r}."
            )
        return by
    found = [name for name in GROUPS if name in table.columns]
    if len(found) > 1:
        raise ValueError(f"by must name one of the table's groups {found!r}, got None.")
    return found[0] if found else None


def name_series(table: pd.DataFrame, language: Language, names: Mapping[str, str] | None) -> str:
    """Name a series by its theme, and by its groups where the table tells them."""
    groups = [(name, table[name].iloc[0]) for name in GROUPS if name in table.columns]
    theme = language.theme(str(table["theme"].iloc[0]), names)
    return ", ".join([theme, *(language.group(value, name, names) for name, value in groups)])


def check_series(table: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Return the table, if no two of its rows share their keys."""
    twice = table[table.duplicated(list(keys))]
    if not twice.empty:
        first = {key: twice[key].iloc[0] for key in keys}
        raise ValueError(
            f"table must have one row for each {' and '.join(keys)}, got several for {first!r} "
            f"({len(twice)} rows too many). Keep the rows of one group."
        )
    return table
