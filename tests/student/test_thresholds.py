import numpy as np
import pandas as pd
import pytest

from jocas_themes import evaluate_themes
from jocas_themes.errors import JocasThemesWarning
from jocas_themes.student._targets import Targets
from jocas_themes.student._thresholds import choose_thresholds, summarise_scores

NAN = np.nan
PROBABILITIES = np.array([[0.9, 0.9], [0.6, 0.8], [0.2, 0.7], [0.1, 0.6]])


def make_targets(labels: object) -> Targets:
    cells = np.array(labels, dtype=float)
    return Targets(("A", "B")[: cells.shape[1]], cells, np.ones(cells.shape), None)


def test_by_hand() -> None:
    # A, of sum 1.8: one 1.8 / 2.8 = 0.643, two 3 / 3.8 = 0.789, three 3.4 / 4.8 = 0.708.
    # B, of sum 3: 1.8 / 4, 3.4 / 5, 4.8 / 6, 6 / 7 = 0.857: all of them.
    targets = make_targets([[1, 1], [1, 0], [0, 1], [0, 0]])
    np.testing.assert_allclose(choose_thresholds(PROBABILITIES, targets, None), [0.4, 0.3])


def test_a_precision_by_hand() -> None:
    # Means of what is predicted: A 0.9, 0.75, 0.567, 0.45; B 0.9, 0.85, 0.8, 0.75.
    targets = make_targets([[1, 1], [1, 0], [0, 1], [0, 0]])
    assert choose_thresholds(PROBABILITIES, targets, 0.6).tolist() == [0.6, 0.6]
    assert choose_thresholds(PROBABILITIES, targets, 0.82).tolist() == [0.9, 0.8]


def test_a_precision_out_of_reach_is_told() -> None:
    targets = make_targets([[1, 0], [1, 0], [0, 1], [0, 0]])
    with pytest.warns(JocasThemesWarning, match=r"precision of 0\.95 .* \['A', 'B'\] \(2 themes\)"):
        thresholds = choose_thresholds(PROBABILITIES, targets, 0.95)
    assert thresholds.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("precision", [None, 0.9])
def test_one_class_has_one_half(precision: float | None) -> None:
    targets = make_targets([[1, NAN], [1, 0], [1, 0], [1, NAN]])
    assert choose_thresholds(PROBABILITIES, targets, precision).tolist() == [0.5, 0.5]


@pytest.mark.parametrize("precision", [None, 0.6])
def test_unknown_cells_and_offers_without_probability_do_not_count(
    precision: float | None,
) -> None:
    known = make_targets([[1], [1], [0], [0]])
    expected = choose_thresholds(PROBABILITIES[:, :1], known, precision)
    probabilities = np.array([[0.9], [0.6], [0.2], [0.1], [0.55], [NAN]])
    more = make_targets([[1], [1], [0], [0], [NAN], [1]])
    np.testing.assert_array_equal(choose_thresholds(probabilities, more, precision), expected)


def test_scores_are_those_of_the_cells_that_have_both() -> None:
    targets = make_targets([[1, 1], [1, 0], [0, NAN], [0, 0]])
    probabilities = np.array([[0.9, 0.9], [0.6, 0.8], [0.7, 0.7], [NAN, 0.1]])
    scores = summarise_scores(probabilities, targets, np.array([0.65, 0.5]))
    # A: 0.9 right, 0.6 missed, 0.7 wrong, the last unseen: precision 1/2, recall 1/2.
    # B: 0.9 right, 0.8 wrong, 0.1 rightly not: precision 1/2, recall 1.
    assert scores.loc["A", ["precision", "recall", "support", "n_offers"]].tolist() == [
        *(0.5, 0.5, 2, 3),
    ]
    assert scores.loc["B", ["precision", "recall", "support", "n_offers"]].tolist() == [
        *(0.5, 1.0, 1, 3),
    ]
    whole = summarise_scores(PROBABILITIES, targets, np.array([0.65, 0.5]))
    pd.testing.assert_frame_equal(
        whole[["precision", "recall", "f1"]],
        evaluate_themes(targets.labels, PROBABILITIES, thresholds=[0.65, 0.5], themes=["A", "B"])[
            ["precision", "recall", "f1"]
        ],
    )
