"""The scores of an offer: of its whole text, of its sentences, and what a lexicon finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from jocas_themes.lexicon import Lexicon
from jocas_themes.student._evidence import locate_evidence
from jocas_themes.student._exact import TERM_BITS, round_to_bits
from jocas_themes.student._findings import find_patterns
from jocas_themes.student._linear import Fold, LinearScores, fit_linear
from jocas_themes.student._ngrams import SentenceNgrams
from jocas_themes.student._pooling import pool_scores
from jocas_themes.student._sentences import Sentences, find_distinct, split_offers
from jocas_themes.student._targets import Targets

FloatArray = npt.NDArray[np.float64]

# Penalties of the linear models and the weight of a finding beside words: measured.
_C_OFFERS = 0.3
_C_SENTENCES = 1.0
FINDING_SCALE = 0.5


@dataclass(frozen=True, eq=False)
class OfferScores:
    """What turns offers into a few scores a theme.

    Parameters
    ----------
    themes : tuple of str
        The theme codes.
    text : LinearScores
        Of the features of the whole offer.
    lexicon : Lexicon or None
        Whose findings are counted.
    ngrams : SentenceNgrams or None
        Of sentences; None where no evidence was learnt from.
    sentences : LinearScores or None
        Of the n-grams, then of the lexicon's findings.
    """

    themes: tuple[str, ...]
    text: LinearScores
    lexicon: Lexicon | None
    ngrams: SentenceNgrams | None
    sentences: LinearScores | None

    @property
    def names(self) -> tuple[str, ...]:
        """Return what the scores are called, in order."""
        pooled = ("largest", "runner-up", "sum") if self.sentences is not None else ()
        return ("text", *pooled, *(("lexicon",) if self.lexicon is not None else ()))

    def score(self, matrix: sparse.csr_matrix, texts: pd.Series) -> FloatArray:
        """Score offers: shape (n_offers, n_themes, n_scores)."""
        parts = [self.text.score(matrix)[:, :, None]]
        if self.lexicon is None and self.sentences is None:
            return parts[0]
        sentences = split_offers(texts)
        # Boards and employers repeat themselves: a third of all sentences are there twice.
        distinct, places = find_distinct(sentences.texts)
        found = self.find(distinct)
        if self.sentences is not None:
            scores = self.score_sentences(distinct, found)[places]
            parts.append(pool_scores(scores, sentences.starts))
        if found is not None:
            parts.append(_count(found[places], sentences)[:, :, None])
        return np.concatenate(parts, axis=2)

    def find(self, sentences: Sequence[str]) -> sparse.csr_matrix | None:
        """Say what the lexicon finds in each folded sentence, if there is a lexicon."""
        return find_patterns(self.lexicon, self.themes, sentences) if self.lexicon else None

    def score_sentences(
        self, sentences: Sequence[str], found: sparse.csr_matrix | None
    ) -> FloatArray:
        """Score folded sentences: shape (n_sentences, n_themes)."""
        assert self.ngrams is not None
        assert self.sentences is not None
        coefficients, n_ngrams = self.sentences.coefficients, len(self.ngrams.weights_)
        scores = self.ngrams.score(sentences, coefficients[:n_ngrams])
        if found is not None:
            scores += found @ weigh_findings(coefficients[n_ngrams:])
        return scores + self.sentences.intercepts


def fit_scores(
    matrix: sparse.csr_matrix,
    texts: pd.Series,
    targets: Targets,
    lexicon: Lexicon | None,
    folds: Sequence[Fold],
    *,
    n_jobs: int | None,
) -> tuple[OfferScores, FloatArray]:
    """Learn the scores, and return them with those of the same offers, out of fold."""
    fit = partial(fit_linear, n_jobs=n_jobs)
    text, scores = fit(matrix, targets.labels, targets.weights, folds, C=_C_OFFERS)
    parts = [scores[:, :, None]]
    ngrams = sentence_scores = None
    if lexicon is not None or targets.evidence is not None:
        sentences = split_offers(texts)
        found = None
        if lexicon is not None:
            distinct, places = find_distinct(sentences.texts)
            found = find_patterns(lexicon, targets.themes, distinct)[places]
        if targets.evidence is not None:
            ngrams = SentenceNgrams()
            of_sentences = _join(ngrams.fit_transform(sentences.texts), found)
            sentence_scores, scores = fit(
                of_sentences,
                locate_evidence(sentences, targets.labels, targets.evidence),
                targets.weights[sentences.offers],
                _expand(folds, sentences),
                C=_C_SENTENCES,
            )
            parts.append(pool_scores(scores, sentences.starts))
        if found is not None:
            parts.append(_count(found, sentences)[:, :, None])
    fitted = OfferScores(targets.themes, text, lexicon, ngrams, sentence_scores)
    return fitted, np.concatenate(parts, axis=2)


def weigh_findings(coefficients: FloatArray) -> FloatArray:
    """Return what one finding adds to the score of a sentence."""
    return round_to_bits(FINDING_SCALE * coefficients, TERM_BITS)


def _join(ngrams: sparse.csr_matrix, found: sparse.csr_matrix | None) -> sparse.csr_matrix:
    if found is None:
        return ngrams
    return sparse.hstack([ngrams, FINDING_SCALE * found], format="csr")


def _count(found: sparse.csr_matrix, sentences: Sentences) -> FloatArray:
    """Count the sentences with a finding, on a log scale: shape (n_offers, n_themes)."""
    return np.log1p(np.add.reduceat(found.toarray(), sentences.starts[:-1], axis=0))


def _expand(folds: Sequence[Fold], sentences: Sentences) -> list[Fold]:
    """Turn folds of offers into folds of their sentences."""
    in_fold = np.zeros((len(folds), len(sentences.starts) - 1), dtype=bool)
    for number, (_, test) in enumerate(folds):
        in_fold[number, test] = True
    by_sentence = in_fold[:, sentences.offers]
    return [(np.flatnonzero(~tested), np.flatnonzero(tested)) for tested in by_sentence]
