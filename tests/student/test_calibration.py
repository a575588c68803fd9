import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit

from jocas_themes.student._calibration import (
    Calibration,
    choose_for_f1,
    choose_for_precision,
    fit_calibration,
    to_log_odds,
)

log_odds = st.integers(2, 30).flatmap(lambda n: arrays(float, n, elements=st.floats(-30, 30)))
# Few distinct values, so that ties are frequent.
probabilities = st.lists(st.integers(0, 20), min_size=1, max_size=15).map(
    lambda values: np.array(values) / 20
)


def draw_labels(data: st.DataObject, n: int) -> np.ndarray:
    return np.array(data.draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=n, max_size=n)))


class TestCalibration:
    def test_by_hand(self) -> None:
        # 1 / (1 + exp(-(2 * 0.5 - 1))) = 0.5; 1 / (1 + exp(-(2 * 2 - 1))) = 0.9526
        probabilities = Calibration(2.0, -1.0).apply(np.array([0.5, 2.0]))
        np.testing.assert_allclose(probabilities, [0.5, 0.9526], atol=1e-4)

    def test_log_odds_by_hand(self) -> None:
        # ln(0.8 / 0.2) = 1.3863; those of 0 and 1 as of one in a million, ln(1e-6) = -13.8155
        values = to_log_odds(np.array([0.5, 0.8, 0.0, 1.0]))
        np.testing.assert_allclose(values, [0, 1.3863, -13.8155, 13.8155], atol=1e-4)

    @pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (1.5, -0.7), (0.3, 2.0)])
    def test_it_finds_the_line_that_made_the_labels(self, slope: float, intercept: float) -> None:
        rng = np.random.default_rng(0)
        values = rng.normal(scale=2, size=20_000)
        labels = (rng.random(20_000) < expit(slope * values + intercept)).astype(float)
        found = fit_calibration(values, labels)
        # Standard errors are about 0.02.
        assert found.slope == pytest.approx(slope, abs=0.08)
        assert found.intercept == pytest.approx(intercept, abs=0.08)

    @pytest.mark.parametrize("labels", [[], [1.0], [0.0, 0.0, 0.0], [1.0, 1.0]])
    def test_one_class_is_left_as_it_is(self, labels: list[float]) -> None:
        values = np.arange(len(labels), dtype=float)
        assert fit_calibration(values, np.array(labels)) == Calibration(1.0, 0.0)

    def test_a_line_that_would_fall_is_left_as_it_is(self) -> None:
        values = np.array([-2.0, -1.0, 1.0, 2.0])
        assert fit_calibration(values, np.array([1.0, 1.0, 0.0, 0.0])) == Calibration(1.0, 0.0)

    def test_classes_parted_without_error_give_finite_figures(self) -> None:
        found = fit_calibration(np.array([-1.0, -0.5, 0.5, 1.0]), np.array([0.0, 0.0, 1.0, 1.0]))
        assert 0 < found.slope < 100
        assert abs(found.intercept) < 1

    def test_copies_with_contradicting_labels_give_no_warning(self) -> None:
        rng = np.random.default_rng(0)
        for size in range(2, 60):
            values = rng.normal(scale=1_000, size=size)
            labels = np.repeat([0.0, 1.0], size)
            assert np.isfinite(fit_calibration(np.tile(values, 2), labels).intercept)

    @given(log_odds, st.data())
    def test_it_is_monotone_and_gives_probabilities(
        self, values: np.ndarray, data: st.DataObject
    ) -> None:
        found = fit_calibration(values, draw_labels(data, len(values)))
        assert found.slope > 0
        calibrated = found.apply(np.sort(values))
        assert ((calibrated >= 0) & (calibrated <= 1)).all()
        assert (np.diff(calibrated) >= 0).all()


def expected_f1(probabilities: np.ndarray, threshold: float) -> float:
    chosen = probabilities >= threshold
    return 2 * probabilities[chosen].sum() / (chosen.sum() + probabilities.sum() + 1e-300)


class TestF1:
    @pytest.mark.parametrize(
        ("probabilities", "threshold"),
        [
            # All sum to 1.7. One: 1.8 / (1 + 1.7) = 0.667; two: 3 / (2 + 1.7) = 0.811; all:
            # 3.4 / (3 + 1.7) = 0.723. Half-way between 0.6 and 0.2.
            ([0.2, 0.9, 0.6], 0.4),
            # Rare and unsure: one 0.4 / 1.3 = 0.308, two 0.6 / 2.3 = 0.26. (0.2 + 0.1) / 2.
            ([0.1, 0.2], 0.15),
            # Equal ones together: one 1 / 2.1 = 0.476, two 2 / 3.1 = 0.645, three 0.537.
            ([0.5, 0.5, 0.1], 0.3),
            ([0.7], 0.35),  # nothing below: half-way to 0
            ([1.0, 0.0], 0.5),
        ],
    )
    def test_by_hand(self, probabilities: list[float], threshold: float) -> None:
        assert choose_for_f1(np.array(probabilities)) == pytest.approx(threshold)

    @given(probabilities)
    def test_no_other_threshold_has_a_larger_expected_f1(self, values: np.ndarray) -> None:
        threshold = choose_for_f1(values)
        assert 0 <= threshold <= 1
        # Of the thresholds that predict twice the expected number at most, if there are any.
        limit = max(1.0, 2 * values.sum())
        others = [t for t in values if (values >= t).sum() <= limit] or list(values)
        best = max(expected_f1(values, other) for other in others)
        assert expected_f1(values, threshold) == pytest.approx(best)

    def test_where_nothing_was_learnt_few_are_predicted(self) -> None:
        # 100 offers, nearly all of probability 0.1: 10 have the theme, 20 are predicted at most,
        # though the expected F1 is largest, 20 / 110, with all of them.
        values = 0.1 + np.arange(100) * 1e-6
        assert (values >= choose_for_f1(values)).sum() <= 20

    @given(probabilities, st.randoms(use_true_random=False))
    def test_the_order_does_not_matter(self, values: np.ndarray, random: object) -> None:
        shuffled = np.array(random.sample(values.tolist(), len(values)))
        assert choose_for_f1(shuffled) == choose_for_f1(values)


class TestPrecision:
    @pytest.mark.parametrize(
        ("precision", "threshold"),
        [(0.9, 0.9), (0.84, 0.8), (0.75, 0.6), (0.01, 0.6), (0.95, None)],
    )
    def test_by_hand(self, precision: float, threshold: float | None) -> None:
        # Means from 0.9, 0.8, 0.7, 0.6 on: 0.9, 0.85, 0.8, 0.75.
        assert choose_for_precision(np.array([0.6, 0.9, 0.7, 0.8]), precision) == threshold

    def test_equal_probabilities_are_predicted_together(self) -> None:
        # From 0.9 on 0.9; from 0.5 on 1.9 / 3 = 0.633.
        values = np.array([0.9, 0.5, 0.5, 0.1])
        assert choose_for_precision(values, 0.65) == 0.9
        assert choose_for_precision(values, 0.63) == 0.5

    @given(probabilities, st.floats(0.01, 1))
    def test_it_is_the_lowest_that_is_expected_to_reach_the_precision(
        self, values: np.ndarray, precision: float
    ) -> None:
        threshold = choose_for_precision(values, precision)
        if threshold is None:
            assert values.max() < precision
        else:
            assert values[values >= threshold].mean() >= precision - 1e-9
            lower = values[values < threshold]
            if len(lower):
                assert values[values >= lower.max()].mean() < precision + 1e-9
