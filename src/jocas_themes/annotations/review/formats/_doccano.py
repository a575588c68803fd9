"""doccano: a text and a list of labels, as JSONL or a JSON list."""

import json
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from jocas_themes.annotations.review.formats._given import (
    NO_THEME,
    GivenDecision,
    GivenThemes,
    Task,
    group_cells,
)
from jocas_themes.annotations.review.formats._records import Record, parse_records, write_records
from jocas_themes.errors import JocasThemesWarning
from jocas_themes.taxonomy import Taxonomy


def write_examples(cells: Sequence[dict[str, Any]], taxonomy: Taxonomy, *, lines: bool) -> str:  # noqa: ARG001
    """Write examples for a text classification project of doccano 1.8.

    doccano has no predictions apart from labels: a proposal written as a label would come back
    as a person's answer. It stands beside the text, as ``proposed``.
    """
    return write_records((_build_example(task) for task in group_cells(cells)), lines=lines)


def _build_example(task: Task) -> Record:
    example: Record = {"text": task.text, "label": [], "offer_id": task.offer_id}
    example["themes"] = " ".join(task.themes)
    if task.proposed is not None:
        example["proposed"] = " ".join(task.proposed) or NO_THEME
    return example


def build_labels(taxonomy: Taxonomy) -> str:
    """Build the file to import as the project's labels."""
    colours = ("#1f77b4", "#2ca02c", "#9467bd", "#8c564b", "#d62728", "#7f7f7f")
    keys = (*map(str, range(1, 10)), *(None for _ in taxonomy.codes))
    labels = [
        {
            "text": text,
            "prefix_key": None,
            "suffix_key": key,
            "background_color": colours[number % len(colours)],
            "text_color": "#ffffff",
        }
        for number, (text, key) in enumerate(zip((NO_THEME, *taxonomy.codes), keys, strict=False))
    ]
    return json.dumps(labels, ensure_ascii=False, indent=2) + "\n"


def read_examples(content: bytes, faults: list[str]) -> Iterator[GivenDecision]:
    """Read the export of a text classification project of doccano 1.8.

    doccano writes an empty list both for an example that nobody opened and for one to which no
    label was given. It decides nothing; `NO_THEME` says that there is no theme.
    """
    n_empty = 0
    for where, example in parse_records(content):
        # Older versions keep what was imported beside the text under "meta".
        beside = {**_read_dict(example, "meta"), **_read_dict(example, "metadata"), **example}
        if "label" not in example:
            faults.append(f"{where}: no 'label'")
        elif not example["label"]:
            n_empty += 1
        else:
            yield from GivenThemes(
                where=where,
                offer_id=beside.get("offer_id"),
                text=example.get("text"),
                asked=beside.get("themes"),
                chosen=example["label"],
            ).decide(faults)
    if n_empty:
        warnings.warn(
            f"{n_empty} examples have no label and decide nothing: doccano writes the same for "
            f"examples that nobody opened. Give {NO_THEME!r} to those without any theme, and "
            f"import again.",
            JocasThemesWarning,
            stacklevel=3,
        )


def _read_dict(record: Record, key: str) -> Record:
    value = record.get(key)
    return value if isinstance(value, dict) else {}
