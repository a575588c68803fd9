"""The package's own form: the lines of the review file, with the decision beside them."""

from collections.abc import Iterator, Sequence
from typing import Any

from jocas_themes.annotations.review.formats._given import GivenDecision
from jocas_themes.annotations.review.formats._records import parse_records, write_records
from jocas_themes.taxonomy import Taxonomy


def write_jsonl(cells: Sequence[dict[str, Any]], taxonomy: Taxonomy, *, lines: bool) -> str:  # noqa: ARG001
    """Write one cell a line; a person fills in ``decision`` with 0 or 1."""
    return write_records(cells, lines=True)


def read_jsonl(content: bytes, faults: list[str]) -> Iterator[GivenDecision]:
    """Read the cells' decisions."""
    for where, cell in parse_records(content):
        absent = [name for name in ("offer_id", "theme", "text") if name not in cell]
        if absent:
            faults.append(f"{where}: no {absent[0]!r}")
            continue
        yield GivenDecision(
            where=where,
            offer_id=cell["offer_id"],
            text=cell["text"],
            theme=cell["theme"],
            label=cell.get("decision"),
            reviewer=cell.get("reviewer"),
            decided_at=cell.get("decided_at"),
            evidence=cell.get("reviewer_evidence"),
            comment=cell.get("comment"),
        )
