"""`ThemeClassifier`: the student, TF-IDF and one XGBoost booster a theme."""

import warnings
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils._param_validation import HasMethods, Interval, RealNotInt
from sklearn.utils.validation import check_is_fitted

from jocas_themes.annotations import Themes
from jocas_themes.errors import JocasThemesWarning
from jocas_themes.offers import as_offers, tag_offers, to_frame
from jocas_themes.student._features import OfferFeatures
from jocas_themes.student._targets import read_targets
from jocas_themes.student._themes import fit_theme, predict_theme
from jocas_themes.taxonomy import Taxonomy


class ThemeClassifier(ClassifierMixin, BaseEstimator):
    """Learn from annotated offers which themes an offer speaks of.

    TF-IDF of words and word pairs, accents folded; for each theme the features that tell most,
    and one classifier, trained on the offers where that theme is known.

    Parameters
    ----------
    estimator : classifier, optional
        Any scikit-learn classifier with ``predict_proba`` that takes a sparse matrix, cloned
        for each theme; others can be wrapped in ``CalibratedClassifierCV``. By default
        XGBoost, with settings measured on real offers.
    themes : Taxonomy or sequence of str, optional
        The themes to learn, in the order of the output's columns. By default those of the
        annotated table, or of the columns of ``y`` when it is a DataFrame; an array of six
        columns has the six HR themes, and any other number ``theme_0``, ``theme_1`` and so on.
    text_columns : sequence of str, optional
        Columns that hold the text, when they are not the JOCAS ones. In a Pipeline the
        teacher's text is used.
    structured_columns : sequence of str, default=()
        Columns such as ``contractType`` or ``location_departement`` to add, one-hot.
    ngram_range : tuple of (int, int), default=(1, 2)
        Shortest and longest run of words that is a feature.
    min_df : int or float, default=2
        In how many offers, or in what share of them, a feature must occur.
    max_features : int or None, default=50_000
        How many features to keep, the most frequent ones.
    n_selected : int or None, default=1_000
        How many of these each theme sees, by chi-squared statistic on its own known offers;
        None for all. Few of them train in seconds and predict no worse.
    balance : float, default=0.5
        How far rare themes are weighted up: positives weigh (negatives / positives) **
        ``balance``. 0 not at all, 1 until both classes weigh the same. Probabilities are
        corrected for it, and ``thresholds_`` hold its effect.
    n_jobs : int, optional
        How many themes to fit or predict at once, in threads. Results do not depend on it.
    random_state : int, default=0
        Seed of the default classifier.

    Attributes
    ----------
    themes_ : tuple of str
        The theme codes, in the order of the output's columns.
    classes_ : ndarray of shape (n_themes, 2)
        0 and 1 for each theme.
    thresholds_ : ndarray of shape (n_themes,)
        Probability from which on each theme is predicted; may be changed after fitting.
    features_ : OfferFeatures
        Words and categories, as learnt.
    models_ : list of ThemeModel, of n_themes
        One a theme.

    See Also
    --------
    LLMTeacher : Whose annotations to learn from.
    label_corpus : Label millions of offers with the result.

    Notes
    -----
    When X is an annotated table, its labels are the targets and ``y`` is not used: there ``y``
    is gold, for scorers. When X carries no annotations, ``y`` (0, 1, or NaN where unknown) are
    the targets. A theme whose known labels are all alike is predicted by its prevalence, with a
    warning; a theme without any known label is an error.

    Examples
    --------
    >>> from jocas_themes import ThemeClassifier, load_sample_annotations
    >>> student = ThemeClassifier().fit(load_sample_annotations())
    >>> student.predict(["Vous encadrez une équipe de 12 vendeurs."]).shape
    (1, 6)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "estimator": [HasMethods(["fit", "predict_proba"]), None],
        "themes": [Taxonomy, list, tuple, None],
        "text_columns": [list, tuple, None],
        "structured_columns": [list, tuple],
        "ngram_range": [list, tuple],
        "min_df": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="both"),
        ],
        "max_features": [Interval(Integral, 1, None, closed="left"), None],
        "n_selected": [Interval(Integral, 1, None, closed="left"), None],
        "balance": [Interval(Real, 0, 1, closed="both")],
        "n_jobs": [Integral, None],
        "random_state": [Integral],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        themes: Themes = None,
        text_columns: Sequence[str] | None = None,
        structured_columns: Sequence[str] = (),
        ngram_range: tuple[int, int] = (1, 2),
        min_df: int | float = 2,
        max_features: int | None = 50_000,
        n_selected: int | None = 1_000,
        balance: float = 0.5,
        n_jobs: int | None = None,
        random_state: int = 0,
    ) -> None:
        self.estimator = estimator
        self.themes = themes
        self.text_columns = text_columns
        self.structured_columns = structured_columns
        self.ngram_range = ngram_range
        self.min_df = min_df
        self.max_features = max_features
        self.n_selected = n_selected
        self.balance = balance
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the themes from an annotated table, or from texts and ``y``.

        Parameters
        ----------
        X : sequence of str, DataFrame or pyarrow.Table of n_offers
            An annotated table, or texts, or a table of offers.
        y : array-like of shape (n_offers, n_themes), optional
            0, 1 or NaN. The targets when X carries no annotations; else not used.

        Returns
        -------
        ThemeClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter is out of range, if there is nothing to learn from, if a theme has no
            known label, or if X and y are tables of the same rows in another order.
        """
        self._validate_params()
        if len(self.ngram_range) != 2 or not 1 <= self.ngram_range[0] <= self.ngram_range[1]:
            raise ValueError(
                f"ngram_range must be two integers, 1 <= shortest <= longest, got "
                f"{self.ngram_range!r}."
            )
        X = to_frame(X)
        offers = as_offers(X, text_columns=self.text_columns)
        codes, labels = read_targets(X, y, self.themes)
        if len(labels) != len(offers):
            raise ValueError(f"X holds {len(offers)} offers and y {len(labels)}: they must agree.")
        _check_same_order(X, y)
        features = OfferFeatures(
            structured_columns=self.structured_columns,
            ngram_range=self.ngram_range,
            min_df=self.min_df,
            max_features=self.max_features,
        )
        matrix = features.fit_transform(offers)
        estimator = self._make_estimator()
        # Threads over themes, each booster on one thread: the sums inside do not then depend on
        # how many threads there are.
        models = Parallel(n_jobs=self.n_jobs, prefer="threads")(
            delayed(fit_theme)(
                matrix, column, estimator, n_selected=self.n_selected, balance=self.balance
            )
            for column in labels.T
        )
        self.features_ = features
        self.models_ = models
        self.themes_ = codes
        self.classes_ = np.tile([0, 1], (len(codes), 1))
        self.thresholds_ = np.array([model.threshold for model in models])
        self._warn_of_constants()
        return self

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Estimate the probability of each theme in each offer.

        Parameters
        ----------
        X : sequence of str, DataFrame or pyarrow.Table of n_offers
            Texts, or a table of offers; annotations in it are not read.

        Returns
        -------
        ndarray of shape (n_offers, n_themes)
            Probabilities, 0 to 1.

        Raises
        ------
        NotFittedError
            If ``fit`` was not called.
        ValueError
            If the table has no text, or lacks a structured column.
        """
        check_is_fitted(self)
        offers = as_offers(X, text_columns=self.text_columns)
        if len(offers) == 0:
            return np.empty((0, len(self.themes_)))
        matrix = self.features_.transform(offers)
        columns = Parallel(n_jobs=self.n_jobs, prefer="threads")(
            delayed(predict_theme)(model, matrix) for model in self.models_
        )
        return np.column_stack(columns)

    def predict(self, X: Any) -> npt.NDArray[np.int64]:
        """Predict which themes each offer speaks of.

        Parameters
        ----------
        X : sequence of str, DataFrame or pyarrow.Table of n_offers
            Texts, or a table of offers; annotations in it are not read.

        Returns
        -------
        ndarray of shape (n_offers, n_themes)
            1 where the probability reaches ``thresholds_``, else 0.

        Raises
        ------
        NotFittedError
            If ``fit`` was not called.
        ValueError
            If the table has no text, or lacks a structured column, or if ``thresholds_`` was
            changed to something else than one figure a theme.
        """
        probabilities = self.predict_proba(X)
        thresholds = np.asarray(self.thresholds_)
        if thresholds.shape != (len(self.themes_),) or thresholds.dtype.kind not in "fi":
            raise ValueError(
                f"thresholds_ must be {len(self.themes_)} figures, one a theme in the order of "
                f"themes_, got {self.thresholds_!r}."
            )
        return (probabilities >= thresholds).astype(np.int64)

    def _make_estimator(self) -> Any:
        """Return the classifier to clone for each theme."""
        if self.estimator is not None:
            return self.estimator
        from xgboost import XGBClassifier  # slow to import, and only needed here

        return XGBClassifier(
            n_estimators=200,
            max_depth=4,
            learning_rate=0.08,
            subsample=0.8,
            colsample_bytree=0.2,
            min_child_weight=2,
            tree_method="hist",
            n_jobs=1,
            random_state=self.random_state,
        )

    def _warn_of_constants(self) -> None:
        constant = {
            code: int(model.prevalence)
            for code, model in zip(self.themes_, self.models_, strict=True)
            if model.estimator is None
        }
        if constant:
            warnings.warn(
                f"all known labels are alike for {constant!r}: these themes are predicted the "
                f"same for every offer. Annotate more offers, or lower the filter's threshold.",
                JocasThemesWarning,
                stacklevel=3,
            )

    def __sklearn_tags__(self) -> Any:
        tags = tag_offers(super().__sklearn_tags__())
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        tags.classifier_tags.multi_label = True
        tags.classifier_tags.multi_class = False
        return tags


def _check_same_order(X: Any, y: Any) -> None:
    """Refuse two tables whose indexes name the same rows in another order."""
    kinds = (pd.DataFrame, pd.Series)
    if not (isinstance(X, kinds) and isinstance(y, kinds)) or X.index.equals(y.index):
        return
    if X.index.is_unique and set(X.index) == set(y.index):
        raise ValueError(
            "X and y have the same rows in another order, and are read by position. Put y in "
            "X's order: y.loc[X.index]."
        )
