"""Shares keep their covariance through choosing and combining; worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.trends import Shares
from jocas_themes.trends._result import build_shares, compute_interval

_ROWS = pd.DataFrame(
    {
        "theme": ["A", "A", "A", "B"],
        "year": pd.to_datetime(["2019", "2019", "2021", "2019"], format="%Y"),
        "sector": ["C", "J", "C", "C"],
        "n_offers": [10, 30, 5, 7],
        "n_gold": [1, 2, 3, 4],
    }
)
_FACTOR = np.array([[0.1, 0.0], [0.0, 0.2], [0.1, 0.1], [0.3, 0.0]])
_NOISE = np.array([0.01, 0.02, 0.03, 0.04])
_ESTIMATE = np.array([0.1, 0.2, 0.3, 0.4])


def _build() -> Shares:
    return build_shares(_ROWS, _ESTIMATE, _FACTOR, _NOISE, ("year", "sector"), method="dsl")


def test_standard_errors_and_intervals() -> None:
    shares = _build()
    # 0.1^2 + 0.01, 0.2^2 + 0.02, 0.1^2 + 0.1^2 + 0.03, 0.3^2 + 0.04
    np.testing.assert_allclose(shares.table["se"] ** 2, [0.02, 0.06, 0.05, 0.13])
    # 0.1 - 1.96 * 0.1414 is under 0, and cut there; 0.3 + 1.96 * 0.2236 = 0.738
    assert shares.table["ci_low"].tolist()[0] == 0
    assert shares.table["ci_high"].iloc[2] == pytest.approx(0.738, abs=0.001)
    assert len(shares) == 4
    assert shares.themes == ["A", "B"]


def test_the_covariance_of_a_theme_has_its_rows_alone() -> None:
    expected = [[0.02, 0.0, 0.01], [0.0, 0.06, 0.02], [0.01, 0.02, 0.05]]
    np.testing.assert_allclose(_build().covariance("A"), expected)
    np.testing.assert_allclose(_build().covariance("B"), [[0.13]])
    with pytest.raises(ValueError, match=r"theme must be one of \['A', 'B'\], got 'C'"):
        _build().covariance("C")


def test_rows_are_combined_with_their_covariance() -> None:
    combined = _build().combine([0.25, 0.75, 1, 1], ["year"])
    table = combined.table
    assert table["theme"].tolist() == ["A", "A", "B"]
    assert table["year"].dt.year.tolist() == [2019, 2021, 2019]
    np.testing.assert_allclose(table["estimate"], [0.175, 0.3, 0.4])  # 0.025 + 0.15
    assert table["n_offers"].tolist() == [40, 5, 7]
    assert table["n_gold"].tolist() == [3, 3, 4]
    # 0.25^2 * 0.02 + 0.75^2 * 0.06 = 0.035; with 2021: 0.25 * 0.01 + 0.75 * 0.02 = 0.0175
    np.testing.assert_allclose(combined.covariance("A"), [[0.035, 0.0175], [0.0175, 0.05]])
    assert combined.by == ("year",)
    assert set(table["method"]) == {"dsl"}


@given(st.lists(st.floats(-2, 2), min_size=4, max_size=4))
def test_combining_is_the_linear_map_that_it_says(weights: list[float]) -> None:
    shares = _build()
    matrix = np.zeros((1, 3))
    matrix[0] = weights[:3]
    combined = shares.combine(weights, [])
    np.testing.assert_allclose(
        combined.covariance("A"), matrix @ shares.covariance("A") @ matrix.T, atol=1e-12
    )


def test_rows_are_taken_with_what_belongs_to_them() -> None:
    taken = _build().take(np.array([False, True, True, False]))
    np.testing.assert_allclose(taken.covariance("A"), [[0.06, 0.02], [0.02, 0.05]])
    assert taken.table.index.tolist() == [0, 1]


def test_a_notebook_shows_the_table() -> None:
    shares = _build()
    assert "<table" in shares._repr_html_()
    assert "factor" not in repr(shares)


def test_few_degrees_of_freedom_widen_the_interval() -> None:
    # Student's 97.5% point is 12.706 at one degree, 1.960 at infinitely many
    assert compute_interval(0.0, 1.0, level=0.95, dof=1)[1] == pytest.approx(12.706, abs=1e-3)
    assert compute_interval(0.0, 1.0, level=0.95)[1] == pytest.approx(1.95996, abs=1e-5)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (["2019-01", "2019-02"], "'2019-01'"),
        ([2019, 2020], r".*2019.* \(int64\)"),
        (pd.to_datetime(["2019-01-01", "2019-02-01"], utc=True), "Timestamp.*UTC"),
    ],
)
def test_times_that_are_no_datetimes_are_refused(written: object, found: str) -> None:
    table = pd.DataFrame({"theme": "A", "month": written, "estimate": 0.5})
    with pytest.raises(ValueError, match=f"'month' of shares must hold datetimes.* got {found}"):
        Shares(table, np.zeros((2, 0)), np.zeros(2), by=("month",))
    Shares(table, np.zeros((2, 0)), np.zeros(2), by=())  # nothing is asked of other columns
