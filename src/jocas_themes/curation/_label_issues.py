"""`find_label_issues`: the cells whose label is most likely wrong."""

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.annotations import (
    Themes,
    choose_themes,
    merge_review,
    read_cells,
    read_labels,
    require_annotated,
)
from jocas_themes.curation._ranking import METHODS, Ranking
from jocas_themes.errors import JocasThemesWarning
from jocas_themes.evaluation._refitting import list_folds, predict_out_of_fold, read_probabilities
from jocas_themes.offers import group_near_duplicates, to_frame
from jocas_themes.student import ThemeClassifier

_Floats = npt.NDArray[np.float64]


def find_label_issues(
    annotated: pd.DataFrame,
    *,
    probabilities: Any = None,
    model: Any = None,
    cv: Any = None,
    themes: Themes = None,
    method: str = "confident_learning",
    confidence_weight: float = 0.2,
    n: int | None = None,
    review_path: str | Path | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """List the cells whose label is most likely wrong, and send them to review if wanted.

    A cell is listed when a student that never saw its offer contradicts it, as surely as it
    agrees with the cells that bear the other label.

    Parameters
    ----------
    annotated : DataFrame or pyarrow.Table of shape (n_offers, n_columns)
        An annotated table; it is not changed. Unknown cells are not judged.
    probabilities : array-like or DataFrame of shape (n_offers, n_themes), optional
        Probability that each theme is present, 0 to 1, by a model that did not learn from the
        offer: a fitted student's ``out_of_fold_``. NaN where there is none. The columns of an
        array are the themes in order. That a model did learn from the offer cannot be seen
        here: it would hide the faults.
    model : ThemeClassifier or Pipeline, optional
        What computes them otherwise: cloned, and fitted on the annotated offers of the other
        folds. By default a `ThemeClassifier`. Of a Pipeline, a teacher is left out, since
        `annotated` stands for it; a `ConfidenceFilter` masks what is learnt from, and writes no
        review file.
    cv : int, splitter or iterable of (train, test), optional
        The folds, as `threshold_curve` takes them. By default ``NearDuplicateKFold(5)``.
    themes : Taxonomy or sequence of str, optional
        The themes to judge; all by default.
    method : {"confident_learning", "cleanlab"}, default="confident_learning"
        ``cleanlab`` asks the package of that name, for comparison; it knows nothing of the
        teacher's confidence.
    confidence_weight : float, default=0.2
        How much the teacher's confidence counts in the score: 0 not at all, 1 as if it were
        the probability of being right.
    n : int, optional
        List this many cells at most.
    review_path : str or Path, optional
        File to which the listed cells are added, as `ConfidenceFilter` writes it, with the
        ``reason`` ``label_issue``. What people decided there is kept.
    random_state : int, default=0
        Seed of the default model and folds.
    n_jobs : int, optional
        How many folds to fit at once, in processes. Results do not depend on it.
    progress : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    DataFrame of shape (n_cells, 8)
        One row a cell, the most suspicious first: ``offer_id``, ``theme``, ``label`` (0 or 1),
        ``confidence`` (0 to 100 or NaN), ``probability`` (of the theme being present),
        ``score`` (how likely the label is wrong, 0 to 1), ``evidence`` and ``reason``.

    Raises
    ------
    TypeError
        If the model, or the last step of the Pipeline, cannot learn.
    ValueError
        If a parameter is out of range, if the table is not an annotated one, if the
        probabilities are not of its shape or not in [0, 1], if a fold tests an offer twice or
        on what it learns from, or if no theme has both labels.
    MissingDependencyError
        If ``method="cleanlab"`` and it is not installed.
    ReviewFileError
        If the review file cannot be read or written.

    Warns
    -----
    JocasThemesWarning
        If a theme cannot be judged, because its known labels are all alike, or known cells
        cannot, because they have no probability.

    See Also
    --------
    ConfidenceFilter : Sends to review what the teacher itself is not sure of.
    ReviewQueue : Where people decide.

    Notes
    -----
    Confident learning (Northcutt, Jiang and Chuang, 2021), for each theme by itself. The
    threshold of a label is the mean probability of that label over the cells that bear it. A
    cell is listed when the other label's probability reaches its threshold, and is the larger
    of the two (the off-diagonal cells of the confident joint).

    With ``p`` the probability of the other label, and ``e`` the chance of a fault by the
    confidence alone (``1 - confidence / 100``, kept between 0.1 and 0.5, and 0.1 when there is
    no confidence), the score has the odds ``p / (1 - p) * (e / (1 - e)) ** confidence_weight``.
    With a weight of 1 this is Bayes' rule for a teacher that errs independently of the words; a
    smaller one allows for both being unsure of the same offers (a logarithmic opinion pool,
    Genest and Zidek, 1986). With 0 it is one minus the self-confidence; the normalised margin
    gives the same order, as there are two labels.

    Examples
    --------
    >>> from jocas_themes import HR_THEMES, load_sample_annotations
    >>> from jocas_themes.curation import find_label_issues
    >>> annotated = load_sample_annotations()
    >>> probabilities = annotated[list(HR_THEMES.codes)] * 0.8 + 0.1
    >>> probabilities.loc[7, "DIVERSITY"] = 0.95  # what the annotation says is absent
    >>> issues = find_label_issues(annotated, probabilities=probabilities)
    >>> issues[["theme", "label", "confidence", "probability"]]
           theme  label  confidence  probability
    0  DIVERSITY      0        ...         0.95
    """
    _check_params(probabilities, model, method, confidence_weight, n)
    annotated = _check_annotated(to_frame(annotated))
    codes = choose_themes(annotated, themes=themes)
    labels = read_labels(annotated, codes, name="annotated")
    judged = _find_judged(labels, codes)
    if probabilities is None:
        names = [codes[column] for column in judged]
        if model is None:
            model = ThemeClassifier(themes=tuple(names), random_state=random_state)
        groups = group_near_duplicates(annotated)
        probabilities = np.full(labels.shape, np.nan)
        [probabilities[:, judged]] = predict_out_of_fold(
            model,
            annotated,
            names,
            list_folds(cv, annotated, labels[:, judged], groups, random_state),
            methods=("predict_proba",),
            n_jobs=n_jobs,
            progress=progress,
        )
    found = read_probabilities(probabilities, codes, len(annotated))
    _warn_of_gaps(labels[:, judged], found[:, judged])
    confidences = read_cells(annotated, [f"{c}_confidence" for c in codes], name="annotated")
    rank = partial(METHODS[method], confidence_weight=confidence_weight)
    scores = np.full(labels.shape, np.nan)
    for column in judged:
        scores[:, column] = _score(
            labels[:, column], found[:, column], confidences[:, column], rank
        )
    issues = _build_table(annotated, codes, labels, confidences, found, scores).iloc[:n]
    if review_path is not None:
        merge_review(review_path, _list_cells(issues))
    return issues.drop(columns="text")


def _check_params(
    probabilities: Any, model: Any, method: Any, confidence_weight: Any, n: Any
) -> None:
    if probabilities is not None and model is not None:
        raise ValueError("probabilities and model exclude one another. Pass one of them.")
    if method not in METHODS:
        raise ValueError(f"method must be one of {list(METHODS)!r}, got {method!r}.")
    if not isinstance(confidence_weight, Real) or not 0 <= float(confidence_weight) <= 1:
        raise ValueError(
            f"confidence_weight must be a number from 0 to 1, got {confidence_weight!r}."
        )
    if n is not None and (isinstance(n, bool) or not isinstance(n, Integral) or n < 1):
        raise ValueError(f"n must be an integer from 1 up, or None for all, got {n!r}.")


def _check_annotated(annotated: Any) -> pd.DataFrame:
    require_annotated(annotated, name="annotated", needed=("offer_id", "text"))
    table: pd.DataFrame = annotated
    return table


def _find_judged(labels: _Floats, codes: tuple[str, ...]) -> list[int]:
    """Find the columns that hold both labels, and warn of the others."""
    alike = ~((labels == 0).any(axis=0) & (labels == 1).any(axis=0))
    left_out = [code for code, is_alike in zip(codes, alike, strict=True) if is_alike]
    if alike.all():
        raise ValueError(
            f"a label can be judged only where a theme is known to be present in some offers and "
            f"absent in others; no theme of {left_out[:5]!r} ({len(left_out)} in all) is, in "
            f"{len(labels)} offers. Annotate more offers."
        )
    if left_out:
        warnings.warn(
            f"{len(left_out)} themes are not judged, because all their known labels are alike: "
            f"{left_out[:5]!r}. Annotate more offers, or leave them out with themes=(...).",
            JocasThemesWarning,
            stacklevel=3,
        )
    return np.flatnonzero(~alike).tolist()


def _warn_of_gaps(labels: _Floats, probabilities: _Floats) -> None:
    """Warn of known cells without a probability; refuse when no cell has one."""
    known = ~np.isnan(labels)
    n_gaps = int((known & np.isnan(probabilities)).sum())
    if n_gaps == known.sum():
        raise ValueError(
            "probabilities must hold numbers, got NaN for every known cell. Leave them out to "
            "have them computed."
        )
    if n_gaps:
        warnings.warn(
            f"{n_gaps} of {known.sum()} known cells are not judged, because they have no "
            f"probability. Leave probabilities out to have all of them computed.",
            JocasThemesWarning,
            stacklevel=3,
        )


def _score(
    labels: _Floats, probabilities: _Floats, confidences: _Floats, rank: Callable[..., Ranking]
) -> _Floats:
    """Return the scores of a theme's cells, NaN for those that are not listed."""
    scores = np.full(len(labels), np.nan)
    cells = np.flatnonzero(~np.isnan(labels) & ~np.isnan(probabilities))
    listed, score = rank(labels[cells] == 1, probabilities[cells], confidences[cells])
    scores[cells[listed]] = score[listed]
    return scores


def _build_table(
    annotated: pd.DataFrame,
    codes: tuple[str, ...],
    labels: _Floats,
    confidences: _Floats,
    probabilities: _Floats,
    scores: _Floats,
) -> pd.DataFrame:
    """List the cells that have a score, in its order, with the texts that they are in."""
    rows, columns = np.nonzero(~np.isnan(scores))
    order = np.argsort(-scores[rows, columns], kind="stable")
    rows, columns = rows[order], columns[order]
    evidences = [annotated[f"{code}_evidence"].tolist() for code in codes]
    spans = [evidences[column][row] for row, column in zip(rows, columns, strict=True)]
    evidence = [span if isinstance(span, str) else None for span in spans]
    return pd.DataFrame(
        {
            "offer_id": annotated["offer_id"].to_numpy()[rows],
            "theme": np.array(codes, dtype=object)[columns],
            "label": labels[rows, columns].astype(int),
            "confidence": confidences[rows, columns],
            "probability": probabilities[rows, columns],
            "score": scores[rows, columns],
            "evidence": pd.Series(evidence, dtype=object),
            "reason": "label_issue",
            "text": annotated["text"].to_numpy()[rows],
        }
    )


def _list_cells(issues: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Give the cells the form of a review file."""
    for cell in issues.to_dict("records"):
        confidence, text = cell["confidence"], cell["text"]
        yield {
            "offer_id": str(cell["offer_id"]),
            "theme": cell["theme"],
            "proposed": int(cell["label"]),
            "confidence": None if np.isnan(confidence) else float(confidence),
            "evidence": cell["evidence"],
            "reason": cell["reason"],
            "text": text if isinstance(text, str) else None,
        }
