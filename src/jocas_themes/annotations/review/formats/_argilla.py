"""Argilla 2: records with fields, metadata, suggestions and the responses of each user."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

from jocas_themes.annotations.review.formats._given import (
    NO_THEME,
    GivenDecision,
    GivenThemes,
    Task,
    group_cells,
)
from jocas_themes.annotations.review.formats._records import Record, parse_records, write_records
from jocas_themes.taxonomy import Taxonomy

_QUESTION = "themes"
_STATUSES = frozenset({"submitted", "draft", "discarded"})


def write_argilla(cells: Sequence[dict[str, Any]], taxonomy: Taxonomy, *, lines: bool) -> str:  # noqa: ARG001
    """Write records as Argilla 2's ``dataset.records.from_json`` reads them."""
    return write_records((_build_record(task) for task in group_cells(cells)), lines=lines)


def _build_record(task: Task) -> Record:
    suggestions = {}
    if task.proposed is not None:
        # A question that must be answered takes no empty list.
        value = task.proposed or [NO_THEME]
        suggestions = {_QUESTION: {"value": value, "score": None, "agent": "teacher"}}
    return {
        "id": task.offer_id,
        "fields": {"text": task.text},
        "metadata": {"offer_id": task.offer_id, "themes": " ".join(task.themes)},
        "suggestions": suggestions,
        "responses": {},
        "vectors": {},
    }


def build_settings(taxonomy: Taxonomy) -> str:
    """Build the Python lines that make a dataset for these records."""
    labels = {theme.code: theme.name_fr for theme in taxonomy} | {NO_THEME: NO_THEME}
    return (
        "import argilla as rg\n\n"
        "settings = rg.Settings(\n"
        '    fields=[rg.TextField(name="text")],\n'
        f'    questions=[rg.MultiLabelQuestion(name="{_QUESTION}", labels={labels!r})],\n'
        "    allow_extra_metadata=True,  # offer_id and themes, which the import needs\n"
        ")\n"
    )


def read_argilla(content: bytes, faults: list[str]) -> Iterator[GivenDecision]:
    """Read the records of Argilla 2, nested, flattened or as its server sends them.

    A submitted response decides all themes asked for; drafts and discarded ones decide nothing.
    ``to_json`` of Argilla 2.0 leaves out the status: such a file is refused.
    """
    for where, record in parse_records(content):
        beside = {**record, **_read_dict(record, "fields"), **_read_dict(record, "metadata")}
        for response in _list_responses(record):
            status = response.get("status")
            if status not in _STATUSES:
                faults.append(
                    f"{where}: a response of status {status!r}, which may be a draft (export "
                    f"with dataset.records.to_list(flatten=True), which keeps the status)"
                )
            elif status == "submitted":
                yield from GivenThemes(
                    where=where,
                    offer_id=beside.get("offer_id"),
                    text=beside.get("text"),
                    asked=beside.get("themes"),
                    chosen=response.get("value"),
                    reviewer=response.get("user_id"),
                    decided_at=response.get("updated_at"),
                ).decide(faults)


def _list_responses(record: Record) -> list[Record]:
    """Give the responses to our question one form, whichever way they were exported."""
    responses = record.get("responses")
    if isinstance(responses, dict):  # nested: question -> responses
        return [item for item in responses.get(_QUESTION) or [] if isinstance(item, dict)]
    if isinstance(responses, list):  # the server's: user -> question -> value
        found = [item for item in responses if isinstance(item, dict)]
        return [
            item | {"value": _read_dict(_read_dict(item, "values"), _QUESTION).get("value")}
            for item in found
        ]
    columns = (
        record.get(f"{_QUESTION}.responses{ending}") or [] for ending in ("", ".users", ".status")
    )
    return [
        {"value": value, "user_id": user, "status": status}
        for value, user, status in zip_longest(*columns)
    ]


def _read_dict(record: Record, key: str) -> Record:
    value = record.get(key)
    return value if isinstance(value, dict) else {}
