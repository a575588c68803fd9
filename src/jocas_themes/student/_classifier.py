"""`ThemeClassifier`: the student, scores of texts and sentences under XGBoost boosters."""

import warnings
from collections.abc import Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from joblib import effective_n_jobs
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils._param_validation import HasMethods, Interval, RealNotInt, StrOptions
from sklearn.utils.validation import check_is_fitted

from jocas_themes._threads import run_side_by_side
from jocas_themes.annotations import Themes
from jocas_themes.errors import JocasThemesWarning
from jocas_themes.lexicon import Lexicon, load_french_lexicon
from jocas_themes.offers import as_offers, tag_offers, to_frame
from jocas_themes.student._features import OfferFeatures
from jocas_themes.student._folds import make_folds
from jocas_themes.student._scores import fit_scores
from jocas_themes.student._targets import Targets, Weights, read_targets, summarise_training
from jocas_themes.student._themes import ThemeModel, fit_theme, predict_theme
from jocas_themes.student._thresholds import choose_thresholds, summarise_scores
from jocas_themes.student.kernel import estimate_probabilities, get_compiled, to_arrow_texts
from jocas_themes.taxonomy import Taxonomy


class ThemeClassifier(ClassifierMixin, BaseEstimator):
    """Learn from annotated offers which themes an offer speaks of.

    The teacher's evidence teaches a model of sentences; its scores, a linear score of the whole
    text and what a lexicon finds are judged, for each theme, by a logistic regression and by
    XGBoost, which sees the words too. Probabilities are calibrated out of fold.

    Parameters
    ----------
    estimator : classifier, optional
        Any scikit-learn classifier with ``predict_proba`` that takes a sparse matrix with
        values under 0, cloned for each theme. By default XGBoost, with settings measured on
        real offers.
    themes : Taxonomy or sequence of str, optional
        The themes to learn, in the order of the output's columns. By default those of the
        annotated table, or of the columns of ``y`` when it is a DataFrame; an array of six
        columns has the six HR themes, and any other number ``theme_0``, ``theme_1`` and so on.
    text_columns : sequence of str, optional
        Columns that hold the text, when they are not the JOCAS ones. In a Pipeline the
        teacher's text is used.
    structured_columns : sequence of str, default=()
        Columns such as ``contractType`` or ``location_departement`` to add, one-hot.
    evidence : {"auto", True, False}, default="auto"
        Whether to learn from the evidence in the annotated table: where it has any, always (an
        error where there is none), or never.
    lexicon : {"auto"}, Lexicon, str, Path or None, default="auto"
        Patterns whose findings are a feature: the shipped French lexicon for those of the six
        HR themes that are learnt, a lexicon of your own or its TOML file, or none.
    weights : {"confidence"}, callable or None, default="confidence"
        How much each cell counts: 2 * confidence / 100 - 1, and 0.1 at least (a cell without a
        confidence, as of gold, in full); by a function from an array of confidences to one of
        weights, such as ``TeacherReport.calibrate``; or all the same.
    target_precision : float, optional
        Precision that ``thresholds_`` should be expected to reach, as the calibrated
        probabilities have it: the true one is as often under it as over it. By default they
        are chosen for the best F1.
    cv : int, default=5
        In how many folds, of whole groups of near-duplicates, the scores and the calibration
        are computed.
    ngram_range : tuple of (int, int), default=(1, 2)
        Shortest and longest run of words that is a feature of the whole offer.
    min_df : int or float, default=2
        In how many offers, or in what share of them, such a feature must occur.
    max_features : int or None, default=50_000
        How many of them to keep, the most frequent ones.
    n_selected : int or None, default=1_000
        How many of these the classifier of each theme sees, by chi-squared statistic on its own
        known offers; None for all. Few of them train in seconds and predict no worse.
    n_jobs : int, optional
        How many models to fit or predict at once, in threads. Results do not depend on it.
    random_state : int, default=0
        Seed of the folds and of the models.

    Attributes
    ----------
    themes_ : tuple of str
        The theme codes, in the order of the output's columns.
    classes_ : ndarray of shape (n_themes, 2)
        0 and 1 for each theme.
    thresholds_ : ndarray of shape (n_themes,)
        Probability from which on each theme is predicted; may be changed after fitting.
    out_of_fold_ : ndarray of shape (n_offers, n_themes)
        Calibrated probabilities of the offers learnt from, each by scores and trees that saw
        neither it nor its near-duplicates (see Notes). Not kept by `save_model`.
    scores_ : DataFrame of shape (n_themes + 2, 8)
        What these are worth against the labels learnt from: as `evaluate_themes` has it, with
        ``ece`` and ``bias`` of `compute_calibration_error`.
    training_ : dict
        How many offers were learnt from, and for each theme how many known cells, positives and
        positives with evidence.
    features_ : OfferFeatures
        Words and categories, as learnt.
    offer_scores_ : OfferScores
        What turns offers into scores.
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

    A sentence that holds the evidence of a theme is a positive; each sentence of an offer
    without the theme a negative; the other sentences of an offer that has it are left out, as
    they may show it too (rationales as supervision: Zaidan, Eisner and Piatko, 2007). Where a
    cell has a label without evidence, or with a span that is not in the text, a positive
    teaches the model of whole offers only. What is stacked on these scores learns from scores
    out of fold (Wolpert, 1992), near-duplicates kept in one fold. Probabilities are calibrated
    on a line of log-odds (Platt, 1999), and thresholds maximise the F1 expected under them
    (Lipton, Elkan and Naryanaswamy, 2014), predicting twice as many offers as are expected at
    most. A warning names themes with fewer than ``cv`` known positives or negatives, of which
    some folds have none.

    What is out of fold: the scores, the regression and the trees of an offer's fold did not see
    it; they did learn from scores of other folds, whose models saw it, and the calibration and
    the thresholds are fitted on the result. The figures are a little better for it.

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
        "evidence": [StrOptions({"auto"}), "boolean"],
        "lexicon": [StrOptions({"auto"}), Lexicon, str, Path, None],
        "weights": [StrOptions({"confidence"}), callable, None],
        "target_precision": [Interval(Real, 0, 1, closed="right"), None],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "ngram_range": [list, tuple],
        "min_df": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="both"),
        ],
        "max_features": [Interval(Integral, 1, None, closed="left"), None],
        "n_selected": [Interval(Integral, 1, None, closed="left"), None],
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
        evidence: Any = "auto",
        lexicon: Lexicon | str | Path | None = "auto",
        weights: Weights = "confidence",
        target_precision: float | None = None,
        cv: int = 5,
        ngram_range: tuple[int, int] = (1, 2),
        min_df: int | float = 2,
        max_features: int | None = 50_000,
        n_selected: int | None = 1_000,
        n_jobs: int | None = None,
        random_state: int = 0,
    ) -> None:
        self.estimator = estimator
        self.themes = themes
        self.text_columns = text_columns
        self.structured_columns = structured_columns
        self.evidence = evidence
        self.lexicon = lexicon
        self.weights = weights
        self.target_precision = target_precision
        self.cv = cv
        self.ngram_range = ngram_range
        self.min_df = min_df
        self.max_features = max_features
        self.n_selected = n_selected
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
        targets = read_targets(X, y, self.themes, weights=self.weights, evidence=self.evidence)
        if len(targets.labels) != len(offers):
            raise ValueError(
                f"X holds {len(offers)} offers and y {len(targets.labels)}: they must agree."
            )
        _check_same_order(X, y)
        self._learn(offers, targets)
        return self

    def _learn(self, offers: pd.DataFrame, targets: Targets) -> None:
        """Fit scores, then themes; what is fitted is set at the end, all of it."""
        features = OfferFeatures(
            structured_columns=self.structured_columns,
            ngram_range=self.ngram_range,
            min_df=self.min_df,
            max_features=self.max_features,
        )
        matrix = features.fit_transform(offers)
        folds = make_folds(offers["text"], targets, n_splits=self.cv, seed=self.random_state)
        scores, values = fit_scores(
            matrix,
            offers["text"],
            targets,
            self._find_lexicon(targets.themes),
            folds,
            n_jobs=self.n_jobs,
        )
        estimator, selected = self._make_estimator(), self.n_selected
        fitted = run_side_by_side(
            fit_theme,
            [
                (matrix, values[:, theme], *targets.get_cells(theme), folds, estimator, selected)
                for theme in range(len(targets.themes))
            ],
            self.n_jobs,
        )
        models = [model for model, _ in fitted]
        out_of_fold = np.column_stack([probabilities for _, probabilities in fitted])
        thresholds = choose_thresholds(out_of_fold, targets, self.target_precision)
        summary = summarise_scores(out_of_fold, targets, thresholds)
        _warn_of_themes(targets.themes, models, targets.labels, self.cv)
        self.features_ = features
        self.offer_scores_ = scores
        self.models_ = models
        self.out_of_fold_ = out_of_fold
        self.themes_ = targets.themes
        self.classes_ = np.tile([0, 1], (len(targets.themes), 1))
        self.thresholds_ = thresholds
        self.scores_ = summary
        self.training_ = summarise_training(targets)

    def _find_lexicon(self, themes: Sequence[str]) -> Lexicon | None:
        """Return the lexicon whose findings are a feature, if it knows one of the themes."""
        lexicon = self.lexicon
        if lexicon == "auto":
            lexicon = load_french_lexicon()
            return lexicon if set(lexicon.codes) & set(themes) else None
        if lexicon is None or isinstance(lexicon, Lexicon):
            found = lexicon
        else:
            found = Lexicon.load(lexicon)
        if found is not None and not set(found.codes) & set(themes):
            raise ValueError(
                f"the lexicon knows none of the themes {list(themes)[:5]!r}; it knows "
                f"{list(found.codes)[:5]!r}. Rename its tables, or pass lexicon=None."
            )
        return found

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
        texts, broken = to_arrow_texts(offers["text"])
        return self._estimate(texts, offers, broken)

    def _estimate(
        self, texts: pa.Array, offers: pd.DataFrame, broken: Sequence[int] = ()
    ) -> npt.NDArray[np.float64]:
        """Estimate probabilities by the kernel where there is one; equal to those of `_judge`.

        ``offers`` have the structured columns, and ``text`` where Arrow cannot hold some texts,
        which are ``broken`` then.
        """
        compiled = get_compiled(self)
        if compiled is None:
            return self._judge_distinct(_put_texts(offers, texts))
        features = self.features_
        categories = features.find_categories(offers) if features.structured_columns else None
        n_jobs: Any = self.n_jobs  # joblib's types leave out None
        n_threads = int(effective_n_jobs(n_jobs))
        probabilities, unsure = estimate_probabilities(
            compiled, self.models_, texts, categories, n_threads
        )
        unsure = np.union1d(unsure, broken).astype(np.int64)
        if len(unsure):
            rows = _put_texts(offers.iloc[unsure], texts.take(pa.array(unsure)))
            probabilities[unsure] = self._judge(rows)[2]
        return probabilities

    def _judge_distinct(self, offers: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return the probabilities of offers, those of each text computed once."""
        if self.features_.structured_columns:
            return self._judge(offers)[2]
        numbers, texts = pd.factorize(offers["text"])
        probabilities = self._judge(pd.DataFrame({"text": texts}, dtype=object))[2]
        return np.asarray(probabilities[numbers])

    def _judge(
        self, offers: pd.DataFrame
    ) -> tuple[sparse.csr_matrix, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return the features, the scores and the probabilities of offers, one or more."""
        matrix = self.features_.transform(offers)
        scores = self.offer_scores_.score(matrix, offers["text"])
        columns = run_side_by_side(
            predict_theme,
            [(model, matrix, scores[:, theme]) for theme, model in enumerate(self.models_)],
            self.n_jobs,
        )
        return matrix, scores, np.column_stack(columns)

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
            n_estimators=100,
            max_depth=4,
            learning_rate=0.06,
            subsample=0.8,
            colsample_bytree=0.4,
            min_child_weight=2,
            tree_method="hist",
            n_jobs=1,
            random_state=self.random_state,
        )

    def __sklearn_tags__(self) -> Any:
        tags = tag_offers(super().__sklearn_tags__())
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        tags.classifier_tags.multi_label = True
        tags.classifier_tags.multi_class = False
        return tags


def _warn_of_themes(
    themes: Sequence[str], models: Sequence[ThemeModel], labels: npt.NDArray[np.float64], cv: int
) -> None:
    """Warn of themes that are predicted the same everywhere, or learnt from next to nothing."""
    constant = {
        code: int(model.prevalence)
        for code, model in zip(themes, models, strict=True)
        if model.estimator is None
    }
    if constant:
        warnings.warn(
            f"all known labels are alike for {constant!r}: these themes are predicted the "
            f"same for every offer. Annotate more offers, or lower the filter's threshold.",
            JocasThemesWarning,
            stacklevel=4,
        )
    rarer = np.minimum((labels == 1).sum(axis=0), (labels == 0).sum(axis=0))
    few = {code: int(n) for code, n in zip(themes, rarer, strict=True) if 0 < n < cv}
    if few:
        warnings.warn(
            f"fewer than cv={cv} known positives, or negatives, of {few!r}: some folds have none, "
            f"and the probabilities and thresholds of these themes rest on little. Annotate more "
            f"offers, or lower cv.",
            JocasThemesWarning,
            stacklevel=4,
        )


def _put_texts(offers: pd.DataFrame, texts: pa.Array) -> pd.DataFrame:
    """Put the texts beside the other columns, unless they are there."""
    return offers if "text" in offers.columns else offers.assign(text=texts.to_pylist())


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
