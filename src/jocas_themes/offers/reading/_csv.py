"""JOCAS daily CSV: semicolons, quoted fields with line breaks, rows that went wrong."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa

from jocas_themes.errors import OffersError
from jocas_themes.offers.reading._cells import blank_missing, is_known
from jocas_themes.offers.reading._rejects import Reject, Rejects
from jocas_themes.offers.reading._selection import RawPiece, Selection
from jocas_themes.offers.reading._sources import SourceFile

if TYPE_CHECKING:
    import _csv

_SEPARATOR = ";"
_BLOCK_BYTES = 1 << 20
# More lines than any description has: where an unterminated quote is given up.
_MAX_RECORD_LINES = 2_000
# The default, 131,072 characters, is less than some descriptions. C's long is 32 bits on Windows.
_FIELD_CHARACTERS = 2**31 - 1
# pandas leaves a field with a lone carriage return unquoted, which the csv module refuses to read.
_INNER_RETURN = re.compile(r"\r(?!\r*(?:\n|\Z))")
_HIDDEN_RETURN = "\ufdd0"  # no character: Unicode sets it aside for such use


def iter_csv(
    file: SourceFile,
    selection: Selection,
    n_rows: int,
    first_row: int,
    encoding: str,
    rejects: Rejects,
) -> Iterator[RawPiece]:
    """Read a CSV file by pieces of n_rows; the last one may be smaller, or empty."""
    with file.open() as stream:
        records = _Records(file.name, stream, encoding, rejects)
        header = _read_header(records)
        if header is None:
            return
        rows: list[list[str]] = []
        for row in islice(records.iter_rows(len(header)), first_row, None):
            rows.append(row)
            if len(rows) == n_rows:
                yield _build_piece(header, rows, selection)
                rows = []
        yield _build_piece(header, rows, selection)


def iter_csv_names(file: SourceFile, encoding: str) -> Iterator[str]:
    """Read a CSV file's column names."""
    with file.open() as stream:
        yield from _read_header(_Records(file.name, stream, encoding, Rejects(None))) or ()


def _build_piece(header: list[str], rows: list[list[str]], selection: Selection) -> RawPiece:
    """Turn rows into columns; NaN means missing in a CSV file, also where we know no more."""
    cells: Sequence[Sequence[str]] = list(zip(*rows, strict=True)) or [()] * len(header)
    columns: dict[str, pa.Array | list[str]] = {
        name: list(column) if is_known(name) else blank_missing(pa.array(column, pa.large_string()))
        for name, column in zip(header, cells, strict=True)
        if selection.reads(name)
    }
    return RawPiece(columns, len(rows))


def _read_header(records: "_Records") -> list[str] | None:
    """Read and check the column names; None from a file without a line."""
    row = records.read_first()
    if row is None:
        return None
    if any(_HIDDEN_RETURN in name for name in row):
        raise OffersError(
            f"{records.name!r}: lines must end with a line feed, got lone carriage returns in the "
            "header. Convert the line ends."
        )
    names = [name.strip() or f"Unnamed: {place}" for place, name in enumerate(row)]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise OffersError(
            f"{records.name!r}: each column needs its own name; repeated: {repeated[:5]!r}. "
            "Rename them in the header."
        )
    if len(names) == 1 and ("," in names[0] or "\t" in names[0]):
        raise OffersError(
            f"{records.name!r}: fields must be separated by {_SEPARATOR!r}, got the header "
            f"{names[0][:80]!r}. Save it with {_SEPARATOR!r} between the fields (pandas: "
            f"to_csv(..., sep={_SEPARATOR!r})), or as Parquet."
        )
    return names


