"""Made labels of which the truth is known: an imperfect student, drifting errors, a gold sample."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.signal import lfilter
from scipy.special import expit, logit

from jocas_themes.trends import Shares

Array = npt.NDArray[np.float64]

THEME = "REMOTE"
STEP = "2020-03"
N_MONTHS = 60
MISSING_MONTHS = (7, 8, 19, 27, 28, 29, 44, 52)
_FIRST = np.datetime64("2017-01", "M")
_STEP_PLACE = int((np.datetime64(STEP, "M") - _FIRST).astype(int))

_N_SERIES = 96  # months of `simulate_series`
_SERIES_GAPS = (10, 23, 30, 31, 32, 51, 52, 70, 83)

# A positive's score is normal around the first, a negative's around the second, with variance 1:
# at a prevalence of 25% the threshold of 0.5 finds 76% of the positives and errs on 9% of the
# others.
_POSITIVE, _NEGATIVE = 0.674, -1.555

# Five sectors: how common the theme is in each (log-odds), how far their scores stand off, and how
# large they are (log) at the start; the large ones shrink.
_SECTORS = np.array(list("ABCDE"))
_SECTOR_LEVEL = np.array([-0.5, -0.2, 0.0, 0.2, 0.5])
_SECTOR_SCORE = np.array([-0.2, -0.1, 0.0, 0.1, 0.2])
_SECTOR_SIZE = np.array([1.2, 0.6, 0.2, 0.0, -0.2])


@dataclass(frozen=True)
class Scenario:
    """What changes between the first month and the last.

    Parameters
    ----------
    name : str
        In words.
    prevalence : float
        At the start, 0 to 1.
    is_flat : bool
        Whether the truth stays where it is; else it rises, with a step and a season.
    unlike : float
        How much the sectors differ; if they do, their mix, which changes, moves the share by
        itself.
    misses, alarms : float
        By how much the scores of positives fall, and those of negatives rise.
    assumed : float
        Prevalence that the student's probabilities reckon with.
    """

    name: str
    prevalence: float = 0.20
    is_flat: bool = False
    unlike: float = 1.0
    misses: float = 0.35
    alarms: float = 0.20
    assumed: float = 0.25

    @property
    def drifts(self) -> bool:
        """Whether the student's errors change at all."""
        return self.misses > 0 or self.alarms > 0


SCENARIOS = {
    "A": Scenario("prior shift alone", misses=0.0, alarms=0.0),
    "B": Scenario("drifting sensitivity and false positives"),
    "C": Scenario("rare theme", prevalence=0.05, assumed=0.06),
    "D": Scenario("flat truth", prevalence=0.25, is_flat=True, unlike=0.0),
    "E": Scenario("flat truth, false positives drift", 0.25, True, 0.0, misses=0.0, alarms=0.40),
    "F": Scenario("rising truth, false positives drift", misses=0.0, alarms=0.40),
    "G": Scenario("only the mix of sectors changes", 0.25, True, unlike=4.0),
}


