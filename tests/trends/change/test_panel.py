"""`fit_panel`: steps of a few kinds of units, by hand; too few units are refused."""

import numpy as np
import pandas as pd
import pytest

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends._result import Shares
from jocas_themes.trends.change._panel import fit_panel

pytest.importorskip("pyfixest")


def spread(values, n_each):
    """Give each value to as many units, named such as C0, C1."""
    return {f"{name}{i}": value for name, value in values.items() for i in range(n_each)}


def make_shares(steps, *, n_offers=None, method="dsl", first="2019-03", n_months=24):
    """Each sector's share is 0.1 until 2020-02, then 0.1 and its step."""
    months = pd.date_range(first, periods=n_months, freq="MS")
    table = pd.MultiIndex.from_product(
        [["REMOTE"], months, list(steps)], names=["theme", "month", "sector"]
    ).to_frame(index=False)
    after = table["month"] >= "2020-03"
    table["estimate"] = 0.1 + np.where(after, table["sector"].map(steps), 0.0)
    table["n_offers"] = table["sector"].map(n_offers or dict.fromkeys(steps, 100))
    table["method"] = method
    n_rows = len(table)
    return Shares(table, np.zeros((n_rows, 1)), np.full(n_rows, 1e-4), by=("month", "sector"))


def test_one_step_for_all():
    row = fit_panel(make_shares(spread({"C": 0.1, "J": 0.3}, 15))).iloc[0]
    assert (row["theme"], row["term"], row["n_units"]) == ("REMOTE", "post", 30)
    assert row["change"] == pytest.approx(0.2)
    # The step less the fixed effects is -1/2 or 1/2, 30 * 24 times: sum of squares 180. Residuals
    # are 0.05 in size; each unit's sum of residual x step is 24 * 0.05 / 2 = 0.6, with either
    # sign. Small samples: 30 / (30 - 1) clusters, (720 - 1) / (720 - 12 months - 1 step).
    variance = 30 * 0.6**2 / 180**2 * 30 / 29 * 719 / 707
    assert row["se"] == pytest.approx(np.sqrt(variance))
    # Student's t with 29 degrees of freedom
    assert row["ci_high"] - row["change"] == pytest.approx(2.04523 * row["se"], rel=1e-4)


def test_offers_are_the_weights():
    # With weights of 1 and 3 and 30 units of each, 30 * 4 and so 120**2 / (30 * (1 + 9)) = 48
    # units in effect: enough.
    shares = make_shares(
        spread({"C": 0.1, "J": 0.3}, 30), n_offers=spread({"C": 100, "J": 300}, 30)
    )
    assert fit_panel(shares)["change"][0] == pytest.approx((0.1 + 3 * 0.3) / 4)


def test_exposure():
    shares = make_shares(spread({"C": 0.1, "J": 0.3, "K": 0.2}, 20))
    exposure = pd.Series({**spread({"C": 0, "J": 1, "K": 2}, 20), "Z": 9})
    row = fit_panel(shares, exposure=exposure).iloc[0]
    # slope of the steps on the exposures: (-1 * 0.1 + 0 * 0.3 + 1 * 0.2) / 2
    assert row["change"] == pytest.approx(0.05)
    assert (row["term"], row["n_units"]) == ("post:exposure", 60)


def test_units_seen_once_are_left_out():
    shares = make_shares(spread({"C": 0.1, "J": 0.3}, 15) | {"K": 0.9})
    table = shares.table
    keep = (table["sector"] != "K") | (table["month"] == "2020-05")
    row = fit_panel(shares.take(keep.to_numpy())).iloc[0]
    assert row["n_units"] == 30
    assert row["change"] == pytest.approx(0.2)


def test_two_units_with_an_exposure_are_refused():
    # Scores of two units are 0 each: any noise would be a finding, with a p-value of 1e-16.
    shares = make_shares({"C": 0.1, "J": 0.3})
    exposure = pd.Series({"C": 0.0, "J": 1.0})
    with pytest.raises(
        ValueError, match=r"at least 6 units in effect, got 2\.0 for theme 'REMOTE'"
    ):
        fit_panel(shares, exposure=exposure)


def test_one_exposed_unit_of_many_is_refused():
    # Less its mean the exposure is 29/30, and 29 times -1/30: parts of the squares 29/30 and
    # 29 times 1/870, whose squares sum to 841/900 + 1/26100; one over it 1.07.
    shares = make_shares(spread({"C": 0.1}, 30))
    exposure = pd.Series(0.0, index=list(spread({"C": 0}, 30)))
    exposure["C0"] = 1.0
    with pytest.raises(ValueError, match=r"got 1.1 for theme"):
        fit_panel(shares, exposure=exposure)


def test_a_few_units_with_most_offers_are_refused():
    # Four of 100 offers, 26 of 1: 426**2 / (4 * 100**2 + 26) = 4.5
    steps = spread({"C": 0.1}, 4) | spread({"J": 0.3}, 26)
    n_offers = spread({"C": 100}, 4) | spread({"J": 1}, 26)
    with pytest.raises(ValueError, match=r"got 4.5 for theme"):
        fit_panel(make_shares(steps, n_offers=n_offers))


def test_few_units_are_warned_of():
    with pytest.warns(JocasThemesWarning, match=r"rests on 6.0 units in effect .* fewer than 30"):
        fit_panel(make_shares(spread({"C": 0.1, "J": 0.3}, 3)))


def test_other_methods_are_warned_of():
    with pytest.warns(JocasThemesWarning, match="not 'dsl'"):
        fit_panel(make_shares(spread({"C": 0.1, "J": 0.3}, 15), method="none"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "region"}, "shares must be by 'month' and the unit 'region' alone"),
        ({"at": "2019-03"}, "at must be the first month of a period"),
        ({"at": "2030-01"}, "at must be the first month of a period"),
        ({"exposure": pd.Series({"C": 1.0})}, r"none for \['J'\] \(1 in all\)"),
        ({"exposure": pd.Series([1.0, 2.0], index=["C", "C"])}, r"got several of \['C'\]"),
        ({"exposure": pd.Series({"C": 2.0, "J": 2.0})}, "leave nothing of it"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        fit_panel(make_shares({"C": 0.1, "J": 0.3}), **options)


def test_too_little_to_fit():
    with pytest.raises(ValueError, match=r"at least 6 units in effect, got 1\.0"):
        fit_panel(make_shares({"C": 0.1}))
    with pytest.raises(ValueError, match="same calendar months must lie on both sides"):
        fit_panel(make_shares({"C": 0.1, "J": 0.3}, first="2019-12", n_months=6))
    shares = make_shares({"C": 0.1, "J": 0.3})
    months = shares.table.groupby("month").ngroup()
    once = months == shares.table["sector"].map({"C": 1, "J": 20})  # each unit in one month
    with pytest.raises(ValueError, match="of theme 'REMOTE' no unit is seen in two periods"):
        fit_panel(shares.take(once.to_numpy()), at=shares.table["month"][once].max())