class _Records:
    """The records of a CSV file, with the physical line on which each starts.

    ``csv.reader`` is fed with blocks of whole lines, at C speed; its own count of lines tells
    which ones a record took, so that after a broken record the next lines can be read again.
    """

    def __init__(self, name: str, stream: BinaryIO, encoding: str, rejects: Rejects) -> None:
        self.name = name
        self._stream = stream
        self._encoding = encoding
        self._rejects = rejects
        self._lines: list[str] = []  # those of the block, and what the last one left over
        self._n_before = 0  # how many lines of the file come before them
        self._undecodable: set[int] = set()  # places in self._lines
        self._at_end = False
        self._hides_returns = False
        if csv.field_size_limit() < _FIELD_CHARACTERS:
            csv.field_size_limit(_FIELD_CHARACTERS)

    def read_first(self) -> list[str] | None:
        """Read the first record, the header."""
        while not self._at_end:
            self._read_block()
            reader = self._start_reader(0)
            try:
                row: list[str] | None = next((row for row in reader if any(row)), None)
            except csv.Error as error:
                if self._at_end or len(self._lines) > _MAX_RECORD_LINES:
                    raise OffersError(f"{self.name!r}: its header is malformed: {error}.") from None
                continue
            if row is not None:
                if any(place < reader.line_num for place in self._undecodable):
                    raise OffersError(
                        f"{self.name!r}: its header is not {self._encoding}. Pass its encoding=, "
                        "such as 'cp1252'."
                    )
                self._drop_lines(reader.line_num)
                return row
        return None

    def iter_rows(self, width: int) -> Iterator[list[str]]:
        """Yield the rows that have this many fields; keep the others aside."""
        while True:
            for row in self._iter_block(width):
                yield [self._show(cell) for cell in row] if self._hides_returns else row
            if self._at_end:
                return
            self._read_block()

    def _iter_block(self, width: int) -> Iterator[list[str]]:
        """Yield the good rows of the lines at hand, and leave an unfinished record for later."""
        base = start = 0  # where the reader began, and where the record begins
        reader = self._start_reader(base)
        while True:
            row, error = None, ""
            try:
                row = next(reader)
            except StopIteration:
                break
            except csv.Error as caught:
                error = str(caught)
            end = base + reader.line_num
            is_bounded = end - start <= _MAX_RECORD_LINES
            if row is not None and len(row) == width and is_bounded and not self._undecodable:
                yield row
                start = end
                continue
            if row is None and is_bounded and end == len(self._lines) and not self._at_end:
                break
            reason, stop = self._judge(row, error, width, start, end)
            if reason:
                self._reject(start, stop, reason)
            elif row is not None and len(row) == width:
                yield row
            start = stop
            if stop < end:
                base = start
                reader = self._start_reader(base)
        self._drop_lines(start)

    def _judge(
        self, row: list[str] | None, error: str, width: int, start: int, end: int
    ) -> tuple[str, int]:
        """Tell what is wrong with a record, if anything, and on which line to go on.

        Where the quotes do not balance, one of them has swallowed the lines that follow: only
        the first line is given up. Otherwise the record is one row, wrong as a whole.
        """
        if row is None:
            return _explain(error), start + 1
        if end - start > _MAX_RECORD_LINES:
            return "a quote is not closed", start + 1
        if any(place in self._undecodable for place in range(start, end)):
            return f"it is not {self._encoding}: another encoding= may be, such as cp1252", end
        is_blank = not row or (len(row) == 1 and not row[0].strip())
        if len(row) == width or is_blank:
            return "", end
        n_quotes = sum(line.count('"') for line in self._lines[start:end])
        reason = f"{len(row)} fields instead of {width}"
        return reason, start + 1 if n_quotes % 2 else end

    def _reject(self, start: int, stop: int, reason: str) -> None:
        """Keep some lines aside, as they are in the file."""
        raw = self._show("".join(self._lines[start:stop])).rstrip("\r\n")
        self._rejects.add(Reject(self.name, self._n_before + start + 1, reason, raw))

    def _start_reader(self, place: int) -> "_csv.Reader":
        """Start to parse from a line on."""
        lines = islice(self._lines, place, None)
        return csv.reader(lines, delimiter=_SEPARATOR, strict=True)

    def _read_block(self) -> None:
        """Read and decode some more lines."""
        data = self._stream.read(_BLOCK_BYTES)
        if not data:
            self._at_end = True
            return
        data += self._stream.readline()
        if self._n_before == 0 and not self._lines:
            data = data.removeprefix(codecs.BOM_UTF8)
        try:  # one decoding for all lines, which end with a line feed and nothing else
            self._lines += io.StringIO(self._decode(data), newline="\n").readlines()
        except UnicodeDecodeError:
            for line in io.BytesIO(data):
                try:
                    self._lines.append(self._decode(line))
                except UnicodeDecodeError:
                    self._undecodable.add(len(self._lines))
                    self._lines.append(line.decode(self._encoding, "backslashreplace"))

    def _decode(self, data: bytes) -> str:
        """Decode some lines; a carriage return inside of one is hidden from the csv module."""
        text = data.decode(self._encoding)
        if text.count("\r") != text.count("\r\n"):
            text = _INNER_RETURN.sub(_HIDDEN_RETURN, text)
            self._hides_returns = True
        return text

    def _show(self, text: str) -> str:
        """Undo what hides carriage returns."""
        return text.replace(_HIDDEN_RETURN, "\r")

    def _drop_lines(self, n_lines: int) -> None:
        """Forget the lines that are done with."""
        del self._lines[:n_lines]
        self._undecodable = {p - n_lines for p in self._undecodable if p >= n_lines}
        self._n_before += n_lines


def _explain(error: str) -> str:
    """Say in other words what the csv module found wrong."""
    if "unexpected end" in error:
        return "a quote is not closed"
    if "expected after" in error:
        return "a quote inside a field is not doubled, or not closed"
    return error.partition(" - ")[0]
