"""`StudentReport`: what is known of a student, to print, to show and to send."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from jocas_themes._rendering import render_text
from jocas_themes.evaluation import LearningCurve
from jocas_themes.reports._findings import iter_findings
from jocas_themes.reports._page import render_body, render_page, save_page
from jocas_themes.reports._sections import (
    Section,
    build_learning,
    build_reliability,
    build_scores,
    build_strata,
    build_threshold,
)


@dataclass(frozen=True, eq=False)
class StudentReport:
    """How good a student is, where, and what would make it better; made by `student_report`.

    Printed it gives its findings and tables, in a notebook also the pictures.

    Parameters
    ----------
    model : str
        What was judged, such as ``"ThemeClassifier"``.
    lead : str
        On how many offers, and how.
    scores : DataFrame of shape (n_themes + 2, 8)
        Against the teacher's answers, as `compute_score_intervals` gives them.
    reliability : DataFrame of shape (n_bins, 8)
        As `compute_reliability` gives it, against the teacher's answers.
    calibration : DataFrame of shape (n_themes + 1, 5)
        As `compute_calibration_error` gives it, against the teacher's answers.
    strata : DataFrame of shape (n_strata, 7)
        As `compute_strata_scores` gives it, against the teacher's answers.
    gold_scores : DataFrame of shape (n_themes + 2, 8) or None
        As ``scores``, against gold; None without gold.
    threshold_curve : DataFrame of shape (n_thresholds, 15) or None
        As `threshold_curve` gives it.
    learning_curve : LearningCurve or None
        As `compute_learning_curve` gives it, against the teacher's answers.
    """

    model: str
    lead: str
    scores: pd.DataFrame
    reliability: pd.DataFrame
    calibration: pd.DataFrame
    strata: pd.DataFrame
    gold_scores: pd.DataFrame | None = None
    threshold_curve: pd.DataFrame | None = None
    learning_curve: LearningCurve | None = None

    @property
    def findings(self) -> tuple[str, ...]:
        """What it all comes down to, in plain sentences."""
        return tuple(
            iter_findings(
                self.scores,
                self.gold_scores,
                self.strata,
                self.calibration,
                self.threshold_curve,
                self.learning_curve,
            )
        )

    def to_html(self, path: str | Path | None = None) -> str:
        """Write the report as one HTML page that needs nothing else.

        Parameters
        ----------
        path : str or Path, optional
            File to write; one that is there is replaced, once the new one is whole.

        Returns
        -------
        str
            The page. It holds pictures where matplotlib is installed, else tables only. No text
            and no id of an offer is in it.
        """
        page = render_page(self._title, self.lead, self.findings, self._sections)
        if path is not None:
            save_page(page, path)
        return page

    def __str__(self) -> str:
        head = "\n".join([self._title, self.lead, *(f"- {line}" for line in self.findings)])
        return render_text(head, {section.heading: section.table for section in self._sections})

    def _repr_html_(self) -> str:
        return render_body(self._title, self.lead, self.findings, self._sections)

    @property
    def _title(self) -> str:
        truths = "gold and the teacher's answers"
        if self.gold_scores is None:
            truths = "the teacher's answers (no gold was given)"
        return f"Student report: {self.model}, against {truths}"

    @property
    def _sections(self) -> list[Section]:
        sections = [build_scores(self.scores, by_gold=False)]
        if self.gold_scores is not None:
            sections.insert(0, build_scores(self.gold_scores, by_gold=True))
        sections.append(build_reliability(self.reliability, self.calibration))
        if len(self.strata):
            sections.append(build_strata(self.strata))
        if self.threshold_curve is not None:
            sections.append(build_threshold(self.threshold_curve))
        if self.learning_curve is not None:
            sections.append(build_learning(self.learning_curve))
        return sections
