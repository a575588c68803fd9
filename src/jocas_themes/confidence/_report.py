"""`teacher_report`: how good a teacher is, where humans have said what is true."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from jocas_themes._rendering import render_html, render_text
from jocas_themes.annotations import Themes
from jocas_themes.confidence._arrays import FloatArray
from jocas_themes.confidence._bands import BANDS, check_bands
from jocas_themes.confidence._calibration import (
    apply_calibration,
    fit_calibration,
    tabulate_reliability,
)
from jocas_themes.confidence._chance import compute_alpha, compute_kappa, tabulate_pairs
from jocas_themes.confidence._gold import THRESHOLDS, compute_coverage, keep_sure, match_gold
from jocas_themes.confidence._intervals import compute_interval, compute_share
from jocas_themes.confidence._matching import check_confidences


@dataclass(frozen=True, eq=False)
class TeacherReport:
    """How good a teacher is, against gold labels; made by `teacher_report`.

    Parameters
    ----------
    themes : DataFrame of shape (n_themes + 2, 12)
        One row a theme, then ``micro`` (all cells together) and ``macro`` (mean of the themes):
        ``theme``, ``n_gold`` (cells whose gold label is known), ``n_unknown`` (those that the
        teacher left unknown; the rest of the row is of the others), ``support`` (cells where
        humans see the theme), ``precision``, ``recall``, ``f1``, ``accuracy``, ``ci_low``,
        ``ci_high`` (95% interval of the accuracy), ``cohen_kappa`` and ``krippendorff_alpha``.
    reliability : DataFrame of shape (n_bins, 8)
        ``low``, ``high`` (the upper limit belongs to the next bin, 100 to the last), ``n``,
        ``mean_confidence`` (0-100), ``accuracy`` (0-1), ``ci_low``, ``ci_high``, and
        ``calibrated``, the mean of the calibrated probabilities (0-1).
    coverage : DataFrame of shape (21, 6)
        The accuracy-coverage curve: ``threshold`` of the confidence (0, 5, ... 100),
        ``coverage`` (share of the gold cells answered at it or above), ``n``, ``accuracy`` of
        these, ``ci_low`` and ``ci_high``.
    calibration : DataFrame of shape (n_points, 2)
        The isotonic fit: ``confidence`` and ``probability``, straight lines between the points.
    n_offers : int
        Gold offers that are annotated.
    n_unmatched : int
        Gold offers that are not; they count nowhere.
    """

    themes: pd.DataFrame
    reliability: pd.DataFrame
    coverage: pd.DataFrame
    calibration: pd.DataFrame
    n_offers: int
    n_unmatched: int

    def calibrate(self, confidences: Any) -> FloatArray:
        """Turn confidences into the probability that the answer is right.

        Parameters
        ----------
        confidences : array-like of float
            Confidences, 0 to 100, of any shape; NaN stays NaN.

        Returns
        -------
        ndarray of the same shape
            Probabilities, 0 to 1, that never fall as the confidence rises. Beyond the
            confidences that gold has seen, those of the nearest.

        Raises
        ------
        ValueError
            If a confidence is out of range, or if no gold cell has an answer with a confidence.
        """
        values = np.asarray(confidences, dtype=float)
        check_confidences(values, name="confidences")
        if self.calibration.empty:
            raise ValueError(
                "calibrating needs gold cells with an answer and a confidence, got none. Annotate "
                "the gold offers with a teacher that gives CODE_confidence."
            )
        return apply_calibration(self.calibration, values)

    def __str__(self) -> str:
        return render_text(*self._lay_out())

    def _repr_html_(self) -> str:
        return render_html(*self._lay_out())

    def _lay_out(self) -> tuple[str, dict[str, pd.DataFrame]]:
        title = (
            f"A teacher against the gold labels of {self.n_offers} offers "
            f"({self.n_unmatched} more are not annotated and left out); intervals of 95%"
        )
        tables = {"By theme": self.themes}
        if len(self.calibration):
            tables["Is the confidence reliable?"] = self.reliability
            kept = self.coverage[self.coverage["n"] > 0]
            # Thresholds that keep the same cells say the same: the highest one stands for them.
            tables["Accuracy of what is kept"] = kept.drop_duplicates("n", keep="last")
        return title, tables


def teacher_report(
    annotations: Any, gold: Any, *, themes: Themes = None, bins: Sequence[float] = BANDS
) -> TeacherReport:
    """Measure a teacher against gold labels, by theme and by confidence.

    Parameters
    ----------
    annotations : DataFrame, pyarrow.Table or array-like of shape (n_offers, n_themes)
        An annotated table; or labels alone, without a word on the confidence.
    gold : DataFrame, pyarrow.Table or array-like of shape (n_gold, n_themes)
        What humans say, 0, 1 or NaN where they say nothing: such cells do not count. Two tables
        with an ``offer_id`` are matched by it, others by position. An
        ``inclusion_probability`` (0-1] weighs each offer by its inverse; offers of the same
        ``cluster`` are not taken to be independent.
    themes : Taxonomy or sequence of str, optional
        The themes' codes. By default those of the annotations.
    bins : sequence of float, default=(0, 50, 60, 70, 80, 90)
        Lower limits of the bins of confidence, rising from 0.

    Returns
    -------
    TeacherReport
        The tables ``themes``, ``reliability`` and ``coverage``, and ``calibrate``.

    Raises
    ------
    ValueError
        If an offer is there twice or has no id, if the two share no offer, if arrays differ in
        length, if a label is not 0, 1 or NaN, if a confidence or an inclusion probability is
        out of range, or if the bins do not rise from 0.

    See Also
    --------
    choose_threshold : The confidence from which on answers can be trusted.
    agreement : Compare two annotations, without gold.

    Notes
    -----
    All figures but the counts are Hájek means, weighted by 1 / ``inclusion_probability``: they
    describe the offers from which gold was drawn, not the gold sample. Without that column
    all offers weigh the same, which is right for a simple random sample alone.

    Intervals are those of Korn and Graubard (1998, "Confidence intervals for proportions with
    small expected number of positive counts estimated from survey data"): Clopper and Pearson's
    (1934) at the effective sample size, which are exact for one theme, no clusters and equal
    inclusion probabilities. The cells of one ``cluster``, else of one offer, are one draw; strata
    are not used, which widens the intervals. The design effect is at least that of the weights
    (Kish 1965), and it is estimated with one cluster added whose cells are all of the rarer kind,
    right or wrong, because few errors say little of whether errors come together; where there is
    none at all, the cells of a cluster count as one.

    A theme without a known positive has NaN for precision, recall and F1 and is left out of
    their macro mean; one that is never found has a precision of 0. The reliability, the curve
    and the calibration pool the themes: name one to see it alone. The calibration is fitted on
    the cells that it is compared with; an isotonic fit says 1 where no error was seen.

    Examples
    --------
    >>> from jocas_themes import load_sample_annotations
    >>> from jocas_themes.confidence import teacher_report
    >>> annotations = load_sample_annotations()
    >>> gold = annotations[["offer_id", "DIVERSITY"]].iloc[:100].copy()
    >>> gold.loc[0, "DIVERSITY"] = 1 - gold.loc[0, "DIVERSITY"]  # an error of the teacher
    >>> report = teacher_report(annotations, gold, themes=["DIVERSITY"])
    >>> report.themes.loc[0, ["n_gold", "accuracy", "ci_low", "ci_high"]].astype(float).round(3)
    n_gold      100.000
    accuracy      0.990
    ci_low        0.946
    ci_high       1.000
    Name: 0, dtype: float64
    """
    check_bands(bins, name="bins")
    matched = match_gold(annotations, gold, themes=themes)
    answered = matched.cells[matched.cells["answer"].notna()]
    calibration = fit_calibration(answered)
    return TeacherReport(
        themes=_tabulate_themes(matched.cells, matched.codes),
        reliability=tabulate_reliability(answered, calibration, bins),
        coverage=_tabulate_coverage(matched.cells),
        calibration=calibration,
        n_offers=matched.n_offers,
        n_unmatched=matched.n_unmatched,
    )


def _tabulate_themes(cells: pd.DataFrame, codes: Sequence[str]) -> pd.DataFrame:
    """Compute the row of each theme, of all cells together, and the mean of the themes."""
    rows = [_score(code, cells[cells["theme"] == code]) for code in codes]
    micro = _score("micro", cells)
    means = ["precision", "recall", "f1", "accuracy", "cohen_kappa", "krippendorff_alpha"]
    macro = micro | {"theme": "macro", "ci_low": np.nan, "ci_high": np.nan}
    return pd.DataFrame([*rows, micro, macro | pd.DataFrame(rows)[means].mean().to_dict()])


def _score(theme: str, cells: pd.DataFrame) -> dict[str, Any]:
    """Compute one row of the table of themes."""
    answered = cells[cells["answer"].notna()]
    answer, gold = answered["answer"].to_numpy(), answered["gold"].to_numpy()
    weights, right = answered["weight"].to_numpy(), answered["right"].to_numpy(dtype=float)
    pairs = tabulate_pairs(answer, gold, weights)
    precision, recall, f1 = _score_presence(pairs)
    ci_low, ci_high = compute_interval(right, weights, answered["cluster"].to_numpy())
    return {
        "theme": theme,
        "n_gold": len(cells),
        "n_unknown": len(cells) - len(answered),
        "support": int(gold.sum()),
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "accuracy": compute_share(right, weights),
        "ci_low": ci_low,
        "ci_high": ci_high,
        "cohen_kappa": compute_kappa(pairs),
        "krippendorff_alpha": compute_alpha(pairs, len(answered)),
    }


def _score_presence(pairs: FloatArray) -> tuple[float, float, float]:
    """Compute precision, recall and F1 from the weights by (answer, gold)."""
    hits, said, true = pairs[1, 1], pairs[1].sum(), pairs[:, 1].sum()
    if not true:
        return np.nan, np.nan, np.nan
    return float(hits / said) if said else 0.0, float(hits / true), float(2 * hits / (said + true))


def _tabulate_coverage(cells: pd.DataFrame) -> pd.DataFrame:
    """Compute the accuracy and the coverage of what each threshold keeps."""
    rows = []
    for threshold in THRESHOLDS:
        kept = keep_sure(cells, threshold)
        right, weights = kept["right"].to_numpy(dtype=float), kept["weight"].to_numpy()
        ci_low, ci_high = compute_interval(right, weights, kept["cluster"].to_numpy())
        rows.append(
            {
                "threshold": float(threshold),
                "coverage": compute_coverage(cells, kept),
                "n": len(kept),
                "accuracy": compute_share(right, weights),
                "ci_low": ci_low,
                "ci_high": ci_high,
            }
        )
    return pd.DataFrame(rows)
