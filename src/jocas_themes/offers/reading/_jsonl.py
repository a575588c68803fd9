"""JSON lines: one object a line, whatever its keys."""

import codecs
import json
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from jocas_themes.errors import OffersError
from jocas_themes.offers.reading._cells import mend_surrogates
from jocas_themes.offers.reading._rejects import Reject, Rejects
from jocas_themes.offers.reading._selection import RawPiece, Selection
from jocas_themes.offers.reading._sources import SourceFile


def iter_jsonl(
    file: SourceFile,
    selection: Selection,
    n_rows: int,
    first_row: int,
    encoding: str,
    rejects: Rejects,
) -> Iterator[RawPiece]:
    """Read a JSON lines file by pieces of n_rows; the last one may be smaller, or empty."""
    rows: list[dict[str, Any]] = []
    for row in islice(_iter_rows(file, encoding, rejects), first_row, None):
        rows.append(row)
        if len(rows) == n_rows:
            yield _build_piece(rows, selection)
            rows = []
    yield _build_piece(rows, selection)


def iter_jsonl_names(file: SourceFile, encoding: str) -> Iterator[str]:
    """Read the keys of a JSON lines file, row after row."""
    for row in _iter_rows(file, encoding, None):
        yield from row


def _build_piece(rows: list[dict[str, Any]], selection: Selection) -> RawPiece:
    """Turn objects into columns, in the order in which the keys appear."""
    names = dict.fromkeys(chain.from_iterable(rows))
    columns = {name: [row.get(name) for row in rows] for name in names if selection.reads(name)}
    return RawPiece(columns, len(rows))


def _iter_rows(
    file: SourceFile, encoding: str, rejects: Rejects | None
) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file; lines that hold none are kept aside, or skipped."""
    with file.open() as stream:
        for number, line in enumerate(stream, start=1):
            raw = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
            row = _parse_line(raw, encoding)
            if isinstance(row, dict):
                yield row
            elif row is not None and rejects is not None:
                if number == 1 and file.path.endswith(".json") and raw.lstrip()[:1] == b"[":
                    raise OffersError(
                        f"{file.name!r} must hold one JSON object a line, got an array. "
                        "Write it again with to_json(..., orient='records', lines=True)."
                    )
                kept = raw.decode(encoding, "backslashreplace").rstrip("\r\n")
                rejects.add(Reject(file.name, number, row, kept))


def _parse_line(line: bytes, encoding: str) -> dict[str, Any] | str | None:
    """Read the object of a line, or say what is wrong with it; None from a blank line."""
    try:
        text = line.decode(encoding)
    except UnicodeDecodeError:
        return f"it is not {encoding}: another encoding= may be, such as cp1252"
    if not text.strip():
        return None
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        return f"it is not JSON: {error}"
    if not isinstance(row, dict):
        return f"it is no JSON object, but a {type(row).__name__}"
    if "\\ud" in text or "\\uD" in text:  # an escaped surrogate
        return {mend_surrogates(key): _mend(value) for key, value in row.items()}
    return row


def _mend(value: Any) -> Any:
    """Replace lone surrogates in a cell, also in the lists and objects that it holds."""
    if isinstance(value, str):
        return mend_surrogates(value)
    if isinstance(value, list):
        return [_mend(item) for item in value]
    if isinstance(value, dict):
        return {mend_surrogates(key): _mend(item) for key, item in value.items()}
    return value
