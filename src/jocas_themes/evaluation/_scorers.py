"""`MaskedScorer`: scores for scikit-learn's searches when some gold labels are unknown."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.pipeline import Pipeline

from jocas_themes.annotations import choose_themes, read_cells, read_labels
from jocas_themes.evaluation._scores import METRICS, tabulate_scores


@dataclass(frozen=True)
class MaskedScorer:
    """Score an estimator over the cells whose gold label is known.

    For ``scoring=`` of `cross_validate` and `GridSearchCV`, alone or in a dictionary.
    scikit-learn's own scorers refuse labels with NaN.

    Parameters
    ----------
    metric : {"f1", "precision", "recall", "average_precision"}, default="f1"
        What to compute. The first three judge ``predict``, the last ``predict_proba``.
    average : str, default="micro"
        ``"micro"`` for all cells together, ``"macro"`` for the mean of the themes, or the code
        of one theme.

    Raises
    ------
    ValueError
        If there is no such metric; when scoring, if there is no such theme, or if the labels
        or predictions are not as `evaluate_themes` takes them.

    See Also
    --------
    evaluate_themes : All figures at once, and how they are defined.
    NearDuplicateKFold : Splits that suit job offers, and labels with NaN.

    Notes
    -----
    Labels may be an array, in the order of the estimator's themes, or a DataFrame whose columns
    are theme codes, in any order when the estimator has ``themes_`` (also inside a Pipeline or
    a search). The score is NaN where it is not defined: a fold without a known positive.

    With unknown labels ``cv=5`` fails, because scikit-learn looks into ``y`` to choose a
    splitter: pass a splitter, such as ``cv=NearDuplicateKFold(5)``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyClassifier
    >>> from jocas_themes import MaskedScorer
    >>> gold = np.array([[1, 0], [1, np.nan], [0, 1]])
    >>> always = DummyClassifier(strategy="constant", constant=[1, 1])
    >>> always = always.fit(["a", "b", "c"], [[1, 0], [1, 1], [0, 1]])
    >>> MaskedScorer("precision", average="macro")(always, ["a", "b", "c"], gold)
    0.583...
    """

    metric: str = "f1"
    _: KW_ONLY
    average: str = "micro"

    def __post_init__(self) -> None:
        """Refuse an unknown metric before anything is fitted."""
        if self.metric not in METRICS:
            raise ValueError(f"metric must be one of {METRICS!r}, got {self.metric!r}.")

    def __call__(self, estimator: Any, X: Any, y: Any) -> float:
        """Score a fitted estimator.

        Parameters
        ----------
        estimator : object
            Fitted, with ``predict``, and ``predict_proba`` for the average precision, that give
            arrays of shape (n_offers, n_themes).
        X : sequence of str, DataFrame or pyarrow.Table of n_offers
            What the estimator takes.
        y : array-like or DataFrame of shape (n_offers, n_themes)
            0, 1 or NaN where the label is unknown.

        Returns
        -------
        float
            The score, 0 to 1, or NaN where it is not defined.
        """
        ranked = self.metric == "average_precision"
        scores = estimator.predict_proba(X) if ranked else estimator.predict(X)
        themes = find_themes(estimator)
        if themes is not None:
            scores = pd.DataFrame(np.asarray(scores), columns=list(themes))
        codes = choose_themes(y, scores)
        truth = read_labels(y, codes, name="y")
        cells = read_cells(scores, codes, name="the estimator's output")
        table = tabulate_scores(truth, cells >= 0.5, cells if ranked else None, codes)
        if self.average not in table.index:
            raise ValueError(
                f"average must be 'micro', 'macro' or one of {list(codes)!r}, got "
                f"{self.average!r}. Pass y as a DataFrame whose columns are theme codes."
            )
        return float(table[self.metric].loc[self.average])


def find_themes(estimator: Any) -> tuple[str, ...] | None:
    """Find the themes of a classifier, also inside a Pipeline or a search."""
    return getattr(_find_classifier(estimator), "themes_", None)


def find_thresholds(estimator: Any, codes: Sequence[str] | None) -> npt.NDArray[np.float64]:
    """Find the probability from which on each theme is predicted; 0.5 where it has none."""
    thresholds = np.asarray(getattr(_find_classifier(estimator), "thresholds_", 0.5), dtype=float)
    if thresholds.ndim == 0:
        return thresholds
    return thresholds[locate_themes(codes, find_themes(estimator))]


def locate_themes(codes: Sequence[str] | None, own: Sequence[str] | None) -> slice | list[int]:
    """Find the columns of the themes in what a model gives; all when either is not known."""
    if codes is None or own is None:
        return slice(None)
    strangers = [code for code in codes if code not in own]
    if strangers:
        raise ValueError(
            f"the model lacks the themes {strangers[:5]!r} ({len(strangers)} in all); it has "
            f"{list(own)[:5]!r}. Name the wanted ones with themes=(...)."
        )
    return [list(own).index(code) for code in codes]


def _find_classifier(estimator: Any) -> Any:
    """Return the last step of a Pipeline, or what a search found best."""
    if hasattr(estimator, "best_estimator_"):
        return _find_classifier(estimator.best_estimator_)
    return _find_classifier(estimator[-1]) if isinstance(estimator, Pipeline) else estimator
