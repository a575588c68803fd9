"""Within and composition: by hand, adding up, and covering."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends._result import Shares
from jocas_themes.trends.composition import decompose
from jocas_themes.trends.composition._mix import pool
from trends.composition.made_shares import make_shares, random_shares, simulate_shares

_PERIODS: Any = {"before": ("2019-01", "2019-02"), "after": ("2019-03", "2019-04")}
_YEARS: Any = {"before": ("2019-01", "2019-12"), "after": ("2021-01", "2021-12")}


def _tabulate(parts: pd.DataFrame, value: str = "estimate") -> dict[str, list[float]]:
    """Return within, composition and total of each group."""
    assert parts["component"].tolist() == ["within", "composition", "total"] * (len(parts) // 3)
    return {str(name): rows[value].tolist() for name, rows in parts.groupby("group", sort=False)}


def test_by_hand() -> None:
    # Mix 0.5, 0.5 to 0.75, 0.25; shares 0.1, 0.5 to 0.2, 0.5. Mean mix 0.625, 0.375; mean shares
    # 0.15, 0.5; of all 0.3 and 0.275, mean 0.2875.
    # C: within 0.625 * 0.1, composition 0.25 * (0.15 - 0.2875).
    # J: within 0, composition -0.25 * (0.5 - 0.2875). All: 0.0625 - 0.0875 = 0.275 - 0.3.
    rows = [
        (2019, "C", 100, 0.1),
        (2019, "J", 100, 0.5),
        (2021, "C", 150, 0.2),
        (2021, "J", 50, 0.5),
    ]
    shares = make_shares([(f"{row[0]}-01-01", *row[1:]) for row in rows], ["year", "sector"])
    parts = _tabulate(decompose(shares, **_YEARS))
    np.testing.assert_allclose(parts["all"], [0.0625, -0.0875, -0.025])
    np.testing.assert_allclose(parts["C"], [0.0625, -0.034375, 0.028125])
    np.testing.assert_allclose(parts["J"], [0, -0.053125, -0.053125], atol=1e-15)


def test_standard_errors_by_hand() -> None:
    # Mix 0.5, 0.5 in both years, own variances 1e-4. Within C: 0.25 * 2e-4. Within all:
    # (0.25 + 0.25) * 2e-4. The factor is the same in both years, so that no change has it.
    rows = [(f"{year}-01-01", sector, 100, 0.1) for year in (2019, 2021) for sector in "CJ"]
    shares = make_shares(rows, ["year", "sector"], factor=np.full((4, 1), 0.5), noise=1e-4)
    parts = decompose(shares, **_YEARS, level=0.9)
    errors = _tabulate(parts, "se")
    np.testing.assert_allclose(errors["all"], [0.01, 0, 0.01], atol=1e-12)
    np.testing.assert_allclose(errors["C"], [0.01 / 2**0.5, 0, 0.01 / 2**0.5], atol=1e-12)
    # 1.6449 is the 95th percentile of the normal law.
    np.testing.assert_allclose(parts["ci_high"][0], 0.016449, atol=1e-6)
    assert parts["ci_low"][0] == -parts["ci_high"][0]


def test_months_are_pooled_by_their_offers() -> None:
    # Before: (100 * 0.1 + 300 * 0.5) / 400 = 0.4; after 0.6.
    rows = [
        ("2019-01-01", "C", 100, 0.1),
        ("2019-02-01", "C", 300, 0.5),
        ("2019-04-01", "C", 9, 0.6),
    ]
    parts = _tabulate(decompose(make_shares(rows, ["month", "sector"]), **_PERIODS))
    np.testing.assert_allclose(parts["all"], [0.2, 0, 0.2], atol=1e-15)


def test_new_and_vanished_groups_are_composition() -> None:
    # Before C alone (0.1) and J (0.5), half each: 0.3. After C and K (0.7), half each: 0.4.
    # Mean 0.35. J: -0.5 * (0.5 - 0.35); K: 0.5 * (0.7 - 0.35); C does not change.
    rows = [
        ("2019-01-01", "C", 10, 0.1),
        ("2019-01-01", "J", 10, 0.5),
        ("2019-03-01", "C", 30, 0.1),
        ("2019-03-01", "K", 30, 0.7),
    ]
    shares = make_shares(rows, ["month", "sector"], noise=1e-4)
    table = decompose(shares, **_PERIODS)
    parts = _tabulate(table)
    np.testing.assert_allclose(parts["all"], [0, 0.1, 0.1], atol=1e-15)
    np.testing.assert_allclose(parts["J"], [0, -0.075, -0.075], atol=1e-15)
    np.testing.assert_allclose(parts["K"], [0, 0.175, 0.175], atol=1e-15)
    # J's share stands on both sides: within has no error. Total: 4 rows of weight 0.5.
    errors = _tabulate(table, "se")
    assert errors["J"][0] == 0
    np.testing.assert_allclose(errors["all"][2], 0.01)


def test_several_columns_are_one_group() -> None:
    rows = [
        (month, s, r, 10, 0.1) for month in ("2019-01", "2019-03") for s in "CJ" for r in (11, 84)
    ]
    shares = make_shares(rows, ["month", "sector", "region"])
    parts = decompose(shares, **_PERIODS, by=("sector", "region"))
    assert parts["group"].unique().tolist() == ["all", "C / 11", "C / 84", "J / 11", "J / 84"]


def test_other_columns_are_decomposed_one_by_one() -> None:
    rows = [
        ("2019-01-01", "C", "11", 10, 0.1),
        ("2019-01-01", "C", "84", 10, 0.2),
        ("2019-03-01", "C", "11", 10, 0.4),
        ("2019-03-01", "C", "84", 10, 0.3),
    ]
    parts = decompose(make_shares(rows, ["month", "sector", "region"]), **_PERIODS)
    assert parts.columns.tolist()[:4] == ["theme", "region", "group", "component"]
    total = parts[(parts["group"] == "all") & (parts["component"] == "total")]
    assert total["region"].tolist() == ["11", "84"]
    np.testing.assert_allclose(total["estimate"], [0.3, 0.1])
    late = [*rows, ("2019-03-01", "C", "75", 10, 0.4)]
    with pytest.warns(JocasThemesWarning, match=r"1 of 3 combinations .*'75'"):
        again = decompose(make_shares(late, ["month", "sector", "region"]), **_PERIODS)
    pd.testing.assert_frame_equal(again, parts)


@settings(max_examples=25, deadline=None)
@given(random_shares(), st.sampled_from([("sector",), ("sector", "region"), ("region", "sector")]))
def test_it_adds_up(shares: Shares, by: tuple[str, ...]) -> None:
    shares = pool(shares, ["month", *by])
    parts = decompose(shares, **_PERIODS, by=by)
    wide = parts.pivot(index=["theme", "group"], columns="component", values="estimate")
    np.testing.assert_allclose(wide["within"] + wide["composition"], wide["total"], atol=1e-12)
    whole = wide.xs("all", level="group")
    summed = wide.drop("all", level="group").groupby(level="theme").sum()
    np.testing.assert_allclose(summed, whole, atol=1e-12)
    early = shares.table["month"] < "2019-03-01"
    crude = [pool(shares.take(side.to_numpy()), []).table["estimate"] for side in (early, ~early)]
    np.testing.assert_allclose(whole["total"], crude[1] - crude[0], atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(random_shares())
def test_errors_are_those_of_the_weighted_rows(shares: Shares) -> None:
    shares = pool(shares, ["month", "sector"])
    early = (shares.table["month"] < "2019-03-01").to_numpy()
    sides = shares.table.groupby(["theme", early])["n_offers"].transform("sum")
    weights = np.where(early, -1, 1) * shares.table["n_offers"] / sides
    change = shares.combine(weights, []).table
    parts = decompose(shares, **_PERIODS)
    total = parts[(parts["group"] == "all") & (parts["component"] == "total")]
    np.testing.assert_allclose(total["se"], change["se"], rtol=1e-9)


def test_a_change_of_the_mix_is_composition() -> None:
    # Nothing changes but the mix: within covers 0, and the whole change is composition.
    shares = pool(simulate_shares(np.random.default_rng(0), 300), ["month", "sector"])
    parts = decompose(shares, before=("2017-01", "2020-02"), after=("2020-03", "2021-12"))
    whole = parts[parts["group"] == "all"]
    within = whole[whole["component"] == "within"]
    covered = (within["ci_low"] <= 0) & (within["ci_high"] >= 0)
    assert abs(within["estimate"].mean()) < 0.003
    assert 0.92 <= covered.mean() <= 0.98
    assert whole.loc[whole["component"] == "composition", "estimate"].mean() > 0.03


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"by": ("region",)}, r"got \['region'\]"),
        ({"level": 95}, "level must be between 0 and 1, got 95"),
        ({"after": ("2019-02", "2019-04")}, "before must end before after begins"),
        ({"before": ("2019-03", "2019-04"), "after": ("2019-01", "2019-02")}, "before must end"),
        ({"after": ("2029-02", "2029-04")}, "after must hold months of the shares"),
    ],
)
def test_refusals(arguments: dict[str, Any], match: str) -> None:
    rows = [(f"2019-0{month}-01", "C", 10, 0.1) for month in range(1, 5)]
    with pytest.raises(ValueError, match=match):
        decompose(make_shares(rows, ["month", "sector"]), **(_PERIODS | arguments))


def test_nothing_in_common() -> None:
    rows = [("2019-01-01", "C", "11", 10, 0.1), ("2019-03-01", "C", "84", 10, 0.1)]
    with pytest.raises(ValueError, match="got none in both periods"):
        decompose(make_shares(rows, ["month", "sector", "region"]), **_PERIODS)


def test_an_unknown_share_is_refused() -> None:
    rows = [("2019-01-01", "C", 10, 0.1), ("2019-03-01", "C", 10, np.nan)]
    with pytest.raises(ValueError, match=r"NaN in 1 rows, such as \[\['REMOTE', '2019-03-01'"):
        decompose(make_shares(rows, ["month", "sector"]), **_PERIODS)


def test_a_group_called_all_is_refused() -> None:
    rows = [(month, name, 10, 0.1) for month in ("2019-01", "2019-03") for name in ("all", "C")]
    with pytest.raises(ValueError, match=r"no group must be called 'all'.* \['sector'\] have one"):
        decompose(make_shares(rows, ["month", "sector"]), **_PERIODS)
