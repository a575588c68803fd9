import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student_t

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends._result import Shares
from jocas_themes.trends.smoothing import smooth_trend
from trends.smoothing.made_series import (
    MISSING,
    N_MONTHS,
    NEAR_STEP,
    join_shares,
    make_shares,
    permute,
    simulate_shares,
)

LINE = 0.1 + 0.003 * np.arange(48)


def _draw(seed: int, n_months: int = 48, **options: Any) -> Shares:
    rng = np.random.default_rng(seed)
    return make_shares(rng.binomial(200, 0.2, n_months) / 200, n_offers=200, **options)


def _without(shares: Shares, places: list[int]) -> Shares:
    return shares.take(~np.isin(np.arange(len(shares)), places))


def test_a_line_comes_back() -> None:
    trend = smooth_trend(make_shares(LINE))
    np.testing.assert_allclose(trend["estimate"], LINE, atol=1e-10)
    np.testing.assert_allclose(trend["season"], 0, atol=1e-10)
    np.testing.assert_allclose(trend["share"], LINE)


def test_a_step_comes_back_through_a_gap() -> None:
    # 26 months before 2020-03; the months of the step itself are missing.
    estimates = np.repeat([0.1, 0.25], [26, 22])
    trend = smooth_trend(_without(make_shares(estimates), [25, 26, 27]))
    np.testing.assert_allclose(trend["estimate"], estimates, atol=1e-10)
    assert np.flatnonzero(~trend["is_observed"]).tolist() == [25, 26, 27]


def test_several_steps() -> None:
    estimates = np.repeat([0.1, 0.3, 0.2], [15, 15, 18])
    trend = smooth_trend(make_shares(estimates), steps=("2019-04", "2020-07"))
    np.testing.assert_allclose(trend["estimate"], estimates, atol=1e-10)


def test_seasons_come_back() -> None:
    season = np.tile([0.02, 0.01, *[0] * 8, -0.01, -0.02], 4)
    trend = smooth_trend(_without(make_shares(LINE + season), [7, 8, 30]))
    np.testing.assert_allclose(trend["estimate"], LINE, atol=1e-10)
    np.testing.assert_allclose(trend["season"], season, atol=1e-10)


def test_seasons_sum_to_zero_over_a_year() -> None:
    season = smooth_trend(_draw(0))["season"].to_numpy()
    assert np.abs(season).max() > 0.001
    np.testing.assert_allclose([season[:12].sum(), season[5:17].sum()], 0, atol=1e-12)
    np.testing.assert_allclose(season[:36], season[12:], atol=1e-12)
    assert (smooth_trend(_draw(0), season=False)["season"] == 0).all()


def test_rows_and_columns() -> None:
    trend = smooth_trend(_without(make_shares(LINE), [0, 10, 11, 47]))
    assert trend.columns.tolist() == [
        "theme",
        "month",
        "n_offers",
        "share",
        "estimate",
        "season",
        "se",
        "ci_low",
        "ci_high",
        "is_observed",
        "method",
    ]
    months = pd.date_range("2018-02-01", "2021-11-01", freq="MS")
    assert trend["month"].tolist() == months.tolist()
    gap = trend.loc[~trend["is_observed"]]
    assert gap["month"].dt.strftime("%Y-%m").tolist() == ["2018-11", "2018-12"]
    assert gap["share"].isna().all()
    assert gap["n_offers"].tolist() == [0, 0]
    assert trend["n_offers"].dtype == np.int64
    assert gap["estimate"].notna().all()
    assert set(trend["method"]) == {"dsl, reml"}


def test_gaps_have_wider_bands() -> None:
    wave = 0.3 + 0.1 * np.sin(np.arange(48) / 5)
    whole = make_shares(wave, n_offers=3_000)
    trend = smooth_trend(_without(whole, [20, 21, 22, 23, 24, 25]), steps=(), season=False)
    se = trend["se"].to_numpy()
    # The middle of the gap, its edges, the months beside it and those far from it, in this order.
    assert se[22] > se[20] > se[19] > se[12]
    assert se[23] > se[25] > se[26] > se[33]
    # The last months have neighbours on one side alone.
    assert se[-1] > se[35]
    complete = smooth_trend(whole, steps=(), season=False)["se"].to_numpy()
    assert (se[20:26] > complete[20:26]).all()


def test_months_without_offers_are_gaps() -> None:
    n_offers = np.where(np.isin(np.arange(48), [12, 13]), 0, 1_000)
    trend = smooth_trend(make_shares(np.where(n_offers, LINE, 0.9), n_offers=n_offers))
    assert np.flatnonzero(~trend["is_observed"]).tolist() == [12, 13]
    np.testing.assert_allclose(trend["estimate"], LINE, atol=1e-10)


