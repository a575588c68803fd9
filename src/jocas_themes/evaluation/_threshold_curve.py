"""`threshold_curve`: what a filter's threshold does to the student, where it looks well and not."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from jocas_themes.annotations import Themes, find_theme_codes, read_labels
from jocas_themes.confidence import ConfidenceFilter
from jocas_themes.errors import JocasThemesWarning
from jocas_themes.evaluation._bootstrap import (
    ClusterBootstrap,
    FloatArray,
    IntArray,
    estimate_micro_f1,
)
from jocas_themes.evaluation._refitting import (
    Splits,
    align_gold,
    find_unknown_themes,
    list_folds,
    predict_others,
    read_annotated,
    take_learner,
)
from jocas_themes.offers import group_near_duplicates


def threshold_curve(
    model: Any,
    annotated: Any,
    gold: Any = None,
    *,
    thresholds: Sequence[float] = (0, 50, 60, 70, 80, 90),
    scope: str = "theme",
    cv: Any = None,
    themes: Themes = None,
    n_bootstrap: int = 1000,
    level: float = 0.95,
    random_state: int = 0,
    n_jobs: int | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Compute how well a student does when it learns from the surer annotations only.

    Parameters
    ----------
    model : classifier or Pipeline
        Learns from an annotated table and predicts 0/1 of shape (n_offers, n_themes), such as
        a `ThemeClassifier`. It is cloned, never fitted itself. Of a Pipeline, a teacher and a
        `ConfidenceFilter` are left out: `annotated` stands for the one, `thresholds` for the
        other, no teacher is asked and no review file written.
    annotated : DataFrame or pyarrow.Table of shape (n_offers, n_columns)
        An annotated table that no filter has gone over.
    gold : DataFrame, pyarrow.Table or array-like of shape (n_gold, n_themes), optional
        What humans say, 0, 1 or NaN, of offers of the annotated table, matched as in
        `teacher_report`. An ``inclusion_probability`` weighs each offer by its inverse.
    thresholds : sequence of float, default=(0, 50, 60, 70, 80, 90)
        Smallest confidences to keep, 0 to 100.
    scope : {"theme", "offer"}, default="theme"
        What is masked, as in `ConfidenceFilter`.
    cv : int, splitter or iterable of (train, test), optional
        The folds, the same for all thresholds. By default ``NearDuplicateKFold(5)``; an integer
        is its number of folds. A splitter is given the near-duplicates as ``groups``; positions
        of your own must test each offer once at most:
        ``list(LeaveOneGroupOut().split(table, groups=table["site_name"]))`` holds out boards.
        Offers never tested on are not judged.
    themes : Taxonomy or sequence of str, optional
        The themes to learn and to judge. By default those of the annotated table.
    n_bootstrap : int, default=1000
        How often the groups of near-duplicates are drawn again for the intervals.
    level : float, default=0.95
        Coverage that the intervals aim at, in (0, 1).
    random_state : int, default=0
        Seed of the folds and of the draws.
    n_jobs : int, optional
        How many models to train at once, in processes. Results do not depend on it.
    progress : bool, default=False
        Whether to show a bar.

    Returns
    -------
    DataFrame of shape (n_thresholds, 15)
        ``threshold``, ``coverage`` (share of the answered cells that are kept), ``n_cells``
        (kept), and the micro-F1 out of fold with its interval, ``f1_<x>``, ``f1_<x>_low``,
        ``f1_<x>_high``, for each ``x`` of ``kept_teacher`` (cells kept, against the teacher),
        ``all_teacher`` (all answered cells), ``kept_gold`` (cells kept, against gold) and
        ``all_gold`` (all gold offers, answered or not). NaN where there is no gold, or nothing
        to learn from.

    Raises
    ------
    TypeError
        If the model, or the last step of the Pipeline, cannot learn.
    ValueError
        If the table is no annotated one or holds no label; if a threshold is out of range; if
        the Pipeline's filter has another scope; if a fold tests an offer twice or on what it
        learns from; or if gold shares no offer with the table, or is not as `teacher_report`
        takes it.

    Warns
    -----
    JocasThemesWarning
        If a threshold leaves no label of a theme to learn from; if gold offers are not in the
        table.

    See Also
    --------
    choose_threshold : A threshold with a guarantee on the teacher's errors.
    compute_score_intervals : How the intervals are made.

    Notes
    -----
    ``kept_teacher`` rises with the threshold even when the student learns nothing new: it is
    judged on ever easier cells (El-Yaniv and Wiener 2010, "On the foundations of noise-free
    selective classification", call it the risk-coverage trade-off). What a threshold is worth
    shows in ``all_gold``, or without gold in ``all_teacher``, which doubtful answers blur.

    Answers without a confidence are not sure, whatever the threshold: at 0 the coverage is then
    under 1. Against gold, each offer weighs 1 / ``inclusion_probability`` (Hájek). Intervals are
    percentiles of draws of whole groups of near-duplicates; they speak of the offers judged,
    not of the folds or the training. All rows are judged on the same offers, so that their
    difference is surer than their intervals suggest.

    Examples
    --------
    >>> from jocas_themes import load_sample_annotations
    >>> from jocas_themes.evaluation import threshold_curve
    >>> from sklearn.base import BaseEstimator
    >>> import numpy as np
    >>> class Always(BaseEstimator):
    ...     def fit(self, X, y=None):
    ...         return self
    ...     def predict(self, X):
    ...         return np.ones((len(X), 6))
    >>> curve = threshold_curve(Always(), load_sample_annotations(), thresholds=[0, 90])
    >>> curve[["threshold", "coverage", "n_cells"]].round(2)
       threshold  coverage  n_cells
    0        0.0      1.00     1800
    1       90.0      0.91     1646
    """
    table, codes = read_annotated(annotated, themes)
    bootstrap = ClusterBootstrap(n_bootstrap, level, random_state)
    _check_scope(model, scope)
    learner = take_learner(model, drops_filter=True)
    labels = read_labels(table, codes, name="annotated")
    answered = ~np.isnan(labels)
    if not answered.any():
        raise ValueError(
            f"annotated must hold labels, got NaN in all of its {labels.size} cells. See its "
            f"status column for why the teacher's answers are unusable."
        )
    truths = {"teacher": (labels, None), "gold": align_gold(table, gold, codes, stacklevel=3)}
    masked = _mask(table, codes, thresholds, scope)
    kept = [read_labels(sure, codes, name="annotated") for sure in masked]
    groups = group_near_duplicates(table)
    splits = list_folds(cv, table, labels, groups, random_state)
    lost = [_find_lost(sure, splits, codes) for sure in kept]
    _warn_of_lost(thresholds, lost)
    predicted = _predict(
        learner, masked, kept, splits, codes, lost, n_jobs=n_jobs, progress=progress
    )
    rows = []
    for threshold, sure, guess in zip(thresholds, kept, predicted, strict=True):
        n_cells = int((~np.isnan(sure)).sum())
        coverage = n_cells / int(answered.sum())
        row = {"threshold": float(threshold), "coverage": coverage, "n_cells": n_cells}
        rows.append(row | _judge(guess, sure, truths, groups, bootstrap))
    return pd.DataFrame(rows)


