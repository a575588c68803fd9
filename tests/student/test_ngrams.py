import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from jocas_themes.student._ngrams import (
    _CHARACTER_SCALE,
    _WORD_SCALE,
    SentenceNgrams,
)
from jocas_themes.student._sentences import fold_sentence, split_offers

TOKENS = ["un", "deux", "trois", "equipe,", "d'equipe", "a", "...", "€", "\x00", "\ud800", "absent"]
sentences_of_tokens = st.lists(
    st.lists(st.sampled_from(TOKENS), max_size=6).map(" ".join), min_size=1, max_size=6
)


def fit(sentences: list[str]) -> tuple[SentenceNgrams, sparse.csr_matrix]:
    ngrams = SentenceNgrams()
    return ngrams, ngrams.fit_transform(sentences)


def assert_identical(left: sparse.csr_matrix, right: sparse.csr_matrix) -> None:
    """Compare also the order in which entries are stored: sums depend on it, in the last bit."""
    assert left.shape == right.shape
    np.testing.assert_array_equal(left.indptr, right.indptr)
    np.testing.assert_array_equal(left.indices, right.indices)
    np.testing.assert_array_equal(left.data, right.data)


@pytest.fixture(scope="module")
def sentences(few: pd.DataFrame) -> list[str]:
    return split_offers(few["text"].head(30)).texts


@pytest.fixture(scope="module")
def fitted(sentences: list[str]) -> tuple[SentenceNgrams, sparse.csr_matrix]:
    return fit(sentences)


SMALL, _ = fit(
    ["un deux trois", "un deux trois", "equipe, d'equipe a", "equipe, d'equipe ...", "a"]
)


def test_by_hand() -> None:
    ngrams, matrix = fit(["du pain", "du pain", "lait"])
    # "lait" is in one sentence only, and is left out with all its pieces.
    assert ngrams.words_.get_feature_names_out().tolist() == ["du", "du pain", "pain"]
    assert ngrams.characters_.get_feature_names_out().tolist() == [
        *(" du", " du ", " pa", " pai", " pain", "ain", "ain ", "du ", "in ", "pai", "pain"),
        "pain ",
    ]
    # ln((1 + 3 sentences) / (1 + 2 of them)) + 1 = 1.2877, over the square root of two words.
    weight = 1.2877 / 1.4142
    np.testing.assert_allclose(matrix[[0]].toarray()[0, :3], _WORD_SCALE * weight, rtol=1e-4)
    np.testing.assert_allclose(matrix[[1]].toarray()[0, 3:], _CHARACTER_SCALE * weight, rtol=1e-4)
    assert matrix[[2]].nnz == 0


def test_repeated_words_count_each_time_and_long_sentences_less() -> None:
    ngrams, _ = fit(["du", "du", "du"])
    # In all sentences: the inverse document frequency is ln(4 / 4) + 1 = 1.
    row = ngrams.transform(["du du xx yy"]).toarray()[0]
    # Two of four words: 2 / sqrt(4) = 1
    np.testing.assert_allclose(row[0], _WORD_SCALE)
    np.testing.assert_allclose(row[1:], _CHARACTER_SCALE)


def test_where_nothing_is_in_two_sentences_all_is_kept() -> None:
    ngrams, matrix = fit(["un deux", "trois"])
    assert ngrams.words_.get_feature_names_out().tolist() == ["deux", "trois", "un", "un deux"]
    assert (matrix.getnnz(axis=1) > 0).all()


def test_transform_gives_what_fit_transform_gave(
    fitted: tuple[SentenceNgrams, sparse.csr_matrix], sentences: list[str]
) -> None:
    ngrams, matrix = fitted
    assert_identical(ngrams.transform(sentences), matrix)


def test_restored_ngrams_are_the_same(
    fitted: tuple[SentenceNgrams, sparse.csr_matrix], sentences: list[str]
) -> None:
    ngrams, matrix = fitted
    restored = SentenceNgrams.restore(
        words=ngrams.words_.get_feature_names_out().tolist(),
        characters=ngrams.characters_.get_feature_names_out().tolist(),
        weights=ngrams.weights_.tolist(),
    )
    assert_identical(restored.transform(sentences), matrix)


def test_characters_are_those_of_char_wb_on_whole_sentences(
    fitted: tuple[SentenceNgrams, sparse.csr_matrix], sentences: list[str]
) -> None:
    ngrams, matrix = fitted
    n_words = len(ngrams.words_.vocabulary_)
    whole = CountVectorizer(
        lowercase=False,
        analyzer="char_wb",
        ngram_range=(3, 5),
        vocabulary=ngrams.characters_.vocabulary_,
    ).transform(sentences)
    scale = np.sqrt([len(sentence.split()) for sentence in sentences])
    expected = whole.toarray() * ngrams.weights_[n_words:] / scale[:, None]
    np.testing.assert_allclose(matrix[:, n_words:].toarray(), expected, rtol=1e-12)


@given(sentences_of_tokens)
def test_the_character_part_is_a_sum_over_words(sentences: list[str]) -> None:
    n_words = len(SMALL.words_.get_feature_names_out())
    for sentence in sentences:
        tokens = sentence.split()
        whole = SMALL.transform([sentence]).toarray()[0, n_words:]
        alone = SMALL.transform(tokens or [""]).toarray()[:, n_words:]
        np.testing.assert_allclose(whole * np.sqrt(max(1, len(tokens))), alone.sum(axis=0))


@given(sentences_of_tokens, st.data())
def test_a_row_does_not_depend_on_the_other_sentences(
    sentences: list[str], data: st.DataObject
) -> None:
    places = data.draw(st.lists(st.sampled_from(range(len(sentences))), max_size=6))
    chosen = SMALL.transform([sentences[place] for place in places]) if places else None
    if chosen is not None:
        assert_identical(chosen, SMALL.transform(sentences)[places])


@pytest.mark.parametrize("size", [1, 7, 50])
def test_chunks_are_the_same_to_the_last_bit(
    fitted: tuple[SentenceNgrams, sparse.csr_matrix], sentences: list[str], size: int
) -> None:
    ngrams, matrix = fitted
    for start in range(0, len(sentences), size):
        part = slice(start, start + size)
        assert_identical(ngrams.transform(sentences[part]), matrix[part])


@pytest.mark.parametrize("sentence", ["", "inconnu", "\x00", "\ud800", "…", "\U0001f600"])
def test_a_sentence_without_a_known_piece_is_an_empty_row(sentence: str) -> None:
    row = SMALL.transform([fold_sentence(sentence)])
    assert row.shape == (1, len(SMALL.weights_))
    assert row.nnz == 0


def test_a_sentence_of_50_000_words_is_finite() -> None:
    row = SMALL.transform([" ".join(["un deux"] * 25_000)])
    # 25,000 / sqrt(50,000) times the weight, ln((1 + 5) / (1 + 2)) + 1 = 1.6931
    place = SMALL.words_.vocabulary_["deux"]
    assert row[0, place] == pytest.approx(_WORD_SCALE * 1.6931 * 111.803, rel=1e-4)
