"""What each n-gram adds to a linear score, and where it stands in the folded text."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from jocas_themes.student._ngrams import SentenceNgrams
from jocas_themes.student._scores import OfferScores
from jocas_themes.student.explanation._places import Span

FloatArray = npt.NDArray[np.float64]

_N_REMEMBERED = 50_000


@dataclass(frozen=True, eq=False)
class Contributions:
    """What the n-grams of one text add to its scores, place by place.

    Parameters
    ----------
    terms : list of str, of n_places
        The n-grams; one that comes twice is there twice.
    spans : list of tuple of int, of n_places
        Where each lies in the folded text.
    values : ndarray of shape (n_places, n_themes)
        What each adds.
    """

    terms: list[str]
    spans: list[Span]
    values: FloatArray


class NgramWeights:
    """What n-grams add to the scores of sentences, the pieces of a word counted to the word.

    A piece goes to the word of its token that it shares most characters with, the first of
    equals. A token without a word, such as "à" or "35", stands for itself.
    """

    def __init__(self, ngrams: SentenceNgrams, coefficients: FloatArray) -> None:
        self._words: dict[str, int] = ngrams.words_.vocabulary
        self._pieces: dict[str, int] = ngrams.characters_.vocabulary
        self._lengths: tuple[int, int] = ngrams.words_.ngram_range
        self._piece_lengths: tuple[int, int] = ngrams.characters_.ngram_range
        self._word = re.compile(ngrams.words_.token_pattern)
        weights = ngrams.weigh(coefficients[: len(ngrams.weights_)])
        self._word_weights = weights[: len(self._words)]
        self._piece_weights = weights[len(self._words) :]
        # The same words come again and again.
        self._weigh_token = lru_cache(_N_REMEMBERED)(self._compute_token)

    def split(self, sentence: str) -> Contributions:
        """Split the score of a folded sentence; the sum over places is exact.

        Findings and the intercept come on top of it.
        """
        spans: list[Span] = []
        blocks = [np.empty((0, self._word_weights.shape[1]))]
        start = 0
        for token in sentence.split():
            words, values = self._weigh_token(token)
            spans.extend((start + first, start + last) for first, last in words)
            blocks.append(values)
            start += len(token) + 1
        terms = [sentence[first:last] for first, last in spans]
        runs = _find_runs(sentence, self._word, self._lengths, self._words)
        longer = [(term, span) for term, span in runs if " " in term]
        features = [self._words[term] for term, _ in longer]
        values = np.concatenate([*blocks, self._word_weights[features]])
        return Contributions(
            [*terms, *(term for term, _ in longer)],
            [*spans, *(span for _, span in longer)],
            values / np.sqrt(sentence.count(" ") + 1),
        )

    def weigh_words(self) -> tuple[list[str], FloatArray]:
        """Return all n-grams of words that were learnt, and what each adds: (n_terms, n_themes).

        Before the division by the square root of the sentence's words; a single word with its
        pieces, as where it stands between spaces.
        """
        terms = list(self._words)
        weights = self._word_weights[list(self._words.values())]
        for place, term in enumerate(terms):
            if " " not in term:
                weights[place] = self._weigh_token(term)[1][0]
        return terms, weights

    def _compute_token(self, token: str) -> tuple[list[Span], FloatArray]:
        """Return where the words of a token stand, and what each adds with its pieces."""
        words = [match.span() for match in self._word.finditer(token)] or [(0, len(token))]
        values = np.zeros((len(words), self._word_weights.shape[1]))
        for word, (start, end) in enumerate(words):
            feature = self._words.get(token[start:end])
            if feature is not None:
                values[word] += self._word_weights[feature]
        for (start, end), feature in self._find_pieces(token):
            shared = [min(end, last) - max(start, first) for first, last in words]
            values[shared.index(max(shared))] += self._piece_weights[feature]
        return words, values

    def _find_pieces(self, token: str) -> Iterator[tuple[Span, int]]:
        """Yield the known pieces of a token, as scikit-learn's "char_wb" cuts them."""
        padded = f" {token} "
        shortest, longest = self._piece_lengths
        for length in range(shortest, min(longest, len(padded)) + 1):
            for first in range(len(padded) - length + 1):
                feature = self._pieces.get(padded[first : first + length])
                if feature is not None:
                    yield (first - 1, first - 1 + length), feature


def find_sentence_models(scores: OfferScores) -> npt.NDArray[np.bool_]:
    """Say which themes have a sentence model: those with evidence to learn from."""
    if scores.sentences is None:
        return np.zeros(len(scores.themes), dtype=bool)
    return np.asarray(scores.sentences.coefficients.any(axis=0))


def split_text(
    vectorizer: TfidfVectorizer, folded: str, row: sparse.csr_matrix, coefficients: FloatArray
) -> Contributions:
    """Split the linear score of a whole offer over the words of its preprocessed text.

    The n-grams of one name share what their feature adds. Categories stand nowhere in the text,
    and are left out.
    """
    vocabulary: dict[str, int] = vectorizer.vocabulary_
    word = re.compile(vectorizer.token_pattern)
    runs = list(_find_runs(folded, word, vectorizer.ngram_range, vocabulary))
    counts = Counter(term for term, _ in runs)
    features = [vocabulary[term] for term, _ in runs]
    shares = np.array([1 / counts[term] for term, _ in runs])
    weights = row.toarray()[0, features] * shares
    return Contributions(
        [term for term, _ in runs],
        [span for _, span in runs],
        weights[:, None] * coefficients[features],
    )


def _find_runs(
    text: str, word: re.Pattern[str], lengths: tuple[int, int], known: Mapping[str, int]
) -> Iterator[tuple[str, Span]]:
    """Yield the known n-grams of words, and where they stand, as scikit-learn joins them."""
    words = [(match[0], *match.span()) for match in word.finditer(text)]
    for length in range(lengths[0], lengths[1] + 1):
        for first in range(len(words) - length + 1):
            run = words[first : first + length]
            term = " ".join(name for name, _, _ in run)
            if term in known:
                yield term, (run[0][1], run[-1][2])
