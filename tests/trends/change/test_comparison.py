"""`compare_periods`: hand-computed changes, their errors and refusals."""

import numpy as np
import pandas as pd
import pytest

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends._result import Shares
from jocas_themes.trends.change._comparison import compare_periods

BEFORE, AFTER = ("2019-01", "2019-06"), ("2020-01", "2020-06")


def make_shares(*, method="dsl", drop=()):
    """Two quarters on each side; 100 and 300 offers before, 200 and 200 after."""
    table = pd.DataFrame(
        {
            "theme": "REMOTE",
            "quarter": pd.to_datetime(["2019-01-01", "2019-04-01", "2020-01-01", "2020-04-01"]),
            "n_offers": [100, 300, 200, 200],
            "estimate": [0.10, 0.20, 0.30, 0.50],
            "method": method,
        }
    )
    factor = np.array([[0.02], [0.02], [0.02], [0.06]])
    shares = Shares(table, factor, np.array([4e-4, 4e-4, 1e-4, 1e-4]), by=("quarter",))
    return shares.take(~np.isin(np.arange(4), list(drop)))


def make_two_themes():
    """The same quarters of two themes, without common errors."""
    first = make_shares()
    second = first.table.assign(theme="NIGHT", estimate=[0.1, 0.1, 0.14, 0.14])
    return Shares(
        pd.concat([first.table, second], ignore_index=True),
        np.zeros((8, 1)),
        np.full(8, 4e-4),
        by=("quarter",),
    )


def test_each_offer_counts_alike():
    row = compare_periods(make_shares(), before=BEFORE, after=AFTER).iloc[0]
    # before: (100 * 0.1 + 300 * 0.2) / 400; after: (0.3 + 0.5) / 2
    assert row["before"] == pytest.approx(0.175)
    assert row["after"] == pytest.approx(0.4)
    assert row["change"] == pytest.approx(0.225)
    # factor: 0.04 - 0.02; noise: 4e-4 (1/16 + 9/16) + 1e-4 (1/4 + 1/4)
    assert row["se"] == pytest.approx(np.sqrt(0.02**2 + 2.5e-4 + 0.5e-4))
    assert row["statistic"] == pytest.approx(0.225 / np.sqrt(7e-4))
    assert row["ci_low"] == pytest.approx(0.225 - 1.959964 * np.sqrt(7e-4))
    assert row["n_offers_before"] == row["n_offers_after"] == 400
    assert row["n_months_before"] == 6
    assert row["n_missing_after"] == 0


def test_each_period_counts_alike():
    row = compare_periods(make_shares(), before=BEFORE, after=AFTER, weights="months").iloc[0]
    assert row["before"] == pytest.approx(0.15)
    # factor: 0.04 - 0.02; noise: (4e-4 + 4e-4 + 1e-4 + 1e-4) / 4
    assert row["se"] == pytest.approx(np.sqrt(0.02**2 + 2.5e-4))


def test_errors_in_common_leave_the_change():
    shares = make_shares()
    common = Shares(shares.table, np.full((4, 1), 0.5), np.full(4, 1e-4), by=("quarter",))
    row = compare_periods(common, before=BEFORE, after=AFTER, weights="months").iloc[0]
    assert row["se"] == pytest.approx(0.01)


def test_p_values_are_adjusted_over_the_themes():
    table = compare_periods(make_two_themes(), before=BEFORE, after=AFTER, weights="months")
    # NIGHT: 0.04 / 0.02 = 2, two-sided 0.0455; the smaller of two p-values counts twice
    assert table["p_value"][1] == pytest.approx(0.0455, abs=1e-4)
    np.testing.assert_allclose(table["p_adjusted"], table["p_value"] * [2, 1])


def test_missing_months_are_counted_and_told():
    with pytest.warns(JocasThemesWarning, match="months of before have no offers for 1 of 1"):
        row = compare_periods(make_shares(drop=[1]), before=BEFORE, after=AFTER).iloc[0]
    assert row["before"] == pytest.approx(0.1)
    assert (row["n_months_before"], row["n_missing_before"]) == (3, 3)


def test_no_change_without_one_side():
    shares = make_two_themes().take(~np.isin(np.arange(8), [2, 3]))
    with pytest.warns(JocasThemesWarning, match="for 1 of 2 themes and groups; 'REMOTE' lacks 6"):
        table = compare_periods(shares, before=BEFORE, after=AFTER)
    names = ["after", "change", "se", "ci_low", "p_value", "p_adjusted"]
    assert table.loc[0, names].isna().all()
    assert table.loc[1, names].notna().all()


@pytest.mark.parametrize(
    ("drop", "options"),
    [([], {"before": ("2015-01", "2016-12")}), ([0, 1], {})],
)
def test_an_interval_without_any_known_share_is_refused(drop, options):
    shares = make_shares()
    estimates = shares.table["estimate"].where(~np.isin(np.arange(4), drop))
    shares = Shares(
        shares.table.assign(estimate=estimates), shares.factor, shares.noise, by=("quarter",)
    )
    message = (
        r"before must hold a period whose share is known, got 201\d-01 to .*first period of the "
        "shares begins in 2019-01, the last one in 2020-04"
    )
    with pytest.raises(ValueError, match=message):
        compare_periods(shares, **{"before": BEFORE, "after": AFTER, **options})


def test_other_methods_are_warned_of():
    with pytest.warns(JocasThemesWarning, match="method is \\['none'\\], not 'dsl'"):
        compare_periods(make_shares(method="none"), before=BEFORE, after=AFTER)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": "themes"}, "weights must be one of"),
        ({"correction": "none"}, "correction must be one of"),
        ({"level": 95}, r"level must be in \(0, 1\)"),
        ({"before": "2019-01"}, "before must be the first and the last month"),
        ({"before": ("2019-06", "2019-01")}, "got 2019-06 to 2019-01"),
        ({"before": ("2019", "2019")}, "is the months from '2019-01' to '2019-12'"),
        ({"before": ("2019-01", "2019-05")}, "of 3 months, .* got 2019-01 to 2019-05"),
        ({"before": ("2020-01", "2020-03")}, "before must end before after begins"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        compare_periods(make_shares(), **{"before": BEFORE, "after": AFTER, **options})
