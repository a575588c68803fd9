"""Reliability and calibration error: worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import binomtest

from jocas_themes.evaluation import compute_calibration_error, compute_reliability

NAN = np.nan
# Four bins of five: shares 0, 1/5, 3/5 and 1.
CHANCES = np.repeat([0.1, 0.3, 0.6, 0.9], 5)
LABELS = np.array([0] * 5 + [1] + [0] * 4 + [1] * 3 + [0] * 2 + [1] * 5, dtype=float)


def test_bins_by_hand() -> None:
    table = compute_reliability(LABELS, CHANCES, themes=["A"], n_bins=4)
    assert table.columns.tolist() == [
        "theme",
        "low",
        "high",
        "n",
        "mean_probability",
        "share",
        "ci_low",
        "ci_high",
    ]
    assert table["theme"].tolist() == ["A"] * 4 + ["all"] * 4
    one = table[table["theme"] == "A"]
    assert one["low"].tolist() == one["high"].tolist() == [0.1, 0.3, 0.6, 0.9]
    assert one["n"].tolist() == [5] * 4
    assert one["mean_probability"].tolist() == pytest.approx([0.1, 0.3, 0.6, 0.9])
    assert one["share"].tolist() == [0, 0.2, 0.6, 1]
    for row, hits in zip(one.itertuples(), (0, 1, 3, 5), strict=True):
        exact = binomtest(hits, 5).proportion_ci(method="exact")
        assert (row.ci_low, row.ci_high) == pytest.approx((exact.low, exact.high))


def test_errors_by_hand() -> None:
    # |0.1 - 0|, |0.3 - 0.2|, |0.6 - 0.6|, |0.9 - 1| of five cells each: a mean of 0.3 / 4.
    # Bias: mean probability 1.9 / 4 less share 9 / 20. Brier: (5 * 0.01 + 4 * 0.09 + 0.49 +
    # 3 * 0.16 + 2 * 0.36 + 5 * 0.01) / 20 = 2.15 / 20.
    table = compute_calibration_error(LABELS, CHANCES, themes=["A"], n_bins=4)
    assert table.columns.tolist() == ["theme", "ece", "bias", "brier", "n_offers"]
    assert table["theme"].tolist() == ["A", "all"]
    figures = table[["ece", "bias", "brier", "n_offers"]].to_numpy()
    np.testing.assert_allclose(figures, [[0.075, 0.025, 0.1075, 20]] * 2)


def test_equal_probabilities_stay_together() -> None:
    # 0 nine times and 1 once: two bins however many are asked for.
    chances = np.array([0.0] * 9 + [1.0])
    for n_bins in (2, 3, 10, 100):
        table = compute_reliability(chances, chances, themes=["A"], n_bins=n_bins)
        assert table["n"].tolist() == [9, 1] * 2
    assert compute_reliability(LABELS, CHANCES * 0 + 0.4, n_bins=4)["n"].tolist() == [20, 20]


def test_bins_hold_as_many_cells() -> None:
    chances = np.random.default_rng(0).random(1000) ** 4
    table = compute_reliability(chances > 0.5, chances, themes=["A"])
    assert table["n"].tolist() == [100] * 20
    one = table.iloc[:10]
    assert (one["low"].to_numpy()[1:] > one["high"].to_numpy()[:-1]).all()


def test_cells_of_one_offer_are_not_independent() -> None:
    # Two themes that always agree: twice the cells, and no more to know.
    labels, chances = np.tile(LABELS[:, None], 2), np.tile(CHANCES[:, None], 2)
    table = compute_reliability(labels, chances, themes=["A", "B"], n_bins=4)
    widths = (table["ci_high"] - table["ci_low"]).groupby(table["theme"], sort=False).mean()
    assert widths["all"] >= 0.95 * widths["A"]


def test_themes_without_labels() -> None:
    truth = np.column_stack([LABELS, np.full(20, NAN)])
    chances = np.column_stack([CHANCES, CHANCES])
    assert set(compute_reliability(truth, chances, themes=["A", "B"])["theme"]) == {"A", "all"}
    errors = compute_calibration_error(truth, chances, themes=["A", "B"]).set_index("theme")
    assert errors.loc["B", ["ece", "bias", "brier"]].isna().all()
    assert errors["n_offers"].tolist() == [20, 0, 20]


def test_predictions_are_probabilities_too() -> None:
    errors = compute_calibration_error([1, 1, 0, 0], [1, 0, 0, 0], themes=["A"])
    # Among three predicted 0, one is wrong: (3 * 1/3 + 0) / 4. Bias 1/4 - 2/4.
    assert errors.loc[0, ["ece", "bias", "brier"]].tolist() == [0.25, -0.25, 0.25]


_chances = arrays(float, (15, 2), elements=st.floats(0, 1))
_truth = arrays(float, (15, 2), elements=st.sampled_from([0.0, 1.0, NAN]))


@given(_truth, _chances, st.integers(1, 20), st.permutations(range(15)))
@settings(max_examples=60, deadline=None)
def test_cells_are_counted_once_in_any_order(truth, chances, n_bins, order) -> None:
    truth[0], chances[0] = 1, 0.5
    table = compute_reliability(truth, chances, themes=["A", "B"], n_bins=n_bins)
    known = (~np.isnan(truth)).sum(axis=0)
    sizes = table.groupby("theme")["n"].sum()
    assert sizes.to_dict() == {"A": known[0], "B": known[1], "all": known.sum()}
    assert ((table["ci_low"] <= table["share"]) & (table["share"] <= table["ci_high"])).all()
    errors = compute_calibration_error(truth, chances, themes=["A", "B"], n_bins=n_bins)
    assert (errors["ece"] >= errors["bias"].abs() - 1e-12).all()
    shuffled = compute_calibration_error(
        truth[order], chances[order], themes=["A", "B"], n_bins=n_bins
    )
    pd.testing.assert_frame_equal(errors, shuffled)


@pytest.mark.parametrize("function", [compute_reliability, compute_calibration_error])
@pytest.mark.parametrize(
    ("truth", "chances", "n_bins", "message"),
    [
        (LABELS * NAN, CHANCES, 10, "y_true must hold labels, got NaN in all of its 20 cells"),
        (LABELS[:5], CHANCES, 10, "y_true holds 5 offers and y_score_or_pred 20"),
        (LABELS, CHANCES * 2, 10, r"probabilities in \[0, 1\]"),
        (LABELS, CHANCES, 0, "n_bins must be an integer of at least 1, got 0"),
        (LABELS, CHANCES, 2.5, "n_bins must be an integer of at least 1, got 2.5"),
    ],
)
def test_bad_input_is_refused(function, truth, chances, n_bins, message) -> None:
    with pytest.raises(ValueError, match=message):
        function(truth, chances, n_bins=n_bins)
