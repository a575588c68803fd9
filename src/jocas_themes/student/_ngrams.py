"""Sentences as words and pieces of words, in a form whose scores are sums over words."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from jocas_themes.student._exact import TERM_BITS, round_to_bits

FloatArray = npt.NDArray[np.float64]

_MAX_NGRAMS = 150_000
_MIN_SENTENCES = 2
# Against each other, and against the penalty of the linear model: measured on real offers.
_WORD_SCALE = 0.12
_CHARACTER_SCALE = 0.028


class SentenceNgrams:
    """Turn folded sentences into one sparse matrix: n-grams of words, and of characters.

    Runs of one to three words, and of three to five characters inside words. Counts are
    multiplied by the inverse document frequency and divided by the square root of the number
    of words; no row is scaled to length one. A linear score of a sentence is then a sum over
    its words: what each adds can be shown, and need be computed once for each word.
    """

    words_: CountVectorizer
    characters_: CountVectorizer
    weights_: FloatArray

    @classmethod
    def restore(
        cls, *, words: Sequence[str], characters: Sequence[str], weights: FloatArray
    ) -> Self:
        """Build fitted n-grams out of what they had learnt."""
        ngrams = cls()
        ngrams.words_ = _make_words(words)
        ngrams.characters_ = _make_characters(characters)
        ngrams.weights_ = np.asarray(weights, dtype=np.float64)
        return ngrams

    def fit_transform(self, sentences: Sequence[str]) -> sparse.csr_matrix:
        """Learn which n-grams there are, and return the matrix of the same sentences."""
        words = _make_words(None)
        if not any(map(words.build_analyzer(), sentences)):  # no word in any sentence
            words = _make_words([""])
        counts = words.fit_transform(sentences)
        kept, word_weights = _choose(counts, _WORD_SCALE)
        names = words.get_feature_names_out()[kept]
        tokens, token_counts = _count_tokens(sentences)
        characters = _make_characters(None if len(tokens) > 1 else [""])
        pieces = token_counts @ characters.fit_transform(tokens)
        kept_pieces, piece_weights = _choose(pieces, _CHARACTER_SCALE)
        piece_names = characters.get_feature_names_out()[kept_pieces]
        self.words_ = _make_words(names)
        self.characters_ = _make_characters(piece_names)
        self.weights_ = np.concatenate([word_weights, piece_weights])
        return self._scale(counts[:, kept], pieces[:, kept_pieces], sentences)

    def transform(self, sentences: Sequence[str]) -> sparse.csr_matrix:
        """Return the matrix of sentences, of shape (n_sentences, n_features)."""
        tokens, token_counts = _count_tokens(sentences)
        pieces = token_counts @ self.characters_.transform(tokens)
        return self._scale(self.words_.transform(sentences), pieces, sentences)

    def score(self, sentences: Sequence[str], coefficients: FloatArray) -> FloatArray:
        """Multiply the matrix of sentences by coefficients of shape (n_features, n_themes).

        Token by token, as sums that are exact in any order.
        """
        terms = self.weigh(coefficients)
        n_words = len(self.words_.vocabulary)
        tokens, token_counts = _count_tokens(sentences)
        sums = self.words_.transform(sentences) @ terms[:n_words]
        sums += token_counts @ (self.characters_.transform(tokens) @ terms[n_words:])
        return np.asarray(sums / np.sqrt(_count_words(sentences))[:, None])

    def weigh(self, coefficients: FloatArray) -> FloatArray:
        """Return what one n-gram adds to scores, before the division by the sentence's length."""
        return round_to_bits(self.weights_[:, None] * coefficients, TERM_BITS)

    def _scale(
        self, words: sparse.csr_matrix, pieces: sparse.csr_matrix, sentences: Sequence[str]
    ) -> sparse.csr_matrix:
        counts = sparse.hstack([words, pieces], format="csr").astype(np.float64)
        counts.data *= self.weights_[counts.indices]
        counts.data /= np.repeat(np.sqrt(_count_words(sentences)), np.diff(counts.indptr))
        return counts


def _make_words(vocabulary: Sequence[str] | None) -> CountVectorizer:
    return CountVectorizer(lowercase=False, ngram_range=(1, 3), **_fix(vocabulary))


def _make_characters(vocabulary: Sequence[str] | None) -> CountVectorizer:
    return CountVectorizer(
        lowercase=False, analyzer="char_wb", ngram_range=(3, 5), **_fix(vocabulary)
    )


def _fix(vocabulary: Sequence[str] | None) -> dict[str, Any]:
    """Pass a vocabulary whose places are those of the names as they come."""
    if vocabulary is None:
        return {}
    return {"vocabulary": {name: place for place, name in enumerate(vocabulary)}}


def _choose(counts: sparse.csr_matrix, scale: float) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Keep the n-grams of two sentences or more, the most frequent ones, and weigh them."""
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    kept = np.flatnonzero(frequency >= min(_MIN_SENTENCES, frequency.max(initial=0)))
    if len(kept) > _MAX_NGRAMS:
        kept = np.sort(kept[np.argsort(-frequency[kept], kind="stable")[:_MAX_NGRAMS]])
    # As scikit-learn's TfidfTransformer has it.
    weights = np.log((1 + counts.shape[0]) / (1 + frequency[kept])) + 1
    return kept, scale * weights


def _count_words(sentences: Sequence[str]) -> npt.NDArray[np.int64]:
    """Count what lies between spaces, at least 1."""
    return np.array([text.count(" ") + 1 for text in sentences], dtype=np.int64)


def _count_tokens(sentences: Sequence[str]) -> tuple[list[str], sparse.csr_matrix]:
    """Return the distinct tokens, and how often each sentence holds each of them.

    N-grams of characters lie inside tokens, so that each token need be cut but once.
    """
    places: dict[str, int] = {"": 0}  # never empty, for the vectorizer
    columns = [
        places.setdefault(token, len(places)) for text in sentences for token in text.split()
    ]
    starts = np.cumsum([0, *(len(text.split()) for text in sentences)])
    counts = sparse.csr_matrix(
        (np.ones(len(columns), dtype=np.int64), columns, starts),
        shape=(len(sentences), len(places)),
    )
    counts.sum_duplicates()
    return list(places), counts
