"""Training clones of a model on parts of an annotated table, to judge them on other parts."""

import warnings
from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from jocas_themes._progress import tqdm
from jocas_themes.annotations import Themes, choose_themes, read_cells, require_annotated
from jocas_themes.confidence import ConfidenceFilter
from jocas_themes.confidence._gold import read_weights
from jocas_themes.confidence._matching import match_cells
from jocas_themes.errors import JocasThemesWarning
from jocas_themes.evaluation._bootstrap import FloatArray, IntArray
from jocas_themes.evaluation._scorers import find_themes
from jocas_themes.evaluation._splitter import NearDuplicateKFold
from jocas_themes.offers import to_frame

Splits = Sequence[tuple[IntArray, IntArray]]


def read_annotated(annotated: Any, themes: Themes) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Check that a table is an annotated one, and name the themes to judge."""
    table = to_frame(annotated)
    require_annotated(table, name="annotated")
    return table, choose_themes(table, themes=themes)


def take_learner(
    model: Any, *, methods: Sequence[str] = ("predict",), drops_filter: bool = False
) -> Any:
    """Clone what learns: without a teacher, with a filter that writes no file or without it."""
    steps = model.steps if isinstance(model, Pipeline) else [("model", model)]
    dropped = ConfidenceFilter if drops_filter else ()
    kept = [
        (name, step)
        for name, step in steps
        if not hasattr(step, "annotate") and not isinstance(step, dropped)
    ]
    needed = ("fit", *methods)
    if not (kept and kept[-1] == steps[-1] and all(hasattr(kept[-1][1], name) for name in needed)):
        raise TypeError(
            f"model must be a classifier with {' and '.join(needed)}, or a Pipeline that ends in "
            f"one, got {model!r}. Put a ThemeClassifier at the end."
        )
    learner = clone(Pipeline(kept) if isinstance(model, Pipeline) else model)
    for _, step in learner.steps if isinstance(learner, Pipeline) else []:
        if isinstance(step, ConfidenceFilter):
            step.set_params(review_path=None)
    return learner


def list_folds(
    cv: Any, table: pd.DataFrame, labels: FloatArray, groups: IntArray, random_state: int
) -> Splits:
    """List the folds, and see that each offer is judged fairly, and once at most."""
    if cv is None or isinstance(cv, Integral):
        cv = NearDuplicateKFold(5 if cv is None else int(cv), random_state=random_state)
    pairs = cv.split(table, labels, groups) if hasattr(cv, "split") else cv
    splits = [(_as_positions(train), _as_positions(test)) for train, test in pairs]
    n_tests = np.zeros(len(table), dtype=int)
    for train, test in splits:
        np.add.at(n_tests, test, 1)
        shared = np.intersect1d(train, test)
        if len(shared):
            raise ValueError(
                f"a fold of cv must not test on what it learns from, got the offers at "
                f"{shared[:5].tolist()!r} on both sides ({len(shared)} in all)."
            )
    twice = np.flatnonzero(n_tests > 1)
    if len(twice) or not n_tests.any():
        raise ValueError(
            f"cv must test each offer once at most, and some, got {twice[:5].tolist()!r} more than "
            f"once ({len(twice)} of {len(table)} offers). Take one round of folds."
        )
    return splits


def find_unknown_themes(labels: FloatArray, codes: Iterable[str]) -> list[str]:
    """List the themes without any known label, which nothing can be learnt of."""
    return [code for code, column in zip(codes, labels.T, strict=True) if np.isnan(column).all()]


def predict_out_of_fold(
    model: Any,
    table: pd.DataFrame,
    codes: Sequence[str],
    splits: Splits,
    *,
    methods: Sequence[str],
    n_jobs: int | None,
    progress: bool,
) -> FloatArray:
    """Predict the offers of each fold by a clone that learnt from the others.

    Shape (n_methods, n_offers, n_themes), NaN for offers that no fold tests.
    """
    outputs = predict_others(
        take_learner(model, methods=methods),
        ((table.iloc[train], table.iloc[test]) for train, test in splits),
        codes,
        n_parts=len(splits),
        methods=methods,
        n_jobs=n_jobs,
        progress=progress,
    )
    predicted = np.full((len(methods), len(table), len(codes)), np.nan)
    for (_, test), output in zip(splits, outputs, strict=True):
        predicted[:, test] = output
    return predicted


def predict_others(
    learner: Any,
    parts: Iterable[tuple[pd.DataFrame, pd.DataFrame]],
    codes: Sequence[str],
    *,
    n_parts: int,
    methods: Sequence[str] = ("predict",),
    n_jobs: int | None,
    progress: bool,
    ignore_warnings: bool = False,
) -> list[FloatArray]:
    """Fit a clone on the first table of each pair, and predict the second by each method.

    One array a pair, of shape (n_methods, n_test, n_themes), in the order of `codes`.
    """
    # In processes: liblinear has one generator of random numbers, which threads would share.
    runs = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_fit_and_predict)(clone(learner), train, test, codes, methods, ignore_warnings)
        for train, test in parts
    )
    return list(tqdm(runs, total=n_parts, desc="training", disable=not progress))


def _fit_and_predict(
    model: Any,
    train: pd.DataFrame,
    test: pd.DataFrame,
    codes: Sequence[str],
    methods: Sequence[str],
    ignore_warnings: bool,
) -> FloatArray:
    with warnings.catch_warnings():
        if ignore_warnings:
            warnings.simplefilter("ignore", JocasThemesWarning)
        model.fit(train)
        outputs = [np.asarray(getattr(model, method)(test), dtype=float) for method in methods]
    known = list(find_themes(model) or codes)
    for method, output in zip(methods, outputs, strict=True):
        if output.shape != (len(test), len(known)) or not set(codes) <= set(known):
            raise ValueError(
                f"model must predict the themes {list(codes)[:5]!r}, shape ({len(test)}, "
                f"{len(codes)}), but its {method} gives {known[:5]!r} in shape {output.shape!r}. "
                f"Name the themes that it learns: themes=(...)."
            )
    return np.stack(outputs)[:, :, [known.index(code) for code in codes]]


def read_probabilities(source: Any, codes: Sequence[str], n_offers: int) -> FloatArray:
    """Check probabilities, those of a model or given; NaN where there is none."""
    probabilities = read_cells(source, codes, name="probabilities")
    if len(probabilities) != n_offers:
        raise ValueError(
            f"probabilities must have a row for each of the {n_offers} offers, got "
            f"{len(probabilities)}. Take the out_of_fold_ of a student fitted on this table."
        )
    outside = probabilities[(probabilities < 0) | (probabilities > 1)]
    if outside.size:
        raise ValueError(
            f"probabilities must be in [0, 1], got {outside[:5].tolist()!r} ({outside.size} in "
            f"all). Pass those of predict_proba, not scores."
        )
    return probabilities


def align_gold(
    annotated: pd.DataFrame, gold: Any, codes: tuple[str, ...], *, stacklevel: int
) -> tuple[FloatArray, FloatArray]:
    """Put gold's labels and the weights of its offers in the order of the annotated table.

    Labels of shape (n_offers, n_themes), NaN without; weights of shape (n_offers,).
    """
    shape = (len(annotated), len(codes))
    labels, weights = np.full(shape, np.nan), np.ones(len(annotated))
    if gold is None:
        return labels, weights
    gold = to_frame(gold)
    matched = match_cells(annotated, gold, themes=codes, names=("annotated", "gold"))
    rows, gold_rows = matched.rows
    labels[rows] = matched.cells["b"].to_numpy().reshape(-1, len(codes))
    weights[rows] = read_weights(gold, gold_rows)
    if matched.n_unmatched[1]:
        warnings.warn(
            f"{matched.n_unmatched[1]} of {len(gold)} gold offers are not in the annotated table "
            f"and do not count. Add them to it, with unknown labels if need be.",
            JocasThemesWarning,
            stacklevel=stacklevel,
        )
    return labels, weights


def _as_positions(indices: Any) -> IntArray:
    """Read positions of offers, also from a Boolean mask."""
    values = np.asarray(indices)
    return np.flatnonzero(values) if values.dtype == bool else values.astype(np.int64)
