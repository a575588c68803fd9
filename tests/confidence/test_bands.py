"""Bands of confidence."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.confidence._bands import BANDS, check_bands, iter_bands


def test_a_limit_belongs_to_the_band_above_and_100_to_the_last() -> None:
    confidences = np.array([0, 69.9, 70, 100, np.nan])
    found = [(low, high, inside.tolist()) for low, high, inside in iter_bands(confidences, (0, 70))]
    assert found == [
        (0, 70, [True, True, False, False, False]),
        (70, 100, [False, False, True, True, False]),
    ]


@given(st.lists(st.floats(0, 100)))
def test_each_cell_is_in_one_band(confidences: list[float]) -> None:
    values = np.array(confidences)
    total = sum(inside.astype(int) for _, _, inside in iter_bands(values, BANDS))
    assert (total == 1).all()


@pytest.mark.parametrize("bands", [(), (50, 70), (0, 70, 70), (0, 70, 50), (0, 100), 0, (0, None)])
def test_bands_must_rise_from_0(bands: Any) -> None:
    with pytest.raises(ValueError, match="bins must be the lower limits of the bands"):
        check_bands(bands, name="bins")