def test_the_whole_covariance_counts() -> None:
    """An error in common to all months adds its variance, however many months there are."""
    alone = smooth_trend(_draw(2))
    common = smooth_trend(_draw(2, factor=np.full((48, 1), 0.03)))
    np.testing.assert_allclose(common["estimate"], alone["estimate"], atol=1e-9)
    np.testing.assert_allclose(common["se"] ** 2, alone["se"] ** 2 + 0.03**2)
    # As large an error of each month by itself averages out.
    separate = smooth_trend(_draw(2, noise=0.2 * 0.8 / 200 + 0.03**2))
    assert (separate["se"][5:20] < 0.7 * common["se"][5:20]).all()


def test_bands_are_students() -> None:
    shares = _draw(3, dof=7, level=0.8)
    trend = smooth_trend(shares)
    p, low, high = (trend[name].to_numpy() for name in ("estimate", "ci_low", "ci_high"))
    # At both ends the estimate is as many of their standard errors away as Student has it.
    for end in (low, high):
        se = trend["se"] * np.sqrt(end * (1 - end) / (p * (1 - p)))
        np.testing.assert_allclose(np.abs(p - end) / se, student_t.ppf(0.9, 7))
    wide = smooth_trend(shares, level=0.99)
    assert (wide["ci_low"] < trend["ci_low"]).all()
    assert (wide["ci_high"] > trend["ci_high"]).all()
    np.testing.assert_allclose(wide["se"], trend["se"])


def test_bands_are_cut_at_0_and_1() -> None:
    for share in (0.0, 1.0):
        trend = smooth_trend(make_shares(np.full(48, share), n_offers=30))
        assert trend["ci_low"].min() >= 0
        assert trend["ci_high"].max() <= 1
        assert (trend["ci_high"] > trend["ci_low"]).all()


@settings(max_examples=5, deadline=None)
@given(st.permutations(range(48)))
def test_order_of_rows_does_not_matter(order: list[int]) -> None:
    shares = _draw(4, factor=np.linspace(0.01, 0.03, 48)[:, None])
    pd.testing.assert_frame_equal(smooth_trend(permute(shares, order)), smooth_trend(shares))


def test_groups_are_kept_apart() -> None:
    parts = {"A": _draw(5), "B": _draw(6, 40, first="2018-06")}
    both = smooth_trend(join_shares(parts))
    assert both.columns.tolist()[:3] == ["theme", "sector", "month"]
    for group, shares in parts.items():
        own = both[both["sector"] == group].drop(columns="sector").reset_index(drop=True)
        pd.testing.assert_frame_equal(own, smooth_trend(shares), check_dtype=False)


def test_themes_are_kept_apart() -> None:
    shares = join_shares({"A": _draw(5), "B": _draw(6)}, name="theme")
    shares = Shares(shares.table, shares.factor, shares.noise, by=("month",))
    both = smooth_trend(shares)
    assert both["theme"].unique().tolist() == ["A", "B"]
    for theme, seed in (("A", 5), ("B", 6)):
        own = both.loc[both["theme"] == theme, "estimate"]
        np.testing.assert_allclose(own, smooth_trend(_draw(seed))["estimate"])


@pytest.mark.parametrize(("time", "width"), [("quarter", 3), ("semester", 6), ("year", 12)])
def test_longer_periods(time: str, width: int) -> None:
    months = pd.date_range("2014-01-01", periods=12, freq=pd.DateOffset(months=width))
    kept = np.arange(12) != 5
    estimates = 0.1 + 0.01 * np.arange(12)
    shares = make_shares(estimates[kept], months=months[kept], time=time)
    trend = smooth_trend(shares, steps=())
    assert trend[time].tolist() == months.tolist()
    assert np.flatnonzero(~trend["is_observed"]).tolist() == [5]
    np.testing.assert_allclose(trend["estimate"], estimates, atol=1e-10)


def test_a_quarter_with_a_step() -> None:
    # Of the quarter of the step, March alone is after it: a third of 0.3.
    estimates = np.array([0.1] * 8 + [0.2] + [0.4] * 7)
    months = pd.date_range("2018-01-01", periods=16, freq=pd.DateOffset(months=3))
    shares = make_shares(estimates, months=months, time="quarter")
    np.testing.assert_allclose(smooth_trend(shares)["estimate"], estimates, atol=1e-10)


def test_lowess_has_no_band() -> None:
    shares = _without(make_shares(LINE), [20, 21])
    trend = smooth_trend(shares, method="lowess")
    np.testing.assert_allclose(trend["estimate"], LINE)
    assert trend[["se", "ci_low", "ci_high"]].isna().all(axis=None)
    assert (trend["season"] == 0).all()
    assert set(trend["method"]) == {"dsl, lowess (exploratory)"}
    assert np.flatnonzero(~trend["is_observed"]).tolist() == [20, 21]


def test_lowess_warns_of_no_step() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        smooth_trend(make_shares(LINE[:8]), method="lowess")


def test_short_series_lose_their_seasons() -> None:
    shares = make_shares(LINE[:20], first="2019-06")
    with pytest.warns(JocasThemesWarning, match=r"seasons were left out.*\['REMOTE'\] \(1 series"):
        trend = smooth_trend(shares)
    assert (trend["season"] == 0).all()
    np.testing.assert_allclose(trend["estimate"], LINE[:20], atol=1e-10)


