"""Probabilities of offers by models that have not learnt from them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import clone

from jocas_themes._progress import tqdm
from jocas_themes.curation._models import predict_themes
from jocas_themes.evaluation import NearDuplicateKFold
from jocas_themes.student import ThemeClassifier

_Integers = npt.NDArray[np.int64]


def compute_out_of_fold(
    annotated: pd.DataFrame,
    themes: Sequence[str],
    *,
    model: Any,
    cv: Any,
    random_state: int,
    n_jobs: int | None,
    progress: bool,
) -> npt.NDArray[np.float64]:
    """Return the probabilities of each offer, learnt from the other folds."""
    if model is None:
        model = ThemeClassifier(themes=tuple(themes), random_state=random_state)
    if cv is None:
        cv = NearDuplicateKFold(5, random_state=random_state)
    folds = list(cv.split(annotated, annotated[list(themes)]))
    fitted = Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")(
        delayed(_predict_fold)(model, annotated, themes, train, test) for train, test in folds
    )
    probabilities = np.full((len(annotated), len(themes)), np.nan)
    bar = tqdm(fitted, total=len(folds), desc="fitting", unit=" folds", disable=not progress)
    for (_, test), found in zip(folds, bar, strict=True):
        probabilities[test] = found
    return probabilities


def _predict_fold(
    model: Any, annotated: pd.DataFrame, themes: Sequence[str], train: _Integers, test: _Integers
) -> npt.NDArray[np.float64]:
    fitted = clone(model).fit(annotated.iloc[train])
    return predict_themes(fitted, annotated.iloc[test], themes)
