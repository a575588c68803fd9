"""Distinct values are counted exactly while few, and closely when many."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.offers._sketch import DistinctCounter


def count(*parts, capacity=4_096):
    counter = DistinctCounter(capacity)
    for part in parts:
        counter.add(pd.Series(part))
    return counter.estimate()


def test_few_values_are_counted_exactly():
    assert count(["a", "b", "a"], ["b", "c"]) == 3
    assert count(pd.Series([], dtype=object)) == 0
    assert count([str(number) for number in range(4_095)]) == 4_095


def test_values_are_compared_by_what_they_read_as():
    assert count([1, 2], [1.0, 2.0], ["1", "2"]) == 2
    assert count(pd.to_datetime(["2021-03-05"]), pd.to_datetime(["2021-03-05", "2021-03-06"])) == 2
    assert count([True, False]) == 2
    assert count([True, 1, 1.0, "x"]) == count([True], [1], [1.0], ["x"]) == 3


def test_many_values_are_estimated_within_the_stated_error():
    # Relative standard error 1 / sqrt(4,094) = 1.6%; five of them are 7.8%.
    estimate = count([f"offer {number}" for number in range(100_000)])
    assert estimate == pytest.approx(100_000, rel=0.078)
    assert estimate == count([f"offer {number}" for number in range(100_000)])


def test_standard_error_is_what_the_notes_say():
    # 200 streams of 20,000 values, capacity 258: 1 / sqrt(256) = 6.25%, give or take a fifth.
    estimates = [
        count([f"{stream}-{number}" for number in range(2_000)], capacity=258)
        for stream in range(200)
    ]
    errors = np.array(estimates) / 2_000 - 1
    assert abs(errors.mean()) < 4 * 0.0625 / np.sqrt(200)
    assert 0.8 * 0.0625 * np.sqrt(1 - 258 / 2_000) < errors.std() < 1.2 * 0.0625


@given(st.lists(st.text(max_size=3), max_size=40), st.integers(1, 10))
def test_order_and_chunks_change_nothing(values, size):
    parts = [values[start : start + size] for start in range(0, len(values), size)]
    whole = count(pd.Series(values, dtype=object), capacity=8)
    assert count(*(pd.Series(part, dtype=object) for part in parts), capacity=8) == whole
    assert count(pd.Series(values[::-1], dtype=object), capacity=8) == whole
