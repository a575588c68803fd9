"""What could not be read: malformed rows are kept aside, unreadable cells are counted."""

import json
import logging
import os
import warnings
from pathlib import Path
from typing import IO, Any, NamedTuple

from jocas_themes.errors import JocasThemesWarning, OffersError

_log = logging.getLogger(__name__)

_N_NAMED = 5
_EXAMPLE_LENGTH = 40


class Reject(NamedTuple):
    """One malformed row: where it starts, what is wrong, and its characters."""

    file: str
    line: int
    reason: str
    raw: str


class Rejects:
    """The malformed rows of one read, appended to a file as they are met.

    The file is made when there is something to keep, and a row that it holds already is not
    written twice. Without a path the first malformed row is an error.
    """

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self.path = None if path is None else Path(path)
        self.count = 0
        self._first: list[Reject] = []
        self._stream: IO[str] | None = None
        self._kept: set[tuple[str, int, str]] = set()

    def add(self, reject: Reject) -> None:
        """Keep one malformed row aside."""
        where = f"{reject.file}:{reject.line}"
        if self.path is None:
            raise OffersError(
                f"{where} is malformed: {reject.reason}. Mend it, or pass rejects_path= to keep "
                "such rows aside."
            )
        self.count += 1
        if len(self._first) < _N_NAMED:
            self._first.append(reject)
        _log.debug("malformed row at %s: %s", where, reject.reason)
        key = (reject.file, reject.line, reject.raw)
        try:
            if self._stream is None:
                self._stream = self._open(self.path)
            if key not in self._kept:
                self._kept.add(key)
                self._stream.write(json.dumps(reject._asdict(), ensure_ascii=False) + "\n")
                self._stream.flush()
        except OSError as error:
            raise OffersError(
                f"the malformed row at {where} cannot be kept aside in {str(self.path)!r}: "
                f"{error}. Pass another rejects_path=."
            ) from error

    def close(self) -> None:
        """Close the file of rejects, if there is one."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def warn(self, *, stacklevel: int) -> None:
        """Say once how many rows were left out, which, and where they are."""
        if not self.count:
            return
        named = ", ".join(f"{r.file}:{r.line} ({r.reason})" for r in self._first)
        more = f" and {self.count - len(self._first)} more" * (self.count > len(self._first))
        rows = "row was" if self.count == 1 else "rows were"
        warnings.warn(
            f"{self.count} malformed {rows} left out: {named}{more}. Each is kept in "
            f"{str(self.path)!r} with its line and reason; mend it in its file and read again.",
            JocasThemesWarning,
            stacklevel=stacklevel + 1,
        )

    def _open(self, path: Path) -> IO[str]:
        """Open the file of rejects for appending, after noting what it holds."""
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("a+", encoding="utf-8", errors="backslashreplace", newline="\n")
        stream.seek(0)
        line = ""
        for line in stream:
            self._kept.update(_read_key(line))
        if line and not line.endswith("\n"):  # a write that was cut short
            stream.write("\n")
        return stream


def _read_key(line: str) -> list[tuple[str, int, str]]:
    """Read what identifies a kept row, or nothing from a line that is not one."""
    try:
        row = json.loads(line)
        return [(row["file"], row["line"], row["raw"])]
    except (ValueError, KeyError, TypeError):
        return []


class UnreadableCells:
    """How many values of each column could not be read, with an example each."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._examples: dict[str, Any] = {}

    def add(self, column: str, count: int, example: Any) -> None:
        """Count values of a column that became missing."""
        self._examples.setdefault(column, example)
        self._counts[column] = self._counts.get(column, 0) + count

    def warn(self, *, stacklevel: int) -> None:
        """Say once, column by column, what became missing."""
        if not self._counts:
            return
        named = [
            f"{column!r}: {count} (such as {_shorten(self._examples[column])!r})"
            for column, count in list(self._counts.items())[:_N_NAMED]
        ]
        more = f", and {len(self._counts) - _N_NAMED} more columns" * (len(self._counts) > _N_NAMED)
        warnings.warn(
            f"values that are no date or no figure became missing: {', '.join(named)}{more}. "
            "Mend them in the source if they matter.",
            JocasThemesWarning,
            stacklevel=stacklevel + 1,
        )


def _shorten(example: Any) -> Any:
    """Cut a long example."""
    text = str(example)
    return text if len(text) <= _EXAMPLE_LENGTH else text[:_EXAMPLE_LENGTH] + "..."
