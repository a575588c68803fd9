"""Standardised shares: by hand, their invariants, and a change that is one of the mix alone."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends._result import Shares
from jocas_themes.trends.composition import compute_mix, rake, standardize
from jocas_themes.trends.composition._mix import pool
from trends.composition.made_shares import make_shares, random_shares, simulate_shares

_ROWS = [
    ("2019-01-01", "C", 100, 0.1),
    ("2019-01-01", "J", 300, 0.5),
    ("2020-01-01", "C", 300, 0.2),
    ("2020-01-01", "J", 100, 0.6),
]
_MIX = pd.DataFrame({"sector": ["C", "J"], "weight": [4, 1]})
_EITHER = "ignore::jocas_themes.errors.JocasThemesWarning"  # a drawn month may lack any group


def _make(rows: list[Any] | None = None, **arguments: Any) -> Shares:
    return make_shares(rows or _ROWS, ["month", "sector"], **arguments)


def test_by_hand() -> None:
    # 0.8 * 0.1 + 0.2 * 0.5 = 0.18 and 0.8 * 0.2 + 0.2 * 0.6 = 0.28.
    # Own variances (0.8^2 + 0.2^2) 1e-4 = 0.68e-4. C's factor is 0.01, J's 0.02: a month's is
    # 0.8 * 0.01 + 0.2 * 0.02 = 0.012, whose square is 1.44e-4.
    shares = _make(factor=[[0.01], [0.02], [0.01], [0.02]], noise=1e-4)
    fixed = standardize(shares, weights=_MIX, by=("sector",))
    assert fixed.by == ("month",)
    assert fixed.table["method"].unique().tolist() == ["dsl"]
    assert fixed.table["n_offers"].tolist() == [400, 400]
    np.testing.assert_allclose(fixed.table["estimate"], [0.18, 0.28])
    expected = [[2.12e-4, 1.44e-4], [1.44e-4, 2.12e-4]]
    np.testing.assert_allclose(fixed.covariance("REMOTE"), expected)


def test_the_mix_of_all_months_or_of_some() -> None:
    # All: 400 offers each, so the plain mean. 2019: (0.2 + 3 * 0.6) / 4 = 0.5 in 2020.
    shares = _make()
    every = standardize(shares, weights="all", by=("sector",)).table["estimate"]
    np.testing.assert_allclose(every, [0.3, 0.4])
    early = standardize(shares, weights=("2019-01", "2019-12"), by=("sector",)).table["estimate"]
    np.testing.assert_allclose(early, [0.4, 0.5])


def test_other_columns_stay() -> None:
    rows = [(*row[:2], region, *row[2:]) for row in _ROWS for region in ("11", "84")]
    shares = make_shares(rows, ["month", "sector", "region"])
    fixed = standardize(shares, weights=_MIX, by=("sector",))
    assert fixed.by == ("month", "region")
    assert fixed.table["region"].tolist() == ["11", "84", "11", "84"]
    np.testing.assert_allclose(fixed.table["estimate"], [0.18, 0.18, 0.28, 0.28])


def test_margins_are_raked() -> None:
    rows = [
        ("2019-01-01", "C", "11", 10, 0.1),
        ("2019-01-01", "C", "84", 30, 0.2),
        ("2019-01-01", "J", "11", 40, 0.3),
        ("2019-01-01", "J", "84", 20, 0.4),
    ]
    # Raked to (0.2, 0.3, 0.4, 0.1): 0.02 + 0.06 + 0.12 + 0.04. Totals of margins need not agree.
    margins = {"sector": pd.Series({"C": 5, "J": 5}), "region": pd.Series({"11": 0.6, "84": 0.4})}
    shares = make_shares(rows, ["month", "sector", "region"])
    fixed = standardize(shares, weights=margins)
    np.testing.assert_allclose(fixed.table["estimate"], [0.24], atol=1e-8)
    table = rake(
        compute_mix(shares, by=("sector", "region")), {k: v / v.sum() for k, v in margins.items()}
    )
    again = standardize(shares, weights=table)
    np.testing.assert_allclose(again.table["estimate"], fixed.table["estimate"], atol=1e-12)


def test_a_group_that_a_month_lacks() -> None:
    rows = [*_ROWS, ("2020-02-01", "C", 100, 0.3)]
    shares = _make(rows)
    # February has C alone, 80% of the mix: its share is 0.3.
    with pytest.warns(JocasThemesWarning, match=r"1 of 3 rows lack groups .* worst 20\.0%.*spread"):
        fixed = standardize(shares, weights=_MIX, by=("sector",))
    np.testing.assert_allclose(fixed.table["estimate"], [0.18, 0.28, 0.3])
    with pytest.warns(JocasThemesWarning, match=r"1 of 3 rows .* 20\.0% .* left out"):
        fixed = standardize(shares, weights=_MIX, by=("sector",), missing="drop")
    np.testing.assert_allclose(fixed.table["estimate"], [0.18, 0.28])


def test_a_group_without_an_estimate_is_as_one_without_offers() -> None:
    shares = _make([*_ROWS, ("2020-02-01", "C", 100, 0.3), ("2020-02-01", "J", 100, np.nan)])
    with pytest.warns(JocasThemesWarning, match=r"1 of 3 rows lack groups .* worst 20\.0%"):
        fixed = standardize(shares, weights=_MIX, by=("sector",))
    np.testing.assert_allclose(fixed.table["estimate"], [0.18, 0.28, 0.3])


def test_a_month_that_lacks_most_of_the_mix_has_no_row() -> None:
    rows = [*_ROWS, ("2020-02-01", "J", 100, 0.3)]
    with pytest.warns(JocasThemesWarning, match=r"1 of 3 rows lack too much .* 80\.0% .* left out"):
        fixed = standardize(_make(rows), weights=_MIX, by=("sector",))
    assert fixed.table["month"].dt.month.tolist() == [1, 1]


def test_a_mix_of_groups_that_are_nowhere() -> None:
    mix = pd.DataFrame({"sector": ["C", "J", "K"], "weight": [0.05, 0.05, 0.9]})
    with pytest.raises(ValueError, match=r"at best 90\.0% of its weight"):
        standardize(_make(), weights=mix, by=("sector",))


def test_unknown_is_a_group_of_its_own() -> None:
    rows = [*_ROWS, ("2019-01-01", "unknown", 100, 0.3), ("2020-01-01", "unknown", 100, 0.3)]
    # All months: C 0.4, J 0.4, unknown 0.2.
    fixed = standardize(_make(rows), weights="all", by=("sector",))
    np.testing.assert_allclose(fixed.table["estimate"], [0.3, 0.38])


@pytest.mark.parametrize("weights", [_MIX, {"sector": _MIX.set_index("sector")["weight"]}])
def test_a_mix_that_does_not_name_unknown_leaves_it_out(weights: Any) -> None:
    rows = [*_ROWS, ("2019-01-01", "unknown", 100, 0.9)]
    with pytest.warns(JocasThemesWarning, match=r"'unknown'.* 11\.1% of all, do not count"):
        fixed = standardize(_make(rows), weights=weights, by=("sector",))
    np.testing.assert_allclose(fixed.table["estimate"], [0.18, 0.28])
    assert fixed.table["n_offers"].tolist() == [400, 400]


def test_a_sector_that_is_new_since_the_mix_is_left_out() -> None:
    rows = [*_ROWS, ("2020-01-01", "K", 200, 0.9)]
    with pytest.warns(JocasThemesWarning, match=r"\('K',\).* 20\.0% of all"):
        fixed = standardize(_make(rows), weights=("2019-01", "2019-12"), by=("sector",))
    np.testing.assert_allclose(fixed.table["estimate"], [0.4, 0.5])


def test_weights_of_0_are_meant() -> None:
    mix = pd.DataFrame({"sector": ["C", "J"], "weight": [1, 0]})
    fixed = standardize(_make(), weights=mix, by=("sector",))
    np.testing.assert_allclose(fixed.table["estimate"], [0.1, 0.2])
    assert fixed.table["n_offers"].tolist() == [100, 300]


def test_a_mix_of_fewer_offers_than_half_is_refused() -> None:
    rows = [*_ROWS, ("2019-01-01", "unknown", 900, 0.9)]
    with pytest.raises(ValueError, match=r"leaves out 52\.9% of the offers"):
        standardize(_make(rows), weights=_MIX, by=("sector",))


@pytest.mark.parametrize(
    ("weights", "match"),
    [
        (_MIX[:1], r"must name every sector of the shares, and lacks \['J'\]"),
        (_MIX.assign(sector=[1, 2]), r"lacks \['C', 'J'\] \(2 in all\); it has \[1, 2\]"),
        (_MIX.assign(weight=[1, -1]), r"numbers >= 0, got \[-1.0\]"),
        (_MIX.assign(weight=[0, 0]), "must not all be 0"),
        (_MIX.drop(columns="weight"), r"weights lacks the columns \['weight'\]"),
        (pd.concat([_MIX, _MIX]), r"each group once, got several rows of \[\['C'\], \['J'\]\]"),
        ({"region": pd.Series({"11": 1})}, r"margins of \['sector'\] alone, got \['region'\]"),
        ({"sector": pd.Series({"C": 1})}, r"lacks the categories \['J'\]"),
        ("2019", "got '2019'"),
        (None, "got None"),
        (("2019-01", "2019-06", "2019-12"), "weights must be a first and a last month"),
        (("2018-01", "2018-12"), "weights must hold months of the shares"),
    ],
)
def test_refusals(weights: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        standardize(_make(), weights=weights, by=("sector",))


def test_other_refusals() -> None:
    with pytest.raises(TypeError, match="got list for 'sector'"):
        standardize(_make(), weights={"sector": [1, 2]}, by=("sector",))
    with pytest.raises(ValueError, match=r"got \['sector', 'region'\]"):
        standardize(_make(), weights="all")
    with pytest.raises(ValueError, match="missing must be 'renormalize' or 'drop', got 'keep'"):
        standardize(_make(), weights="all", by=("sector",), missing="keep")


@pytest.mark.filterwarnings(_EITHER)
@settings(max_examples=25, deadline=None)
@given(random_shares(), st.integers(0, 3))
def test_a_months_own_mix_gives_its_share(shares: Shares, place: int) -> None:
    month = shares.table["month"].unique()[place]
    crude = pool(shares, ["month"])
    mix = compute_mix(shares, by=("sector", "region"), period=(month, month))
    fixed = standardize(shares, weights=mix)
    for column in ("estimate", "se"):
        expected = crude.table.loc[crude.table["month"] == month, column]
        actual = fixed.table.loc[fixed.table["month"] == month, column]
        np.testing.assert_allclose(actual, expected, rtol=1e-12)


@pytest.mark.filterwarnings(_EITHER)
@settings(max_examples=25, deadline=None)
@given(random_shares(), st.floats(1e-3, 1e6), st.randoms(use_true_random=False))
def test_scale_and_order_do_not_matter(shares: Shares, scale: float, random: Any) -> None:
    mix = compute_mix(shares, by=("sector", "region"))
    fixed = standardize(shares, weights=mix)
    order = random.sample(range(len(shares)), len(shares))
    moved = Shares(shares.table.iloc[order], shares.factor[order], shares.noise[order], shares.by)
    scaled = mix.sample(frac=1, random_state=0).assign(weight=lambda t: scale * t["weight"])
    again = standardize(moved, weights=scaled, by=("region", "sector"))
    keys = ["theme", "month"]
    pd.testing.assert_frame_equal(
        fixed.table.sort_values(keys, ignore_index=True),
        again.table.sort_values(keys, ignore_index=True),
        rtol=1e-12,
    )


def _contrast(shares: Shares) -> pd.DataFrame:
    """Return the mean of the months from the 39th on less that of those before, by run."""
    late = (shares.table["month"] >= "2020-03-01").to_numpy()
    n_runs = len(shares.themes)
    weights = np.where(late, n_runs / late.sum(), -n_runs / (~late).sum())
    return shares.combine(weights, []).table


def _simulate(seed: int, n_runs: int, by: list[str], step: float, n_regions: int) -> pd.DataFrame:
    """Simulate the errors of the crude and the standardised change, and what covers them."""
    rng = np.random.default_rng(seed)
    shares = simulate_shares(rng, n_runs, step=step, n_regions=n_regions)
    crude = _contrast(pool(shares, ["month"]))
    fixed = _contrast(standardize(shares, weights=("2017-01", "2020-02"), by=by))
    runs = {}
    for name, change in (("crude", crude), ("fixed", fixed)):
        runs[name] = change["estimate"] - step
        runs[f"{name}_covered"] = runs[name].abs() < 1.96 * change["se"]
    return pd.DataFrame(runs)


@pytest.mark.parametrize("step", [0.0, 0.05])
def test_a_change_of_the_mix_is_no_change(step: float) -> None:
    runs = _simulate(0, 300, ["sector", "region"], step, n_regions=1).mean()
    assert runs["crude"] > 0.03
    assert runs["crude_covered"] < 0.1
    assert abs(runs["fixed"]) < 0.003
    assert 0.92 <= runs["fixed_covered"] <= 0.98  # 95% within 2.4 standard errors of 300 runs


@pytest.mark.slow
@pytest.mark.filterwarnings(_EITHER)
@pytest.mark.parametrize("step", [0.0, 0.05])
def test_a_change_of_the_mix_is_no_change_in_many_runs(step: float) -> None:
    batches = [_simulate(seed, 50, ["sector", "region"], step, n_regions=13) for seed in range(20)]
    runs = pd.concat(batches).mean()
    assert runs["crude"] > 0.03
    assert runs["crude_covered"] < 0.1
    assert abs(runs["fixed"]) < 0.001
    assert 0.93 <= runs["fixed_covered"] <= 0.97
