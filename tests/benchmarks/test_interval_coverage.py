"""The coverage benchmark judges intervals as it says."""

import numpy as np
import pandas as pd
import pytest

from interval_coverage import judge, measure, summarize
from jocas_themes.trends._result import build_shares


def test_a_change_is_judged_by_its_interval() -> None:
    months = pd.date_range("2017-01-01", "2021-12-01", freq="MS")
    late = months >= "2020-03-01"
    rows = pd.DataFrame({"theme": "REMOTE", "month": months, "n_offers": 100, "n_gold": 1})
    estimate = np.where(late, 0.3, 0.2)
    shares = build_shares(
        rows, estimate, np.zeros((60, 0)), np.full(60, 1e-4), ("month",), method="dsl"
    )
    # The change of 10 points has the variance 1e-4 (1/38 + 1/22), a half-width of 0.525 points;
    # months have one of 1.96 points.
    judged = judge(shares, 0.104, pd.Series(estimate + 0.019, index=months))
    assert judged["bias"] == pytest.approx(-0.4)
    assert (judged["covered"], judged["months"], judged["rejected"]) == (1, 1, 1)
    assert judged["width"] == pytest.approx(2 * 0.525, abs=0.001)
    assert judge(shares, 0.106, pd.Series(estimate + 0.02, index=months))["covered"] == 0


def test_counts_miss_what_gold_finds() -> None:
    found = pd.DataFrame(measure("E", 0, 1_000, ["dsl", "naive"])).assign(scenario="E")
    table = summarize(found).set_index("method")
    assert table.loc["naive", "covered"] == 0
    assert table.loc["dsl", "width"] > table.loc["naive", "width"]
