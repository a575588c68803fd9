"""What the student sees of an offer: TF-IDF of its text, one-hot of its structured columns."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import TfidfVectorizer

from jocas_themes.offers import is_missing
from jocas_themes.offers.reading import UnreadableCells, settle_column, to_raw, to_text

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

    @classmethod
    def restore(
        cls, params: dict[str, Any], *, words: list[str], idf: Any, categories: dict[str, int]
    ) -> Self:
        """Build fitted features out of what they had learnt."""
        features = cls(**{name: params[name] for name in cls._get_param_names()})
        features.vectorizer_ = features._make_vectorizer()
        features.vectorizer_.vocabulary_ = {word: column for column, word in enumerate(words)}
        features.vectorizer_.idf_ = np.asarray(idf, dtype=np.float64)
        features.categories_ = categories
        return features

    def fit_transform(self, offers: pd.DataFrame) -> sparse.csr_matrix:
        """Learn words and categories, and return the matrix of the same offers."""
        self.vectorizer_ = self._make_vectorizer()
        try:
            words = self.vectorizer_.fit_transform(offers["text"])
        except ValueError as error:
            raise ValueError(
                f"the {len(offers)} offers share no words to learn from ({error}) Are the texts "
                f"empty? With very few offers, pass min_df=1."
            ) from error
        self.categories_ = self._learn_categories(offers)
        return self._add_structured(words, offers)

    def transform(self, offers: pd.DataFrame) -> sparse.csr_matrix:
        """Return the matrix of offers, of shape (n_offers, n_features)."""
        return self._add_structured(self.vectorizer_.transform(offers["text"]), offers)

    def find_categories(self, offers: pd.DataFrame) -> list[list[int]]:
        """Find the categories of each offer, as numbers from 0 on."""
        return [
            [self.categories_[name] for name in row if name in self.categories_]
            for row in self._iter_categories(offers)
        ]

    def get_feature_names_out(self) -> np.ndarray[Any, np.dtype[np.object_]]:
        """Return the words and the categories, in the order of the columns."""
        words = self.vectorizer_.get_feature_names_out()
        return np.concatenate([words, np.array(list(self.categories_), dtype=object)])

    def _make_vectorizer(self) -> TfidfVectorizer:
        return TfidfVectorizer(
            strip_accents="unicode",
            ngram_range=tuple(self.ngram_range),
            min_df=self.min_df,
            max_features=self.max_features,
            sublinear_tf=True,
        )

    def _learn_categories(self, offers: pd.DataFrame) -> dict[str, int]:
        """Give a number to each category, "column=value", that is frequent enough."""
        counts = Counter(name for row in self._iter_categories(offers) for name in row)
        names = sorted(name for name, count in counts.items() if count >= _MIN_CATEGORY_COUNT)
        return {name: position for position, name in enumerate(names)}

    def _add_structured(self, words: Any, offers: pd.DataFrame) -> sparse.csr_matrix:
        if not self.structured_columns:
            return words
        positions = self.find_categories(offers)
        starts = np.cumsum([0, *map(len, positions)])
        columns = np.fromiter(chain.from_iterable(positions), dtype=np.int64)
        one_hot = sparse.csr_matrix(
            (np.ones(len(columns)), columns, starts), shape=(len(offers), len(self.categories_))
        )
        return sparse.hstack([words, one_hot], format="csr")

    def _iter_categories(self, offers: pd.DataFrame) -> Iterator[list[str]]:
        """Yield each offer's categories, cells read as from a file; a missing cell has none."""
        absent = [name for name in self.structured_columns if name not in offers.columns]
        if absent:
            raise ValueError(
                f"offers lack the structured_columns {absent[:5]!r}; found "
                f"{[str(name) for name in offers.columns][:8]!r}."
            )
        unreadable = UnreadableCells()  # an unreadable figure has no category: nothing to say
        columns = [
            settle_column(name, to_raw(offers[name]), unreadable)
            for name in self.structured_columns
        ]
        for cells in zip(*columns, strict=True):
            yield [
                f"{name}={to_text(cell)}"
                for name, cell in zip(self.structured_columns, cells, strict=True)
                if not is_missing(cell)
            ]
