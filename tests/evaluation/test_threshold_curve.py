"""`threshold_curve`: figures by hand, and the models that it takes."""

from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut
from sklearn.pipeline import Pipeline

from jocas_themes import ThemeClassifier, load_sample_annotations
from jocas_themes.confidence import ConfidenceFilter
from jocas_themes.errors import JocasThemesWarning
from jocas_themes.evaluation import threshold_curve
from jocas_themes.offers import find_theme_codes

NAN = np.nan
SCORES = ["f1_kept_teacher", "f1_all_teacher", "f1_kept_gold", "f1_all_gold"]


class WordLearner(ClassifierMixin, BaseEstimator):
    """Finds a theme by the words that were seen with it, and never without."""

    def fit(self, X, y=None):
        self.themes_ = find_theme_codes(X)[::-1]  # its own order
        self.words_ = [self._learn(X["text"], X[theme]) for theme in self.themes_]
        return self

    def _learn(self, texts, labels):
        words = {
            label: {word for text in texts[labels == label] for word in text.split()}
            for label in (0, 1)
        }
        return words[1] - words[0]

    def predict(self, X):
        found = [[bool(w & set(text.split())) for w in self.words_] for text in X["text"]]
        return np.array(found, dtype=int).reshape(len(X), -1)


class Teacher(BaseEstimator):
    """Must not be asked anything."""

    def annotate(self, offers):
        raise AssertionError("the teacher was asked")

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X


TEXTS = ["prime a", "bonus b", "rien c", "rien d", "prime e", "bonus f", "rien g", "prime h"]
SPLIT = [(np.arange(4), np.arange(4, 8))]


@pytest.fixture
def annotated() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "offer_id": [text[-1] for text in TEXTS],
            "text": TEXTS,
            "A": [1.0, 1, 0, 0, 1, 1, 0, 0],
            "A_confidence": [90.0, 60, 90, 90, 90, 60, 90, 90],
            "A_evidence": None,
            "status": "ok",
        }
    )


@pytest.fixture
def gold() -> pd.DataFrame:
    # The teacher was wrong about h. Nobody looked at g.
    return pd.DataFrame({"offer_id": ["h", "f", "e", "g"], "A": [1, 1, 1, NAN]})


def test_figures_by_hand(annotated: pd.DataFrame, gold: pd.DataFrame) -> None:
    curve = threshold_curve(WordLearner(), annotated, gold, thresholds=[0, 80], cv=SPLIT)
    figures = [f"{name}{end}" for name in SCORES for end in ("", "_low", "_high")]
    assert curve.columns.tolist() == ["threshold", "coverage", "n_cells", *figures]
    assert curve["threshold"].tolist() == [0, 80]
    assert curve["coverage"].tolist() == [1, 6 / 8]
    assert curve["n_cells"].tolist() == [8, 6]
    # At 0 it learns prime and bonus: e, f and h are predicted; the teacher says e and f, humans
    # all three. At 80 it learns prime alone: e and h.
    #   kept, teacher: e right, h false; f is not kept.      2 / 3
    #   all, teacher: e right, h false, f missed.            2 / 4
    #   kept, gold: e and h right.                           1
    #   all, gold: e and h right, f missed.                  4 / 5
    assert curve.loc[0, SCORES].tolist() == pytest.approx([4 / 5, 4 / 5, 1, 1])
    assert curve.loc[1, SCORES].tolist() == pytest.approx([2 / 3, 1 / 2, 1, 4 / 5])


def test_gold_weighs_by_its_chance_of_being_drawn(
    annotated: pd.DataFrame, gold: pd.DataFrame
) -> None:
    gold["inclusion_probability"] = [1, 0.5, 1, 1]
    # f, missed, weighs 2: 2 * 2 / (2 * 2 + 2).
    curve = threshold_curve(WordLearner(), annotated, gold, thresholds=[80], cv=SPLIT)
    assert curve.loc[0, SCORES].tolist() == pytest.approx([2 / 3, 1 / 2, 1, 2 / 3])


def test_without_gold_its_figures_are_nan(annotated: pd.DataFrame) -> None:
    curve = threshold_curve(WordLearner(), annotated, thresholds=[0], cv=SPLIT)
    assert curve.filter(like="gold").isna().all(axis=None)
    assert curve.filter(like="teacher").notna().all(axis=None)


