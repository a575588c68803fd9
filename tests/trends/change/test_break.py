"""`test_break`: a break is found where it is, and not where there is none."""

import numpy as np
import pandas as pd
import pytest

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends import Shares
from jocas_themes.trends._result import build_shares
from jocas_themes.trends.change._break import test_break as find_break
from simulated_trends import simulate_series

_MONTHS = pd.date_range("2016-01-01", periods=96, freq="MS")
_STEP = 50  # 2020-03
_GAPS = (10, 23, 30, 31, 32, 51, 52, 70, 83)


def _build(
    estimates: "np.typing.NDArray[np.float64]", *, method: str = "dsl", n_offers: int = 20_000
) -> Shares:
    kept = np.setdiff1d(np.arange(len(estimates)), _GAPS)
    rows = pd.DataFrame({"theme": "REMOTE", "month": _MONTHS[kept], "n_offers": n_offers})
    values = estimates[kept]
    noise = values * (1 - values) / n_offers
    return build_shares(rows, values, np.zeros((len(kept), 0)), noise, ("month",), method=method)


def test_a_jump_and_a_turn_come_back() -> None:
    time = np.arange(len(_MONTHS))
    # 0.3 points a month before, 0.3 + 0.1 after: the slope rises by 1.2 points a year
    line = 0.1 + 0.003 * time + 0.05 * (time >= _STEP) + 0.001 * np.clip(time - _STEP, 0, None)
    found = find_break(_build(line), season=False).set_index("effect")
    assert found.loc["level", "change"] == pytest.approx(0.05, abs=1e-6)
    assert found.loc["slope", "change"] == pytest.approx(0.012, abs=1e-6)
    assert found["at"].tolist() == [pd.Timestamp("2020-03-01")] * 3
    # 50 months less the gaps 10, 23, 30, 31, 32; 46 less 51, 52, 70, 83
    assert found.loc["joint", ["n_months_before", "n_months_after"]].tolist() == [45, 42]


def test_what_gold_does_not_tell_widens_the_interval() -> None:
    shares = simulate_series(0.0, 0.0)
    months = pd.DatetimeIndex(shares.table["month"])
    unsure = 0.02 * (months >= _MONTHS[_STEP]).astype(float)[:, None]
    wide = Shares(shares.table, unsure, shares.noise, shares.by)
    narrow, widened = (find_break(each).loc[0, "se"] for each in (shares, wide))
    assert widened > np.sqrt(narrow**2 + 0.019**2)


def test_p_values_are_adjusted_effect_by_effect() -> None:
    one = simulate_series(0.01, 0.2, random_state=1)
    other = one.table.assign(theme="OTHER")
    both = Shares(
        pd.concat([one.table, other], ignore_index=True),
        np.vstack([one.factor, one.factor]),
        np.tile(one.noise, 2),
        one.by,
    )
    found = find_break(both)
    # Holm of two equal p-values doubles both.
    np.testing.assert_allclose(found["p_adjusted"], (2 * found["p_value"]).clip(upper=1))


def test_the_order_of_rows_does_not_matter() -> None:
    shares = simulate_series(0.02, 0.3, random_state=2)
    order = np.random.default_rng(0).permutation(len(shares))
    shuffled = Shares(
        shares.table.iloc[order].reset_index(drop=True),
        shares.factor[order],
        shares.noise[order],
        shares.by,
    )
    pd.testing.assert_frame_equal(find_break(shares), find_break(shuffled))


def test_the_autocorrelation_is_of_periods_whatever_their_length() -> None:
    rng = np.random.default_rng(4)
    errors = np.zeros(48)
    for place in range(1, 48):
        errors[place] = -0.4 * errors[place - 1] + rng.normal(0, 0.01)
    found = {}
    for time, frequency, step in (("month", "MS", "2012-01"), ("semester", "6MS", "2022-01")):
        starts = pd.date_range("2010-01-01", periods=48, freq=frequency)  # the step is the 25th
        table = pd.DataFrame({"theme": "REMOTE", time: starts, "n_offers": 10**9})
        table = table.assign(estimate=0.3 + errors, method="dsl")
        shares = Shares(table, np.zeros((48, 0)), np.zeros(48), by=(time,))
        found[time] = find_break(shares, at=step, season=False).loc[0]
    # The same numbers, as months and as half-years: only the unit of time is another.
    for name in ("change", "se", "autocorrelation", "deviation"):
        assert found["semester"][name] == pytest.approx(found["month"][name], rel=1e-3)
    assert found["semester"]["autocorrelation"] < -0.1


