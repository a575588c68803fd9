"""`student_report`: judge a student on offers that it has not learnt from."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from jocas_themes.annotations import Themes, read_labels
from jocas_themes.confidence import ConfidenceFilter
from jocas_themes.evaluation import (
    compute_calibration_error,
    compute_learning_curve,
    compute_reliability,
    compute_score_intervals,
    compute_strata_scores,
    threshold_curve,
)
from jocas_themes.evaluation._bootstrap import FloatArray, IntArray
from jocas_themes.evaluation._refitting import (
    align_gold,
    list_folds,
    predict_out_of_fold,
    read_annotated,
    read_probabilities,
)
from jocas_themes.evaluation._scorers import find_thresholds
from jocas_themes.offers import group_near_duplicates
from jocas_themes.reports._report import StudentReport

_METHODS = ("predict_proba", "predict")


def student_report(
    model: Any,
    annotated: Any,
    gold: Any = None,
    *,
    probabilities: Any = None,
    cv: Any = None,
    thresholds: Sequence[float] = (0, 50, 60, 70, 80, 90),
    by: Sequence[str] | None = None,
    cost_per_offer_usd: float | None = None,
    curves: bool = True,
    themes: Themes = None,
    n_bootstrap: int = 1000,
    random_state: int = 0,
    n_jobs: int | None = None,
    progress: bool = False,
) -> StudentReport:
    """Judge a student by theme and by stratum, its probabilities, its filter and its labels.

    Parameters
    ----------
    model : classifier or Pipeline
        Learns from an annotated table and gives ``predict`` and ``predict_proba`` of shape
        (n_offers, n_themes), such as a `ThemeClassifier`. Clones of it are fitted, never itself.
        Of a Pipeline, a teacher is left out, since `annotated` stands for it; a
        `ConfidenceFilter` masks what is learnt from, never what is judged, and writes no file.
    annotated : DataFrame or pyarrow.Table of shape (n_offers, n_columns)
        An annotated table that no filter has gone over.
    gold : DataFrame, pyarrow.Table or array-like of shape (n_gold, n_themes), optional
        What humans say, 0, 1 or NaN, of offers of the annotated table, matched as in
        `teacher_report`. Without it no figure says how often people would agree.
    probabilities : array-like or DataFrame of shape (n_offers, n_themes), optional
        Probabilities by models that did not learn from the offer, such as the ``out_of_fold_``
        of a student fitted on this very table; NaN where there is none. A theme is then
        predicted from the model's ``thresholds_`` on, or from 0.5 on. Where thresholds and
        calibration were fitted to these very labels, as they are there, the report flatters a
        little. By default a model is fitted for each fold.
    cv : int, splitter or iterable of (train, test), optional
        The folds, as `threshold_curve` takes them. By default ``NearDuplicateKFold(5)``.
    thresholds : sequence of float, default=(0, 50, 60, 70, 80, 90)
        Thresholds of the filter to try, 0 to 100.
    by : sequence of str, optional
        What makes the strata, as in `compute_strata_scores`. By default board, year, ROME
        family and length, as far as their columns are there.
    cost_per_offer_usd : float, optional
        What annotating one offer costs, in dollars.
    curves : bool, default=True
        Whether to compute the threshold curve and the learning curve, for which the model is
        fitted some fifty times.
    themes : Taxonomy or sequence of str, optional
        The themes to judge. By default those of the annotated table.
    n_bootstrap : int, default=1000
        How often the groups of near-duplicates are drawn again for the intervals.
    random_state : int, default=0
        Seed of the folds and of the draws.
    n_jobs : int, optional
        How many models to train at once, in processes. Results do not depend on it.
    progress : bool, default=False
        Whether to show bars.

    Returns
    -------
    StudentReport
        The tables and what they come down to; ``to_html`` writes a page.

    Raises
    ------
    TypeError
        If the model, or the last step of the Pipeline, cannot learn.
    ValueError
        If the table is no annotated one or holds no positive; if the model or the
        probabilities do not speak of its themes and offers; or as the tables' functions.

    Warns
    -----
    JocasThemesWarning
        If gold offers are not in the table, or a threshold leaves nothing to learn from.

    See Also
    --------
    teacher_report : How good the teacher is, against gold.
    compute_score_intervals : How the scores and their intervals are made.
    threshold_curve : Whether a filter on the confidence helps.
    compute_learning_curve : Whether more annotations would help.

    Notes
    -----
    All tables but the scores against gold, and the threshold curve's columns of that name,
    compare with the teacher's answers. Intervals are of 95%, clustered by near-duplicates.

    In the findings a stratum is weak when it has 30 offers or more and its interval lies under
    the F1 of all offers; probabilities are well calibrated up to an expected calibration error
    of 0.03, and fairly well up to 0.06; and a filter helps when it brings half a point of F1 on
    all offers.

    Examples
    --------
    >>> from jocas_themes import ThemeClassifier, find_theme_codes, load_sample_annotations
    >>> from jocas_themes.reports import student_report
    >>> annotated = load_sample_annotations()
    >>> sure = 0.1 + 0.8 * annotated[list(find_theme_codes(annotated))]
    >>> report = student_report(ThemeClassifier(), annotated, probabilities=sure, curves=False)
    >>> report.findings[0][:50]
    "Against the teacher's answers the F1 is 1.00 (1.00"
    """
    table, codes = read_annotated(annotated, themes)
    labels = read_labels(table, codes, name="annotated")
    gold_labels, gold_weights = align_gold(table, gold, codes, stacklevel=3)
    groups = group_near_duplicates(table)
    is_fitted_here = probabilities is None
    splits = list_folds(cv, table, labels, groups, random_state) if is_fitted_here or curves else []
    if is_fitted_here:
        chances, predicted = predict_out_of_fold(
            model, table, codes, splits, methods=_METHODS, n_jobs=n_jobs, progress=progress
        )
    else:
        chances = read_probabilities(probabilities, codes, len(table))
        predicted = (chances >= find_thresholds(model, codes)).astype(float)
    # A cell without a probability is not judged, whatever stands in its place.
    truth, gold_truth = (
        np.where(np.isnan(chances), np.nan, cells) for cells in (labels, gold_labels)
    )
    chances, predicted = np.nan_to_num(chances), np.nan_to_num(predicted)
    drawing: dict[str, Any] = {
        "themes": codes,
        "n_bootstrap": n_bootstrap,
        "random_state": random_state,
    }
    tables = _tabulate(table, truth, chances, predicted, by=by, clusters=groups, drawing=drawing)
    if gold is not None:
        tables["gold_scores"] = compute_score_intervals(
            gold_truth, predicted, clusters=groups, weights=gold_weights, **drawing
        )
    if curves:
        fitting = drawing | {"n_jobs": n_jobs, "progress": progress}
        tables["threshold_curve"] = threshold_curve(
            model, table, gold, thresholds=thresholds, scope=_get_scope(model), cv=splits, **fitting
        )
        tables["learning_curve"] = compute_learning_curve(
            model, table, cost_per_offer_usd=cost_per_offer_usd, **fitting
        )
    lead = _describe(truth, gold_truth, is_fitted_here=is_fitted_here)
    return StudentReport(model=_name_model(model), lead=lead, **tables)


def _tabulate(
    table: pd.DataFrame,
    truth: FloatArray,
    chances: FloatArray,
    predicted: FloatArray,
    *,
    by: Sequence[str] | None,
    clusters: IntArray,
    drawing: dict[str, Any],
) -> dict[str, Any]:
    """Compute the tables that compare with the teacher and need no further model."""
    codes = drawing["themes"]
    judged = table.assign(**dict(zip(codes, truth.T, strict=True)))
    scores = compute_score_intervals(truth, predicted, clusters=clusters, **drawing)
    return {
        "scores": scores,
        "reliability": compute_reliability(truth, chances, themes=codes),
        "calibration": compute_calibration_error(truth, chances, themes=codes),
        "strata": compute_strata_scores(judged, predicted, by=by, clusters=clusters, **drawing),
    }


def _describe(truth: FloatArray, gold_truth: FloatArray, *, is_fitted_here: bool) -> str:
    """Say how many offers were judged, and by what."""
    n_offers, n_gold = (int((~np.isnan(cells)).any(axis=1).sum()) for cells in (truth, gold_truth))
    gold = f", {n_gold:,} of them gold" if n_gold else ""
    how = "models that learnt from the other folds" if is_fitted_here else "the probabilities given"
    return f"{n_offers:,} offers{gold}, judged by {how}. Intervals of 95%."


def _name_model(model: Any) -> str:
    steps = [step for _, step in model.steps] if isinstance(model, Pipeline) else [model]
    return " + ".join(type(step).__name__ for step in steps)


def _get_scope(model: Any) -> str:
    """Return what the model's own filter masks."""
    steps = [step for _, step in model.steps] if isinstance(model, Pipeline) else []
    scopes = [step.scope for step in steps if isinstance(step, ConfidenceFilter)]
    return scopes[0] if scopes else "theme"
