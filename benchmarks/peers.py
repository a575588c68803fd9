"""What quality.py compares: each method learns from an annotated table and predicts labels."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import parallel_config
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.svm import LinearSVC
from xgboost import XGBClassifier

from jocas_themes import HR_THEMES, ConfidenceFilter, LexiconTeacher, ThemeClassifier
from neural import FloretClassifier, TorchClassifier

CODES = list(HR_THEMES.codes)


class TextLearner(ClassifierMixin, BaseEstimator):
    """Let a classifier of texts learn from the offers whose labels are all known."""

    def __init__(self, classifier: Any) -> None:
        self.classifier = classifier

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: ARG002
        """Learn from an annotated table."""
        labels = X[CODES].to_numpy(dtype=float)
        known = ~np.isnan(labels).any(axis=1)
        # Boosters side by side in threads: in processes their memory would not be seen. What
        # is not XGBoost's has no n_jobs: scikit-learn may sort a matrix that threads share.
        with parallel_config("threading"):
            self.classifier.fit(X.loc[known, "text"].tolist(), labels[known].astype(int))
        self.fitted_ = True
        return self

    def predict(self, X: pd.DataFrame) -> npt.NDArray[np.int64]:
        """Predict labels, of shape (n_offers, n_themes)."""
        with parallel_config("threading"):
            return np.asarray(self.classifier.predict(X["text"].tolist()), dtype=np.int64)


class LexiconLearner(ClassifierMixin, BaseEstimator):
    """Let `LexiconTeacher` predict; it has nothing to learn."""

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: ARG002
        """Learn nothing."""
        self.fitted_ = True
        return self

    def predict(self, X: pd.DataFrame) -> npt.NDArray[np.int64]:
        """Predict labels, of shape (n_offers, n_themes)."""
        return LexiconTeacher().annotate(X[["offer_id", "text"]])[CODES].to_numpy(dtype=np.int64)


@dataclass(frozen=True)
class Method:
    """One row of the tables.

    Parameters
    ----------
    name : str
        As it is printed, of at most 22 characters.
    build : callable
        Returns a new estimator, given how many jobs it may run.
    package : str, optional
        What must be installed for it, beyond what jocas_themes needs.
    is_fast : bool, default=False
        Whether the short form has it.
    """

    name: str
    build: Callable[[int], Any]
    package: str | None = None
    is_fast: bool = False

    @property
    def is_installed(self) -> bool:
        """Tell whether it can be run here."""
        return self.package is None or find_spec(self.package) is not None


def build_logistic() -> TextLearner:
    """TF-IDF of words and word pairs, and a logistic regression a theme."""
    model = OneVsRestClassifier(LogisticRegression(C=30, solver="liblinear"))
    return TextLearner(make_pipeline(make_words(max_features=50_000), model))


def build_svm() -> TextLearner:
    """TF-IDF of words and of characters inside words, and a linear SVM a theme."""
    characters = TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=(3, 5),
        min_df=3,
        max_features=100_000,
        sublinear_tf=True,
        strip_accents="unicode",
    )
    both = FeatureUnion([("words", make_words(max_features=50_000)), ("characters", characters)])
    return TextLearner(make_pipeline(both, OneVsRestClassifier(LinearSVC(C=1))))


def build_original(n_jobs: int) -> TextLearner:
    """TF-IDF of words and word pairs, and XGBoost with its own settings, one a theme."""
    boosters = MultiOutputClassifier(XGBClassifier(n_jobs=1, random_state=0), n_jobs=n_jobs)
    return TextLearner(make_pipeline(make_words(max_features=5_000), boosters))


def make_words(max_features: int) -> TfidfVectorizer:
    """Make the TF-IDF of words and word pairs."""
    return TfidfVectorizer(
        ngram_range=(1, 2),
        min_df=2,
        max_features=max_features,
        sublinear_tf=True,
        strip_accents="unicode",
    )


def put_behind(build: Callable[[int], Any], threshold: float, scope: str) -> Callable[[int], Any]:
    """Put a filter before a method."""

    def build_both(n_jobs: int) -> Pipeline:
        filtering = ConfidenceFilter(threshold, scope=scope)
        return Pipeline([("filter", filtering), ("method", build(n_jobs))])

    return build_both


def build_student(n_jobs: int) -> ThemeClassifier:
    """Build the student as it is by default."""
    return ThemeClassifier(n_jobs=n_jobs)


METHODS = (
    Method("lexicon", lambda _: LexiconLearner(), is_fast=True),
    Method("logistic regression", lambda _: build_logistic(), is_fast=True),
    Method("linear SVM", lambda _: build_svm()),
    Method("original method", put_behind(build_original, 80, "offer")),
    Method("original, no filter", build_original),
    Method("fastText (floret)", lambda _: TextLearner(FloretClassifier()), package="floret"),
    Method(
        "torchTextClassifiers",
        lambda n: TextLearner(TorchClassifier(n)),
        package="torchTextClassifiers",
    ),
    Method("ours", build_student, is_fast=True),
    Method(
        "ours, no evidence",
        lambda n: ThemeClassifier(evidence=False, n_jobs=n),
        is_fast=True,
    ),
    Method("ours, no lexicon", lambda n: ThemeClassifier(lexicon=None, n_jobs=n)),
    Method("ours, neither", lambda n: ThemeClassifier(evidence=False, lexicon=None, n_jobs=n)),
    Method("ours, filtered at 80", put_behind(build_student, 80, "theme")),
)

FILTERED = (
    Method("no filter", build_student, is_fast=True),
    *(
        Method(
            f"{scope}s under {threshold}",
            put_behind(build_student, threshold, scope),
            is_fast=threshold == 80,
        )
        for scope, thresholds in (("theme", (70, 80, 90)), ("offer", (70, 80)))
        for threshold in thresholds
    ),
)

LEGEND = """\
lexicon: LexiconTeacher. logistic regression, linear SVM: on TF-IDF of words and word pairs, the SVM
also of characters. original method: TF-IDF (5,000 words and word pairs) and XGBoost's own settings
in MultiOutputClassifier, learning from offers whose answers are all of confidence 80 and more; "no
filter": from all. ours: ThemeClassifier() on all answers; then without the teacher's evidence,
without the lexicon's patterns, without both, and behind ConfidenceFilter(80). Ours predicts at the
thresholds that it chose out of fold, the others at a probability of 0.5.
"""
