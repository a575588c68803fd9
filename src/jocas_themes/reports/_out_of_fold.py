"""What a student says of each offer when it has learnt from the other folds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from jocas_themes._progress import tqdm
from jocas_themes.annotations import read_cells
from jocas_themes.confidence import ConfidenceFilter
from jocas_themes.evaluation._refitting import drop_steps, is_teacher
from jocas_themes.evaluation._scorers import find_themes

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Splits = Sequence[tuple[IntArray, IntArray]]


@dataclass(frozen=True, eq=False)
class Judgement:
    """What a student says of each cell, (n_offers, n_themes), and where it says anything.

    Where it does not, ``known`` is False and the others are 0.
    """

    probabilities: FloatArray
    predicted: FloatArray
    known: npt.NDArray[np.bool_]


def predict_out_of_fold(
    model: Any,
    table: pd.DataFrame,
    codes: Sequence[str],
    splits: Splits,
    *,
    n_jobs: int | None,
    progress: bool,
) -> Judgement:
    """Fit a clone on each fold's training offers, and let it judge the others."""
    learner = clone(drop_steps(model, is_teacher))
    for _, step in learner.steps if isinstance(learner, Pipeline) else []:
        if isinstance(step, ConfidenceFilter):
            step.set_params(review_path=None)  # the offers to review are not this report's affair
    runs = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_judge)(clone(learner), table.iloc[train], table.iloc[test], codes)
        for train, test in splits
    )
    shape = (len(table), len(codes))
    judgement = Judgement(np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=bool))
    bar = tqdm(runs, total=len(splits), desc="training", disable=not progress)
    for (_, test), (probabilities, predicted) in zip(splits, bar, strict=True):
        judgement.probabilities[test] = probabilities
        judgement.predicted[test] = predicted
        judgement.known[test] = True
    return judgement


def read_judgement(
    model: Any, probabilities: Any, n_offers: int, codes: Sequence[str]
) -> Judgement:
    """Read probabilities that were computed elsewhere, and decide by the model's thresholds."""
    given = read_cells(probabilities, codes, name="probabilities")
    if len(given) != n_offers:
        raise ValueError(
            f"probabilities must hold a row for each annotated offer, got {len(given)} for "
            f"{n_offers}. Take the out_of_fold_ of a student fitted on this table."
        )
    outside = given[(given < 0) | (given > 1)]
    if outside.size:
        raise ValueError(
            f"probabilities must be in [0, 1], got {outside[:5].tolist()!r} ({outside.size} cells)."
        )
    # NaN reaches no threshold.
    predicted = (given >= _get_thresholds(model, codes)).astype(float)
    return Judgement(np.nan_to_num(given), predicted, ~np.isnan(given))


def _get_thresholds(model: Any, codes: Sequence[str]) -> FloatArray:
    """Return the thresholds of a fitted model, in the order of codes; 0.5 where it has none."""
    last = model[-1] if isinstance(model, Pipeline) else model
    if not hasattr(last, "thresholds_"):
        return np.full(len(codes), 0.5)
    own = dict(zip(find_themes(model) or codes, last.thresholds_, strict=True))
    return np.array([own[code] for code in codes])


def _judge(
    model: Any, train: pd.DataFrame, test: pd.DataFrame, codes: Sequence[str]
) -> tuple[FloatArray, FloatArray]:
    """Return probabilities and predictions of shape (n_test, n_themes), in the order of codes."""
    model.fit(train)
    known = list(find_themes(model) or codes)
    outputs = []
    for name in ("predict_proba", "predict"):
        output = np.asarray(getattr(model, name)(test), dtype=float)
        if output.shape != (len(test), len(known)) or not set(codes) <= set(known):
            raise ValueError(
                f"model must judge the themes {list(codes)[:5]!r}, shape ({len(test)}, "
                f"{len(codes)}), but its {name} gives {known[:5]!r} in shape {output.shape!r}. "
                f"Name the themes that it learns: themes=(...)."
            )
        outputs.append(output[:, [known.index(code) for code in codes]])
    return outputs[0], outputs[1]
