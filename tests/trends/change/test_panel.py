"""`fit_panel`: steps of two and three units, by hand."""

import numpy as np
import pandas as pd
import pytest

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends._result import Shares
from jocas_themes.trends.change._panel import fit_panel

pytest.importorskip("pyfixest")


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
    row = fit_panel(make_shares({"C": 0.1, "J": 0.3})).iloc[0]
    assert (row["theme"], row["term"], row["n_units"]) == ("REMOTE", "post", 2)
    assert row["change"] == pytest.approx(0.2)
    # The step less the fixed effects is -1/2 or 1/2, 48 times: sum of squares 12. Residuals are
    # 0.05 in size; each unit's sum of residual x step is 24 * 0.05 / 2 = 0.6, with either sign.
    # Small samples: 2 / (2 - 1) clusters, (48 - 1) / (48 - 12 months - 1 step).
    variance = (0.6**2 + 0.6**2) / 12**2 * 2 * 47 / 35
    assert row["se"] == pytest.approx(np.sqrt(variance))
    # Student's t with one degree of freedom
    assert row["ci_high"] - row["change"] == pytest.approx(12.7062 * row["se"], rel=1e-4)


def test_offers_are_the_weights():
    shares = make_shares({"C": 0.1, "J": 0.3}, n_offers={"C": 100, "J": 300})
    assert fit_panel(shares)["change"][0] == pytest.approx((0.1 + 3 * 0.3) / 4)


def test_exposure():
    shares = make_shares({"C": 0.1, "J": 0.3, "K": 0.2})
    exposure = pd.Series({"C": 0, "J": 1, "K": 2, "Z": 9})
    row = fit_panel(shares, exposure=exposure).iloc[0]
    # slope of the steps on the exposures: (-1 * 0.1 + 0 * 0.3 + 1 * 0.2) / 2
    assert row["change"] == pytest.approx(0.05)
    assert (row["term"], row["n_units"]) == ("post:exposure", 3)


def test_units_seen_once_are_left_out():
    shares = make_shares({"C": 0.1, "J": 0.3, "K": 0.9})
    table = shares.table
    keep = (table["sector"] != "K") | (table["month"] == "2020-05")
    row = fit_panel(shares.take(keep.to_numpy())).iloc[0]
    assert row["n_units"] == 2
    assert row["change"] == pytest.approx(0.2)


def test_other_methods_are_warned_of():
    with pytest.warns(JocasThemesWarning, match="not 'dsl'"):
        fit_panel(make_shares({"C": 0.1, "J": 0.3}, method="none"))


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
    with pytest.raises(ValueError, match="at least two units with two periods, got 1"):
        fit_panel(make_shares({"C": 0.1}))
    with pytest.raises(ValueError, match="same calendar months must lie on both sides"):
        fit_panel(make_shares({"C": 0.1, "J": 0.3}, first="2019-12", n_months=6))
