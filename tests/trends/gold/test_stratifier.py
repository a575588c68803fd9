import numpy as np
import pandas as pd
import pytest

from jocas_themes.trends.gold._stratifier import (
    SCORE_BIN,
    Combinations,
    Stratifier,
    compute_scores,
    write_value,
)


def test_scores_by_hand() -> None:
    # 0.5 and 0.9: (0.25 + 0.09) / 2 = 0.17; 0.2 alone: 0.16; nothing known: NaN.
    predictions = np.array([[0.5, 0.9], [np.nan, 0.2], [np.nan, np.nan]])
    np.testing.assert_allclose(compute_scores(predictions, "probability"), [0.17, 0.16, np.nan])
    labels = np.array([[1.0, 1.0], [np.nan, 0.0], [np.nan, np.nan]])
    np.testing.assert_allclose(compute_scores(labels, "label"), [2, 0, np.nan])


def test_bins_of_equal_error_by_hand() -> None:
    # Errors: 10 of 0.3, 5 of 0.4, 5 of 0.5, 7.5 in all. A quarter, 1.875, lies among the first,
    # the half, 3.75, among the second, three quarters, 5.625, among the third: three bins.
    scores = np.repeat([0.25, 0.09, 0.16], [5, 10, 5]).astype(np.float32)
    stratifier = Stratifier([SCORE_BIN])
    stratifier.fit_bins(scores, "probability")
    numbers = stratifier.find_strata(np.zeros(20, dtype=int), scores)
    assert numbers.tolist() == [2] * 5 + [0] * 10 + [1] * 5


@pytest.mark.parametrize("score", [0.0, 0.25])
def test_offers_that_are_all_alike_are_in_one_bin(score: float) -> None:
    scores = np.full(7, score, dtype=np.float32)
    stratifier = Stratifier([SCORE_BIN])
    stratifier.fit_bins(scores, "probability")
    assert stratifier.find_strata(np.zeros(7, dtype=int), scores).tolist() == [0] * 7


def test_of_labels_the_number_of_themes() -> None:
    stratifier = Stratifier([SCORE_BIN])
    stratifier.fit_bins(np.array([0.0], dtype=np.float32), "label")
    found = stratifier.find_strata(np.zeros(4, dtype=int), np.array([0, 1, 3, 6], np.float32))
    assert found.tolist() == [0, 1, 3, 3]


def test_combinations_keep_their_number() -> None:
    combinations = Combinations()
    values = np.array(["a", "b"], dtype=object)
    first = combinations.find([(np.array([1, 0, 1]), values), (np.array([0, 0, 1]), values)], 3)
    again = combinations.find([(np.array([0]), values[::-1]), (np.array([0]), values)], 1)
    assert first.tolist() == [0, 1, 2]
    assert list(combinations) == [("b", "a"), ("a", "a"), ("b", "b")]
    assert again.tolist() == [0]
    assert combinations.find([], 0).tolist() == []
    assert Combinations().find([], 2).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("month", np.datetime64("2020-07-01"), "2020-07"),
        ("quarter", pd.Timestamp("2020-07-01"), "2020Q3"),
        ("semester", np.datetime64("2020-07-01"), "2020S2"),
        ("semester", np.datetime64("2020-01-01"), "2020S1"),
        ("year", np.datetime64("2020-01-01"), "2020"),
        ("year", 2020, "2020"),
        ("period", "until 2020-02", "until 2020-02"),
        ("sector", "J", "J"),
    ],
)
def test_names_of_strata(name: str, value: object, written: str) -> None:
    assert write_value(name, value) == written
