"""`MaskedScorer`: scikit-learn's searches over labels with NaN."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import Pipeline

from jocas_themes.evaluation import MaskedScorer, NearDuplicateKFold

NAN = np.nan
TEXTS = ["b bonus", "a prime", "b", "c prime bonus", "d", "e bonus", "f prime", "g"]
# PAY is there when "prime" is, PERKS when "bonus" is.
GOLD = pd.DataFrame(
    {"PAY": [0, 1, 0, 1, NAN, 0, 1, 0], "PERKS": [1, 0, NAN, 1, 0, 1, NAN, 0]}, dtype=float
)


class WordClassifier(ClassifierMixin, BaseEstimator):
    """Finds a theme when its word is there; with `blind`, never finds the first."""

    def __init__(self, blind=False) -> None:
        self.blind = blind

    def fit(self, X, y=None):
        self.themes_ = ("PERKS", "PAY")
        self.classes_ = np.tile([0, 1], (2, 1))
        return self

    def predict_proba(self, X):
        found = [[("bonus" in x) * (not self.blind), "prime" in x] for x in X]
        return np.array(found, dtype=float) * 0.8 + 0.1

    def predict(self, X):
        return (self.predict_proba(X) >= 0.5).astype(int)


@pytest.fixture
def blind() -> WordClassifier:
    return WordClassifier(blind=True).fit(TEXTS)


def test_scores_by_hand(blind: WordClassifier) -> None:
    # PAY: 3 of 3 found. PERKS: none of 3 found. No false alarm.
    # Micro: recall 3/6, precision 1, F1 2/3. Macro: recall (1 + 0) / 2.
    assert MaskedScorer()(blind, TEXTS, GOLD) == pytest.approx(2 / 3)
    assert MaskedScorer("recall", average="macro")(blind, TEXTS, GOLD) == 0.5
    assert MaskedScorer("precision", average="micro")(blind, TEXTS, GOLD) == 1
    assert MaskedScorer("recall", average="PAY")(blind, TEXTS, GOLD) == 1
    assert MaskedScorer("recall", average="PERKS")(blind, TEXTS, GOLD) == 0
    # All PERKS scores are equal: 3 positives of 6 known. PAY is ranked right.
    assert MaskedScorer("average_precision", average="PERKS")(blind, TEXTS, GOLD) == 0.5
    assert MaskedScorer("average_precision", average="macro")(blind, TEXTS, GOLD) == 0.75


def test_columns_of_gold_are_matched_by_name(blind: WordClassifier) -> None:
    scorer = MaskedScorer("recall", average="PAY")
    swapped = GOLD[["PERKS", "PAY"]]
    assert scorer(blind, TEXTS, swapped) == scorer(blind, TEXTS, GOLD) == 1
    assert scorer(blind, TEXTS, GOLD[["PAY"]]) == 1
    # An array has the estimator's order, and its names.
    assert scorer(blind, TEXTS, swapped.to_numpy()) == 1
    pipeline = Pipeline([("student", blind)])
    assert scorer(pipeline, TEXTS, GOLD) == 1
    search = GridSearchCV(pipeline, {"student__blind": [True]}, scoring=scorer, cv=KFold(2))
    assert scorer(search.fit(TEXTS, GOLD), TEXTS, GOLD) == 1


class Unnamed(WordClassifier):
    """Says nothing of its themes, as other people's estimators."""

    def fit(self, X, y=None):
        return self


def test_estimators_without_themes_are_matched_by_position() -> None:
    estimator = Unnamed(blind=True).fit(TEXTS)
    swapped = GOLD[["PERKS", "PAY"]]
    assert MaskedScorer("recall", average="PAY")(estimator, TEXTS, swapped) == 1
    assert MaskedScorer("recall")(estimator, TEXTS, swapped.to_numpy()) == 0.5
    with pytest.raises(ValueError, match=r"average must be 'micro', 'macro' or one of \['theme_0'"):
        MaskedScorer(average="PAY")(estimator, TEXTS, swapped.to_numpy())


def test_undefined_scores_are_nan(blind: WordClassifier) -> None:
    assert np.isnan(MaskedScorer()(blind, TEXTS, GOLD * NAN))


def test_cross_validate_takes_several() -> None:
    scoring = {
        "micro_f1": MaskedScorer("f1", average="micro"),
        "macro_ap": MaskedScorer("average_precision", average="macro"),
        "pay_recall": MaskedScorer("recall", average="PAY"),
    }
    scores = cross_validate(
        WordClassifier(), TEXTS, GOLD, scoring=scoring, cv=NearDuplicateKFold(2)
    )
    for name in scoring:
        assert scores[f"test_{name}"].tolist() == [1, 1]


def test_grid_search_chooses_by_it() -> None:
    search = GridSearchCV(
        Pipeline([("student", WordClassifier())]),
        {"student__blind": [True, False]},
        scoring=MaskedScorer("f1", average="macro"),
        cv=NearDuplicateKFold(2),
    )
    search = clone(search).fit(TEXTS, GOLD)
    assert search.best_params_ == {"student__blind": False}
    assert search.best_score_ == 1
    assert search.score(TEXTS, GOLD) == 1
    several = GridSearchCV(
        WordClassifier(),
        {"blind": [True, False]},
        scoring={"recall": MaskedScorer("recall"), "f1": MaskedScorer()},
        refit="recall",
        cv=NearDuplicateKFold(2),
    ).fit(TEXTS, GOLD)
    assert several.best_params_ == {"blind": False}


def test_it_can_be_pickled_cloned_compared_and_read() -> None:
    scorer = MaskedScorer("recall", average="PAY")
    assert repr(scorer) == "MaskedScorer(metric='recall', average='PAY')"
    assert pickle.loads(pickle.dumps(scorer)) == scorer == clone(scorer, safe=False)


def test_unknown_metrics_and_themes_are_refused(blind: WordClassifier) -> None:
    with pytest.raises(ValueError, match=r"metric must be one of .* got 'accuracy'"):
        MaskedScorer("accuracy")
    with pytest.raises(ValueError, match=r"average must be .* got 'weighted'"):
        MaskedScorer(average="weighted")(blind, TEXTS, GOLD)
    with pytest.raises(ValueError, match=r"the estimator's output lacks the themes \['OTHER'\]"):
        MaskedScorer()(blind, TEXTS, GOLD.assign(OTHER=1))
    with pytest.raises(ValueError, match=r"y must hold 0, 1 or NaN, got \[2.0\]"):
        MaskedScorer()(blind, TEXTS, GOLD * 2)
