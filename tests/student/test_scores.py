import numpy as np
import pandas as pd
import pytest

from jocas_themes.lexicon import Lexicon
from jocas_themes.student._features import OfferFeatures
from jocas_themes.student._linear import Fold
from jocas_themes.student._scores import OfferScores, fit_scores
from jocas_themes.student._targets import Targets

LEXICON = Lexicon.from_toml(r"""
[REMOTE]
present = ['teletravail\w*']
confidence_present = 60
confidence_absent = 70
""")
# Twelve offers in three folds; every second one has REMOTE, every third PAY.
LABELS = np.array([[n % 2 == 0, n % 3 == 0] for n in range(12)], dtype=float)
TEXTS = pd.Series(
    [
        f"Poste numéro {n}.\n"
        + ("Télétravail deux jours.\nTélétravail possible.\n" if n % 2 == 0 else "Sur site.\n")
        + ("Salaire motivant." if n % 3 == 0 else "CDI à Lyon.")
        for n in range(12)
    ],
    index=range(100, 112),
)
EVIDENCE = np.array(
    [
        [
            "Télétravail deux jours" if n % 2 == 0 else None,
            "Salaire motivant" if n % 3 == 0 else None,
        ]
        for n in range(12)
    ],
    dtype=object,
)
FOLDS: list[Fold] = [
    (np.flatnonzero(np.arange(12) // 4 != k), np.flatnonzero(np.arange(12) // 4 == k))
    for k in range(3)
]
FEATURES = OfferFeatures(structured_columns=(), ngram_range=(1, 1), min_df=1, max_features=None)
MATRIX = FEATURES.fit_transform(pd.DataFrame({"text": TEXTS}))


def fit(
    labels: np.ndarray = LABELS,
    evidence: np.ndarray | None = EVIDENCE,
    lexicon: Lexicon | None = LEXICON,
    weights: np.ndarray | None = None,
    n_jobs: int | None = 1,
) -> tuple[OfferScores, np.ndarray]:
    weights = np.ones(labels.shape) if weights is None else weights
    targets = Targets(("REMOTE", "PAY"), labels, weights, evidence)
    return fit_scores(MATRIX, TEXTS, targets, lexicon, FOLDS, n_jobs=n_jobs)


@pytest.mark.parametrize(
    ("evidence", "lexicon", "names"),
    [
        (EVIDENCE, LEXICON, ("text", "largest", "runner-up", "sum", "lexicon")),
        (EVIDENCE, None, ("text", "largest", "runner-up", "sum")),
        (None, LEXICON, ("text", "lexicon")),
        (None, None, ("text",)),
    ],
)
def test_what_there_is_to_learn_from_decides_on_the_scores(
    evidence: np.ndarray | None, lexicon: Lexicon | None, names: tuple[str, ...]
) -> None:
    fitted, values = fit(evidence=evidence, lexicon=lexicon)
    assert fitted.names == names
    assert values.shape == fitted.score(MATRIX, TEXTS).shape == (12, 2, len(names))
    assert np.isfinite(values).all()


def test_a_finding_is_counted_once_a_sentence() -> None:
    fitted, values = fit()
    # Two sentences: log(1 + 2) = 1.0986. PAY is unknown to the lexicon.
    expected = np.column_stack([np.tile([1.0986, 0], 6), np.zeros(12)])
    np.testing.assert_allclose(values[:, :, 4], expected, atol=1e-4)
    np.testing.assert_allclose(fitted.score(MATRIX, TEXTS)[:, :, 4], expected, atol=1e-4)


def test_sentences_tell_the_themes_out_of_fold() -> None:
    _, values = fit()
    for theme in range(2):
        largest = values[:, theme, 1]
        assert largest[LABELS[:, theme] == 1].min() > largest[LABELS[:, theme] == 0].max()


def test_the_sentence_of_the_evidence_scores_highest() -> None:
    fitted, _ = fit(lexicon=None)
    scores = fitted.score_sentences(
        ["teletravail deux jours.", "salaire motivant.", "sur site"], None
    )
    assert scores.argmax(axis=0).tolist() == [0, 1]
    assert (scores[2] < 0).all()


@pytest.mark.parametrize("evidence", [EVIDENCE, None])
def test_an_offer_s_label_does_not_reach_the_scores_of_its_own_fold(
    evidence: np.ndarray | None,
) -> None:
    _, values = fit(evidence=evidence)
    for offer in (0, 5, 11):
        flipped = LABELS.copy()
        flipped[offer] = 1 - flipped[offer]
        _, others = fit(labels=flipped, evidence=evidence)
        fold = np.arange(12) // 4 == offer // 4
        np.testing.assert_array_equal(others[fold], values[fold])
        assert (others[~fold] != values[~fold]).any()


def test_scores_do_not_depend_on_what_else_is_scored() -> None:
    fitted, _ = fit()
    together = fitted.score(MATRIX, TEXTS)
    for part in (slice(0, 1), slice(3, 8), slice(11, 5, -1)):
        np.testing.assert_array_equal(fitted.score(MATRIX[part], TEXTS[part]), together[part])


def test_evidence_that_is_nowhere_teaches_nothing_but_does_no_harm() -> None:
    absent = np.where(EVIDENCE == None, None, "Nulle part dans le texte")  # noqa: E711
    fitted, values = fit(evidence=absent)
    # Only negatives are known of sentences: all score -1.
    assert (fitted.sentences.intercepts == -1).all()
    np.testing.assert_array_equal(values[:, :, 1:3], -1)
    text_alone, _ = fit(evidence=None)
    np.testing.assert_array_equal(fitted.text.coefficients, text_alone.text.coefficients)


def test_a_positive_without_evidence_teaches_whole_offers_only() -> None:
    gold = EVIDENCE.copy()
    gold[6:] = None
    fitted, values = fit(evidence=gold)
    every, _ = fit()
    np.testing.assert_array_equal(fitted.text.coefficients, every.text.coefficients)
    assert (fitted.sentences.coefficients != every.sentences.coefficients).any()
    assert np.isfinite(values).all()


def test_cells_that_weigh_nothing_teach_nothing() -> None:
    weights = np.ones((12, 2))
    weights[:, 1] = 0
    fitted, values = fit(weights=weights)
    assert fitted.text.intercepts[1] == fitted.sentences.intercepts[1] == -1
    np.testing.assert_array_equal(values[:, 1, :3], -1)


def test_hostile_texts_are_scored() -> None:
    fitted, _ = fit()
    odd = ["", "\x00", "\ud800", "\u200b" * 5, ". • ", "x " * 50_000, "<br>"]
    texts = pd.Series(odd, dtype=object)
    matrix = FEATURES.transform(pd.DataFrame({"text": texts}))
    scores = fitted.score(matrix, texts)
    assert scores.shape == (7, 2, 5)
    assert np.isfinite(scores).all()


def test_sentences_without_any_word_are_learnt_from_as_whole_texts() -> None:
    # Lines of two letters are no sentences, and sentences of single letters have no words.
    texts = pd.Series(["RH\nIT", "a b c"] * 4)
    matrix = FEATURES.transform(pd.DataFrame({"text": texts}))
    labels, evidence = np.array([[1.0], [0.0]] * 4), np.array([["RH"], [None]] * 4, dtype=object)
    targets = Targets(("A",), labels, np.ones((8, 1)), evidence)
    folds = [(np.arange(4), np.arange(4, 8)), (np.arange(4, 8), np.arange(4))]
    _, values = fit_scores(matrix, texts, targets, None, folds, n_jobs=1)
    assert np.isfinite(values).all()


def test_scores_do_not_depend_on_the_number_of_jobs() -> None:
    np.testing.assert_array_equal(fit(n_jobs=2)[1], fit(n_jobs=1)[1])
