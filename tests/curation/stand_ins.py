"""What the tests of curation share: models that are quick, and a small annotated table."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.base import BaseEstimator, clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from jocas_themes.offers import find_theme_codes

NAN = float("nan")


class WordModel(BaseEstimator):
    """Know two themes: the share of the letters a and b among the words of an offer."""

    def fit(self, X: Any = None, y: Any = None) -> Self:
        self.themes_ = ("A", "B")
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        words = [text.split() for text in X["text"]]
        return np.array([[w.count("a") / len(w), w.count("b") / len(w)] for w in words])


class TextModel:
    """Give each text the probabilities of one table; know no themes."""

    def __init__(self, probabilities: Mapping[str, Sequence[float]]) -> None:
        self.probabilities = probabilities

    def predict_proba(self, X: list[str]) -> np.ndarray:
        assert type(X) is list
        return np.array([self.probabilities[text] for text in X])


class Memory(BaseEstimator):
    """Learn the offers by heart; of any other offer, know nothing."""

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        self.themes_ = ("B", "A")  # in an order of its own
        self.seen_ = X.set_index("text")[list(self.themes_)]
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        return self.seen_.reindex(X["text"]).fillna(0.5).to_numpy()


class WordCounter(BaseEstimator):
    """Learn an annotated table by TF-IDF and logistic regression, in no time."""

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        self.themes_ = find_theme_codes(X)
        self.vectorizer_ = TfidfVectorizer(
            strip_accents="unicode", sublinear_tf=True, min_df=3, max_features=20_000
        )
        words = self.vectorizer_.fit_transform(X["text"])
        model = LogisticRegression(C=5, solver="liblinear")
        self.models_ = [clone(model).fit(words, X[code]) for code in self.themes_]
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        words = self.vectorizer_.transform(X["text"])
        return np.column_stack([model.predict_proba(words)[:, 1] for model in self.models_])


class RoughMargins(WordCounter):
    """As `WordCounter`, by SVMs that stop early: where depends on liblinear's random numbers."""

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        super().fit(X)
        words = self.vectorizer_.transform(X["text"])
        model = LinearSVC(dual=True, tol=1.0, random_state=0)
        self.models_ = [clone(model).fit(words, X[code]) for code in self.themes_]
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        words = self.vectorizer_.transform(X["text"])
        return expit(np.column_stack([model.decision_function(words) for model in self.models_]))


def make_annotated(
    A: Sequence[float],
    B: Sequence[float] | None = None,
    A_confidence: Sequence[float] | float = 95.0,
    texts: Sequence[str] | None = None,
) -> pd.DataFrame:
    n_offers = len(A)
    return pd.DataFrame(
        {
            "offer_id": [f"o{row}" for row in range(n_offers)],
            "text": [f"texte {row}" for row in range(n_offers)] if texts is None else texts,
            "A": A,
            "A_confidence": A_confidence,
            "A_evidence": ["texte" if label == 1 else None for label in A],
            "B": [row % 2 for row in range(n_offers)] if B is None else B,
            "B_confidence": 95.0,
            "B_evidence": None,
            "status": "ok",
            "site_name": "board",
        }
    )
