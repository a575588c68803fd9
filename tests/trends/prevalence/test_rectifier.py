"""The basis: what gold can bear, and what the others share."""

import numpy as np
import pandas as pd
import pytest

from jocas_themes.trends.prevalence._rectifier import choose_basis, choose_cells

SPAN = (pd.Timestamp("2019-01-01"), pd.Timestamp("2021-01-01"))
STEP = pd.Timestamp("2020-03-01")


def _build_keys(*counts: tuple[str, str, int]) -> pd.DataFrame:
    """Build as many rows as told of a month and a group."""
    rows = [(pd.Timestamp(month), group) for month, group, n in counts for _ in range(n)]
    return pd.DataFrame(rows, columns=["month", "board"])


def test_time_goes_from_minus_one_to_one() -> None:
    keys = _build_keys(("2019-01", "a", 60), ("2020-01", "a", 60), ("2021-01", "a", 60))
    basis = choose_basis(keys, span=SPAN)
    # 24 months from -1 to 1; July 2019 is 6 of them.
    at = pd.DataFrame({"month": pd.to_datetime(["2019-01-01", "2019-07-01", "2021-01-01"])})
    assert basis.evaluate(at).tolist() == [[1, -1, 1], [1, -0.5, 0.25], [1, 1, 1]]


@pytest.mark.parametrize(
    ("months", "each", "degree"),
    [
        (3, 30, 2),
        (3, 29, 1),  # 87 rows bear a constant and a slope
        (2, 100, 1),  # two months are a line
        (1, 100, 0),
        (3, 9, 0),
    ],
)
def test_powers_of_time_need_months_and_rows(months: int, each: int, degree: int) -> None:
    keys = _build_keys(*[(f"2019-0{month + 1}", "a", each) for month in range(months)])
    assert choose_basis(keys, span=SPAN).degree == degree


def test_labels_of_a_single_month_have_no_time() -> None:
    keys = _build_keys(("2019-01", "a", 200))
    basis = choose_basis(keys, span=(SPAN[0], SPAN[0]))
    assert basis.evaluate(keys).tolist() == [[1.0]] * 200


@pytest.mark.parametrize(("before", "after", "kept"), [(30, 30, 1), (29, 300, 0), (300, 29, 0)])
def test_a_step_needs_thirty_rows_on_both_sides(before: int, after: int, kept: int) -> None:
    keys = _build_keys(("2020-02", "a", before), ("2020-03", "a", after))
    basis = choose_basis(keys, steps=[STEP], span=SPAN)
    assert len(basis.steps) == kept
    if kept:
        assert basis.evaluate(keys)[:, -1].tolist() == [0.0] * before + [1.0] * after


def test_a_second_step_needs_thirty_rows_of_its_own_stretch() -> None:
    steps = [STEP, pd.Timestamp("2020-09-01")]
    keys = _build_keys(("2020-02", "a", 50), ("2020-05", "a", 20), ("2020-10", "a", 50))
    assert choose_basis(keys, steps=steps, span=SPAN).steps == (STEP,)
    keys = _build_keys(("2020-02", "a", 50), ("2020-05", "a", 30), ("2020-10", "a", 50))
    assert choose_basis(keys, steps=steps, span=SPAN).steps == tuple(steps)


def test_groups_with_thirty_rows_have_a_level_and_the_others_one_in_common() -> None:
    keys = _build_keys(
        ("2019-01", "a", 40), ("2019-01", "b", 60), ("2019-01", "c", 20), ("2019-01", "d", 10)
    )
    basis = choose_basis(keys, groups=["board"])
    at = pd.DataFrame({"board": ["a", "b", "c", "d", "new"]})
    # c and d have 30 rows together: the constant is theirs.
    assert basis.evaluate(at).tolist() == [[1, 1, 0], [1, 0, 1], [1, 0, 0], [1, 0, 0], [1, 0, 0]]
    basis = choose_basis(keys[keys["board"] != "d"], groups=["board"])
    # c has 20 rows, too few: it has the mean of a and b, as 40 to 60.
    assert basis.evaluate(at)[2].tolist() == [1, 0.4, 0.6]


def test_groups_have_their_own_step_where_both_sides_are_known() -> None:
    keys = _build_keys(
        ("2020-02", "a", 40), ("2020-04", "a", 60),
        ("2020-02", "b", 90), ("2020-04", "b", 10),
        ("2020-02", "c", 50), ("2020-04", "c", 30),
    )  # fmt: skip
    basis = choose_basis(keys, groups=["board"], steps=[STEP], span=(SPAN[0], SPAN[0]))
    at = pd.DataFrame({"board": list("abc"), "month": pd.Timestamp("2020-04-01")})
    # Constant, step, levels of a, b and c, steps of a and c; b, with 10 rows after, has their
    # mean, as 100 to 80.
    assert basis.evaluate(at).tolist() == [
        [1, 1, 1, 0, 0, 1, 0],
        [1, 1, 0, 1, 0, 100 / 180, 80 / 180],
        [1, 1, 0, 0, 1, 0, 1],
    ]
    before = basis.evaluate(at.assign(month=pd.Timestamp("2020-02-01")))
    assert not before[:, [1, 5, 6]].any()


def test_groups_with_ninety_rows_have_their_own_slope() -> None:
    keys = _build_keys(
        ("2019-01", "a", 60), ("2021-01", "a", 60), ("2019-01", "b", 45), ("2021-01", "b", 44)
    )  # fmt: skip
    basis = choose_basis(keys, groups=["board"], span=SPAN)
    at = pd.DataFrame({"board": ["a", "b"], "month": pd.Timestamp("2019-07-01")})
    # Constant, slope (two months bear no square), levels of a and b, slope of a; b's 89 rows are
    # enough for the common slope to be its own.
    assert basis.evaluate(at).tolist() == [[1, -0.5, 1, 0, -0.5], [1, -0.5, 0, 1, -0.5]]
    basis = choose_basis(keys[29:], groups=["board"], span=SPAN)
    assert basis.evaluate(at).shape == (2, 5)


def test_counts_stand_for_as_many_rows() -> None:
    keys = _build_keys(("2020-02", "a", 40), ("2020-04", "b", 60), ("2020-05", "c", 20))
    few = keys.drop_duplicates()
    one = choose_basis(keys, groups=["board"], steps=[STEP], span=SPAN)
    other = choose_basis(few, [40, 60, 20], groups=["board"], steps=[STEP], span=SPAN)
    assert one.evaluate(keys).tolist() == other.evaluate(keys).tolist()


def test_keys_without_gold_are_not_known() -> None:
    keys = _build_keys(("2020-02", "a", 1), ("2020-04", "b", 1))
    basis = choose_basis(keys, [300, 0], groups=["board"], steps=[STEP], span=SPAN)
    assert (basis.degree, basis.steps) == (0, ())
    assert basis.evaluate(keys).tolist() == [[1, 1], [1, 1]]


def test_cells_of_their_own() -> None:
    keys = _build_keys(("2020-02", "a", 2), ("2020-04", "a", 1), ("2020-04", "b", 3))
    cells = keys.drop_duplicates()
    at = choose_cells(keys, ["month", "board"]).evaluate(cells)
    assert np.isnan(at[1, 1:]).all()  # a single row
    assert sorted(at[[0, 2]].tolist()) == [[1, 0, 1], [1, 1, 0]]
    with pytest.raises(ValueError, match=r"needs 2 gold rows in a cell of \('month',\), got none"):
        choose_cells(keys[1:3].assign(month=["x", "y"]), ["month"])
    assert choose_cells(keys, []).evaluate(cells).tolist() == [[1], [1], [1]]