def test_another_step_that_is_known_hides_nothing() -> None:
    rng = np.random.default_rng(0)
    jump = 0.1 * (_MONTHS >= "2020-03-01") + 0.03 * (_MONTHS >= "2021-09-01")
    shares = _build(0.2 + jump + rng.normal(0, 0.003, len(_MONTHS)), n_offers=10**7)
    alone = find_break(shares, at="2021-09").set_index("effect")
    beside = find_break(shares, at="2021-09", steps=["2020-03"]).set_index("effect")
    assert alone.loc["level", "p_value"] > 0.01
    assert beside.loc["level", "p_value"] < 1e-6
    assert beside.loc["level", "change"] == pytest.approx(0.03, abs=0.006)
    # 14 months of 2020-03 to 2021-08 less the gaps 2020-04 and 2020-05, among all before
    assert beside.loc["level", "n_months_before"] == alone.loc["level", "n_months_before"]
    pd.testing.assert_frame_equal(
        beside, find_break(shares, at="2021-09", steps=["2021-09", "2020-03"]).set_index("effect")
    )


def test_several_jumps_and_turns_come_back() -> None:
    time = np.arange(len(_MONTHS))
    line = 0.1 + 0.001 * time
    for step, level, slope in ((24, 0.04, -0.002), (_STEP, -0.05, 0.003), (75, 0.02, 0.001)):
        line = line + level * (time >= step) + slope * np.clip(time - step, 0, None)
    found = find_break(_build(line), steps=("2018-01", "2022-04"), season=False)
    # the middle one: -5 points, 12 * 0.3 points a year
    assert found["change"][:2].tolist() == pytest.approx([-0.05, 0.036], abs=1e-5)


def test_other_steps_too_near_are_refused() -> None:
    shares = _build(np.full(96, 0.2))
    # 2020-03 (50) to 2020-08 (55) are six months, without the gaps 51 and 52 four; from 2020-09
    # on 40 less the gaps 70 and 83
    with pytest.raises(
        ValueError, match=r"up to the other steps, 2020-09.*'REMOTE \(45 and 4 and 38\)'"
    ):
        find_break(shares, steps=["2020-09"])
    with pytest.raises(ValueError, match=r"and 2 between these.*\(1 and 44 and 42\)"):
        find_break(shares, steps=["2016-02"])


def test_a_step_at_the_edge_is_refused() -> None:
    with pytest.raises(ValueError, match=r"6 periods with offers are needed before 2016-04"):
        find_break(_build(np.full(96, 0.2)), at="2016-04")


def test_shares_with_uncounted_errors_are_warned_of() -> None:
    with pytest.warns(JocasThemesWarning, match="may be one of the classifier's errors"):
        find_break(_build(np.linspace(0.2, 0.3, 96), method="naive"))


def test_pytest_does_not_take_it_for_a_test() -> None:
    assert find_break.__test__ is False  # type: ignore[attr-defined]


@pytest.mark.slow
@pytest.mark.parametrize("autocorrelation", [0.0, 0.5])
def test_size_and_power(autocorrelation: float) -> None:
    def reject(step: float) -> float:
        draws = (simulate_series(step, autocorrelation, random_state=run) for run in range(150))
        return float(np.mean([find_break(draw).loc[0, "p_value"] < 0.05 for draw in draws]))

    # At most 8% and at least 80%, less three standard errors of 150 draws.
    assert reject(0.0) < 0.08 + 3 * np.sqrt(0.08 * 0.92 / 150)
    assert reject(0.02) > 0.80 - 3 * np.sqrt(0.8 * 0.2 / 150)
