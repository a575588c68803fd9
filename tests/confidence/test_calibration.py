"""Calibration: the isotonic fit worked out by hand, and what never changes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.confidence._calibration import (
    apply_calibration,
    fit_calibration,
    tabulate_reliability,
)

NAN = float("nan")


def build_cells(
    confidences: list[float], right: list[bool], weights: list[float] | None = None
) -> pd.DataFrame:
    n_cells = len(right)
    return pd.DataFrame(
        {
            "confidence": np.array(confidences, dtype=float),
            "right": np.array(right, dtype=bool),
            "weight": np.ones(n_cells) if weights is None else np.array(weights, dtype=float),
            "cluster": np.arange(n_cells),
        }
    )


def test_violators_are_pooled() -> None:
    cells = build_cells([50, 60, 70, 80], [False, True, False, True])
    # 60 and 70 fall from 1 to 0: pooled, one of two is right
    points = fit_calibration(cells)
    np.testing.assert_allclose(
        apply_calibration(points, np.array([50, 60, 65, 70, 80])), [0, 0.5, 0.5, 0.5, 1]
    )


def test_weights_count() -> None:
    cells = build_cells([60, 70], [True, False], weights=[3, 1])
    assert fit_calibration(cells)["probability"].unique().tolist() == [0.75]


def test_flat_beyond_what_was_seen_and_straight_between() -> None:
    points = fit_calibration(build_cells([60, 80], [False, True]))
    values = apply_calibration(points, np.array([[0, 60, 70], [80, 100, NAN]]))
    np.testing.assert_allclose(values, [[0, 0, 0.5], [1, 1, NAN]])


def test_cells_without_confidence_do_not_count() -> None:
    points = fit_calibration(build_cells([NAN, 80], [False, True]))
    assert points["probability"].tolist() == [1]


def test_nothing_to_fit() -> None:
    points = fit_calibration(build_cells([NAN], [True]))
    assert points.empty
    assert np.isnan(apply_calibration(points, np.array([50.0]))).all()


@given(st.lists(st.tuples(st.integers(0, 100), st.booleans()), min_size=1, max_size=40))
def test_probabilities_never_fall(cells: list[tuple[int, bool]]) -> None:
    confidences, right = zip(*cells, strict=True)
    points = fit_calibration(build_cells(list(confidences), list(right)))
    values = apply_calibration(points, np.arange(0.0, 101))
    assert (np.diff(values) >= -1e-12).all()
    assert ((values >= 0) & (values <= 1)).all()


def test_reliability_by_hand() -> None:
    cells = build_cells([50, 60, 80, 90, 100, NAN], [True, False, True, True, False, True])
    table = tabulate_reliability(cells, fit_calibration(cells), (0, 70))
    assert table[["low", "high", "n"]].to_numpy().tolist() == [[0, 70, 2], [70, 100, 3]]
    assert table["mean_confidence"].tolist() == [55, 90]
    assert table["accuracy"].tolist() == pytest.approx([1 / 2, 2 / 3])
    # 50 and 60 fall from 1 to 0, 80 to 100 from 1 to 0: pooled, 1/2 and 2/3
    assert table["calibrated"].tolist() == pytest.approx([1 / 2, 2 / 3])
    # Clopper and Pearson, 1 of 2: 1 - sqrt(0.975) and sqrt(0.975)
    assert table.loc[0, ["ci_low", "ci_high"]].tolist() == pytest.approx(
        [1 - 0.975**0.5, 0.975**0.5]
    )
