"""What carried a theme in an offer, as spans of the offer's text."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from jocas_themes.lexicon import LexiconEntry
from jocas_themes.student._classifier import ThemeClassifier
from jocas_themes.student._scores import weigh_findings
from jocas_themes.student._sentences import find_distinct, split_offers
from jocas_themes.student.explanation._contributions import (
    Contributions,
    NgramWeights,
    find_sentence_models,
    split_text,
)
from jocas_themes.student.explanation._places import Places, Span, trace_sentence, trace_text

FloatArray = npt.NDArray[np.float64]

# Themes are explained one after the other, and often share a sentence.
_N_REMEMBERED = 128


class Carrier(NamedTuple):
    """A span of an offer's text that carried a theme; see `Explanation`."""

    kind: str
    start: int
    end: int
    term: str | None
    contribution: float


class Carriers:
    """Find what carried themes: in sentences, or in the whole text where none were learnt from."""

    def __init__(
        self, student: ThemeClassifier, texts: Sequence[str], matrix: sparse.csr_matrix
    ) -> None:
        scores = student.offer_scores_
        n_themes = len(student.themes_)
        self._texts, self._matrix = texts, matrix
        self._text_coefficients = scores.text.coefficients
        self._vectorizer = student.features_.vectorizer_
        self._preprocess = self._vectorizer.build_preprocessor()
        self._constant = [model.estimator is None for model in student.models_]
        entries = {entry.code: entry for entry in scores.lexicon.entries} if scores.lexicon else {}
        self._entries = [entries.get(theme) for theme in student.themes_]
        self._sentences = split_offers(texts)
        self._offers = self._sentences.offers
        self._by_sentence = find_sentence_models(scores)
        distinct, places = find_distinct(self._sentences.texts)
        found = scores.find(distinct)
        self._found = None if found is None else found.toarray()[places] > 0
        self._finding_weights = np.full(n_themes, np.nan)
        if scores.ngrams is not None and scores.sentences is not None:
            coefficients = scores.sentences.coefficients
            self._ngrams = NgramWeights(scores.ngrams, coefficients)
            self._sentence_scores = scores.score_sentences(distinct, found)[places]
            if found is not None:
                added = np.diag(weigh_findings(coefficients[-n_themes:]))
                self._finding_weights[self._by_sentence] = added[self._by_sentence]
        self._split_sentence = lru_cache(_N_REMEMBERED)(self._compute_sentence)
        self._split_offer = lru_cache(1)(self._compute_offer)
        self._trace = lru_cache(_N_REMEMBERED)(self._trace_sentence)

    def find(self, offer: int, theme: int, top: int) -> Iterator[Carrier]:
        """Yield what carried a theme in an offer: sentence, n-grams, findings of the lexicon.

        A theme that is predicted the same for every offer is carried by nothing.
        """
        if self._constant[theme]:
            return
        first, last = self._sentences.starts[offer : offer + 2].tolist()
        if self._by_sentence[theme]:
            best = int(first + np.argmax(self._sentence_scores[first:last, theme]))
            start, end = self._sentences.spans[best].tolist()
            if start < end:
                score = float(self._sentence_scores[best, theme])
                yield Carrier("sentence", start, end, None, score)
                yield from _choose_ngrams(*self._split_sentence(best), theme, top)
        else:
            yield from _choose_ngrams(*self._split_offer(offer), theme, top)
        entry = self._entries[theme]
        if entry is not None and self._found is not None:
            for place in np.flatnonzero(self._found[first:last, theme]).tolist():
                yield from self._find_patterns(first + place, theme, entry)

    def _find_patterns(self, sentence: int, theme: int, entry: LexiconEntry) -> Iterator[Carrier]:
        """Yield what the lexicon finds in a sentence; spans share what it adds."""
        spans = entry.find_all(self._sentences.texts[sentence])
        for span in spans:
            start, end = self._trace(sentence).restore(span)
            added = float(self._finding_weights[theme] / len(spans))
            yield Carrier("pattern", start, end, None, added)

    def _compute_sentence(self, sentence: int) -> tuple[Contributions, Places]:
        return self._ngrams.split(self._sentences.texts[sentence]), self._trace(sentence)

    def _compute_offer(self, offer: int) -> tuple[Contributions, Places]:
        text = self._texts[offer]
        split = split_text(
            self._vectorizer, self._preprocess(text), self._matrix[offer], self._text_coefficients
        )
        return split, trace_text(text, self._preprocess)

    def _trace_sentence(self, sentence: int) -> Places:
        text = self._texts[self._offers[sentence]]
        return trace_sentence(text, self._sentences.spans[sentence].tolist())


def _choose_ngrams(split: Contributions, places: Places, theme: int, top: int) -> Iterator[Carrier]:
    """Yield the n-grams that add most, each wherever it stands and adds something."""
    values = split.values[:, theme].tolist()
    totals: dict[str, float] = defaultdict(float)
    standing: dict[str, list[tuple[Span, float]]] = defaultdict(list)
    for term, span, value in zip(split.terms, split.spans, values, strict=True):
        totals[term] += value
        if value > 0:
            standing[term].append((span, value))
    for term in sorted(standing, key=totals.__getitem__, reverse=True)[:top]:
        for span, value in standing[term]:
            yield Carrier("ngram", *places.restore(span), term, value)