def test_a_step_that_nobody_saw() -> None:
    with pytest.warns(JocasThemesWarning, match="the step of 2025-01 was left out"):
        trend = smooth_trend(make_shares(LINE), steps=("2025-01",))
    pd.testing.assert_frame_equal(trend, smooth_trend(make_shares(LINE), steps=()))


def test_one_warning_for_all_series() -> None:
    shares = join_shares({name: make_shares(LINE[:12]) for name in "ABCDE"})
    with pytest.warns(JocasThemesWarning, match=r"'REMOTE, C'\] \(5 series in all\)") as caught:
        smooth_trend(shares, steps=())
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_too_few_periods() -> None:
    shares = join_shares({"A": make_shares(LINE[:5]), "B": make_shares(LINE)})
    with pytest.raises(ValueError, match=r"at least 6 months .*\['REMOTE, A'\] \(1 in all\)"):
        smooth_trend(shares)
    with pytest.raises(ValueError, match=r"at least 6 months with offers"):
        smooth_trend(make_shares(LINE, n_offers=0))
    with pytest.raises(ValueError, match="a trend needs shares, got a table without rows"):
        smooth_trend(make_shares(LINE).take(np.zeros(48, dtype=bool)))


def test_six_periods_are_enough() -> None:
    trend = smooth_trend(make_shares(LINE[:6]), steps=(), season=False)
    np.testing.assert_allclose(trend["estimate"], LINE[:6], atol=1e-10)


def test_arguments_that_are_refused() -> None:
    shares = make_shares(LINE)
    with pytest.raises(ValueError, match=r"method must be one of \['reml', 'lowess'\], got 'gam'"):
        smooth_trend(shares, method="gam")
    with pytest.raises(ValueError, match=r"level must be in \(0, 1\), got 95"):
        smooth_trend(shares, level=95)
    with pytest.raises(ValueError, match="each of steps must be a month, got 'March'"):
        smooth_trend(shares, steps=("March",))
    with pytest.raises(TypeError, match="steps must be a sequence of months, got '2020-03'"):
        smooth_trend(shares, steps="2020-03")
    with pytest.raises(ValueError, match="shares must be by one of"):
        smooth_trend(Shares(shares.table, shares.factor, shares.noise, by=("sector",)))


def _measure(n_runs: int, typical: int, step: float) -> np.ndarray:
    """Tell which months' trends the bands cover, (n_runs, n_months)."""
    covered = np.zeros((n_runs, N_MONTHS))
    for run in range(n_runs):
        shares, truth = simulate_shares(run, typical=typical, step=step)
        trend = smooth_trend(shares)
        covered[run] = trend["ci_low"].le(truth) & trend["ci_high"].ge(truth)
    return covered


def _bound(covered: np.ndarray) -> tuple[float, float]:
    """Return the mean coverage, and twice its Monte Carlo error, runs being independent."""
    runs = covered.mean(axis=1)
    return float(runs.mean()), float(2 * runs.std(ddof=1) / np.sqrt(len(runs)))


def test_bands_cover() -> None:
    covered = _measure(30, 150, step=0.35)
    assert 0.88 < covered[:, ~MISSING].mean() < 0.995
    assert covered[:, MISSING].mean() > 0.84
    assert covered[:, NEAR_STEP].mean() > 0.82


def test_bands_cover_errors_in_common() -> None:
    """What was learnt from gold labels is wrong by the same in all months of a run."""
    factor = 0.03 * np.linspace(0.5, 1.5, 48)
    rng = np.random.default_rng(0)
    known, ignored = [], []
    for _ in range(30):
        estimates = rng.binomial(2_000, 0.3, 48) / 2_000 + factor * rng.normal()
        for columns, covered in ((factor[:, None], known), (None, ignored)):
            trend = smooth_trend(make_shares(estimates, n_offers=2_000, factor=columns))
            covered.append(trend["ci_low"].le(0.3) & trend["ci_high"].ge(0.3))
    # Of 30 runs at 95%, 25 or fewer are covered in 2% of cases.
    assert np.mean(known) > 0.83
    assert np.mean(ignored) < 0.6


@pytest.mark.slow
@pytest.mark.parametrize("step", [0.0, 0.35])
@pytest.mark.parametrize("typical", [150, 4_000])
def test_bands_cover_what_they_promise(typical: int, step: float) -> None:
    covered = _measure(150, typical, step)
    observed, room = _bound(covered[:, ~MISSING])
    gaps, room_in_gaps = _bound(covered[:, MISSING])
    near, room_near = _bound(covered[:, NEAR_STEP])
    figures = f"{observed=:.3f} ({room:.3f}) {gaps=:.3f} ({room_in_gaps:.3f}) {near=:.3f}"
    assert 0.93 - room < observed < 0.97 + room, figures
    assert gaps > 0.90 - room_in_gaps, figures
    assert near > 0.90 - room_near, figures
