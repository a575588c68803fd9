"""Which labels of one theme to doubt, and how much."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from jocas_themes._optional import import_optional

_Floats = npt.NDArray[np.float64]
_Booleans = npt.NDArray[np.bool_]
# What is listed, and how likely each label is wrong, both of shape (n_cells,).
Ranking = tuple[_Booleans, _Floats]

# By its confidence alone a label is wrong with this chance at most: it is one of two.
_MOST_DOUBT = 0.5
# And with this one at least: a teacher that says 99 is not ten times surer than one at 90.
_LEAST_DOUBT = 0.1
_SMALLEST = 1e-3  # of a probability, so that its odds are finite


def rank_cells(
    present: _Booleans, probabilities: _Floats, confidences: _Floats, *, confidence_weight: float
) -> Ranking:
    """Rank the labels of a theme by confident learning and the teacher's confidence."""
    other = np.where(present, 1 - probabilities, probabilities)
    # Where no cell bears the other label, none can be as sure of it.
    absence = (1 - probabilities[~present]).mean() if not present.all() else np.inf
    presence = probabilities[present].mean() if present.any() else np.inf
    listed = (other >= np.where(present, absence, presence)) & (other > 0.5)
    other = np.clip(other, _SMALLEST, 1 - _SMALLEST)
    odds = other / (1 - other) * _compute_odds(confidences) ** confidence_weight
    return listed, odds / (1 + odds)


def _compute_odds(confidences: _Floats) -> _Floats:
    """Return the odds that a label is wrong, by its confidence alone."""
    doubt = np.clip(1 - confidences / 100, _LEAST_DOUBT, _MOST_DOUBT)
    doubt = np.where(np.isnan(doubt), _LEAST_DOUBT, doubt)
    odds: _Floats = doubt / (1 - doubt)
    return odds


def rank_cells_with_cleanlab(
    present: _Booleans,
    probabilities: _Floats,
    confidences: _Floats,  # noqa: ARG001
    *,
    confidence_weight: float,  # noqa: ARG001
) -> Ranking:
    """Ask cleanlab the same; it has no place for a confidence."""
    purpose = "method='cleanlab'"
    filters = import_optional("cleanlab.filter", extra="cleanlab", purpose=purpose)
    ranks = import_optional("cleanlab.rank", extra="cleanlab", purpose=purpose)
    labels, both = present.astype(int), np.column_stack([1 - probabilities, probabilities])
    listed = filters.find_label_issues(labels, both, filter_by="confident_learning", n_jobs=1)
    return listed, 1 - ranks.get_label_quality_scores(labels, both)


METHODS: dict[str, Callable[..., Ranking]] = {
    "confident_learning": rank_cells,
    "cleanlab": rank_cells_with_cleanlab,
}
