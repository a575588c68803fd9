"""`choose_threshold`: the confidence from which on answers can be trusted, with a guarantee."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from jocas_themes._rendering import render_html, render_text
from jocas_themes.confidence._arrays import BoolArray, FloatArray
from jocas_themes.confidence._gold import THRESHOLDS, compute_coverage, keep_sure, match_gold
from jocas_themes.confidence._intervals import (
    compute_share,
    compute_upper_bound,
    count_independent,
    estimate_effective_n,
)

# Fewer may be bad luck.
_SEVERAL_ERRORS = 10


@dataclass(frozen=True, eq=False)
class ThresholdChoice:
    """The smallest confidence that is certified to keep few errors; made by `choose_threshold`.

    Parameters
    ----------
    threshold : float or None
        Keep the answers of this confidence (0-100) or more; None when nothing is certified.
    max_error : float
        The share of errors, 0-1, that the answers kept may hold.
    confidence : float
        The probability, 0-1, with which the guarantee holds.
    theme : str or None
        The theme it is for; None for all of them together.
    method : {"exact", "approximate"}
        ``exact`` for independent cells drawn with equal probabilities; else ``approximate``.
    n_needed : int
        Independent answers, all right, under which no sample can certify anything.
    table : DataFrame of shape (n_thresholds, 9)
        From the highest threshold, in the order of the tests: ``threshold``, ``n`` (gold cells
        kept), ``n_independent`` (how many independent ones they are worth at least, whatever
        their labels), ``n_effective`` (how many the bound takes them for), ``errors``, ``error``
        (weighted share), ``upper_bound``, ``coverage`` (weighted share of the gold cells) and
        ``certified``.
    """

    threshold: float | None
    max_error: float
    confidence: float
    theme: str | None
    method: Literal["exact", "approximate"]
    n_needed: int
    table: pd.DataFrame

    @property
    def certified(self) -> bool:
        """Whether any threshold is certified."""
        return self.threshold is not None

    @property
    def message(self) -> str:
        """The result in plain words."""
        return _explain(self)

    def __str__(self) -> str:
        return render_text(*self._lay_out())

    def _repr_html_(self) -> str:
        return render_html(*self._lay_out())

    def _lay_out(self) -> tuple[str, dict[str, pd.DataFrame]]:
        kept = self.table[self.table["n"] > 0]
        return self.message, {f"Thresholds tested ({self.method})": kept} if len(kept) else {}


def choose_threshold(
    annotations: Any,
    gold: Any,
    *,
    max_error: float = 0.05,
    confidence: float = 0.95,
    theme: str | None = None,
    grid: Sequence[float] = THRESHOLDS,
) -> ThresholdChoice:
    """Choose the smallest confidence from which on at most a given share of answers is wrong.

    Parameters
    ----------
    annotations : DataFrame or pyarrow.Table of shape (n_offers, n_columns)
        An annotated table.
    gold : DataFrame, pyarrow.Table or array-like of shape (n_gold, n_themes)
        What humans say, 0, 1 or NaN, of offers drawn at random from those for which the
        threshold is meant; with an ``inclusion_probability`` where these differ, and a
        ``cluster`` where offers were drawn in groups. Matched as in `teacher_report`.
    max_error : float, default=0.05
        Share of errors that the answers kept may hold, in (0, 1).
    confidence : float, default=0.95
        Probability with which the guarantee holds, in (0, 1).
    theme : str, optional
        The theme to certify. By default all the themes of the annotations together: the share
        of errors is then over all their answers, and may be larger for one of them.
    grid : sequence of float, default=(0, 5, ..., 100)
        Thresholds to test. It must not be chosen by looking at the gold labels.

    Returns
    -------
    ThresholdChoice
        The ``threshold``, or None when the gold sample certifies none: the ``message`` says
        why, and how many more gold cells are needed.

    Raises
    ------
    ValueError
        If an argument is out of range, if the annotations hold no confidence, or as in
        `teacher_report` if the two tables do not fit each other.

    See Also
    --------
    teacher_report : The accuracy at each threshold, without a guarantee.
    ConfidenceFilter : Keep what is at the threshold or above.

    Notes
    -----
    The thresholds are tested from the highest down, each by whether Clopper and Pearson's
    (1934) one-sided upper bound of the share of errors is at most `max_error`, and the first
    failure ends it. Testing in an order fixed in advance needs no correction for the number of
    tests: with probability `confidence`, the threshold returned, if any, keeps at most the
    share `max_error` of errors (Angelopoulos, Bates, Candès, Jordan and Lei 2021, "Learn then
    Test"; Geifman and El-Yaniv 2017, "Selective classification for deep neural networks", take
    a union bound instead).

    The highest thresholds keep few cells, and would fail whatever the labels are. So the first
    test is at the highest threshold whose cells could pass without an error: at least
    ``log(1 - confidence) / log(1 - max_error)``, 59 by default. It follows from the confidences
    and the design alone, so that no label has a say in where the tests begin. Where it keeps
    just enough cells a single error ends the tests: a `grid` that begins lower, chosen before
    the gold labels are seen, tolerates more of them.

    The bound is exact for independent cells of one weight: one theme, no clusters, equal
    inclusion probabilities. Otherwise it is approximate, at the effective sample size of
    `teacher_report`. How many independent cells a sample is worth *at least* is Kish's (1965)
    size of the clusters' weights, as if the cells of a cluster, else of an offer, were right or
    wrong together; that is what must reach 59.

    Enlarging a gold sample *because* a test failed on it, and testing again, voids the
    guarantee; because it was too small does not, as long as its labels had no say in it.

    Examples
    --------
    >>> from jocas_themes import load_sample_annotations
    >>> from jocas_themes.confidence import choose_threshold
    >>> annotations = load_sample_annotations()
    >>> gold = annotations[["offer_id", "DIVERSITY"]]  # a teacher that is never wrong
    >>> choose_threshold(annotations, gold, theme="DIVERSITY").threshold
    0.0
    >>> print(choose_threshold(annotations, gold.iloc[:40], theme="DIVERSITY").message)
    No threshold can be certified for DIVERSITY: the gold sample is too small. ...
    """
    _check_probabilities(max_error=max_error, confidence=confidence)
    thresholds = _read_grid(grid)
    matched = match_gold(annotations, gold, themes=None if theme is None else (theme,))
    cells = matched.cells
    confidences = cells.loc[cells["answer"].notna(), "confidence"]
    if len(confidences) and confidences.isna().all():
        raise ValueError(
            f"annotations must hold CODE_confidence for each theme to choose a threshold from, "
            f"got {len(confidences)} answers without. Pass a teacher's annotated table."
        )
    rows = [_bound_error(cells, threshold, confidence) for threshold in thresholds]
    table = pd.DataFrame(rows)
    n_needed = _count_needed(max_error, confidence)
    table["certified"] = _test_in_order(
        (table["upper_bound"] <= max_error).to_numpy(),
        (table["n_independent"] >= n_needed).to_numpy(),
    )
    certified = table.loc[table["certified"], "threshold"]
    return ThresholdChoice(
        threshold=float(certified.iloc[-1]) if len(certified) else None,
        max_error=max_error,
        confidence=confidence,
        theme=theme,
        method=_name_method(cells),
        n_needed=n_needed,
        table=table,
    )


def _count_needed(max_error: float, confidence: float) -> int:
    """Count the independent answers that certify when all are right: (1 - e)^n <= 1 - c."""
    return math.ceil(math.log(1 - confidence) / math.log(1 - max_error))


def _check_probabilities(**values: Any) -> None:
    for name, value in values.items():
        if not isinstance(value, (int, float)) or not 0 < value < 1:
            raise ValueError(f"{name} must be a number between 0 and 1, got {value!r}.")


def _read_grid(grid: Sequence[float]) -> FloatArray:
    """Check the thresholds, and put them in the order of the tests."""
    thresholds = np.unique(np.asarray(grid, dtype=float))[::-1]
    if not thresholds.size or not ((thresholds >= 0) & (thresholds <= 100)).all():
        raise ValueError(
            f"grid must hold thresholds of the confidence in [0, 100], got {list(grid)[:5]!r}."
        )
    if 0 < thresholds[0] <= 1:
        raise ValueError(
            f"grid must hold confidences from 0 to 100, got {thresholds[0]:g} at most. Did you "
            f"mean {100 * thresholds[0]:g}?"
        )
    return thresholds


def _bound_error(cells: pd.DataFrame, threshold: float, confidence: float) -> dict[str, Any]:
    """Bound the share of errors among the answers that a threshold keeps."""
    kept = keep_sure(cells, threshold)
    wrong = 1 - kept["right"].to_numpy(dtype=float)
    weights, clusters = kept["weight"].to_numpy(), kept["cluster"].to_numpy()
    error, n_effective, upper_bound = np.nan, 0.0, 1.0
    if len(kept):
        error = compute_share(wrong, weights)
        n_effective = estimate_effective_n(wrong, weights, clusters, tail=1 - confidence)
        upper_bound = compute_upper_bound(error, n_effective, confidence)
    return {
        "threshold": float(threshold),
        "n": len(kept),
        "n_independent": count_independent(weights, clusters),
        "n_effective": n_effective,
        "errors": int(wrong.sum()),
        "error": error,
        "upper_bound": upper_bound,
        "coverage": compute_coverage(cells, kept),
    }


def _test_in_order(passed: BoolArray, large_enough: BoolArray) -> BoolArray:
    """Certify from the first test that is large enough to the last before a failure."""
    if not large_enough.any():
        return np.zeros_like(passed)
    start = int(np.argmax(large_enough))
    certified = np.zeros_like(passed)
    certified[start:] = np.logical_and.accumulate(passed[start:])
    return certified


def _explain(choice: ThresholdChoice) -> str:
    """Say in plain words what is certified, or why nothing is."""
    scope = "all themes together" if choice.theme is None else choice.theme
    refusal = f"No threshold can be certified for {scope}"
    max_error, confidence = _percent(choice.max_error), _percent(choice.confidence)
    if choice.certified:
        chosen = choice.table[choice.table["certified"]].iloc[-1]
        return (
            f"Answers of confidence {choice.threshold:g} or more are certified for {scope}: with "
            f"{confidence} confidence, at most {max_error} of them are wrong. {_count(chosen)}. "
            f"They are {_percent(chosen['coverage'])} of all gold cells."
        )
    n_independent = choice.table["n_independent"]
    kept = choice.table[choice.table["n"] > 0]
    if len(kept) and _is_hopeless(kept, choice.max_error):
        least = kept.sort_values("error").iloc[0]
        return (
            f"{refusal}: at every threshold far more than {max_error} of the gold answers are "
            f"wrong ({_percent(least['error'])} at {least['threshold']:g}, the least). More gold "
            f"will not help. Improve the teacher, with examples, votes, clearer definitions or "
            f"another model, or accept a larger max_error."
        )
    if n_independent.max() < choice.n_needed:
        n_more = math.ceil(choice.n_needed - n_independent.max())
        return (
            f"{refusal}: the gold sample is too small. To show with {confidence} confidence that "
            f"at most {max_error} of the answers are wrong takes {choice.n_needed} independent "
            f"gold cells, all answered right; the sample is worth {n_independent.max():.4g}. Draw "
            f"{n_more} more at random, as the first ones were, and others for each error."
        )
    first = choice.table[n_independent >= choice.n_needed].iloc[0]
    return (
        f"{refusal}: too many errors for so few gold cells. {_count(first)}, which does not show "
        f"with {confidence} confidence that at most {max_error} are. Allow a larger max_error, "
        f"improve the teacher, or draw a new and larger gold sample."
    )


def _is_hopeless(kept: pd.DataFrame, max_error: float) -> bool:
    """Tell whether every threshold keeps, clearly, a larger share of errors than is accepted."""
    return bool(((kept["error"] > 2 * max_error) & (kept["errors"] >= _SEVERAL_ERRORS)).all())


def _count(row: pd.Series) -> str:
    """Say how many of the gold cells that a threshold keeps are wrong."""
    return (
        f"At {row['threshold']:g} or more, {row['errors']} of {row['n']} gold cells are wrong "
        f"({_percent(row['error'])}, and {_percent(row['upper_bound'])} at most)"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"


def _name_method(cells: pd.DataFrame) -> Literal["exact", "approximate"]:
    """Tell whether the cells are independent draws of one weight."""
    n_independent = count_independent(cells["weight"].to_numpy(), cells["cluster"].to_numpy())
    return "exact" if n_independent == len(cells) else "approximate"
