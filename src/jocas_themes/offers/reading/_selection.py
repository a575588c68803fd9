"""Which columns of a source are read, and what a reader hands over."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jocas_themes.offers._columns import ID_COLUMNS, TEXT_COLUMNS
from jocas_themes.offers.reading._cells import RawColumn

Columns = Sequence[str] | Callable[[str], bool] | None


class RawPiece(NamedTuple):
    """Some rows of one file, as the file gives them."""

    columns: dict[str, RawColumn]
    n_rows: int


@dataclass(frozen=True)
class Selection:
    """The columns that are asked for, and those that make a text when an offer has no id."""

    columns: tuple[str, ...] | Callable[[str], bool] | None = None
    text_columns: tuple[str, ...] | None = None

    def takes(self, name: str) -> bool:
        """Tell whether a column is part of the result."""
        if self.columns is None:
            return True
        return self.columns(name) if callable(self.columns) else name in self.columns

    def identifies(self, name: str) -> bool:
        """Tell whether a column holds ids."""
        return name in ID_COLUMNS

    def makes_text(self, name: str) -> bool:
        """Tell whether a column is part of an offer's text."""
        return name in (self.text_columns or ("text", *TEXT_COLUMNS))

    def reads(self, name: str) -> bool:
        """Tell whether a column is of any use."""
        return self.takes(name) or self.identifies(name) or self.makes_text(name)

    @property
    def first_columns(self) -> tuple[str, ...]:
        """The columns that every chunk has, in this order."""
        named = self.columns if isinstance(self.columns, tuple) else ()
        return tuple(dict.fromkeys(("offer_id", *named)))

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that were named, so that some file must have them."""
        named = self.columns if isinstance(self.columns, tuple) else ()
        return tuple(dict.fromkeys((*named, *(self.text_columns or ()))))


def build_selection(columns: Columns, text_columns: Sequence[str] | None) -> Selection:
    """Check what the user asks for."""
    for parameter, value in (("columns", columns), ("text_columns", text_columns)):
        if isinstance(value, str):
            raise TypeError(
                f"{parameter} must be a sequence of column names, got {value!r}. "
                f"Put a single one in a list: [{value!r}]."
            )
    if text_columns is not None and not text_columns:
        raise ValueError("text_columns must name a column, got none. Leave it out for JOCAS's.")
    if columns is not None and not callable(columns):
        columns = tuple(dict.fromkeys(columns))
    return Selection(columns, tuple(text_columns) if text_columns is not None else None)
