"""`student_report`: who judges which offers, and what the tables compare."""

from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from jocas_themes import ConfidenceFilter, LexiconTeacher, load_sample_annotations
from jocas_themes.annotations import find_theme_codes
from jocas_themes.errors import JocasThemesWarning
from jocas_themes.evaluation import threshold_curve
from jocas_themes.offers import as_offers
from jocas_themes.reports import student_report

_THEMES = ("COMPENSATION_BENEFITS", "LEADERSHIP_MANAGEMENT")
_FAST: dict[str, Any] = {"curves": False, "n_bootstrap": 50}


class Linear(BaseEstimator):
    """A small student: a logistic regression a theme, on the words of the text."""

    def __init__(self, themes: tuple[str, ...] = _THEMES) -> None:
        self.themes = themes

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        self.themes_ = self.themes
        self.words_ = TfidfVectorizer().fit(X["text"])
        counts = self.words_.transform(X["text"])
        self.models_ = []
        for code in self.themes:
            known = X[code].notna().to_numpy()
            labels = X.loc[known, code].astype(int)
            self.models_.append(
                LogisticRegression(C=30, solver="liblinear").fit(counts[known], labels)
            )
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        counts = self.words_.transform(X["text"])
        return np.column_stack([model.predict_proba(counts)[:, 1] for model in self.models_])

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return (self.predict_proba(X) >= 0.5).astype(int)


class Spy(Linear):
    """Notes what it learns from and what it judges."""

    seen: list[tuple[str, frozenset[str]]] = []  # noqa: RUF012

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        self.seen.append(("fit", frozenset(X["offer_id"])))
        return super().fit(X, y)

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        self.seen.append(("predict", frozenset(X["offer_id"])))
        return super().predict(X)


@pytest.fixture(scope="module")
def annotated() -> pd.DataFrame:
    return load_sample_annotations().head(100)


@pytest.fixture
def gold(annotated: pd.DataFrame) -> pd.DataFrame:
    """Return what people say of half of the offers: the contrary of the teacher in ten cells."""
    table = annotated[["offer_id", *_THEMES]].head(50).copy()
    table.loc[table.index[:10], _THEMES[0]] = 1 - table[_THEMES[0]].head(10)
    return table


def _give(annotated: pd.DataFrame) -> pd.DataFrame:
    """Give the probabilities of a student that always agrees with the teacher."""
    return 0.1 + 0.8 * annotated[list(_THEMES)]


def test_each_offer_is_judged_by_models_that_did_not_learn_from_it(
    annotated: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, frozenset[str]]] = []
    monkeypatch.setattr(Spy, "seen", seen)
    report = student_report(Spy(), annotated, themes=_THEMES, cv=3, **_FAST)
    assert [kind for kind, _ in seen] == ["fit", "predict"] * 3
    for (_, learnt), (_, judged) in zip(seen[::2], seen[1::2], strict=True):
        assert not learnt & judged
    assert frozenset.union(*(ids for _, ids in seen[1::2])) == frozenset(annotated["offer_id"])
    assert report.lead.startswith("100 offers, judged by models that learnt from the other folds")


def test_tables_compare_with_the_teacher(annotated: pd.DataFrame) -> None:
    report = student_report(
        Linear(), annotated, probabilities=_give(annotated), themes=_THEMES, **_FAST
    )
    assert report.scores["f1"].tolist() == [1.0] * 4
    # 0.1 for absent and 0.9 for present: off by 0.1 everywhere
    assert report.calibration["ece"].tolist() == pytest.approx([0.1] * 3)
    assert report.gold_scores is None
    assert report.threshold_curve is None
    assert report.lead.startswith("100 offers, judged by the probabilities given")


def test_gold_is_compared_with_what_people_say(annotated: pd.DataFrame, gold: pd.DataFrame) -> None:
    report = student_report(
        Linear(), annotated, gold, probabilities=_give(annotated), themes=_THEMES, **_FAST
    )
    assert report.gold_scores is not None
    by_theme = report.gold_scores.set_index("theme")
    assert by_theme.loc[_THEMES[0], "f1"] < 1
    assert by_theme.loc[_THEMES[1], "f1"] == 1
    assert by_theme.loc[_THEMES[0], "n_offers"] == 50
    assert report.scores["f1"].tolist() == [1.0] * 4
    assert "100 offers, 50 of them gold" in report.lead


def test_gold_drawn_unequally_weighs_as_in_the_threshold_curve(
    annotated: pd.DataFrame, gold: pd.DataFrame
) -> None:
    unequal = gold.assign(inclusion_probability=np.where(np.arange(50) < 10, 1.0, 0.1))
    judge: dict[str, Any] = {"themes": _THEMES, "cv": 2, "n_bootstrap": 50}
    report, alike = (
        student_report(Linear(), annotated, people, curves=False, **judge)
        for people in (unequal, gold)
    )
    curve = threshold_curve(Linear(), annotated, unequal, thresholds=[0], **judge)
    assert report.gold_scores is not None
    assert alike.gold_scores is not None
    micro, of_alike = (
        table.set_index("theme").loc["micro", "f1"]
        for table in (report.gold_scores, alike.gold_scores)
    )
    assert micro == pytest.approx(curve.loc[0, "f1_all_gold"])
    assert micro != pytest.approx(of_alike, abs=0.02)


