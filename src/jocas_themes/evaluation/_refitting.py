"""Training clones of a model on parts of an annotated table, to judge them on other parts."""

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from jocas_themes._progress import tqdm
from jocas_themes.annotations import Themes, choose_themes, find_theme_codes
from jocas_themes.confidence._gold import read_weights
from jocas_themes.confidence._matching import match_cells
from jocas_themes.errors import JocasThemesWarning
from jocas_themes.evaluation._bootstrap import FloatArray, IntArray
from jocas_themes.evaluation._scorers import find_themes
from jocas_themes.offers import to_frame


def read_annotated(annotated: Any, themes: Themes) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Check that a table is an annotated one, and name the themes to judge."""
    table = to_frame(annotated)
    if not find_theme_codes(table) or not {"offer_id", "text", "status"} <= set(table.columns):
        found = list(table.columns)[:5] if isinstance(table, pd.DataFrame) else type(table).__name__
        raise ValueError(
            f"annotated must be an annotated table, with offer_id, text, status and CODE, "
            f"CODE_confidence, CODE_evidence for each theme; got {found!r}. Take it from a "
            f"teacher's annotate(offers)."
        )
    return table, choose_themes(table, themes=themes)


def is_teacher(step: Any) -> bool:
    """Tell a teacher from what learns: it annotates."""
    return hasattr(step, "annotate")


def drop_steps(model: Any, is_dropped: Callable[[Any], bool]) -> Any:
    """Leave steps out of a Pipeline, whose last one must learn; other models stay as they are."""
    steps = model.steps if isinstance(model, Pipeline) else [("model", model)]
    kept = [(name, step) for name, step in steps if not is_dropped(step)]
    if (
        not kept
        or kept[-1] != steps[-1]
        or not all(hasattr(kept[-1][1], method) for method in ("fit", "predict"))
    ):
        raise TypeError(
            f"model must be a classifier with fit and predict, or a Pipeline that ends in one, "
            f"got {model!r}. Put a ThemeClassifier at the end."
        )
    return Pipeline(kept) if isinstance(model, Pipeline) else model


def find_unknown_themes(labels: FloatArray, codes: Iterable[str]) -> list[str]:
    """List the themes without any known label, which nothing can be learnt of."""
    return [code for code, column in zip(codes, labels.T, strict=True) if np.isnan(column).all()]


def predict_others(
    model: Any,
    parts: Iterable[tuple[pd.DataFrame, pd.DataFrame]],
    codes: tuple[str, ...],
    *,
    n_parts: int,
    n_jobs: int | None,
    progress: bool,
    ignore_warnings: bool = False,
) -> list[FloatArray]:
    """Fit a clone on the first table of each pair and predict the second."""
    runs = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_fit_and_predict)(clone(model), train, test, codes, ignore_warnings)
        for train, test in parts
    )
    return list(tqdm(runs, total=n_parts, desc="training", disable=not progress))


def _fit_and_predict(
    model: Any,
    train: pd.DataFrame,
    test: pd.DataFrame,
    codes: tuple[str, ...],
    ignore_warnings: bool,
) -> FloatArray:
    """Return 0/1 of shape (n_test, n_themes), in the order of `codes`."""
    with warnings.catch_warnings():
        if ignore_warnings:
            warnings.simplefilter("ignore", JocasThemesWarning)
        model.fit(train)
        predicted = np.asarray(model.predict(test), dtype=float)
    known = tuple(find_themes(model) or codes)
    if predicted.shape != (len(test), len(known)) or not set(codes) <= set(known):
        raise ValueError(
            f"model must predict the themes {list(codes)[:5]!r}, shape ({len(test)}, "
            f"{len(codes)}), got {list(known)[:5]!r} in shape {predicted.shape!r}. Name the "
            f"themes that it learns: themes=(...)."
        )
    return predicted[:, [known.index(code) for code in codes]]


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


def as_positions(indices: Any) -> IntArray:
    """Read positions of offers, also from a Boolean mask."""
    values = np.asarray(indices)
    return np.flatnonzero(values) if values.dtype == bool else values.astype(np.int64)