def simulate_labels(
    scenario: str, *, random_state: int = 0, n_offers: int = 1_500
) -> tuple[pd.DataFrame, Array]:
    """Make a labelled table and its truth.

    Parameters
    ----------
    scenario : {"A", "B", "C", "D", "E", "F", "G"}
        Which of `SCENARIOS`.
    random_state : int, default=0
        Seed of all draws.
    n_offers : int, default=1_500
        Offers of a middling month at the start; three times as many at the end.

    Returns
    -------
    labels : DataFrame
        ``offer_id``, ``date_firstSeenDay``, ``sector``, ``REMOTE`` (0 or 1) and
        ``REMOTE_probability``, over 52 months; eight more are missing.
    truth : ndarray of shape (n_offers,)
        Whether each offer speaks of the theme, 0 or 1.
    """
    setting = SCENARIOS[scenario]
    rng = np.random.default_rng(random_state)
    months, sectors = _draw_offers(n_offers, rng)
    time = months / (N_MONTHS - 1)
    chance = expit(_compute_level(setting, months, 1.0) + _compute_offsets(setting)[sectors])
    truth = (rng.random(len(months)) < chance).astype(np.float64)
    center = np.where(
        truth == 1, _POSITIVE - setting.misses * time, _NEGATIVE + setting.alarms * time
    )
    score = rng.normal(center + setting.drifts * _SECTOR_SCORE[sectors])
    middle = (_POSITIVE + _NEGATIVE) / 2
    distance = _POSITIVE - _NEGATIVE
    probability = expit(logit(setting.assumed) + distance * (score - middle))
    labels = pd.DataFrame(
        {
            "offer_id": np.arange(len(months)).astype(str),
            "date_firstSeenDay": (_FIRST + months).astype("datetime64[s]"),
            "sector": _SECTORS[sectors],
            THEME: (probability > 0.5).astype(np.int8),
            f"{THEME}_probability": probability,
        }
    )
    return labels, truth


def compute_trend(scenario: str) -> "pd.Series[float]":
    """Compute the share to expect in each month, missing ones too, without the seasons."""
    setting, months = SCENARIOS[scenario], np.arange(N_MONTHS)
    chances = expit(_compute_level(setting, months, 0.0)[:, None] + _compute_offsets(setting))
    shares = (chances * _compute_mix(months / (N_MONTHS - 1))).sum(axis=1)
    return pd.Series(shares, index=(_FIRST + months).astype("datetime64[s]"))


def simulate_series(
    step: float, autocorrelation: float, *, random_state: int = 0, n_offers: int = 20_000
) -> Shares:
    """Make the shares of eight years by month, with gaps, a step, seasons and AR(1) errors.

    The errors' standard deviation is of one point, that of the offers' chance of 0.3.
    """
    rng = np.random.default_rng(random_state)
    months = pd.date_range("2016-01-01", periods=_N_SERIES, freq="MS")
    time = np.arange(_N_SERIES)
    shocks = rng.normal(0, 0.01 * np.sqrt(1 - autocorrelation**2), _N_SERIES)
    shocks[0] = rng.normal(0, 0.01)
    error = lfilter([1.0], [1.0, -autocorrelation], shocks)
    season = 0.008 * np.sin(2 * np.pi * time / 12)
    chance = 0.22 + 0.0006 * time + step * (months >= pd.Timestamp(STEP)) + season + error
    estimates = rng.binomial(n_offers, chance) / n_offers
    kept = np.setdiff1d(time, _SERIES_GAPS)
    table = pd.DataFrame({"theme": THEME, "month": months[kept], "n_offers": n_offers})
    table = table.assign(estimate=estimates[kept], method="dsl")
    noise = estimates[kept] * (1 - estimates[kept]) / n_offers
    return Shares(table, np.zeros((len(kept), 0)), noise, by=("month",))


def draw_gold(
    labels: pd.DataFrame, truth: Array, n: int, *, random_state: int = 0, stratified: bool = True
) -> pd.DataFrame:
    """Draw a gold sample by half-year and score, or a simple one, and let people read it.

    Half of it goes where a stratum's labels are least sure and many, half by the root of its size.
    """
    rng = np.random.default_rng(random_state)
    probability = labels[f"{THEME}_probability"].to_numpy()
    strata = np.zeros(len(labels), dtype=np.int64)
    if stratified:
        months = _count_months(labels)
        strata = months // 6 * 4 + np.digitize(probability, [0.1, 0.5, 0.8])
        strata = np.unique(strata, return_inverse=True)[1]
    sizes = np.bincount(strata)
    spread = np.sqrt(np.bincount(strata, probability * (1 - probability)) / sizes).clip(0.14)
    needs, roots = sizes * spread, np.sqrt(sizes)
    shares = 0.5 * needs / needs.sum() + 0.5 * roots / roots.sum()
    drawn = np.clip(np.round(n * shares).astype(np.int64), 2, sizes)
    order = rng.permutation(len(labels))
    places = pd.Series(strata[order]).groupby(strata[order]).cumcount().to_numpy()
    rows = np.sort(order[places < drawn[strata[order]]])
    return build_gold(labels, truth, rows, (drawn / sizes)[strata[rows]], strata[rows])


