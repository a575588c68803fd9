"""A teacher's answers beside what humans say, each cell with its weight and its cluster."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from jocas_themes.annotations import Themes
from jocas_themes.confidence._arrays import FloatArray, IntArray
from jocas_themes.confidence._matching import match_cells
from jocas_themes.offers import find_theme_codes, to_frame

# Where the accuracy-coverage curve is read, and the steps by which a threshold is chosen.
THRESHOLDS = tuple(range(0, 101, 5))
# What a cell has for confidence once somebody decided it; and from how many such cells on it
# cannot be the teacher's own.
_DECIDED = 100
_ENOUGH_CELLS = 10


@dataclass(frozen=True, eq=False, slots=True)
class GoldCells:
    """The cells that gold knows.

    ``cells`` has the columns ``theme``, ``gold`` (0 or 1), ``answer`` (0, 1 or NaN),
    ``confidence`` (0-100 or NaN), ``right`` (of the answer, False without one), ``weight`` and
    ``cluster`` (int); ``n_unmatched`` counts the gold offers that nobody annotated.
    """

    cells: pd.DataFrame
    codes: tuple[str, ...]
    n_offers: int
    n_unmatched: int


def match_gold(annotations: Any, gold: Any, *, themes: Themes) -> GoldCells:
    """Put the teacher's answers beside the gold labels that are known."""
    annotations, gold = to_frame(annotations), to_frame(gold)
    _refuse_exchanged(annotations, gold)
    matched = match_cells(annotations, gold, themes=themes, names=("annotations", "gold"))
    rows = matched.rows[1]
    weights, clusters = read_weights(gold, rows), _read_clusters(gold, rows)
    offers = matched.cells["offer"]
    cells = pd.DataFrame(
        {
            "theme": matched.cells["theme"],
            "gold": matched.cells["b"],
            "answer": matched.cells["a"],
            "confidence": matched.cells["confidence_a"],
            "right": matched.cells["a"] == matched.cells["b"],
            "weight": weights[offers],
            "cluster": clusters[offers],
        }
    )
    known = cells[cells["gold"].notna()].reset_index(drop=True)
    _refuse_decided(known)
    return GoldCells(known, matched.codes, len(rows), matched.n_unmatched[1])


def _refuse_exchanged(annotations: Any, gold: Any) -> None:
    """Refuse the two tables in each other's place."""
    are_tables = isinstance(gold, pd.DataFrame) and isinstance(annotations, pd.DataFrame)
    if are_tables and find_theme_codes(gold) and not find_theme_codes(annotations):
        raise ValueError(
            "annotations and gold seem to be exchanged: the second table holds confidences, the "
            "first does not. Pass the annotated table first."
        )


def _refuse_decided(known: pd.DataFrame) -> None:
    """Refuse answers that are people's decisions: they would be compared with themselves."""
    answered = known[known["answer"].notna()]
    decided = answered["right"] & (answered["confidence"] == _DECIDED)
    if len(answered) >= _ENOUGH_CELLS and decided.all():
        raise ValueError(
            f"all {len(answered)} answers to compare are right, with a confidence of exactly "
            f"{_DECIDED}: they seem to be people's decisions, which LLMTeacher.annotate puts in "
            f"place of its answers. Measure the teacher on recall(offers, decisions=False), or "
            f"with teach --no-decisions."
        )


def keep_sure(cells: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Keep the answers given with at least this confidence; one without confidence is not."""
    return cells[cells["answer"].notna() & (cells["confidence"] >= threshold)]


def compute_coverage(cells: pd.DataFrame, kept: pd.DataFrame) -> float:
    """Compute the weighted share of the gold cells that are kept; NaN of none."""
    return float(kept["weight"].sum() / cells["weight"].sum()) if len(cells) else np.nan


def read_weights(gold: Any, rows: IntArray) -> FloatArray:
    """Give each offer 1 / its inclusion probability; all the same where there is none."""
    if not isinstance(gold, pd.DataFrame) or "inclusion_probability" not in gold.columns:
        return np.ones(len(rows))
    chances = pd.to_numeric(gold["inclusion_probability"]).to_numpy(dtype=float, na_value=np.nan)
    wrong = chances[~((chances > 0) & (chances <= 1))]
    if wrong.size:
        raise ValueError(
            f"inclusion_probability must be in (0, 1], got {wrong[:5].tolist()!r} ({wrong.size} "
            f"offers of gold). Leave out the offers that were not drawn at random."
        )
    weights: FloatArray = 1 / chances[rows]
    return weights


def _read_clusters(gold: Any, rows: IntArray) -> IntArray:
    """Give each offer the number of its cluster; an offer without is its own."""
    own = np.arange(len(rows))
    if not isinstance(gold, pd.DataFrame) or "cluster" not in gold.columns:
        return own
    numbers, _ = pd.factorize(gold["cluster"].iloc[rows])
    return np.where(numbers < 0, own + len(rows), numbers)