def _judge(
    predicted: FloatArray,
    kept: FloatArray,
    truths: Mapping[str, tuple[FloatArray, FloatArray | None]],
    groups: IntArray,
    bootstrap: ClusterBootstrap,
) -> dict[str, float]:
    """Score the cells kept and all cells, against each truth."""
    judged = ~np.isnan(predicted)
    figures: dict[str, float] = {}
    for source, (truth, weights) in truths.items():
        for which, cells in (("kept", judged & ~np.isnan(kept)), ("all", judged)):
            seen = np.where(cells, truth, np.nan)
            estimate = estimate_micro_f1(seen, predicted, groups, bootstrap, weights=weights)
            name = f"f1_{which}_{source}"
            figures |= dict(zip((name, f"{name}_low", f"{name}_high"), estimate, strict=True))
    return figures


def _warn_of_lost(thresholds: Iterable[float], lost: Iterable[list[str]]) -> None:
    gone = {f"{limit:g}": codes for limit, codes in zip(thresholds, lost, strict=True) if codes}
    if gone:
        warnings.warn(
            f"some thresholds leave no label to learn from in a fold, of these themes: {gone!r}. "
            f"Their F1 is NaN. Lower them, annotate more offers, or leave the themes out with "
            f"themes=(...).",
            JocasThemesWarning,
            stacklevel=3,
        )


def _check_scope(model: Any, scope: str) -> None:
    """See that the scope is that of the Pipeline's own filter."""
    for _, step in model.steps if isinstance(model, Pipeline) else []:
        if isinstance(step, ConfidenceFilter) and step.scope != scope:
            raise ValueError(
                f"scope must be that of the Pipeline's filter, {step.scope!r}, got {scope!r}. "
                f"Pass scope={step.scope!r}."
            )


def _mask(
    table: pd.DataFrame, codes: tuple[str, ...], thresholds: Iterable[float], scope: str
) -> list[pd.DataFrame]:
    """Filter the table at each threshold, then leave out the themes not asked for."""
    filters = [ConfidenceFilter(threshold, scope=scope) for threshold in thresholds]
    if not filters:
        raise ValueError("thresholds must hold at least one confidence, got none.")
    others = [
        f"{code}{suffix}"
        for code in find_theme_codes(table)
        if code not in codes
        for suffix in ("", "_confidence", "_evidence")
    ]
    return [sure.transform(table).drop(columns=others) for sure in filters]


def _predict(
    learner: Any,
    masked: list[pd.DataFrame],
    kept: list[FloatArray],
    splits: Splits,
    codes: tuple[str, ...],
    lost: list[list[str]],
    *,
    n_jobs: int | None,
    progress: bool,
) -> list[FloatArray]:
    """Predict out of fold after each threshold; NaN where nothing could be learnt."""
    # Thresholds that keep the same cells train the same models, once.
    keys = [np.isnan(labels).tobytes() for labels in kept]
    firsts = [number for number, key in enumerate(keys) if keys.index(key) == number]
    runs = [
        (number, train, test) for number in firsts if not lost[number] for train, test in splits
    ]
    outputs = predict_others(
        learner,
        ((masked[number].iloc[train], masked[number].iloc[test]) for number, train, test in runs),
        codes,
        n_parts=len(runs),
        n_jobs=n_jobs,
        progress=progress,
    )
    predicted = {number: np.full(kept[number].shape, np.nan) for number in firsts}
    for (number, _, test), (output,) in zip(runs, outputs, strict=True):
        predicted[number][test] = output
    return [predicted[keys.index(key)] for key in keys]


def _find_lost(labels: FloatArray, splits: Splits, codes: tuple[str, ...]) -> list[str]:
    """List the themes of which a fold has nothing to learn from."""
    lost = {code for train, _ in splits for code in find_unknown_themes(labels[train], codes)}
    return [code for code in codes if code in lost]
