"""People's decisions as a table of gold labels."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from jocas_themes.annotations.review._cells import Cell, Decided, find_decision, is_drawn

_DESIGN = ("inclusion_probability", "stratum", "cluster")


def build_gold(cells: Iterable[Cell], decided: Decided, codes: Sequence[str]) -> pd.DataFrame:
    """Put the decisions of each offer in one row, in the cells' order."""
    rows: dict[str, dict[str, Any]] = {}
    for cell in cells:
        offer_id = cell["offer_id"]
        row = rows.setdefault(
            offer_id, {"offer_id": offer_id, "reviewers": set(), "reviewed_at": None}
        )
        if is_drawn(cell):
            row |= {name: cell.get(name) for name in _DESIGN}
        decision = find_decision(decided, cell)
        if decision is not None:
            row[decision.theme] = float(decision.label)
            row["reviewers"].add(decision.reviewer)
            row["reviewed_at"] = max(row["reviewed_at"] or "", decision.decided_at)
    for row in rows.values():
        row["reviewer"] = ", ".join(sorted(row.pop("reviewers"))) or None
    names = ["offer_id", *codes, *_DESIGN, "reviewer", "reviewed_at"]
    gold = pd.DataFrame(list(rows.values()), columns=names)
    numbers = dict.fromkeys((*codes, "inclusion_probability"), np.float64)
    return gold.astype(numbers)
