"""`compute_score_intervals`: the figures of `evaluate_themes`, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from jocas_themes.evaluation import compute_score_intervals, evaluate_themes

NAN = np.nan
TRUTH = np.array([[1, 0], [1, NAN], [0, 1], [0, 0], [NAN, 1]])
PREDICTED = np.array([[1, 0], [0, 1], [1, 1], [0, 1], [1, 0]])
COLUMNS = ["theme", "precision", "recall", "f1", "f1_low", "f1_high", "support", "n_offers"]


def test_figures_are_those_of_evaluate_themes() -> None:
    table = compute_score_intervals(TRUTH, PREDICTED, themes=["A", "B"])
    assert table.columns.tolist() == COLUMNS
    assert table["theme"].tolist() == ["A", "B", "micro", "macro"]
    figures = ["precision", "recall", "f1", "support", "n_offers"]
    expected = evaluate_themes(TRUTH, PREDICTED, themes=["A", "B"])
    pd.testing.assert_frame_equal(table.set_index("theme")[figures], expected[figures])
    assert (table["f1_low"] <= table["f1"]).all()
    assert (table["f1"] <= table["f1_high"]).all()


def test_intervals_by_hand() -> None:
    # Two offers, a hit and a miss. Drawn: two hits (1 of 4 times), one each, two misses: F1 of
    # 1, 2/3 and 0. Of 1,000 draws some 250 are at either end.
    table = compute_score_intervals([1, 1], [1, 0], themes=["A"])
    assert table["f1"].tolist() == pytest.approx([2 / 3] * 3)
    assert table[["f1_low", "f1_high"]].to_numpy().tolist() == [[0, 1]] * 3
    half = compute_score_intervals([1, 1], [1, 0], themes=["A"], level=0.4)
    assert half[["f1_low", "f1_high"]].to_numpy().ravel() == pytest.approx([2 / 3] * 6)


def test_macro_is_the_mean_of_the_themes_in_each_draw() -> None:
    # A is always right and B never: the mean of the two is 1/2 in every draw of both.
    truth = np.ones((20, 2))
    predicted = np.tile([1, 0], (20, 1))
    table = compute_score_intervals(truth, predicted, themes=["A", "B"]).set_index("theme")
    assert table.loc["macro", ["f1", "f1_low", "f1_high"]].tolist() == [0.5, 0.5, 0.5]
    assert table.loc["A", ["f1_low", "f1_high"]].tolist() == [1, 1]


def test_clusters_widen() -> None:
    rng = np.random.default_rng(0)
    truth = np.repeat((rng.random(60) < 0.5).astype(float), 5)
    predicted = np.repeat((rng.random(60) < 0.5).astype(float), 5)
    alone = compute_score_intervals(truth, predicted)
    together = compute_score_intervals(truth, predicted, clusters=np.repeat(np.arange(60), 5))
    widths = [(table["f1_high"] - table["f1_low"]).iloc[0] for table in (alone, together)]
    # Five copies of each: the standard error is that of a fifth of the offers.
    assert widths[1] / widths[0] == pytest.approx(np.sqrt(5), rel=0.15)
    pd.testing.assert_series_equal(alone["f1"], together["f1"])


def test_themes_without_a_positive_have_no_interval() -> None:
    truth = np.array([[1, 0, NAN], [1, 0, NAN], [0, 0, NAN]])
    table = compute_score_intervals(truth, np.ones((3, 3)), themes=["A", "B", "C"])
    assert table[["f1", "f1_low", "f1_high"]].iloc[1:3].isna().all(axis=None)
    assert table[["f1", "f1_low", "f1_high"]].iloc[[0, 3, 4]].notna().all(axis=None)
    assert table["n_offers"].tolist() == [3, 3, 0, 6, 6]


def test_probabilities_are_cut() -> None:
    scores = np.array([[0.9], [0.4]])
    table = compute_score_intervals([1, 1], scores, themes=["A"], thresholds=0.3)
    assert table["f1"].tolist() == [1, 1, 1]


def test_weights_by_hand() -> None:
    # A hit that weighs 1, a miss of 3, a false alarm of 2: P = 1 / 3, R = 1 / 4,
    # F1 = 2 / (2 + 2 + 3). The last offer is not known, and needs no weight.
    truth, predicted, weights = [1, 1, 0, NAN], [1, 0, 1, 1], [1, 3, 2, NAN]
    table = compute_score_intervals(truth, predicted, themes=["A"], weights=weights)
    assert table.loc[0, ["precision", "recall", "f1"]].tolist() == pytest.approx(
        [1 / 3, 1 / 4, 2 / 7]
    )
    assert table.loc[1, ["support", "n_offers"]].tolist() == [2, 3]


@pytest.mark.parametrize("cluster", [1, 2])
def test_an_offer_that_weighs_two_is_one_that_is_there_twice(cluster: int) -> None:
    truth, predicted = np.tile(TRUTH, (6, 1)), np.tile(PREDICTED, (6, 1))
    times = np.arange(30) % 3 + 1
    clusters = np.arange(30) // cluster
    weighted = compute_score_intervals(truth, predicted, clusters=clusters, weights=times)
    repeated = compute_score_intervals(
        truth.repeat(times, axis=0),
        predicted.repeat(times, axis=0),
        clusters=clusters.repeat(times),
    )
    pd.testing.assert_frame_equal(weighted[COLUMNS[:-2]], repeated[COLUMNS[:-2]])


def test_same_seed_same_intervals() -> None:
    first, again, other = (
        compute_score_intervals(
            np.tile(TRUTH, (9, 1)), np.tile(PREDICTED, (9, 1)), random_state=seed, n_bootstrap=50
        )
        for seed in (0, 0, 1)
    )
    pd.testing.assert_frame_equal(first, again)
    assert not first["f1_low"].equals(other["f1_low"])


@pytest.mark.parametrize(
    ("y_true", "y_pred", "arguments", "message"),
    [
        (TRUTH * NAN, PREDICTED, {}, "must hold labels, got NaN in all of its 10 cells"),
        (TRUTH * 0, PREDICTED, {}, "must hold a positive .* got 0 in all of its 8 known cells"),
        (TRUTH[:3], PREDICTED, {}, "y_true holds 3 offers and y_score_or_pred 5"),
        (TRUTH, PREDICTED, {"clusters": [0, 1]}, r"clusters must hold one value an offer"),
        (TRUTH, PREDICTED, {"weights": [1, 2]}, r"weights must hold one .* \(5,\), got \(2,\)"),
        (
            TRUTH,
            PREDICTED,
            {"weights": [1, 0, NAN, 1, np.inf]},
            r"got \[0.0, nan, inf\] \(3 offers",
        ),
        (TRUTH, PREDICTED, {"thresholds": 80}, "thresholds must be .* got 80"),
        (TRUTH, PREDICTED, {"n_bootstrap": 0}, "n_bootstrap must be .* got 0"),
        (TRUTH, PREDICTED, {"level": 1}, "level must be .* got 1"),
    ],
)
def test_bad_input_is_refused(y_true, y_pred, arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        compute_score_intervals(y_true, y_pred, **arguments)
