"""`explain`: which sentence and words carried each prediction, and what adds up to it."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from jocas_themes.annotations import Themes
from jocas_themes.offers import as_offers
from jocas_themes.student._classifier import ThemeClassifier
from jocas_themes.student._pipeline import get_student, get_text_columns
from jocas_themes.student.explanation._carriers import Carriers
from jocas_themes.student.explanation._explanation import Explanation
from jocas_themes.student.explanation._parts import build_parts
from jocas_themes.student.explanation._wanted import check_count, find_themes

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_TABLE = [
    "offer_id",
    "theme",
    "probability",
    "kind",
    "start",
    "end",
    "text",
    "term",
    "contribution",
]
# An empty table has them too.
_NUMBERS = {"probability": float, "start": np.int64, "end": np.int64, "contribution": float}


def explain(
    model: Any, offers: Any, *, themes: Themes | Literal["all"] = None, top: int = 5
) -> Explanation:
    r"""Explain which sentence and words carried each prediction, and by how much.

    Parameters
    ----------
    model : Pipeline or ThemeClassifier
        Fitted; a Pipeline has the student as its last step.
    offers : sequence of str, DataFrame or pyarrow.Table of n_offers
        Texts, or a table of offers. An offer that is there twice is explained once.
    themes : "all", Taxonomy or sequence of str, optional
        The themes to explain in every offer; by default, in each offer those predicted.
    top : int, default=5
        How many n-grams to name for each theme of an offer.

    Returns
    -------
    Explanation
        ``table`` (where in the text), ``parts`` (what adds up to the probability) and
        ``offers``; a notebook shows the first offers with their evidence highlighted.

    Raises
    ------
    TypeError
        If the model is of another kind.
    NotFittedError
        If the model is not fitted.
    ValueError
        If a theme is not the model's, if ``top`` is under 1, if one ``offer_id`` stands for
        different texts, or if the offers have no text.

    See Also
    --------
    top_terms : The words that carry a theme in any offer.

    Notes
    -----
    ``start`` and ``end`` count characters of the offer's text as `as_offers` gives it:
    ``text[start:end]`` is the span, verbatim.

    The *sentence* is the one of largest score, its contribution that score: an intercept, plus
    what each n-gram adds, plus what the lexicon's findings add, those of other themes too. The
    sum is exact. *N-grams* are runs of one to three words; a word's contribution holds that of
    its pieces, the character n-grams inside it. Only those that add something are named, and
    one that stands there twice has two rows. *Patterns* are what the lexicon finds of the theme
    anywhere in the offer, with what each adds to the score of its own sentence.

    Where no evidence was learnt from there are no sentences. The n-grams are then those of the
    whole text, with what they add to its linear score; patterns have no contribution of their
    own. A theme that is predicted the same for every offer has no rows.

    The ``parts`` of an offer and a theme add up to the log-odds of the probability,

    .. math:: \frac{\mathrm{slope}}{2} (\mathrm{line} + \mathrm{trees}) + \mathrm{intercept},

    where the line is a sum over the scores of the offer (``kind`` "line"), and the trees are one
    over the exact SHAP values of the scores ("trees"), words ("trees_word") and categories
    ("trees_column") that they see (Lundberg et al., 2020, "From local explanations to global
    understanding with explainable AI for trees"). A word that is absent can add something too.
    Another classifier than XGBoost is one part ("classifier"). "base" is the rest: the
    intercepts, what the trees say on average, and the rounding of XGBoost's 32 bits.

    Examples
    --------
    >>> from jocas_themes import ThemeClassifier, load_sample_annotations
    >>> student = ThemeClassifier(cv=2, n_jobs=1).fit(load_sample_annotations().head(100))
    >>> offers = ["Poste à Lyon. Tickets restaurant et mutuelle."]
    >>> table = explain(student, offers, themes=["COMPENSATION_BENEFITS"]).table
    >>> table = table[table["kind"] != "ngram"].set_index("kind")
    >>> table[["start", "end", "text"]]
              start  end                             text
    kind
    sentence     14   45  Tickets restaurant et mutuelle.
    pattern      14   32               Tickets restaurant
    pattern      36   44                         mutuelle
    """
    student = get_student(model)
    top = check_count(top, "top")
    every = isinstance(themes, str) and themes == "all"
    columns = find_themes(student.themes_, None if every else themes)
    table = _read_offers(offers, get_text_columns(model))
    matrix, scores, probabilities = _predict(student, table)
    explained = np.zeros(probabilities.shape, dtype=bool)
    explained[:, columns] = True
    if themes is None:
        explained &= probabilities >= student.thresholds_
    columns_of_offers = {
        f"{theme}_probability": probabilities[:, place]
        for place, theme in enumerate(student.themes_)
    }
    return Explanation(
        _find_carriers(student, table, matrix, probabilities, explained, top),
        build_parts(student, table["offer_id"], matrix, scores, explained),
        table[["offer_id", "text"]].assign(**columns_of_offers),
    )


def _read_offers(offers: Any, text_columns: Sequence[str] | None) -> pd.DataFrame:
    """Read offers, those that are there twice once."""
    table = as_offers(offers, text_columns=text_columns).drop_duplicates(["offer_id", "text"])
    repeated = table.loc[table["offer_id"].duplicated(), "offer_id"].unique().tolist()
    if repeated:
        raise ValueError(
            f"an offer_id must stand for one text, got several for {repeated[:5]!r} "
            f"({len(repeated)} in all). Give each offer an id of its own."
        )
    return table.reset_index(drop=True)


def _predict(
    student: ThemeClassifier, table: pd.DataFrame
) -> tuple[sparse.csr_matrix, FloatArray, FloatArray]:
    """Return features, scores and probabilities, also of no offers."""
    if table.empty:
        return sparse.csr_matrix((0, 0)), np.empty((0, 0, 0)), np.empty((0, len(student.themes_)))
    return student._judge(table)


def _find_carriers(
    student: ThemeClassifier,
    table: pd.DataFrame,
    matrix: sparse.csr_matrix,
    probabilities: FloatArray,
    explained: BoolArray,
    top: int,
) -> pd.DataFrame:
    """List the sentences, n-grams and patterns of each theme that is explained."""
    rows: list[tuple[Any, ...]] = []
    ids, texts = table["offer_id"].tolist(), table["text"].tolist()
    offers = np.flatnonzero(explained.any(axis=1))
    if len(offers):
        carriers = Carriers(student, [texts[offer] for offer in offers], matrix[offers])
        for place, theme in np.argwhere(explained[offers]).tolist():
            offer = offers[place]
            cell = (ids[offer], student.themes_[theme], probabilities[offer, theme])
            for kind, start, end, term, value in carriers.find(place, theme, top):
                rows.append((*cell, kind, start, end, texts[offer][start:end], term, value))
    # As offers have it: pandas' own strings refuse what a damaged text may hold.
    return pd.DataFrame(rows, columns=_TABLE, dtype=object).astype(_NUMBERS)
