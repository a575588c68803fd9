"""A fitted student as the kernel's: the same figures to the last bit, many times as fast."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from jocas_themes._native import load_kernel
from jocas_themes.student._exact import COEFFICIENT_BITS, TERM_BITS, round_to_bits
from jocas_themes.student._features import OfferFeatures
from jocas_themes.student._pooling import LARGEST_SCORE, SHARPNESS
from jocas_themes.student._scores import OfferScores, weigh_findings
from jocas_themes.student._themes import ThemeModel
from jocas_themes.student.kernel._patterns import (
    compile_patterns,
    make_class_page,
)
from jocas_themes.student.kernel._tables import make_sentence_page, make_word_page
from jocas_themes.student.kernel._trees import build_forest

FloatArray = npt.NDArray[np.float64]

# Logarithms of counts are handed over, as libraries differ in their last bits. A text in which
# something comes more often is judged by Python.
_N_COUNTS = 4_096
# How many texts, sentences and tokens all threads together remember: some 25 MB with
# six themes, and fewer with more themes.
_N_TEXTS = 1 << 16
_N_SENTENCES = 1 << 17
_N_TOKENS = 1 << 17
_MAX_THEMES = 64


class UnsupportedStudentError(Exception):
    """The kernel cannot follow a student; Python can."""


def compile_student(
    features: OfferFeatures,
    scores: OfferScores,
    models: Sequence[ThemeModel],
    *,
    n_texts: int = _N_TEXTS,
    n_sentences: int = _N_SENTENCES,
    n_tokens: int = _N_TOKENS,
) -> Any | None:
    """Build the kernel's form of a student, None where there is no kernel or it cannot follow."""
    kernel = load_kernel()
    if kernel is None or len(models) > _MAX_THEMES:
        return None
    n_columns = len(features.vectorizer_.vocabulary_) + len(features.categories_)
    forest = build_forest(models, len(scores.names), n_columns)
    if forest is None:
        return None
    builder = kernel.StudentBuilder(make_word_page, make_sentence_page, make_class_page)
    try:
        _set_text(builder, features, scores)
        _set_sentences(builder, scores)
    except UnsupportedStudentError:
        return None
    for model in models:
        if model.estimator is None:
            builder.add_constant()
        else:
            builder.add_line(float(model.intercept), _to_floats(model.coefficients))
    share = 6 / max(6, len(models))
    return builder.build(forest, *(int(n * share) for n in (n_texts, n_sentences, n_tokens)))


def _set_text(builder: Any, features: OfferFeatures, scores: OfferScores) -> None:
    """Hand over what the features of a whole text are, and their linear scores."""
    vectorizer = features.vectorizer_
    counts = np.arange(_N_COUNTS, dtype=np.float64)
    counts[0] = 1.0  # never asked for
    shortest, longest = features.ngram_range
    builder.set_text(
        _list_names(vectorizer.vocabulary_),
        _to_floats(vectorizer.idf_),
        np.log(counts) + 1.0,
        shortest,
        longest,
        len(features.categories_),
    )
    if scores.names:
        coefficients = _to_units(scores.text.coefficients, COEFFICIENT_BITS)
        builder.set_text_weights(coefficients, _to_floats(scores.text.intercepts))


def _set_sentences(builder: Any, scores: OfferScores) -> None:
    """Hand over what is looked for in sentences, and their scores."""
    if scores.lexicon is not None:
        patterns = compile_patterns(scores.lexicon, scores.themes)
        if patterns is None:
            raise UnsupportedStudentError
        builder.set_patterns(patterns, np.log1p(np.arange(_N_COUNTS, dtype=np.float64)))
    if scores.ngrams is None or scores.sentences is None:
        return
    ngrams, coefficients = scores.ngrams, scores.sentences.coefficients
    n_runs, n_ngrams = len(ngrams.words_.vocabulary), len(ngrams.weights_)
    terms = _to_units(ngrams.weigh(coefficients[:n_ngrams]), TERM_BITS)
    builder.set_sentence_weights(
        _list_names(ngrams.words_.vocabulary),
        ngrams.words_.ngram_range[1],
        _list_names(ngrams.characters_.vocabulary),
        ngrams.characters_.ngram_range,
        terms[: n_runs * len(scores.themes)],
        terms[n_runs * len(scores.themes) :],
        _to_floats(weigh_findings(coefficients[n_ngrams:])),
        _to_floats(scores.sentences.intercepts),
    )
    builder.set_pooling(SHARPNESS, LARGEST_SCORE)


def _list_names(vocabulary: dict[str, int]) -> pa.Array:
    """List n-grams in the order of their columns."""
    try:
        return pa.array(sorted(vocabulary, key=vocabulary.__getitem__), pa.large_string())
    except UnicodeEncodeError as error:  # learnt from texts with lone surrogates
        raise UnsupportedStudentError from error


def _to_floats(values: Any) -> FloatArray:
    return np.ascontiguousarray(values, dtype=np.float64).ravel()


def _to_units(values: FloatArray, bits: int) -> npt.NDArray[np.int32]:
    """Write multiples of ``2 ** -bits`` as whole numbers."""
    units = round_to_bits(values, bits).ravel() * 2.0**bits
    if not np.abs(units).max(initial=0) <= np.iinfo(np.int32).max:  # nor NaN
        raise UnsupportedStudentError
    return units.astype(np.int32)