def test_gold_that_is_not_annotated_is_warned_of(
    annotated: pd.DataFrame, gold: pd.DataFrame
) -> None:
    gold.loc[0, "offer_id"] = "stranger"
    with pytest.warns(JocasThemesWarning, match="1 of 50 gold offers are not in the annotated"):
        student_report(
            Linear(), annotated, gold, probabilities=_give(annotated), themes=_THEMES, **_FAST
        )


def test_cells_without_a_probability_do_not_count(annotated: pd.DataFrame) -> None:
    given = _give(annotated)
    given.iloc[:30, 0] = np.nan
    report = student_report(Linear(), annotated, probabilities=given, themes=_THEMES, **_FAST)
    counts = report.scores.set_index("theme")["n_offers"]
    assert counts.tolist() == [70, 100, 170, 170]
    assert report.scores["f1"].tolist() == [1.0] * 4


def test_probabilities_are_cut_at_the_thresholds_of_a_fitted_model(annotated: pd.DataFrame) -> None:
    model = Linear(_THEMES[::-1])
    model.themes_ = _THEMES[::-1]
    model.thresholds_ = np.array([0.5, 0.95])  # 0.95, which nothing reaches, for _THEMES[0]
    report = student_report(
        model, annotated, probabilities=_give(annotated), themes=_THEMES, **_FAST
    )
    assert report.scores["f1"].head(2).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda given: given.head(99), r"a row for each of the 100 offers, got 99"),
        (lambda given: given * 2, r"must be in \[0, 1\], got \[1\.8"),
    ],
)
def test_probabilities_of_something_else_are_refused(
    annotated: pd.DataFrame, change: Any, complaint: str
) -> None:
    given = change(_give(annotated))
    with pytest.raises(ValueError, match=complaint):
        student_report(Linear(), annotated, probabilities=given, themes=_THEMES, **_FAST)


def test_a_model_of_other_themes_is_refused(annotated: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"its predict_proba gives \['COMP.*Name the themes"):
        student_report(Linear(), annotated, **_FAST)


def test_what_cannot_learn_is_refused(annotated: pd.DataFrame) -> None:
    with pytest.raises(TypeError, match="must be a classifier with fit and predict"):
        student_report(object(), annotated, themes=_THEMES, **_FAST)


def test_a_table_that_nobody_annotated_is_refused() -> None:
    with pytest.raises(ValueError, match="must be an annotated table"):
        student_report(Linear(), as_offers(["Un texte"]), **_FAST)


def test_a_pipeline_asks_no_teacher_and_writes_no_review_file(
    annotated: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "to_review.jsonl"
    model = Pipeline(
        [
            ("teacher", LexiconTeacher()),
            ("filter", ConfidenceFilter(70, review_path=path)),
            ("student", Linear()),
        ]
    )
    report = student_report(model, annotated, themes=_THEMES, cv=2, **_FAST)
    assert report.model == "LexiconTeacher + ConfidenceFilter + Linear"
    assert not path.exists()
    # The filter masks what is learnt from, not what is judged.
    known = int(annotated[list(_THEMES)].notna().to_numpy().sum())
    assert report.scores.set_index("theme").loc["micro", "n_offers"] == known


def test_the_same_seed_gives_the_same_report_whatever_the_jobs(annotated: pd.DataFrame) -> None:
    first = student_report(Linear(), annotated, themes=_THEMES, cv=3, **_FAST)
    with parallel_config(backend="threading"):
        second = student_report(Linear(), annotated, themes=_THEMES, cv=3, n_jobs=2, **_FAST)
    assert str(first) == str(second)


def test_nothing_given_is_changed(annotated: pd.DataFrame, gold: pd.DataFrame) -> None:
    copies = annotated.copy(), gold.copy()
    student_report(Linear(), annotated, gold, themes=_THEMES, cv=2, **_FAST)
    pd.testing.assert_frame_equal(annotated, copies[0])
    pd.testing.assert_frame_equal(gold, copies[1])


def test_curves_are_computed_with_the_same_model(
    annotated: pd.DataFrame, gold: pd.DataFrame
) -> None:
    report = student_report(
        Linear(),
        annotated,
        gold,
        themes=_THEMES,
        cv=2,
        thresholds=(0, 80),
        cost_per_offer_usd=0.005,
        n_bootstrap=50,
    )
    assert report.threshold_curve is not None
    assert report.learning_curve is not None
    assert report.threshold_curve["threshold"].tolist() == [0, 80]
    # Threshold 0 keeps all: the same folds, models and offers as in the table of scores.
    micro = report.scores.set_index("theme").loc["micro", "f1"]
    assert report.threshold_curve.loc[0, "f1_all_teacher"] == pytest.approx(micro)
    assert report.learning_curve.table["cost_usd"].notna().all()
    assert report.findings[-1] == report.learning_curve.advice


@pytest.mark.real_data
def test_no_text_and_no_id_of_a_real_offer_is_in_the_page(shared_data: Path) -> None:
    offers = pd.read_parquet(shared_data / "offers_labelled.parquet").head(200)
    annotated = as_offers(offers).assign(status="ok")
    codes = list(find_theme_codes(annotated))
    given = 0.1 + 0.8 * annotated[codes].astype(float)
    report = student_report(Linear(), annotated, probabilities=given, **_FAST)
    page = report.to_html()
    assert not any(offer_id in page for offer_id in annotated["offer_id"])
    assert not any(text[:60] in page for text in annotated["text"] if text)
    assert "board_5" in page
