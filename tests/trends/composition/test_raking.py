"""Raking: by hand, as `ipfn` does it, and what cannot be raked."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ipfn.ipfn import ipfn

from jocas_themes.trends.composition import rake


def _build_seed(weights: Any = (10, 30, 40, 20)) -> pd.DataFrame:
    keys = {"sector": ["C", "C", "J", "J"], "region": ["11", "84", "11", "84"]}
    return pd.DataFrame({**keys, "weight": weights})


def _draw_seed(rng: np.random.Generator, n_sectors: int, n_regions: int) -> pd.DataFrame:
    keys = pd.MultiIndex.from_product(
        [range(n_sectors), range(n_regions)], names=["sector", "region"]
    )
    return keys.to_frame(index=False).assign(weight=rng.uniform(0.1, 5, len(keys)))


def _draw_margins(rng: np.random.Generator, *sizes: int) -> list["pd.Series[float]"]:
    return [pd.Series(rng.dirichlet(np.full(size, 5.0))) * 1000 for size in sizes]


def test_both_margins_are_met_and_the_odds_ratio_stays() -> None:
    # 10 * 20 / (30 * 40) = 1/6 = 0.2 * 0.1 / (0.3 * 0.4), with rows 0.5, 0.5 and columns 0.6, 0.4.
    margins = {
        "sector": pd.Series({"C": 0.5, "J": 0.5}),
        "region": pd.Series({"11": 0.6, "84": 0.4}),
    }
    weights = rake(_build_seed(), margins)["weight"]
    np.testing.assert_allclose(weights, [0.2, 0.3, 0.4, 0.1], atol=1e-8)


def test_one_margin_scales_each_category() -> None:
    # C: 40 to 100, times 2.5; J: 60 to 30, times 0.5.
    weights = rake(_build_seed(), {"sector": pd.Series({"J": 30, "C": 100})})["weight"]
    assert weights.tolist() == [25, 75, 20, 10]


def test_rows_need_not_be_distinct_and_the_seed_is_not_changed() -> None:
    # Two rows of one cell keep their ratio: C has 3 and 1, to 8 in all.
    seed = pd.DataFrame({"sector": ["C", "C", "J"], "weight": [3, 1, 5]}, index=[7, 8, 9])
    fitted = rake(seed, {"sector": pd.Series({"C": 8, "J": 2})})
    assert fitted["weight"].to_dict() == {7: 6.0, 8: 2.0, 9: 2.0}
    assert seed["weight"].tolist() == [3, 1, 5]


def test_zeros_stay() -> None:
    margins = {
        "sector": pd.Series({"C": 6.0, "J": 4.0}),
        "region": pd.Series({"11": 5.0, "84": 5.0}),
    }
    # With C, 84 empty: C, 11 would need 6 of region 11's 5. With J, 11 empty: C, 11 = 5.
    fitted = rake(_build_seed([1, 1, 0, 1]), margins)["weight"]
    np.testing.assert_allclose(fitted, [5, 1, 0, 4], atol=1e-6)


def test_no_weights_have_these_margins() -> None:
    margins = {
        "sector": pd.Series({"C": 6.0, "J": 4.0}),
        "region": pd.Series({"11": 5.0, "84": 5.0}),
    }
    with pytest.raises(ValueError, match=r"did not in 50 iterations: at worst .* in place of"):
        rake(_build_seed([1, 0, 1, 1]), margins, max_iterations=50)


@pytest.mark.parametrize("seed", range(3))
def test_as_ipfn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cells = _draw_seed(rng, 21, 13)
    sectors, regions = _draw_margins(rng, 21, 13)
    ours = rake(cells, {"sector": sectors, "region": regions})
    table = cells["weight"].to_numpy().reshape(21, 13).copy()
    margins = [sectors.to_numpy(), regions.to_numpy()]
    theirs = ipfn(table, margins, [[0], [1]], convergence_rate=1e-12).iteration()
    np.testing.assert_allclose(ours["weight"], theirs.ravel(), rtol=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3))
def test_scale_and_order_of_the_seed_do_not_matter(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    cells = _draw_seed(rng, 4, 3)
    sectors, regions = _draw_margins(rng, 4, 3)
    fitted = rake(cells, {"sector": sectors, "region": regions}, tolerance=1e-12)
    order = rng.permutation(len(cells))
    moved = cells.iloc[order].assign(weight=lambda table: scale * table["weight"])
    again = rake(moved, {"region": regions, "sector": sectors}, tolerance=1e-12)
    np.testing.assert_allclose(again["weight"].loc[cells.index], fitted["weight"], rtol=1e-8)


@pytest.mark.parametrize(
    ("seed", "margins", "match"),
    [
        (_build_seed(), {}, "at least one column"),
        (_build_seed(), {"sector": {"C": 1}}, "must be Series .* got dict for 'sector'"),
        (_build_seed(), {"naf": pd.Series({"C": 1})}, r"seed lacks the columns \['naf'\]"),
        (
            _build_seed(),
            {"sector": pd.Series({"C": 1})},
            r"lacks the categories \['J'\] of the seed",
        ),
        (
            _build_seed(),
            {"sector": pd.Series({"C": 1, "J": 1, "K": 2})},
            r"nothing in the categories \['K'\] of 'sector'",
        ),
        (
            _build_seed([0, 0, 1, 1]),
            {"sector": pd.Series({"C": 1, "J": 1})},
            r"nothing in the categories \['C'\]",
        ),
        (
            _build_seed(),
            {"sector": pd.Series({"C": 1, "J": 1}), "region": pd.Series({"11": 1, "84": 2})},
            r"one total, got \{'sector': 2.0, 'region': 3.0\}",
        ),
        (_build_seed([1, -1, 1, 1]), {"sector": pd.Series({"C": 1, "J": 1})}, r"got \[-1.0\]"),
        (_build_seed([1, None, 1, 1]), {"sector": pd.Series({"C": 1, "J": 1})}, r"got \[nan\]"),
        (_build_seed([0, 0, 0, 0]), {"sector": pd.Series({"C": 1, "J": 1})}, "not all be 0"),
        (_build_seed(), {"sector": pd.Series({"C": 1, "J": -1})}, "the margin of 'sector' must be"),
        (_build_seed(), {"sector": pd.Series([1, 2], index=["C", "C"])}, r"once, got \['C'\]"),
        (
            _build_seed().replace({"region": {"84": None}}),
            {"region": pd.Series({"11": 1})},
            "missing values",
        ),
    ],
)
def test_refusals(seed: pd.DataFrame, margins: Any, match: str) -> None:
    with pytest.raises((ValueError, TypeError), match=match):
        rake(seed, margins)
