"""What the student learns from: the annotations that ride in X, or else y."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from jocas_themes.annotations import (
    Themes,
    choose_themes,
    find_theme_codes,
    read_cells,
    read_labels,
)

FloatArray = npt.NDArray[np.float64]
# So that a teacher who is sure of nothing still teaches.
_LEAST_WEIGHT = 0.1

Weights = Literal["confidence"] | Callable[[FloatArray], Any] | None


@dataclass(frozen=True, eq=False)
class Targets:
    """What there is to learn of some offers.

    Parameters
    ----------
    themes : tuple of str
        The theme codes.
    labels : ndarray of shape (n_offers, n_themes)
        0, 1, or NaN where the label is unknown.
    weights : ndarray of shape (n_offers, n_themes)
        How much each cell counts, 0 to 1.
    evidence : ndarray of shape (n_offers, n_themes) or None
        Verbatim spans, None where there is none; None in all where no cell has one.
    """

    themes: tuple[str, ...]
    labels: FloatArray
    weights: FloatArray
    evidence: npt.NDArray[np.object_] | None

    def get_cells(self, theme: int) -> tuple[FloatArray, FloatArray]:
        """Return the labels and the weights of one theme, each of shape (n_offers,)."""
        return self.labels[:, theme], self.weights[:, theme]


def read_targets(
    X: Any, y: Any, themes: Themes, *, weights: Weights = "confidence", evidence: Any = "auto"
) -> Targets:
    """Read the labels of the annotations that ride in X, or else of y.

    When X is an annotated table its labels are the targets, and y, which is gold, is not read.
    """
    annotated = bool(find_theme_codes(X))
    if not annotated and y is None:
        raise ValueError(
            "nothing to learn from: X carries no annotations and y is None. Put a teacher "
            "before the student in the Pipeline, or pass y."
        )
    source, name = (X, "the annotated table") if annotated else (y, "y")
    codes = choose_themes(source, themes=themes)
    labels = read_labels(source, codes, name=name)
    _check_known(codes, labels, remedy=_advise(X, codes) if annotated else _WITHOUT_LABELS)
    cell_weights = np.ones(labels.shape)
    if annotated and weights is not None:
        cell_weights = _weigh(read_confidences(X, codes), weights)
        _check_weighted(codes, labels, cell_weights)
    wanted = evidence == "auto" or bool(evidence)
    spans = _read_evidence(X, codes, labels) if annotated and wanted else None
    if wanted and evidence != "auto" and spans is None:
        raise ValueError(
            "evidence=True needs the CODE_evidence of offers that have the theme, found none. "
            "Take a teacher that gives evidence, or evidence='auto' to learn without."
        )
    return Targets(codes, labels, cell_weights, spans)


def read_confidences(X: Any, codes: tuple[str, ...]) -> FloatArray:
    """Read the confidences of an annotated table, NaN where there is none."""
    columns = [f"{code}_confidence" for code in codes]
    confidences = np.full((len(X), len(codes)), np.nan)
    for place, column in enumerate(columns):
        if column in X:
            confidences[:, place] = read_cells(X, [column], name="X")[:, 0]
    outside = confidences[(confidences < 0) | (confidences > 100)]
    if outside.size:
        raise ValueError(
            f"confidences must be in [0, 100], got {outside[:5].tolist()!r} ({outside.size} "
            f"cells). Multiply them by 100 if they are shares."
        )
    return confidences


def _weigh(confidences: FloatArray, weights: Weights) -> FloatArray:
    """Turn confidences into weights; a cell without one, as of gold, counts in full."""
    if callable(weights):
        given = np.asarray(weights(confidences), dtype=float)
        sound = np.isfinite(given) & (given >= 0)
        if given.shape != confidences.shape or not sound[~np.isnan(confidences)].all():
            raise ValueError(
                f"weights must turn confidences of shape {confidences.shape!r} into finite "
                f"weights of 0 or more of the same shape, got {given!r}."
            )
    else:
        # An answer that is right with probability p is worth 2p - 1 sure ones: nothing at one
        # half, where no more than a guess is left to it.
        given = np.maximum(_LEAST_WEIGHT, 2 * confidences / 100 - 1)
    return np.where(np.isnan(confidences), 1.0, given)


def _check_weighted(codes: tuple[str, ...], labels: FloatArray, weights: FloatArray) -> None:
    """Refuse a theme whose known labels all weigh nothing."""
    known = ~np.isnan(labels)
    idle = [
        code
        for code, column, weight in zip(codes, known.T, weights.T, strict=True)
        if not weight[column].any()
    ]
    if idle:
        raise ValueError(
            f"weights give 0 to all known labels of {idle[:5]!r} ({len(idle)} themes), which "
            f"leaves nothing to learn from. Give weights over 0, or weights=None."
        )


def _read_evidence(
    X: Any, codes: tuple[str, ...], labels: FloatArray
) -> npt.NDArray[np.object_] | None:
    """Read the evidence of the themes that are present, None when there is none at all."""
    evidence = np.full(labels.shape, None, dtype=object)
    for place, code in enumerate(codes):
        if f"{code}_evidence" in X:
            spans = X[f"{code}_evidence"].to_numpy(dtype=object, na_value=None)
            evidence[:, place] = [span if isinstance(span, str) else None for span in spans]
    evidence[labels != 1] = None
    return evidence if any(span for span in evidence.ravel()) else None


_WITHOUT_LABELS = "Give some labels of each, or leave them out with themes=(...)."


def _advise(X: Any, codes: tuple[str, ...]) -> str:
    """Say why an annotated table may hold no labels, and what to do."""
    statuses = X["status"].dropna().value_counts() if "status" in X else []
    answers = ", ".join(f"{count} {status}" for status, count in dict(statuses).items())
    surest = read_cells(X, [f"{code}_confidence" for code in codes], name="X")
    highest = "none" if np.isnan(surest).all() else f"{np.nanmax(surest):g}"
    return (
        f"The teacher's answers: {answers or 'none'}; highest confidence: {highest}. Lower the "
        f"filter's threshold under that, or see why the answers are unusable. Gold labels in y "
        f"are never used instead."
    )


def _check_known(codes: tuple[str, ...], labels: FloatArray, *, remedy: str) -> None:
    """Refuse to learn a theme from nothing."""
    unknown = [code for code, column in zip(codes, labels.T, strict=True) if np.isnan(column).all()]
    if not unknown:
        return
    which = "no theme has" if len(unknown) == len(codes) else f"the themes {unknown!r} have not"
    raise ValueError(f"{which} any known label in {len(labels)} offers. {remedy}")


def summarise_training(targets: Targets) -> dict[str, Any]:
    """Count what was learnt from; the counts say nothing of any single offer."""
    evidence = targets.evidence
    themes = {
        code: {
            "n_known": int((~np.isnan(targets.labels[:, theme])).sum()),
            "n_positive": int((targets.labels[:, theme] == 1).sum()),
            "n_evidence": 0 if evidence is None else sum(map(bool, evidence[:, theme])),
        }
        for theme, code in enumerate(targets.themes)
    }
    return {"n_offers": len(targets.labels), "themes": themes}