def test_gold_reaches_offers_that_the_teacher_left(
    annotated: pd.DataFrame, gold: pd.DataFrame
) -> None:
    annotated.loc[7, ["A", "A_confidence"]] = NAN
    curve = threshold_curve(WordLearner(), annotated, gold, thresholds=[80], cv=SPLIT)
    # kept: e alone. all: e and h right, f missed.
    assert curve.loc[0, SCORES[2:]].tolist() == pytest.approx([1, 4 / 5])
    assert curve.loc[0, "coverage"] == 5 / 7


def test_gold_outside_the_table_is_said(annotated: pd.DataFrame, gold: pd.DataFrame) -> None:
    gold.loc[3, "offer_id"] = "elsewhere"
    with pytest.warns(JocasThemesWarning, match="1 of 4 gold offers are not in the annotated"):
        threshold_curve(WordLearner(), annotated, gold, thresholds=[0], cv=SPLIT)


def test_a_threshold_that_leaves_nothing_is_a_row_of_nan(annotated: pd.DataFrame) -> None:
    with pytest.warns(JocasThemesWarning, match=r"no label to learn from .* \{'95': \['A'\]\}"):
        curve = threshold_curve(WordLearner(), annotated, thresholds=[80, 95], cv=SPLIT)
    assert curve["n_cells"].tolist() == [6, 0]
    assert curve["coverage"].tolist() == [0.75, 0]
    assert curve["f1_all_teacher"].isna().tolist() == [False, True]


def test_the_scope_is_the_filters(annotated: pd.DataFrame) -> None:
    annotated = annotated.assign(B=annotated["A"], B_confidence=[50.0] + [90] * 7, B_evidence=None)
    by_theme, by_offer = (
        threshold_curve(WordLearner(), annotated, thresholds=[80], cv=SPLIT, scope=scope)
        for scope in ("theme", "offer")
    )
    # Unsure: A of b and f, B of a. Whole offers: both cells of a, b and f.
    assert (by_theme["n_cells"][0], by_offer["n_cells"][0]) == (13, 10)
    # The scope looks at all the table's themes, also when some are judged.
    alone = threshold_curve(
        WordLearner(), annotated, thresholds=[80], cv=SPLIT, scope="offer", themes=["A"]
    )
    assert alone["n_cells"][0] == 5


def test_a_pipeline_is_its_student(annotated: pd.DataFrame, tmp_path: Path) -> None:
    review = tmp_path / "review.jsonl"
    pipeline = Pipeline(
        [
            ("teacher", Teacher()),
            ("filter", ConfidenceFilter(70, review_path=review)),
            ("student", WordLearner()),
        ]
    )
    arguments = {"thresholds": [0, 80], "cv": SPLIT}
    curve = threshold_curve(pipeline, annotated, **arguments)
    pd.testing.assert_frame_equal(curve, threshold_curve(WordLearner(), annotated, **arguments))
    assert not review.exists()
    assert not hasattr(pipeline["student"], "words_")
    with pytest.raises(ValueError, match=r"scope must be .* 'theme', got 'offer'"):
        threshold_curve(pipeline, annotated, scope="offer")


@pytest.mark.parametrize("model", [Teacher(), Pipeline([("teacher", Teacher())]), "student"])
def test_what_cannot_learn_is_refused(annotated: pd.DataFrame, model) -> None:
    with pytest.raises(TypeError, match="model must be a classifier with fit and predict"):
        threshold_curve(model, annotated)


def test_folds_of_ones_own(annotated: pd.DataFrame) -> None:
    board = ["x"] * 4 + ["y"] * 4
    held_out = list(LeaveOneGroupOut().split(annotated, groups=board))
    curves = [
        threshold_curve(WordLearner(), annotated, thresholds=[0], cv=cv)
        for cv in (held_out, [(np.arange(8) < 4, np.arange(8) >= 4), held_out[0]])
    ]
    pd.testing.assert_frame_equal(*curves)


