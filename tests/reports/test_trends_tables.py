"""The tables of a report on trends: breaks are tested side by side, and adjusted once."""

import warnings

import numpy as np
import pandas as pd
import pytest

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.reports._trends_contrast import choose_contrast
from jocas_themes.reports._trends_tables import tabulate
from jocas_themes.trends import Shares
from jocas_themes.trends.change._break import test_break as find_break

_MONTHS = pd.date_range("2018-01-01", periods=60, freq="MS")
_STEPS = ("2020-03", "2021-06")


@pytest.fixture(scope="module")
def shares() -> Shares:
    rng = np.random.default_rng(0)
    jumps = 0.1 * (_MONTHS >= "2020-03-01") + 0.03 * (_MONTHS >= "2021-06-01")
    table = pd.DataFrame({"theme": "REMOTE", "month": _MONTHS, "n_offers": 9000, "method": "dsl"})
    table["estimate"] = 0.2 + jumps + rng.normal(0, 0.004, 60)
    return Shares(table, np.zeros((60, 0)), np.zeros(60), by=("month",))


def tabulate_breaks(shares, steps, correction="holm"):
    contrast = choose_contrast(shares.table["month"], 1, steps, None, None)
    return tabulate(shares, "month", contrast, correction).get("breaks")


def test_each_step_is_tested_beside_the_others_and_adjusted_once(shares) -> None:
    breaks = tabulate_breaks(shares, _STEPS)
    levels = breaks[breaks["effect"] == "level"].set_index("at")
    assert levels["change"].tolist() == pytest.approx([0.1, 0.03], abs=0.01)
    alone = find_break(shares, at="2021-06", steps=_STEPS, correction=None)
    assert levels["p_value"].iloc[1] == alone["p_value"].iloc[0]
    # Holm of two: the smaller p-value doubled, the larger at least as large.
    small, large = sorted(levels["p_value"])
    assert sorted(levels["p_adjusted"]) == pytest.approx([2 * small, max(2 * small, large)])


def test_a_step_without_room_is_left_out_with_a_caution(shares) -> None:
    with pytest.warns(JocasThemesWarning, match="no break in 2022-09 is tested: too few months"):
        breaks = tabulate_breaks(shares, ("2020-03", "2022-09"))
    assert breaks["at"].unique().tolist() == [pd.Timestamp("2020-03-01")]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert tabulate_breaks(shares, ("2020-03", "2020-06", "2020-09")) is None
    assert len(caught) == 3
