"""Malformed rows, kept aside part by part, so that an interruption neither loses nor repeats any.

An object store cannot append: the rows met up to a part lie in a file of their own, and become
one file at the end.
"""

import json
import re
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, Any

from jocas_themes.corpus._destination import Destination
from jocas_themes.errors import JocasThemesWarning, OffersError
from jocas_themes.offers.reading._rejects import Reject, Rejects

# Its first character keeps it out of Parquet datasets.
REJECTS = "_rejects.jsonl"
_OF_PART = re.compile(r"_rejects-(\d{5,})\.jsonl")
_PIECE_BYTES = 1 << 20
_N_NAMED = 5


class PartRejects(Rejects):
    """The malformed rows met since the last part was finished."""

    def __init__(self) -> None:
        super().__init__(None)
        self.line = 0  # the last one in the file that is being read
        self._spool: IO[bytes] | None = None

    def enter(self, line: int) -> None:
        """Begin with a file, of which the malformed rows up to a line are kept already."""
        self.line = line

    def add(self, reject: Reject) -> None:
        """Keep one malformed row aside, unless that was done before."""
        if reject.line <= self.line:
            return
        self._first = self._first or [reject]
        self.line = reject.line
        self.count += 1
        if self._spool is None:
            self._spool = tempfile.SpooledTemporaryFile(_PIECE_BYTES)  # noqa: SIM115 (until close)
        line = json.dumps(reject._asdict(), ensure_ascii=False)
        self._spool.write(line.encode("utf-8", "backslashreplace") + b"\n")

    def move_to(self, destination: Destination, n_parts: int) -> int:
        """Write what was met, if anything, beside the part of this number, and count it."""
        count = self.count
        if self._spool is not None:
            self._spool.seek(0)
            destination.write(f"_rejects-{n_parts:05d}.jsonl", _iter_pieces(self._spool))
            self.close()
        return count

    def refuse_all(self) -> None:
        """Refuse a source of which every row was malformed."""
        if self.count:
            raise OffersError(
                f"no offer could be read: every row is malformed ({self.count} in all), the first "
                f"at {_name(self._first[0]._asdict())}. Mend them in their files."
            )

    def close(self) -> None:
        """Forget what was met."""
        if self._spool is not None:
            self._spool.close()
            self._spool = None
        self.count = 0


def find_rejects(names: Iterable[str], *, since: int = 0) -> list[str]:
    """Find the files of malformed rows of the parts from a number on, in their order."""
    found = {int(part[1]): part[0] for part in map(_OF_PART.fullmatch, names) if part}
    return [found[number] for number in sorted(found) if number >= since]


def join_rejects(destination: Destination) -> None:
    """Make one file of those of all parts; it may have been done before, in part."""
    names = destination.list_names()
    of_parts = find_rejects(names)
    if of_parts and REJECTS not in names:
        destination.write(REJECTS, _iter_files(destination, of_parts))
    destination.remove(of_parts)


def warn_of_rejects(destination: Destination, count: int, *, stacklevel: int) -> None:
    """Say how many rows were left out, which, and where they are."""
    if not count:
        return
    rows = "row was" if count == 1 else "rows were"
    warnings.warn(
        f"{count} malformed {rows} left out{_describe_rejects(destination, count)}",
        JocasThemesWarning,
        stacklevel=stacklevel + 1,
    )


def _describe_rejects(destination: Destination, count: int) -> str:
    """Name the first malformed rows, or say that it is not known any more which they were."""
    try:
        with destination.open(REJECTS) as stream:
            first = [json.loads(line) for line in islice(stream, _N_NAMED)]
    except FileNotFoundError:
        return (
            f"; which, it cannot be told: {REJECTS} is not in {destination.name} any more. Label "
            f"anew with overwrite=True to have it written."
        )
    named = ", ".join(map(_name, first))
    more = f" and {count - len(first)} more" * (count > len(first))
    return (
        f": {named}{more}. Each is kept in {REJECTS} in {destination.name} with its line and "
        f"reason; mend it in its file, and label anew with overwrite=True."
    )


def _name(row: dict[str, Any]) -> str:
    return f"{row['file']}:{row['line']} ({row['reason']})"


def _iter_pieces(stream: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: stream.read(_PIECE_BYTES), b"")


def _iter_files(destination: Destination, names: list[str]) -> Iterator[bytes]:
    for name in names:
        with destination.open(name) as stream:
            yield from _iter_pieces(stream)
