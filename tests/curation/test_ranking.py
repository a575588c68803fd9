"""Confident learning for one theme, by hand and beside cleanlab."""

import numpy as np
import pytest

from jocas_themes.curation._ranking import METHODS, rank_cells

NAN = float("nan")
# Present cells: the mean probability is (0.9 + 0.8 + 0.1) / 3 = 0.6. Absent cells: the mean of
# one minus the probability is (0.8 + 0.9 + 0.1 + 0.45) / 4 = 0.5625.
PRESENT = np.array([True, True, True, False, False, False, False])
PROBABILITIES = np.array([0.9, 0.8, 0.1, 0.2, 0.1, 0.9, 0.55])


def test_what_is_listed() -> None:
    # 0.9 for absence passes 0.5625, 0.9 for presence passes 0.6, and 0.55 does not.
    listed, score = rank_cells(PRESENT, PROBABILITIES, np.full(7, NAN), confidence_weight=0)
    assert listed.tolist() == [False, False, True, False, False, True, False]
    # Without the confidence, the score is the other label's probability.
    np.testing.assert_allclose(score, [0.1, 0.2, 0.9, 0.2, 0.1, 0.9, 0.55])


def test_the_other_label_must_be_the_likelier() -> None:
    # A rare theme that the student hardly knows: the mean of the present cells is 0.4, and the
    # absent cell at 0.45 passes it; but its own label is still likelier.
    present = np.array([True, True, False, False])
    probabilities = np.array([0.3, 0.5, 0.45, 0.1])
    listed, _ = rank_cells(present, probabilities, np.full(4, NAN), confidence_weight=0)
    assert not listed.any()


@pytest.mark.parametrize(
    ("confidence", "weight", "score"),
    [
        (60, 1, 6 / 7),  # odds 9, times 0.4 / 0.6
        (50, 1, 0.9),  # a guess: odds 9, times 1
        (20, 1, 0.9),  # no more than a guess
        (90, 1, 0.5),  # odds 9, times 0.1 / 0.9
        (99, 1, 0.5),  # no surer than 90
        (NAN, 1, 0.5),  # as sure as can be
        (90, 0.5, 0.75),  # odds 9, times 1 / 3
        (60, 0, 0.9),
    ],
)
def test_the_confidence_counts(confidence: float, weight: float, score: float) -> None:
    _, scores = rank_cells(PRESENT, PROBABILITIES, np.full(7, confidence), confidence_weight=weight)
    assert scores[5] == pytest.approx(score)


@pytest.mark.parametrize("label", [True, False])
def test_one_label_alone_contradicts_nothing(label: bool) -> None:
    listed, _ = rank_cells(
        np.full(3, label), np.array([0.0, 0.5, 1.0]), np.full(3, 90.0), confidence_weight=0.2
    )
    assert not listed.any()


def test_certain_probabilities_have_a_score() -> None:
    listed, score = rank_cells(
        np.array([True, True, True, False, False, False]),
        np.array([1.0, 1.0, 0.0, 0.0, 0.0, 1.0]),
        np.full(6, 50.0),
        confidence_weight=1,
    )
    assert listed.tolist() == [False, False, True, False, False, True]
    np.testing.assert_allclose(score[[2, 5]], 0.999)


def test_cleanlab_lists_and_ranks_the_same() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.beta(0.6, 1.2, 500)
    present = rng.random(500) < probabilities
    present ^= rng.random(500) < 0.1
    unknown = np.full(500, NAN)
    ours, scores = METHODS["confident_learning"](
        present, probabilities, unknown, confidence_weight=0
    )
    theirs, their_scores = METHODS["cleanlab"](present, probabilities, unknown, confidence_weight=0)
    assert ours.sum() > 30
    np.testing.assert_array_equal(ours, theirs)
    inside = (probabilities > 0.001) & (probabilities < 0.999)
    np.testing.assert_allclose(scores[inside], their_scores[inside])
