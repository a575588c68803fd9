"""Label Studio: JSON tasks with predictions, and its JSON export."""

import html
from collections.abc import Iterator, Sequence
from typing import Any

from jocas_themes.annotations.review.formats._given import (
    GivenDecision,
    GivenThemes,
    Task,
    group_cells,
)
from jocas_themes.annotations.review.formats._records import Record, parse_records, write_records
from jocas_themes.taxonomy import Taxonomy

_CONTROL, _OBJECT = "themes", "text"


def write_tasks(cells: Sequence[dict[str, Any]], taxonomy: Taxonomy, *, lines: bool) -> str:  # noqa: ARG001
    """Write tasks in the form of Label Studio 1.x ("Basic Label Studio JSON format")."""
    return write_records((_build_task(task, taxonomy) for task in group_cells(cells)), lines=False)


def _build_task(task: Task, taxonomy: Taxonomy) -> Record:
    data = {
        "offer_id": task.offer_id,
        "text": task.text,
        "themes": task.themes,
        "asked": " · ".join(taxonomy[code].name_fr for code in task.themes),
    }
    if task.proposed is None:
        return {"data": data}
    choices = {
        "from_name": _CONTROL,
        "to_name": _OBJECT,
        "type": "choices",
        "value": {"choices": task.proposed},
    }
    prediction: Record = {"model_version": "teacher", "result": [choices]}
    confidences = [cell["confidence"] for cell in task.cells if cell.get("confidence") is not None]
    if confidences:
        # Label Studio can show the least sure tasks first.
        prediction["score"] = min(confidences) / 100
    return {"data": data, "predictions": [prediction]}


def build_config(taxonomy: Taxonomy) -> str:
    """Build the labelling configuration to paste into the project's settings."""
    choices = "".join(
        f"    <Choice value={_quote(theme.name_fr)} alias={_quote(theme.code)} "
        f"hint={_quote(theme.definition)}/>\n"
        for theme in taxonomy
    )
    return (
        "<View>\n"
        '  <Header value="$asked"/>\n'
        f'  <Text name="{_OBJECT}" value="$text"/>\n'
        f'  <Choices name="{_CONTROL}" toName="{_OBJECT}" choice="multiple">\n'
        f"{choices}"
        "  </Choices>\n"
        "</View>\n"
    )


def read_tasks(content: bytes, faults: list[str]) -> Iterator[GivenDecision]:
    """Read the export "JSON" of Label Studio 1.x (not "JSON-MIN").

    A submitted annotation decides all themes asked for, also when nothing is ticked. Skipped
    ones (``was_cancelled``), drafts and predictions decide nothing.
    """
    for where, task in parse_records(content):
        data, annotations = task.get("data"), task.get("annotations")
        if not isinstance(data, dict) or not isinstance(annotations, list):
            faults.append(f"{where}: not a task with 'data' and 'annotations'")
            continue
        for annotation in annotations:
            if not isinstance(annotation, dict):
                faults.append(f"{where}: not an annotation: {annotation!r:.60}")
            elif not annotation.get("was_cancelled") and annotation.get("result") is not None:
                yield from GivenThemes(
                    where=where,
                    offer_id=data.get("offer_id"),
                    text=data.get("text"),
                    asked=data.get("themes"),
                    chosen=_find_choices(annotation["result"]),
                    reviewer=_name_annotator(annotation.get("completed_by")),
                    decided_at=annotation.get("updated_at") or annotation.get("created_at"),
                ).decide(faults)


def _find_choices(result: Any) -> Any:
    """Return the themes ticked; what is not understood is returned as it is, to be refused."""
    if not isinstance(result, list) or not all(isinstance(item, dict) for item in result):
        return str(result)[:60]
    if not result:
        return []
    try:
        (choices,) = (
            item["value"]["choices"] for item in result if item.get("from_name") == _CONTROL
        )
    except (ValueError, KeyError, TypeError):
        names = sorted({str(item.get("from_name")) for item in result})
        return f"results of {names[:5]!r}, and none, or several, of {_CONTROL!r}"
    return choices


def _name_annotator(completed_by: Any) -> Any:
    """Name a reviewer by e-mail where the export has it, else by number."""
    if isinstance(completed_by, dict):
        completed_by = completed_by.get("email") or completed_by.get("id")
    return str(completed_by) if isinstance(completed_by, int) else completed_by


def _quote(value: str) -> str:
    return f'"{html.escape(" ".join(value.split()))}"'
