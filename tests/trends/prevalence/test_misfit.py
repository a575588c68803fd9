"""Errors that leave the course which the rectifier gives them are found, and said."""

import warnings

import numpy as np
import pandas as pd
import pytest

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends.prevalence import estimate_prevalence
from jocas_themes.trends.prevalence._misfit import describe_misfits

N_OFFERS = 20_000


def _make(
    seed: int, alarms_of_year: dict[int, float], sector: str = ""
) -> tuple[pd.DataFrame, ...]:
    """Make five years of labels, with 2% false positives but for some years, of some sector."""
    rng = np.random.default_rng(seed)
    days = pd.Timestamp("2018-01-01") + pd.to_timedelta(rng.integers(0, 1_826, N_OFFERS), unit="D")
    sectors = rng.choice(["C", "J"], N_OFFERS)
    truth = rng.random(N_OFFERS) < 0.2
    alarms = days.year.map(lambda year: alarms_of_year.get(year, 0.02)).to_numpy()
    alarms = np.where(np.char.find(sectors, sector) >= 0, alarms, 0.02)
    found = np.where(truth, rng.random(N_OFFERS) < 0.9, rng.random(N_OFFERS) < alarms)
    labels = pd.DataFrame(
        {
            "offer_id": np.arange(N_OFFERS).astype(str),
            "date_firstSeenDay": days,
            "sector": sectors,
            "REMOTE": found.astype(int),
        }
    )
    gold = labels.sample(1_500, random_state=seed)[["offer_id"]].assign(
        REMOTE=lambda rows: truth[rows.index].astype(int),
        inclusion_probability=1_500 / N_OFFERS,
        reviewer="Ada",
    )
    return labels, gold


@pytest.mark.parametrize(
    ("by", "alarms", "sector"),
    [
        (("year",), {2019: 0.15, 2021: 0.15}, ""),
        (("month",), {2019: 0.15, 2021: 0.15}, ""),
        (("month", "sector"), {2019: 0.30, 2021: 0.30}, "J"),
    ],
)
def test_errors_that_jump_to_and_fro_are_warned_of(
    by: tuple[str, ...], alarms: dict[int, float], sector: str
) -> None:
    labels, gold = _make(0, alarms, sector)
    with pytest.warns(JocasThemesWarning, match=r"do not follow a parabola .*'REMOTE \(p = "):
        estimate_prevalence(labels, gold, by=by, themes=["REMOTE"])


def test_a_course_of_their_own_in_each_cell_needs_no_warning() -> None:
    labels, gold = _make(0, {2019: 0.15, 2021: 0.15})
    estimate_prevalence(labels, gold, by=("year",), themes=["REMOTE"], rectifier="cell")
    # Shares of groups are those of their gold, whatever the course.
    estimate_prevalence(labels, gold, by=("sector",), themes=["REMOTE"])


def test_chance_is_seldom_warned_of() -> None:
    n_warnings = 0
    for seed in range(20):
        labels, gold = _make(seed, {})
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            estimate_prevalence(labels, gold, by=("month", "sector"), themes=["REMOTE"])
        n_warnings += len(caught)
    assert n_warnings <= 1  # 0.5% each: two or more in 0.5% of such tests


def test_all_themes_together() -> None:
    assert describe_misfits({"PAY": 0.003, "TEAM": 0.5, "CARE": np.nan}) == []
    (message,) = describe_misfits({"PAY": 0.0016, "TEAM": 0.5, "CARE": np.nan})
    assert "['PAY (p = 0.0016)']" in message
