import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from jocas_themes import ThemeClassifier
from jocas_themes.student._ngrams import SentenceNgrams
from jocas_themes.student._scores import OfferScores, weigh_findings
from jocas_themes.student._sentences import split_offers
from jocas_themes.student.explanation._contributions import NgramWeights, split_text

WORDS = [
    "Vous",
    "encadrez",
    "une",
    "équipe",
    "de",
    "12",
    "vendeurs",
    "télétravail",
    "équipe",
    "l'équipe",
    "tickets-restaurant",
    "mutuelle,",
    "13e",
    "mois",
    "(RTT)",
    "à",
    "35h",
    "d'été",
    "cœur",
    "ﬁxe",
    "½",
    "—",
    "…",
    "\u200b",
    "\n",
    ".",
    "salarié·e·s",
    "travail/famille",
]
OFFERS = st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)


@pytest.fixture
def weights() -> NgramWeights:
    """One theme; every n-gram adds what is written beside it."""
    words = {"equipe": 1.0, "une equipe": 10.0}
    pieces = {" l'": 100.0, "'eq": 1000.0, "ipe": 10_000.0, " a ": 100_000.0}
    ngrams = SentenceNgrams.restore(
        words=list(words), characters=list(pieces), weights=np.ones(len(words) + len(pieces))
    )
    return NgramWeights(ngrams, np.array([[*words.values(), *pieces.values()]]).T)


def split(weights: NgramWeights, sentence: str) -> list[tuple[str, tuple[int, int], float]]:
    found = weights.split(sentence)
    values = (found.values[:, 0] * np.sqrt(sentence.count(" ") + 1)).round(6).tolist()
    return list(zip(found.terms, found.spans, values, strict=True))


def test_pieces_count_to_the_word_that_they_lie_in(weights: NgramWeights) -> None:
    # "equipe" has its own 1 and its piece "ipe"; "l'" is no word, so that the token's only
    # word takes its pieces too. Each "une equipe" adds 10 where it stands.
    assert split(weights, "une l'equipe") == [
        ("une", (0, 3), 0.0),
        ("equipe", (6, 12), 11_101.0),
        ("une equipe", (0, 12), 10.0),
    ]


def test_a_token_without_a_word_stands_for_itself(weights: NgramWeights) -> None:
    assert split(weights, "a ipe") == [("a", (0, 1), 100_000.0), ("ipe", (2, 5), 10_000.0)]


def test_a_piece_goes_to_the_word_it_shares_most_with(weights: NgramWeights) -> None:
    # "'eq" shares two characters with "equipe", none with "une".
    assert split(weights, "une'equipe") == [
        ("une", (0, 3), 0.0),
        ("equipe", (4, 10), 11_001.0),
        ("une equipe", (0, 10), 10.0),
    ]


def test_an_ngram_that_comes_twice_adds_twice(weights: NgramWeights) -> None:
    spans = [span for term, span, _ in split(weights, "equipe, equipe") if term == "equipe"]
    assert spans == [(0, 6), (8, 14)]


def test_nothing_adds_to_an_empty_sentence(weights: NgramWeights) -> None:
    assert split(weights, "") == []


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_the_score_of_a_sentence_is_the_sum(student: ThemeClassifier, data: st.DataObject) -> None:
    check_sums(student.offer_scores_, data.draw(OFFERS))


def test_the_sums_hold_for_whole_offers(student: ThemeClassifier, annotated) -> None:
    for text in annotated["text"].head(20):
        check_sums(student.offer_scores_, text)


def check_sums(scores: OfferScores, text: str) -> None:
    assert scores.ngrams is not None
    assert scores.sentences is not None
    sentences = split_offers([text])
    found = scores.find(sentences.texts)
    expected = scores.score_sentences(sentences.texts, found)
    ngrams = NgramWeights(scores.ngrams, scores.sentences.coefficients)
    findings = found @ weigh_findings(scores.sentences.coefficients[-len(scores.themes) :])
    for place, sentence in enumerate(sentences.texts):
        added = ngrams.split(sentence)
        total = scores.sentences.intercepts + added.values.sum(axis=0) + findings[place]
        np.testing.assert_allclose(total, expected[place], rtol=0, atol=1e-12)
        for term, span in zip(added.terms, added.spans, strict=True):
            piece = sentence[slice(*span)]
            assert term == piece or term.split(" ") == re.findall(r"\w\w+", piece)


def test_words_of_a_whole_text_share_what_their_feature_adds() -> None:
    vectorizer = TfidfVectorizer(strip_accents="unicode", ngram_range=(1, 2))
    vectorizer.fit(["une équipe unie"])
    text = "unie, une equipe unie"
    row = sparse.csr_matrix(vectorizer.transform([text]))
    columns = vectorizer.vocabulary_
    coefficients = np.zeros((len(columns), 1))
    coefficients[columns["unie"]] = 2.0
    added = split_text(vectorizer, text, row, coefficients)
    places = dict(zip(added.spans, added.values[:, 0], strict=True))
    each = row[0, columns["unie"]] * 2.0 / 2
    assert places[0, 4] == places[17, 21] == pytest.approx(each)
    assert added.values.sum() == pytest.approx(2 * each)


def test_the_score_of_a_whole_text_is_the_sum(plain_student: ThemeClassifier, annotated) -> None:
    features, linear = plain_student.features_, plain_student.offer_scores_.text
    vectorizer = features.vectorizer_
    matrix = features.transform(annotated)
    expected = linear.score(matrix)
    for place, text in enumerate(annotated["text"].head(20)):
        folded = vectorizer.build_preprocessor()(text)
        added = split_text(vectorizer, folded, matrix[place], linear.coefficients)
        total = linear.intercepts + added.values.sum(axis=0)
        np.testing.assert_allclose(total, expected[place], rtol=0, atol=1e-4)
