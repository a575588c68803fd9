"""The cells of a queue, with the decisions that hold for them."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from jocas_themes.annotations.review._file import read_review_cells
from jocas_themes.annotations.store import Decision
from jocas_themes.errors import ReviewFileError
from jocas_themes.taxonomy import Taxonomy

Cell = dict[str, Any]
Decided = Mapping[str, Mapping[str, Decision]]  # text -> theme -> the decision that holds

_FIELDS = {"decision": "label", "reviewer": "reviewer", "decided_at": "decided_at"}
DECISION_COLUMNS = tuple(_FIELDS)


def read_queue(path: Path, taxonomy: Taxonomy) -> list[Cell]:
    """Read the cells of a review file, none where there is no file; each can be decided."""
    cells = read_review_cells(path) if path.exists() else []
    for cell in cells:
        name = f"{cell['offer_id']!r}, {cell['theme']!r}"
        if cell["theme"] not in taxonomy.codes:
            raise ReviewFileError(
                f"{path}: the cell {name} is of no theme of the taxonomy, which has "
                f"{list(taxonomy.codes)!r}. Pass taxonomy= with the file's themes."
            )
        if not isinstance(cell.get("text"), str):
            raise ReviewFileError(
                f"{path}: the cell {name} has no text, by which its decision would be kept. Add "
                f"the text, or remove the line."
            )
    return cells


def find_decision(decided: Decided, cell: Cell) -> Decision | None:
    """Return the decision that holds for a cell."""
    return decided.get(cell["text"], {}).get(cell["theme"])


def is_drawn(cell: Cell) -> bool:
    """Tell whether a cell's offer was drawn with a known probability."""
    return cell.get("inclusion_probability") is not None


def mix_drawn(cells: Iterable[Cell]) -> list[Cell]:
    """Put drawn offers first, in an order that has nothing to do with their dates or boards.

    What readers learn on the way, and their fatigue, would else look like a trend.
    """

    def place(cell: Cell) -> tuple[bool, bytes]:
        if not is_drawn(cell):
            return True, b""
        return False, sha256(cell["offer_id"].encode("utf-8", "surrogatepass")).digest()

    return sorted(cells, key=place)


def add_decisions(cells: Iterable[Cell], decided: Decided) -> list[Cell]:
    """Return the cells with the decision that holds, in place of any typed into the file."""
    with_decisions = []
    for cell in cells:
        decision = find_decision(decided, cell)
        beside = {name: getattr(decision, field, None) for name, field in _FIELDS.items()}
        with_decisions.append(cell | beside)
    return with_decisions
