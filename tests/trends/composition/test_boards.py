"""Constant boards: their offers together, by hand."""

import numpy as np
import pytest

from jocas_themes.trends.composition import standardize, take_boards
from trends.composition.made_shares import make_shares

_ROWS = [
    ("2019-01-01", "site_a", 300, 0.1),
    ("2019-01-01", "site_b", 100, 0.3),
    ("2019-02-01", "site_a", 100, 0.1),
    ("2019-02-01", "site_b", 100, 0.3),
    ("2019-02-01", "site_c", 800, 0.9),
]


def test_the_panel_weighs_boards_by_their_offers() -> None:
    # January (300 * 0.1 + 100 * 0.3) / 400 = 0.15; February (0.1 + 0.3) / 2 = 0.2.
    # Variances of 1e-4 each: January (0.75^2 + 0.25^2) 1e-4, February 0.5e-4; the factor 0.01
    # stays, so that the months' covariance is 1e-4.
    shares = make_shares(_ROWS, ["month", "board"], factor=np.full((5, 1), 0.01), noise=1e-4)
    panel = take_boards(shares, ["site_a", "site_b"])
    assert panel.by == ("month",)
    assert panel.table["n_offers"].tolist() == [400, 200]
    np.testing.assert_allclose(panel.table["estimate"], [0.15, 0.2])
    expected = [[1.625e-4, 1e-4], [1e-4, 1.5e-4]]
    np.testing.assert_allclose(panel.covariance("REMOTE"), expected)


def test_a_standardised_panel_holds_the_boards_sizes_as_well() -> None:
    # In all 400 offers of site_a and 200 of site_b: (2 * 0.1 + 0.3) / 3 in both months.
    shares = make_shares(_ROWS, ["month", "board"])
    panel = shares.take(shares.table["board"].isin(["site_a", "site_b"]).to_numpy())
    fixed = standardize(panel, weights="all", by=("board",))
    np.testing.assert_allclose(fixed.table["estimate"], [1 / 6, 1 / 6])


def test_another_column_may_hold_the_boards() -> None:
    shares = make_shares([("a", "C", 1, 0.2), ("b", "C", 3, 0.6)], ["site", "sector"])
    panel = take_boards(shares, ("a", "b"), board="site")
    assert panel.table["sector"].tolist() == ["C"]
    np.testing.assert_allclose(panel.table["estimate"], [0.5])


def test_refusals() -> None:
    shares = make_shares(_ROWS, ["month", "board"])
    with pytest.raises(ValueError, match=r"got \['site_z'\] \(1 of 2 are not there\)"):
        take_boards(shares, ["site_a", "site_z"])
    with pytest.raises(ValueError, match=r"got \[\] \(0 of 0"):
        take_boards(shares, [])
    with pytest.raises(TypeError, match="several boards, got 'site_a'"):
        take_boards(shares, "site_a")
    with pytest.raises(ValueError, match=r"board must be columns .* got \['site'\]"):
        take_boards(shares, ["site_a"], board="site")
