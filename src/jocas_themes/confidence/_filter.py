"""`ConfidenceFilter`: what the teacher is not sure of becomes unknown, and goes to review."""

from collections.abc import Iterator
from itertools import product
from numbers import Real
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import Interval, StrOptions

from jocas_themes.annotations import merge_review, read_cells, read_labels, require_annotated
from jocas_themes.offers import tag_offers, to_frame

# A reply that came, but could not be used. One that never came ("failed") is asked again by
# the next run: there is nothing in it for a person to review.
_TO_REVIEW = frozenset({"refused", "truncated", "invalid"})


class ConfidenceFilter(TransformerMixin, BaseEstimator):
    """Make unknown what the teacher is not sure of, so that the student learns from the rest.

    No row is dropped: a cell under the threshold becomes NaN, and each theme is learnt from
    the offers where it is known.

    Parameters
    ----------
    threshold : float, default=80
        Smallest confidence to keep, 0 to 100.
    scope : {"theme", "offer"}, default="theme"
        ``theme`` masks cell by cell. ``offer`` masks all themes of an offer as soon as one is
        under the threshold, or unknown.
    review_path : str or Path, optional
        File to which ``fit_transform`` adds the cells to review, one JSON object a line, merged
        by (offer_id, theme). None writes no file.

    Attributes
    ----------
    n_masked_ : int
        How many known cells the last ``fit_transform`` made unknown.
    n_kept_ : int
        How many known cells it kept.

    See Also
    --------
    read_review : Read the file as a table.

    Notes
    -----
    The file holds, for each cell under the threshold by itself, the teacher's ``proposed``
    label and ``reason`` ``low_confidence``; and for a reply that could not be used, the
    ``reason`` ``refused``, ``truncated``, ``invalid``, ``no_evidence`` or
    ``evidence_not_found``. A cell that an earlier run listed as unsure and this one does not,
    as under another threshold of a grid search, leaves the file unless somebody added to it.
    ``transform`` (a Pipeline's ``predict``) writes nothing.

    Examples
    --------
    >>> from jocas_themes import ConfidenceFilter, load_sample_annotations
    >>> annotated = load_sample_annotations()
    >>> sure = ConfidenceFilter(threshold=80).fit_transform(annotated)
    >>> int(annotated["COMPANY_CULTURE"].notna().sum()), int(sure["COMPANY_CULTURE"].notna().sum())
    (300, 291)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "threshold": [Interval(Real, 0, 100, closed="both")],
        "scope": [StrOptions({"theme", "offer"})],
        "review_path": [str, Path, None],
    }

    def __init__(
        self,
        threshold: float = 80,
        *,
        scope: str = "theme",
        review_path: str | Path | None = None,
    ) -> None:
        self.threshold = threshold
        self.scope = scope
        self.review_path = review_path

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: ARG002
        """Check the parameters and the table; there is nothing to learn.

        Parameters
        ----------
        X : DataFrame or pyarrow.Table of shape (n_offers, n_columns)
            An annotated table.
        y : ignored
            Not used.

        Returns
        -------
        ConfidenceFilter
            The filter itself.

        Raises
        ------
        ValueError
            If a parameter is out of range, or if X is not an annotated table.
        """
        self._check_params()
        X = to_frame(X)
        labels, keep = self._find_sure(X, require_annotated(X, name="X"))
        known = ~np.isnan(labels)
        self.n_kept_ = int((known & keep).sum())
        self.n_masked_ = int((known & ~keep).sum())
        return self

    def fit_transform(self, X: pd.DataFrame, y: Any = None) -> pd.DataFrame:
        """Mask what is not sure, and write it to the review file.

        Parameters
        ----------
        X : DataFrame or pyarrow.Table of shape (n_offers, n_columns)
            An annotated table; it is not changed.
        y : ignored
            Not used.

        Returns
        -------
        DataFrame of shape (n_offers, n_columns)
            The same rows, with NaN in the masked cells.

        Raises
        ------
        ValueError
            If a parameter is out of range, or if X is not an annotated table.
        ReviewFileError
            If the review file that is there cannot be read.
        """
        X = to_frame(X)
        masked = self.fit(X, y).transform(X)
        if self.review_path is not None:
            asked = set(product(X["offer_id"].map(str), require_annotated(X, name="X")))
            merge_review(self.review_path, self._list_cells(X), asked=asked)
        return masked

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Mask what is not sure; unknown cells stay as they are.

        Parameters
        ----------
        X : DataFrame or pyarrow.Table of shape (n_offers, n_columns)
            An annotated table; it is not changed.

        Returns
        -------
        DataFrame of shape (n_offers, n_columns)
            The same rows, with NaN in the masked cells.

        Raises
        ------
        ValueError
            If a parameter is out of range, or if X is not an annotated table.
        """
        self._check_params()
        X = to_frame(X)
        codes = require_annotated(X, name="X")
        labels, keep = self._find_sure(X, codes)
        masked = X.copy(deep=False)
        masked[list(codes)] = np.where(keep, labels, np.nan)
        return masked

    def _check_params(self) -> None:
        if self.threshold is None:
            raise ValueError(
                "'threshold' must be a number in the range [0, 100], got None: choose_threshold "
                "certified none, as its message says."
            )
        self._validate_params()
        if 0 < self.threshold <= 1:
            raise ValueError(
                f"threshold is a confidence from 0 to 100, got {self.threshold!r}. Did you mean "
                f"{100 * self.threshold:g}?"
            )

    def _find_sure(
        self, X: pd.DataFrame, codes: tuple[str, ...]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """Return the labels, and which of them are sure enough, each (n_offers, n_themes)."""
        labels = read_labels(X, codes, name="the annotated table")
        # A missing confidence is not a sure one: the comparison is false for NaN.
        keep = _read_confidences(X, codes) >= self.threshold
        keep &= ~np.isnan(labels)
        if self.scope == "offer":
            keep &= keep.all(axis=1, keepdims=True)
        return labels, keep

    def _list_cells(self, X: pd.DataFrame) -> Iterator[dict[str, Any]]:
        """List the cells to review, each with the reason."""
        codes = require_annotated(X, name="X")
        labels = read_labels(X, codes, name="the annotated table")
        confidences = _read_confidences(X, codes)
        evidences = [X[f"{code}_evidence"].tolist() for code in codes]
        for row, (offer_id, text, status) in enumerate(
            zip(X["offer_id"], X["text"], X["status"], strict=True)
        ):
            for column, code in enumerate(codes):
                label, confidence = labels[row, column], confidences[row, column]
                span = evidences[column][row]
                evidence = span if isinstance(span, str) else None
                reason = self._find_reason(label, confidence, evidence, status)
                if reason is None:
                    continue
                # Only a theme said to be present is made unknown for its evidence.
                doubted = reason in {"no_evidence", "evidence_not_found"}
                yield {
                    "offer_id": str(offer_id),
                    "theme": code,
                    "proposed": 1 if doubted else None if np.isnan(label) else int(label),
                    "confidence": None if np.isnan(confidence) else float(confidence),
                    "evidence": evidence,
                    "reason": reason,
                    "text": text if isinstance(text, str) else None,
                }

    def _find_reason(
        self, label: float, confidence: float, evidence: str | None, status: Any
    ) -> str | None:
        """Say why a cell needs review; None when it does not."""
        if not np.isnan(label):
            return None if confidence >= self.threshold else "low_confidence"
        if status not in _TO_REVIEW:
            return None
        if status == "invalid" and not np.isnan(confidence):
            return "evidence_not_found" if evidence else "no_evidence"
        return str(status)

    def __sklearn_tags__(self) -> Any:
        tags = tag_offers(super().__sklearn_tags__())
        tags.requires_fit = False
        return tags


def _read_confidences(X: pd.DataFrame, codes: tuple[str, ...]) -> npt.NDArray[np.float64]:
    """Return the confidences as an array of shape (n_offers, n_themes)."""
    names = [f"{code}_confidence" for code in codes]
    return read_cells(X, names, name="the annotated table")
