"""CSV for spreadsheets: no value becomes a formula or a number, and each comes back unchanged."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

from jocas_themes.annotations.review.formats._given import GivenDecision
from jocas_themes.errors import ReviewFileError
from jocas_themes.taxonomy import Taxonomy

# What a person fills in comes first, and the text, which is long, last.
_FILLED_IN = ("decision", "reviewer", "decided_at", "reviewer_evidence", "comment")
_COLUMNS = (
    *("offer_id", "theme", *_FILLED_IN),
    *("proposed", "confidence", "evidence", "reason", "text"),
)
# How an offer was drawn tells a reader what its labels may be; the review file keeps it.
_UNTOLD = ("inclusion_probability", "stratum", "cluster")
_NEEDED = ("offer_id", "theme", "text", "decision")
# What a spreadsheet would run as a formula, or read as a number or a date; and what starts with
# the apostrophe that is put before these.
_FIELD_CHARACTERS = 2**31 - 1
_UNSAFE = re.compile(r"['=+\-@\t\r].*|[\d\s.,:/eE+\-]+", re.DOTALL)


def write_csv(cells: Sequence[dict[str, Any]], taxonomy: Taxonomy, *, lines: bool) -> str:  # noqa: ARG001
    """Write one cell a row, separated by ``;`` as a French spreadsheet reads it."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    added = sorted({name for cell in cells for name in cell} - {*_COLUMNS, *_UNTOLD})
    writer.writerow([*_COLUMNS, *added])
    writer.writerows([_guard(cell.get(name)) for name in (*_COLUMNS, *added)] for cell in cells)
    # The mark by which a spreadsheet knows UTF-8.
    return "\ufeff" + file.getvalue()


def read_csv(content: bytes, faults: list[str]) -> Iterator[GivenDecision]:
    """Read the cells' decisions, separated by ``;`` or ``,``."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What a French spreadsheet saves as plain "CSV"; texts that do not survive it are refused
        # later, because they differ from the queue's.
        text = content.decode("cp1252", errors="replace")
    csv.field_size_limit(max(csv.field_size_limit(), _FIELD_CHARACTERS))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_find_delimiter(text))
    try:
        header = next(reader)
        for row in reader:
            where = f"line {reader.line_num}"
            if not any(row):
                continue
            if len(row) != len(header):
                faults.append(f"{where}: {len(row)} fields, the header has {len(header)}")
                continue
            cell = {name: _unguard(value) for name, value in zip(header, row, strict=True)}
            yield GivenDecision(
                where=where,
                offer_id=cell["offer_id"],
                text=cell["text"],
                theme=cell["theme"],
                label=cell["decision"],
                reviewer=cell.get("reviewer"),
                decided_at=cell.get("decided_at"),
                evidence=cell.get("reviewer_evidence"),
                comment=cell.get("comment"),
            )
    except csv.Error as error:
        raise ReviewFileError(f"line {reader.line_num} is not CSV: {error}.") from error


def _find_delimiter(text: str) -> str:
    """Choose the separator with which the header has the columns that are needed."""
    header = text.lstrip("\ufeff").splitlines()[:1]
    for delimiter in ";,":
        if set(_NEEDED) <= set(next(csv.reader(header, delimiter=delimiter), [])):
            return delimiter
    raise ReviewFileError(
        f"the header must have the columns {list(_NEEDED)!r}, separated by ';' or ',', got "
        f"{''.join(header)[:80]!r}."
    )


def _guard(value: Any) -> str:
    """Put an apostrophe before what a spreadsheet would not leave alone."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    return f"'{value}" if _UNSAFE.fullmatch(value) else value


def _unguard(value: str) -> str:
    return value.removeprefix("'")
