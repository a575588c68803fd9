"""`find_label_issues`: what is listed, by whose probabilities, and what goes to review."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from curation.stand_ins import NAN, Memory, RoughMargins, WordCounter, make_annotated
from jocas_themes.annotations import ReviewQueue, merge_review, read_review
from jocas_themes.confidence import ConfidenceFilter
from jocas_themes.curation import find_label_issues
from jocas_themes.datasets import load_sample_annotations
from jocas_themes.errors import JocasThemesWarning, MissingDependencyError, ReviewFileError
from jocas_themes.evaluation import NearDuplicateKFold
from jocas_themes.taxonomy import Taxonomy, Theme
from jocas_themes.teacher import LexiconTeacher

A = [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, NAN]
P_A = [0.9, 0.8, 0.1, 0.2, 0.1, 0.9, 0.55, 0.99]
# B is 0, 1, 0, 1 ... and the student agrees, but for the last cell, a present one: 0.3.
P_B = [0.1, 0.9, 0.1, 0.9, 0.1, 0.9, 0.1, 0.3]
P = np.column_stack([P_A, P_B])


@pytest.fixture
def annotated() -> pd.DataFrame:
    return make_annotated(A, A_confidence=[95, 95, 60, 95, 95, NAN, 95, 95])


def test_the_table(annotated: pd.DataFrame) -> None:
    before = annotated.copy()
    issues = find_label_issues(annotated, probabilities=P)
    pd.testing.assert_frame_equal(annotated, before)
    # A: o2 and o5, as in the test of the ranking. B: the means of its labels are
    # (3 * 0.9 + 0.3) / 4 = 0.75 and 0.9; o7's absence has 0.7 and is not listed.
    assert issues.to_dict("list") == {
        "offer_id": ["o2", "o5"],
        "theme": ["A", "A"],
        "label": [1, 0],
        "confidence": [60, pytest.approx(NAN, nan_ok=True)],
        "probability": [0.1, 0.9],
        # The odds 9, times (0.4 / 0.6) ** 0.2 = 0.9221 or (0.1 / 0.9) ** 0.2 = 0.6444.
        "score": [pytest.approx(0.8924, abs=1e-4), pytest.approx(0.8529, abs=1e-4)],
        "evidence": ["texte", None],
        "reason": ["label_issue"] * 2,
    }
    assert issues.index.tolist() == [0, 1]


def test_cells_of_all_themes_are_ranked_together(annotated: pd.DataFrame) -> None:
    P_B_wrong = [*P_B[:7], 0.01]
    issues = find_label_issues(annotated, probabilities=np.column_stack([P_A, P_B_wrong]))
    assert issues["theme"].tolist() == ["B", "A", "A"]
    assert find_label_issues(annotated, probabilities=P, n=1)["offer_id"].tolist() == ["o2"]
    assert find_label_issues(annotated, probabilities=P, themes=["A", "B"], n=9).shape == (2, 8)


def test_without_the_confidence_the_order_is_the_student_s(annotated: pd.DataFrame) -> None:
    issues = find_label_issues(annotated, probabilities=P, confidence_weight=0)
    np.testing.assert_allclose(issues["score"], 0.9)


def test_nothing_to_doubt(annotated: pd.DataFrame) -> None:
    sure = np.where(annotated[["A", "B"]] == 1, 0.9, 0.1)
    issues = find_label_issues(annotated, probabilities=sure)
    assert issues.shape == (0, 8)


def test_forms(annotated: pd.DataFrame) -> None:
    expected = find_label_issues(annotated, probabilities=P)
    table = pd.DataFrame({"B": P_B, "other": 7, "A": P_A})
    for source, probabilities in (
        (pa.Table.from_pandas(annotated), P.tolist()),
        (annotated, table),
        (annotated.set_axis([3] * 8), table.to_numpy()[:, [2, 0]]),
    ):
        found = find_label_issues(source, probabilities=probabilities)
        pd.testing.assert_frame_equal(found, expected, check_dtype=False)


class TestOutOfFold:
    def test_no_model_judges_what_it_learnt(self) -> None:
        # Twelve offers, each on two boards; half of the second copies say the contrary.
        texts = [f"offre numéro {row} avec des mots à elle {row}" for row in range(12)]
        A = [float(row % 2) for row in range(12)]
        flipped = [1 - label if row < 6 else label for row, label in enumerate(A)]
        annotated = make_annotated(
            A + flipped, A + flipped, texts=texts + [text + " !" for text in texts]
        )
        # Memory gives 0.5 to what it did not learn, so that nothing is contradicted ...
        assert find_label_issues(annotated, model=Memory()).empty
        # ... and would contradict the copies, if they were in other folds.
        halves = [(np.arange(12), np.arange(12, 24)), (np.arange(12, 24), np.arange(12))]
        renamed = annotated.assign(text=[*texts, *texts])
        issues = find_label_issues(renamed, model=Memory(), cv=_Folds(halves))
        assert sorted(set(issues["offer_id"])) == sorted(
            f"o{row}" for row in [*range(6), *range(12, 18)]
        )

    def test_a_pipeline_and_any_number_of_jobs(self) -> None:
        annotated = _flip_sample()
        # Threads would share liblinear's generator, and give other margins.
        model = make_pipeline(ConfidenceFilter(0), RoughMargins())
        first = find_label_issues(annotated, model=model)
        again = find_label_issues(annotated, model=model, n_jobs=2)
        assert len(first)
        pd.testing.assert_frame_equal(first, again)
        assert not hasattr(model[-1], "themes_")

    def test_a_pipeline_asks_no_teacher_and_writes_no_review_file(self, tmp_path: Path) -> None:
        annotated = _flip_sample()
        path = tmp_path / "to_review.jsonl"
        sure = ConfidenceFilter(0, review_path=path)
        model = make_pipeline(LexiconTeacher(), sure, WordCounter())
        issues = find_label_issues(annotated, model=model)
        assert not path.exists()
        assert sure.review_path == path
        pd.testing.assert_frame_equal(issues, find_label_issues(annotated, model=WordCounter()))

    def test_folds(self) -> None:
        annotated = _flip_sample()
        folds = NearDuplicateKFold(3, random_state=0)
        expected = find_label_issues(annotated, model=WordCounter(), cv=folds)
        issues = find_label_issues(annotated, model=WordCounter(), cv=3)
        pd.testing.assert_frame_equal(issues, expected)
        twice = [(np.arange(40), np.arange(40, 80))] * 2
        with pytest.raises(ValueError, match="cv must test each offer once at most"):
            find_label_issues(annotated, model=WordCounter(), cv=twice)

    def test_what_gives_no_probabilities(self, annotated: pd.DataFrame) -> None:
        with pytest.raises(TypeError, match="must be a classifier with fit and predict_proba"):
            find_label_issues(annotated, model=LinearSVC())

    def test_the_default_student_finds_flipped_cells(self) -> None:
        # 6 cells of 80 are flipped: by chance 0.45 of them would be among the first 6. So few
        # offers teach little; test_real_curation.py has the figures.
        issues = find_label_issues(_flip_sample(), themes=THEMES[:1], cv=NearDuplicateKFold(2), n=6)
        assert issues["offer_id"].isin(FLIPPED).sum() >= 2


FLIPPED = [f"flipped{number}" for number in range(6)]
THEMES = ("COMPENSATION_BENEFITS", "COMPANY_CULTURE")


def _flip_sample() -> pd.DataFrame:
    """Return 80 sample offers of two themes; 6 cells of the first have the other label."""
    annotated = load_sample_annotations().head(80)
    kept = [name for code in THEMES for name in (code, f"{code}_confidence", f"{code}_evidence")]
    annotated = annotated[["offer_id", "text", *kept, "status"]].copy()
    rows = annotated.index[[3, 17, 29, 41, 55, 68]]
    annotated.loc[rows, THEMES[0]] = 1 - annotated.loc[rows, THEMES[0]]
    annotated.loc[rows, f"{THEMES[0]}_evidence"] = None
    annotated.loc[rows, "offer_id"] = FLIPPED
    return annotated


class _Folds:
    def __init__(self, folds: list) -> None:
        self.folds = folds

    def split(self, X, y=None, groups=None):
        return iter(self.folds)


class TestReview:
    def test_the_file(self, annotated: pd.DataFrame, tmp_path: Path) -> None:
        path = tmp_path / "to_review.jsonl"
        find_label_issues(annotated, probabilities=P, review_path=path)
        assert [json.loads(line) for line in path.read_text("utf-8").splitlines()] == [
            {
                "offer_id": "o2",
                "theme": "A",
                "proposed": 1,
                "confidence": 60.0,
                "evidence": "texte",
                "reason": "label_issue",
                "text": "texte 2",
            },
            {
                "offer_id": "o5",
                "theme": "A",
                "proposed": 0,
                "confidence": None,
                "evidence": None,
                "reason": "label_issue",
                "text": "texte 5",
            },
        ]
        once = path.read_bytes()
        find_label_issues(annotated, probabilities=P, review_path=path)
        assert path.read_bytes() == once

    def test_only_the_first_n_are_sent(self, annotated: pd.DataFrame, tmp_path: Path) -> None:
        path = tmp_path / "to_review.jsonl"
        find_label_issues(annotated, probabilities=P, review_path=path, n=1)
        assert read_review(path)["offer_id"].tolist() == ["o2"]

    def test_decisions_are_kept(self, annotated: pd.DataFrame, tmp_path: Path) -> None:
        path = tmp_path / "to_review.jsonl"
        typed = {"offer_id": "o2", "theme": "A", "decision": 0, "reviewer": "Léa"}
        merge_review(path, [typed, {"offer_id": "o0", "theme": "B", "reason": "refused"}])
        find_label_issues(annotated, probabilities=P, review_path=path)
        cells = read_review(path).set_index(["offer_id", "theme"])
        assert len(cells) == 3
        assert cells.loc[("o2", "A"), ["decision", "reviewer"]].tolist() == [0, "Léa"]
        assert cells.loc[("o0", "B"), "reason"] == "refused"

    def test_the_filter_leaves_them_there(self, annotated: pd.DataFrame, tmp_path: Path) -> None:
        path = tmp_path / "to_review.jsonl"
        find_label_issues(annotated, probabilities=P, review_path=path)
        ConfidenceFilter(0, review_path=path).fit_transform(annotated.assign(A_confidence=90.0))
        assert (read_review(path)["reason"] == "label_issue").all()

    def test_people_decide(self, annotated: pd.DataFrame, tmp_path: Path) -> None:
        path = tmp_path / "to_review.jsonl"
        find_label_issues(annotated, probabilities=P, review_path=path)
        themes = Taxonomy(
            [Theme(code=code, name_fr=code, name_en=code, definition=code) for code in "AB"]
        )
        queue = ReviewQueue(path, store=tmp_path / "store.sqlite", taxonomy=themes)
        queue.decide("o2", "A", 0, reviewer="Léa")
        find_label_issues(annotated, probabilities=P, review_path=path)
        assert queue.pending()["offer_id"].tolist() == ["o5"]

    def test_a_broken_file(self, annotated: pd.DataFrame, tmp_path: Path) -> None:
        path = tmp_path / "to_review.jsonl"
        path.write_text("no cell")
        with pytest.raises(ReviewFileError, match="line 1: not a cell to review"):
            find_label_issues(annotated, probabilities=P, review_path=path)


class TestCleanlab:
    def test_it_lists_the_same(self, annotated: pd.DataFrame) -> None:
        ours = find_label_issues(annotated, probabilities=P, confidence_weight=0)
        theirs = find_label_issues(annotated, probabilities=P, method="cleanlab")
        pd.testing.assert_frame_equal(ours, theirs)

    def test_it_is_not_there(
        self, annotated: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
        with pytest.raises(MissingDependencyError, match=r"needs cleanlab.*jocas-themes\[cleanlab"):
            find_label_issues(annotated, probabilities=P, method="cleanlab")


class TestBadInput:
    def test_a_theme_whose_labels_are_alike(self) -> None:
        annotated = make_annotated(A, B=[0.0] * 7 + [NAN])
        with pytest.warns(JocasThemesWarning, match=r"1 themes are not judged.*\['B'\]"):
            issues = find_label_issues(annotated, probabilities=P)
        assert issues["offer_id"].tolist() == ["o2", "o5"]
        # The default student is not asked to learn it.
        with pytest.warns(JocasThemesWarning, match="not judged"):
            assert find_label_issues(annotated, model=Memory()).empty

    @pytest.mark.parametrize("label", [0.0, NAN])
    def test_no_theme_can_be_judged(self, label: float) -> None:
        annotated = make_annotated([label] * 8, B=[NAN] * 8)
        with pytest.raises(ValueError, match=r"no theme of \['A', 'B'\] \(2 in all\) is, in 8"):
            find_label_issues(annotated, probabilities=P)

    def test_gaps(self, annotated: pd.DataFrame) -> None:
        gaps = P.copy()
        gaps[[2, 7], 0] = NAN  # o7 is not known in A
        with pytest.warns(JocasThemesWarning, match="1 of 15 known cells are not judged"):
            issues = find_label_issues(annotated, probabilities=gaps)
        assert issues["offer_id"].tolist() == ["o5"]
        with pytest.raises(ValueError, match="got NaN for every known cell"):
            find_label_issues(annotated, probabilities=np.full((8, 2), NAN))

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"probabilities": P[:7]}, "a row for each of the 8 offers, got 7"),
            ({"probabilities": P[:, :1]}, r"shape \(n_offers, 2\)"),
            ({"probabilities": P + 1}, r"must be in \[0, 1\], got .* \(16 in all\)"),
            ({"probabilities": np.full((8, 2), "a")}, "must hold a column of numbers"),
            ({"probabilities": pd.DataFrame({"A": P_A})}, r"lacks the themes \['B'\]"),
            ({"model": Memory()}, "probabilities and model exclude one another"),
            ({"method": "magic"}, "method must be one of .*'cleanlab'.*, got 'magic'"),
            ({"confidence_weight": 1.5}, "confidence_weight must be a number from 0 to 1, got 1.5"),
            ({"n": 0}, "n must be an integer from 1 up, or None for all, got 0"),
            ({"themes": ["C"]}, r"annotated lacks the themes \['C'\]"),
        ],
    )
    def test_bad_parameters(self, annotated: pd.DataFrame, options: dict, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            find_label_issues(annotated, **({"probabilities": P} | options))

    @pytest.mark.parametrize("table", [["a", "b"], pd.DataFrame({"A": [1, 0]})])
    def test_no_annotated_table(self, table: object) -> None:
        with pytest.raises(ValueError, match="annotated must be an annotated table"):
            find_label_issues(table)
