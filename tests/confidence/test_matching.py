"""Matching: who is compared with whom."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.confidence._matching import match_cells

NAN = float("nan")
NAMES = ("a", "b")


def build_table(ids: list[Any], labels: list[float], **columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"offer_id": ids, "A": labels} | columns)


def test_tables_are_matched_by_id_in_the_order_of_the_first() -> None:
    a = build_table(["x", "y", "z"], [1, 0, NAN]).set_axis([9, 9, 9])
    b = build_table(["w", "z", "y"], [1, 1, 0])
    matched = match_cells(a, b, themes=None, names=NAMES)
    assert matched.codes == ("A",)
    # y and z are in both: rows 1 and 2 of a, rows 2 and 1 of b
    assert [rows.tolist() for rows in matched.rows] == [[1, 2], [2, 1]]
    np.testing.assert_array_equal(matched.cells["a"], [0, NAN])
    np.testing.assert_array_equal(matched.cells["b"], [0, 1])
    assert matched.n_unmatched == (1, 1)


def test_cells_go_by_offer_then_theme() -> None:
    a = build_table(["x", "y"], [1, 0], B=[0, 1])
    b = build_table(["y", "x"], [1, 1], B=[1, 0])
    cells = match_cells(a, b, themes=["B", "A"], names=NAMES).cells
    assert cells["offer"].tolist() == [0, 0, 1, 1]
    assert cells["theme"].tolist() == ["B", "A", "B", "A"]
    assert cells["a"].tolist() == [0, 1, 1, 0]
    assert cells["b"].tolist() == [0, 1, 1, 1]


@pytest.mark.parametrize("wrap", [pd.DataFrame, pa.Table.from_pandas])
def test_ids_of_other_types_are_read_as_strings(wrap: Any) -> None:
    a, b = build_table([1, 2], [1, 0]), build_table(["2", "1"], [0, 1])
    cells = match_cells(wrap(a), wrap(b), themes=None, names=NAMES).cells
    assert (cells["a"] == cells["b"]).all()


def test_arrays_are_matched_by_position() -> None:
    matched = match_cells([[1, 0], [NAN, 1]], np.eye(2), themes=["A", "B"], names=NAMES)
    np.testing.assert_array_equal(matched.cells["a"], [1, 0, NAN, 1])
    assert matched.cells["b"].tolist() == [1, 0, 0, 1]
    assert matched.cells[["confidence_a", "confidence_b"]].isna().all(axis=None)
    assert matched.n_unmatched == (0, 0)


def test_a_table_and_an_array_are_matched_by_position() -> None:
    matched = match_cells(build_table(["x", "y"], [1, 0]), [1, 1], themes=None, names=NAMES)
    assert matched.codes == ("A",)
    assert matched.cells["b"].tolist() == [1, 1]


def test_confidences_ride_along() -> None:
    a = build_table(["x", "y"], [1, 0], A_confidence=[90, None], A_evidence=[None, None])
    b = build_table(["y", "x"], [0, 1])
    cells = match_cells(a, b, themes=None, names=NAMES).cells
    np.testing.assert_array_equal(cells["confidence_a"], [90, NAN])
    assert cells["confidence_b"].isna().all()


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (
            build_table(["x", "x", "y"], [1, 0, 1]),
            build_table(["x"], [1]),
            r"a must hold each offer once, got \['x'\] more than once \(1 offers\)",
        ),
        (
            build_table(["x"], [1]),
            build_table(["x", None], [1, 1]),
            r"each offer of b must have an offer_id, got 1 without",
        ),
        (
            build_table(["x"], [1]),
            build_table(["y"], [1]),
            r"no offer_id is in both, such as 'x' and 'y'",
        ),
        ([1, 0], [1], r"same offers in the same order, got 2 and 1 rows"),
        (
            build_table(["x"], [1], B=[1]),
            build_table(["x"], [1]),
            r"b lacks the themes \['B'\] \(1 in all\); it has \['A'\]",
        ),
        (build_table(["x"], [2]), build_table(["x"], [1]), r"a must hold 0, 1 or NaN, got \[2.0\]"),
        (
            build_table(["x"], [1], A_confidence=[101], A_evidence=[None]),
            build_table(["x"], [1]),
            r"the confidences of a must be in \[0, 100\], got \[101.0\] \(1 cells\)",
        ),
    ],
)
def test_what_does_not_fit_is_refused(a: Any, b: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        match_cells(a, b, themes=None, names=NAMES)


def test_an_empty_table_matches_nothing() -> None:
    a = build_table(["x"], [1])
    matched = match_cells(a, a.iloc[:0], themes=None, names=NAMES)
    assert matched.cells.empty
    assert matched.n_unmatched == (1, 0)


@given(
    st.lists(st.integers(0, 30), unique=True, min_size=1),
    st.lists(st.integers(0, 30), unique=True, min_size=1),
)
def test_counts_are_conserved(ids_a: list[int], ids_b: list[int]) -> None:
    shared = set(ids_a) & set(ids_b)
    if not shared:
        return
    a = build_table(ids_a, [i % 2 for i in ids_a])
    b = build_table(ids_b, [i % 2 for i in ids_b])
    matched = match_cells(a, b, themes=None, names=NAMES)
    assert len(matched.cells) == len(shared)
    assert (matched.cells["a"] == matched.cells["b"]).all()
    assert matched.n_unmatched == (len(ids_a) - len(shared), len(ids_b) - len(shared))
