"""The coverage benchmark judges intervals as it says."""

import numpy as np
import pandas as pd
import pytest

import interval_coverage
from interval_coverage import judge_change, judge_months, judge_trend, measure, measure_mix
from jocas_themes.trends import Shares
from jocas_themes.trends._result import build_shares

quiet = pytest.mark.filterwarnings("ignore::jocas_themes.errors.JocasThemesWarning")
MONTHS = pd.date_range("2017-01-01", "2021-12-01", freq="MS")
LATE = MONTHS >= "2020-03-01"
ESTIMATE = np.where(LATE, 0.3, 0.2)


@pytest.fixture
def shares() -> Shares:
    rows = pd.DataFrame({"theme": "REMOTE", "month": MONTHS, "n_offers": 100, "n_gold": 1})
    return build_shares(
        rows, ESTIMATE, np.zeros((60, 0)), np.full(60, 1e-4), ("month",), method="dsl"
    )


def test_a_change_is_judged_by_its_interval(shares: Shares) -> None:
    # The change of 10 points has the variance 1e-4 (1/38 + 1/22), a half-width of 0.525 points.
    judged = judge_change(shares, 0.104)
    assert judged["bias"] == pytest.approx(-0.4)
    assert (judged["covered"], judged["rejected"]) == (1, 1)
    assert judged["width"] == pytest.approx(2 * 0.525, abs=0.001)
    assert judge_change(shares, 0.106)["covered"] == 0


def test_months_are_judged_each_by_itself(shares: Shares) -> None:
    # Half-widths of 1.96 points.
    truths = pd.Series(ESTIMATE + np.where(LATE, 0.019, 0.02), index=MONTHS)
    assert judge_months(shares, truths) == pytest.approx(22 / 60)


def test_trends_are_judged_where_they_are_seen_and_where_not(shares: Shares) -> None:
    # 2018-01 and the month before the step are missing; the truth is far off in 2018-01 and in
    # the month of the step, one of the seven within three months of it.
    gaps = np.isin(MONTHS, pd.to_datetime(["2018-01-01", "2020-02-01"]))
    wrong = np.isin(MONTHS, pd.to_datetime(["2018-01-01", "2020-03-01"]))
    judged = judge_trend(shares.take(~gaps), pd.Series(ESTIMATE + 0.1 * wrong, index=MONTHS))
    assert judged == pytest.approx({"trend": 57 / 58, "gaps": 1 / 2, "near step": 6 / 7})


@quiet
def test_counts_miss_what_gold_finds() -> None:
    rows = measure("E", 0, n_gold=1_000, methods=["dsl", "naive"])
    dsl, naive = rows
    assert naive["covered"] == 0
    assert dsl["width"] > naive["width"]
    assert dsl["trend"] > naive["trend"]


@quiet
def test_standardisation_takes_the_mix_out() -> None:
    crude, fixed = measure_mix(0, n_gold=4_000)
    assert (crude["shares"], fixed["shares"]) == ("crude", "standardised")
    assert abs(fixed["bias"]) < crude["bias"]


def test_printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    options = ["--replications", "2", "--only", "D", "--jobs", "1", "--tables", "change", "break"]
    monkeypatch.setattr("sys.argv", ["interval_coverage.py", *options])
    interval_coverage.main()
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 120
    assert sum(line.startswith("flat truth ") for line in lines) == 2
    # Three autocorrelations, without a break and with one.
    assert sum(line.startswith("0.") for line in lines) == 6