def build_gold(
    labels: pd.DataFrame, truth: Array, rows: npt.NDArray[np.int64], chances: Any, strata: Any
) -> pd.DataFrame:
    """Put what people read in some rows in a gold table."""
    return pd.DataFrame(
        {
            "offer_id": labels["offer_id"].to_numpy()[rows],
            THEME: truth[rows],
            "inclusion_probability": chances,
            "stratum": strata,
            "cluster": None,
            "reviewer": "simulated",
            "reviewed_at": None,
        }
    )


def draw_teacher(
    labels: pd.DataFrame, truth: Array, n: int, *, random_state: int = 0, errs: float = 1.0
) -> pd.DataFrame:
    """Let a teacher answer a simple random sample; its sensitivity and specificity fall a little.

    With `errs` 1, sensitivity goes from 92% to 87% and specificity from 96% to 95%.
    """
    rng = np.random.default_rng(random_state)
    rows = np.sort(rng.choice(len(labels), n, replace=False))
    time = _count_months(labels)[rows] / (N_MONTHS - 1)
    wrong = np.where(truth[rows] == 1, 0.08 + 0.05 * time, 0.04 + 0.01 * time) * errs
    answers = np.where(rng.random(n) < wrong, 1 - truth[rows], truth[rows])
    table = pd.DataFrame({"offer_id": labels["offer_id"].to_numpy()[rows], THEME: answers})
    return table.assign(status="ok")


def compute_change(labels: pd.DataFrame, values: Array) -> float:
    """Compute by how much the mean of some values differs before and from the step on."""
    after = _count_months(labels) >= _STEP_PLACE
    return float(values[after].mean() - values[~after].mean())


def _count_months(labels: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Count months since the first."""
    days = labels["date_firstSeenDay"].to_numpy(dtype="datetime64[M]")
    return (days - _FIRST).astype(np.int64)


def _draw_offers(
    n_offers: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Draw how many offers each month has, and of which sectors."""
    observed = np.setdiff1d(np.arange(N_MONTHS), MISSING_MONTHS)
    time = observed / (N_MONTHS - 1)
    noise = np.exp(rng.normal(0, 0.45, len(observed)))
    sizes = (n_offers * noise * (1 + 2 * time)).astype(np.int64) + n_offers // 3
    limits = _compute_mix(time).cumsum(axis=1)
    places = np.repeat(np.arange(len(observed)), sizes)
    sectors = (rng.random(len(places))[:, None] > limits[places, :-1]).sum(axis=1)
    return observed[places], sectors


def _compute_mix(time: Array) -> Array:
    """Compute the sectors' shares of the offers at some times, 0 at the first month."""
    weights: Array = np.exp(_SECTOR_SIZE * (1 - 1.2 * time)[:, None])
    return weights / weights.sum(axis=1, keepdims=True)


def _compute_offsets(setting: Scenario) -> Array:
    """Compute by how much the log-odds of the theme differ in each sector."""
    offsets: Array = setting.unlike * _SECTOR_LEVEL
    return offsets


def _compute_level(setting: Scenario, months: npt.NDArray[np.int64], season: float) -> Array:
    """Compute the log-odds of the theme in each month, with seasons of some size."""
    start = np.full(len(months), logit(setting.prevalence))
    if setting.is_flat:
        return start
    wave = 0.06 * season * np.sin(2 * np.pi * months / 12)
    return start + 0.35 * months / (N_MONTHS - 1) + 0.35 * (months >= _STEP_PLACE) + wave
