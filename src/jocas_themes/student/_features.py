"""What the student sees of an offer: TF-IDF of its text, one-hot of its structured columns."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import OneHotEncoder

from jocas_themes.offers import is_missing

# A category seen in fewer training offers says nothing that could be learnt.
_MIN_CATEGORY_COUNT = 5


class OfferFeatures(BaseEstimator):
    """Turn a table of offers into one sparse matrix; absent entries are missing, never zero."""

    def __init__(
        self,
        *,
        structured_columns: Sequence[str],
        ngram_range: tuple[int, int],
        min_df: int | float,
        max_features: int | None,
    ) -> None:
        self.structured_columns = structured_columns
        self.ngram_range = ngram_range
        self.min_df = min_df
        self.max_features = max_features

    def fit_transform(self, offers: pd.DataFrame) -> sparse.csr_matrix:
        """Learn words and categories, and return the matrix of the same offers."""
        self.vectorizer_ = TfidfVectorizer(
            strip_accents="unicode",
            ngram_range=tuple(self.ngram_range),
            min_df=self.min_df,
            max_features=self.max_features,
            sublinear_tf=True,
        )
        try:
            words = self.vectorizer_.fit_transform(offers["text"])
        except ValueError as error:
            raise ValueError(
                f"the {len(offers)} offers share no words to learn from ({error}) Are the texts "
                f"empty? With very few offers, pass min_df=1."
            ) from error
        self.encoder_ = None
        if self.structured_columns:
            self.encoder_ = OneHotEncoder(
                handle_unknown="ignore", min_frequency=_MIN_CATEGORY_COUNT, dtype=np.float64
            ).fit(self._read_structured(offers))
        return self._add_structured(words, offers)

    def transform(self, offers: pd.DataFrame) -> sparse.csr_matrix:
        """Return the matrix of offers, of shape (n_offers, n_features)."""
        return self._add_structured(self.vectorizer_.transform(offers["text"]), offers)

    def get_feature_names_out(self) -> np.ndarray[Any, np.dtype[np.object_]]:
        """Return the words and the categories, in the order of the columns."""
        names = [self.vectorizer_.get_feature_names_out()]
        if self.encoder_ is not None:
            names.append(self.encoder_.get_feature_names_out(list(self.structured_columns)))
        return np.concatenate(names)

    def _add_structured(self, words: Any, offers: pd.DataFrame) -> sparse.csr_matrix:
        if self.encoder_ is None:
            return words
        encoded = self.encoder_.transform(self._read_structured(offers))
        return sparse.hstack([words, encoded], format="csr")

    def _read_structured(self, offers: pd.DataFrame) -> pd.DataFrame:
        """Read the structured columns as text; a missing cell is a category of its own."""
        absent = [name for name in self.structured_columns if name not in offers.columns]
        if absent:
            raise ValueError(
                f"offers lack the structured_columns {absent[:5]!r}; found "
                f"{[str(name) for name in offers.columns][:8]!r}."
            )
        return pd.DataFrame(
            {
                name: [_read_category(cell) for cell in offers[name]]
                for name in self.structured_columns
            },
            dtype=object,
        )


def _read_category(cell: Any) -> str:
    """Read a cell as a category: 75.0 and "75" are one."""
    if is_missing(cell):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