def test_splitters_are_given_the_near_duplicates(annotated: pd.DataFrame) -> None:
    copies = annotated.assign(text=annotated["text"].to_numpy()[[0, 0, 2, 2, 4, 4, 6, 6]])

    class Groups(GroupKFold):
        def split(self, X, y=None, groups=None):
            assert groups.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
            return super().split(X, y, groups)

    threshold_curve(WordLearner(), copies, thresholds=[0], cv=Groups(4))


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        ([([0, 1], [1, 2])], r"must not test on what it learns from, got the offers at \[1\]"),
        ([([0], [1, 2]), ([3], [2])], r"at most, and some, got \[2\] more than once \(1 of 8"),
        ([], r"cv must test each offer once at most, and some"),
        (9, "n_splits must be at most the number of groups"),
    ],
)
def test_bad_folds_are_refused(annotated: pd.DataFrame, cv, message) -> None:
    with pytest.raises(ValueError, match=message):
        threshold_curve(WordLearner(), annotated, cv=cv)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"thresholds": [101]}, r"'threshold' parameter .* must be a float in the range \[0.*100"),
        ({"thresholds": [0.8]}, "threshold is a confidence from 0 to 100, got 0.8"),
        ({"thresholds": []}, "thresholds must hold at least one confidence"),
        ({"scope": "cell"}, "'scope' parameter"),
        ({"level": 95}, "level must be a number between 0 and 1"),
        ({"gold": pd.DataFrame({"offer_id": ["z"], "A": [1]})}, "no offer_id is in both"),
        ({"themes": ["C"]}, r"annotated lacks the themes \['C'\]"),
    ],
)
def test_bad_input_is_refused(annotated: pd.DataFrame, arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        threshold_curve(WordLearner(), annotated, **arguments)


def test_bad_tables_are_refused(annotated: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="annotated must be an annotated table"):
        threshold_curve(WordLearner(), annotated.drop(columns="A_confidence"))
    with pytest.raises(ValueError, match=r"annotated must be an annotated table.* got list"):
        threshold_curve(WordLearner(), ["a text"])
    with pytest.raises(ValueError, match="must hold labels, got NaN in all of its 8 cells"):
        threshold_curve(WordLearner(), annotated.assign(A=NAN))


class Narrow(WordLearner):
    """Predicts one theme, whatever it is shown."""

    def predict(self, X):
        return super().predict(X)[:, :1]


def test_predictions_of_another_shape_are_refused(annotated: pd.DataFrame) -> None:
    annotated = annotated.assign(B=annotated["A"], B_confidence=90.0, B_evidence=None)
    with pytest.raises(ValueError, match=r"model must predict the themes \['A', 'B'\], shape"):
        threshold_curve(Narrow(), annotated, cv=SPLIT, thresholds=[0])


def test_sample_offers_in_any_form_and_number_of_jobs() -> None:
    annotated = load_sample_annotations().iloc[:120]
    arguments = {"thresholds": [0, 90], "n_bootstrap": 50}
    curve = threshold_curve(WordLearner(), annotated, annotated, **arguments)
    # Gold that is the teacher's says what the teacher says.
    teacher = curve.filter(like="teacher")
    np.testing.assert_array_equal(teacher, curve.filter(like="gold"))
    assert (curve["f1_all_teacher_low"] < curve["f1_all_teacher"]).all()
    with joblib.parallel_config(backend="threading"):
        again = threshold_curve(
            WordLearner(), pa.Table.from_pandas(annotated), annotated, n_jobs=2, **arguments
        )
    pd.testing.assert_frame_equal(curve, again)


def test_thresholds_that_keep_the_same_train_once(annotated: pd.DataFrame) -> None:
    fits = []

    class Counting(WordLearner):
        def fit(self, X, y=None):
            fits.append(len(X))
            return super().fit(X)

    threshold_curve(Counting(), annotated, thresholds=[0, 50, 60, 70, 80, 90], cv=SPLIT)
    assert fits == [4, 4]


def test_the_student_is_taken() -> None:
    annotated = load_sample_annotations().iloc[:80]
    curve = threshold_curve(
        ThemeClassifier(themes=["COMPENSATION_BENEFITS"]),
        annotated,
        thresholds=[0],
        cv=2,
        themes=["COMPENSATION_BENEFITS"],
        n_bootstrap=50,
    )
    assert curve["f1_all_teacher"].between(0.3, 1).all()
