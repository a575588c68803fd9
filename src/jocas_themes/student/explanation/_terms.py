"""`top_terms`: the words that carry a theme, in any offer."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.annotations import Themes
from jocas_themes.student._classifier import ThemeClassifier
from jocas_themes.student._pipeline import get_student
from jocas_themes.student.explanation._contributions import NgramWeights, find_sentence_models
from jocas_themes.student.explanation._wanted import check_count, find_themes

FloatArray = npt.NDArray[np.float64]
Weighed = tuple[list[str], list[str], FloatArray]

_COLUMNS = ["theme", "term", "kind", "weight"]


def top_terms(
    model: Any, n: int = 20, *, themes: Themes = None, negative: bool = False
) -> pd.DataFrame:
    r"""List the words that speak most for each theme.

    Parameters
    ----------
    model : Pipeline or ThemeClassifier
        Fitted; a Pipeline has the student as its last step.
    n : int, default=20
        How many terms to list for each theme.
    themes : Taxonomy or sequence of str, optional
        The themes to list; all by default.
    negative : bool, default=False
        Whether to list as many that speak against each theme, after them.

    Returns
    -------
    DataFrame
        ``theme``, ``term``, ``kind`` (``"ngram"``, or ``"column"`` for a category of a
        structured column) and ``weight``; within a theme the largest weights first. A theme
        that is predicted the same for every offer has no rows.

    Raises
    ------
    TypeError
        If the model is of another kind.
    NotFittedError
        If the model is not fitted.
    ValueError
        If a theme is not the model's, or if ``n`` is under 1.

    See Also
    --------
    explain : What carried the themes of given offers.

    Notes
    -----
    Where the student has learnt from evidence, terms are the runs of one to three words of its
    sentence model. In a sentence of k words, a term of weight w adds :math:`w / \sqrt{k}` to
    the score: the contribution that `explain` shows. A single word's weight holds that of its
    pieces, the character n-grams inside it, as where it stands between spaces; that of a
    longer run comes on top of its words'. Without evidence, terms are the features of the
    whole text's linear score, and add their weight times their TF-IDF.

    Examples
    --------
    >>> from jocas_themes import ThemeClassifier, load_sample_annotations
    >>> student = ThemeClassifier(cv=2, n_jobs=1).fit(load_sample_annotations().head(100))
    >>> top_terms(student, 2, themes=["WORK_LIFE_BALANCE"])[["theme", "kind"]]
                   theme   kind
    0  WORK_LIFE_BALANCE  ngram
    1  WORK_LIFE_BALANCE  ngram
    """
    student = get_student(model)
    n = check_count(n, "n")
    by_sentence = find_sentence_models(student.offer_scores_)
    weighed = {True: _weigh_ngrams(student), False: _weigh_features(student)}
    rows: list[tuple[str, str, str, float]] = []
    for theme in find_themes(student.themes_, themes):
        if student.models_[theme].estimator is None:
            continue
        terms, kinds, weights = weighed[bool(by_sentence[theme])]
        for place in _choose(weights[:, theme], n, negative=negative):
            weight = float(weights[place, theme])
            rows.append((student.themes_[theme], terms[place], kinds[place], weight))
    return pd.DataFrame(rows, columns=_COLUMNS).astype({"weight": float})


def _weigh_ngrams(student: ThemeClassifier) -> Weighed:
    """Return the n-grams of the sentence model, if there is one, and their weights."""
    scores = student.offer_scores_
    if scores.ngrams is None or scores.sentences is None:
        return [], [], np.empty((0, len(student.themes_)))
    terms, weights = NgramWeights(scores.ngrams, scores.sentences.coefficients).weigh_words()
    return terms, ["ngram"] * len(terms), weights


def _weigh_features(student: ThemeClassifier) -> Weighed:
    """Return the features of the whole text, and their weights in its linear score."""
    names = student.features_.get_feature_names_out().tolist()
    n_columns = len(student.features_.categories_)
    kinds = ["ngram"] * (len(names) - n_columns) + ["column"] * n_columns
    return names, kinds, student.offer_scores_.text.coefficients


def _choose(weights: FloatArray, n: int, *, negative: bool) -> list[int]:
    """Return the places of the largest positive weights, then of the lowest negative ones."""
    order = np.argsort(-weights, kind="stable")
    chosen = [place for place in order[:n] if weights[place] > 0]
    if negative:
        chosen += [place for place in order[: -n - 1 : -1] if weights[place] < 0]
    return chosen
