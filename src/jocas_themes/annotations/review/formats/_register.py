"""The formats by name, and how to tell which one a file is in."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from jocas_themes.annotations.review.formats._argilla import (
    build_settings,
    read_argilla,
    write_argilla,
)
from jocas_themes.annotations.review.formats._csv import read_csv, write_csv
from jocas_themes.annotations.review.formats._doccano import (
    build_labels,
    read_examples,
    write_examples,
)
from jocas_themes.annotations.review.formats._given import GivenDecision
from jocas_themes.annotations.review.formats._jsonl import read_jsonl, write_jsonl
from jocas_themes.annotations.review.formats._label_studio import (
    build_config,
    read_tasks,
    write_tasks,
)
from jocas_themes.annotations.review.formats._records import Record, parse_records
from jocas_themes.errors import ReviewFileError
from jocas_themes.taxonomy import Taxonomy


class _Write(Protocol):
    def __call__(
        self, cells: Sequence[dict[str, Any]], taxonomy: Taxonomy, *, lines: bool
    ) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One form of file: how it is written and read, and how its records are known.

    ``looks_like`` tells it from the first record; None where the ending of the name does.
    ``build_setup`` gives what the tool needs to know of the themes beforehand.
    """

    write: _Write
    read: Callable[[bytes, list[str]], Iterator[GivenDecision]]
    looks_like: Callable[[Record], bool] | None = None
    build_setup: Callable[[Taxonomy], str] | None = None


FORMATS = {
    "jsonl": Format(
        write=write_jsonl,
        read=read_jsonl,
        looks_like=lambda record: {"offer_id", "theme", "text"} <= set(record),
    ),
    "csv": Format(write=write_csv, read=read_csv),
    "label_studio": Format(
        write=write_tasks,
        read=read_tasks,
        looks_like=lambda record: isinstance(record.get("data"), dict),
        build_setup=build_config,
    ),
    "doccano": Format(
        write=write_examples,
        read=read_examples,
        looks_like=lambda record: {"text", "label"} <= set(record),
        build_setup=build_labels,
    ),
    "argilla": Format(
        write=write_argilla,
        read=read_argilla,
        looks_like=lambda record: "fields" in record or "themes.responses" in record,
        build_setup=build_settings,
    ),
}


def find_format(name: str) -> Format:
    """Return a format by name, or say which there are."""
    if name not in FORMATS:
        raise ValueError(f"format must be one of {list(FORMATS)!r}, got {name!r}.")
    return FORMATS[name]


def guess_format(path: Path, content: bytes) -> str:
    """Tell the format from the name's ending and the first record, or refuse to guess."""
    if path.suffix.lower() == ".csv":
        return "csv"
    records = parse_records(content) if path.suffix.lower() in {".json", ".jsonl"} else []
    first = records[0][1] if records else {}
    fitting = [name for name, form in FORMATS.items() if form.looks_like and form.looks_like(first)]
    if len(fitting) != 1:
        raise ReviewFileError(
            f"{path} may be in any of several formats, or in none. Name it: format= one of "
            f"{list(FORMATS)!r}."
        )
    return fitting[0]
