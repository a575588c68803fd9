"""How often 95% intervals of trends hold the truth, in simulated offers whose errors drift.

    python benchmarks/interval_coverage.py

In each replication of a scenario of `simulated_trends.py` labels are made, a gold sample is drawn
by `sample_gold` and the shares by month are estimated. What is compared with the truth: the change
at the step, the months' shares, the smoothed trend at observed months, in gaps and within three
months of the step; where only the mix of sectors changes, the change before and after
standardisation; and of `test_break`, how often it rejects without a break and with one.
"""

import argparse
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends import (
    Shares,
    compare_periods,
    estimate_prevalence,
    sample_gold,
    smooth_trend,
    standardize,
    test_break,
)
from simulated_trends import (
    SCENARIOS,
    STEP,
    build_gold,
    compute_change,
    compute_trend,
    simulate_labels,
    simulate_series,
)
from tables import print_run, print_table

PACKAGES = ("jocas-themes", "numpy", "scipy", "pandas")
TABLES = ("change", "mix", "break")
METHODS = ("dsl", "naive", "acc", "pacc")
N_BOOTSTRAP = 50
MIX = "G"
AUTOCORRELATIONS = (0.0, 0.25, 0.5)
_PERIODS = {"before": ("2017-01", "2020-02"), "after": (STEP, "2021-12")}
_NEAR = 3  # months


def main() -> None:
    """Simulate, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("--replications", type=int, default=500)
    parser.add_argument("--n-gold", type=int, default=1_000)
    parser.add_argument("--tables", choices=TABLES, nargs="+", default=list(TABLES))
    changing = [name for name in SCENARIOS if name != MIX]
    parser.add_argument("--only", choices=changing, nargs="+", default=changing)
    parser.add_argument("--methods", choices=METHODS, nargs="+", default=["dsl", "naive"])
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    print_run(PACKAGES)
    seeds = range(arguments.replications)
    about = f"{arguments.n_gold} gold rows, {arguments.replications} replications"
    if "change" in arguments.tables:
        runs = [(scenario, seed) for scenario in arguments.only for seed in seeds]
        options = {"n_gold": arguments.n_gold, "methods": arguments.methods}
        found = repeat(measure, runs, arguments.jobs, **options)
        print_table(
            f"The change at the step, months' shares, and smoothed trends: {about}. Bias and width "
            f"in points; covered, months, trend, gaps and near step are how often 95% intervals "
            f"hold the truth, found how often no change is rejected.",
            average(found, ["scenario", "method"]),
        )
    if "mix" in arguments.tables:
        found = repeat(
            measure_mix, [(seed,) for seed in seeds], arguments.jobs, n_gold=arguments.n_gold
        )
        print_table(
            f"The change where only the mix of sectors changes, against none: {about}.",
            average(found, ["shares"]),
        )
    if "break" in arguments.tables:
        runs = [
            (step, each, seed)
            for each in AUTOCORRELATIONS
            for step in (0.0, 0.02)
            for seed in seeds
        ]
        found = repeat(measure_break, runs, arguments.jobs)
        print_table(
            f"How often test_break rejects no break of the level at 5%, where it is 0 or 2 points: "
            f"{arguments.replications} replications.",
            average(found, ["autocorrelation", "points"]),
        )


def repeat(
    function: Callable[..., list[dict[str, Any]]],
    runs: Iterable[tuple[Any, ...]],
    jobs: int,
    **options: Any,
) -> pd.DataFrame:
    """Call a function with each run's arguments, in processes, and put its rows in a table."""
    draws = Parallel(jobs)(delayed(_call_quietly)(function, run, options) for run in runs)
    return pd.DataFrame([row for draw in draws for row in draw])


def _call_quietly(
    function: Callable[..., list[dict[str, Any]]], run: tuple[Any, ...], options: dict[str, Any]
) -> list[dict[str, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", JocasThemesWarning)  # of gaps, and of the other methods
        return function(*run, **options)


def average(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Average over the replications."""
    return rows.groupby(keys, sort=False).mean().reset_index()


def measure(scenario: str, seed: int, *, n_gold: int, methods: list[str]) -> list[dict[str, Any]]:
    """Measure each method on one draw of labels and gold."""
    labels, truth = simulate_labels(scenario, random_state=seed)
    gold = read_gold(labels, truth, n_gold, seed)
    months = labels["date_firstSeenDay"].to_numpy(dtype="datetime64[M]")
    by_month = pd.Series(truth).groupby(months).mean()
    change, trend = compute_change(labels, truth), compute_trend(scenario)
    rows = []
    for method in methods:
        shares = estimate(labels, gold, method, seed)
        found = judge_change(shares, change)
        rejected = found.pop("rejected")
        found |= {"months": judge_months(shares, by_month), **judge_trend(shares, trend)}
        about = {"scenario": SCENARIOS[scenario].name, "method": method}
        rows.append({**about, **found, "found": rejected})
    return rows


def measure_mix(seed: int, *, n_gold: int) -> list[dict[str, Any]]:
    """Measure the crude change and the standardised one, where there is none within sectors."""
    labels, truth = simulate_labels(MIX, random_state=seed)
    gold = read_gold(labels, truth, n_gold, seed)
    shares = estimate_prevalence(labels, gold, by=("month", "sector"), steps=(STEP,))
    every = {
        "crude": estimate(labels, gold, "dsl", seed),
        "standardised": standardize(shares, weights=_PERIODS["before"], by=("sector",)),
    }
    return [{"shares": name, **judge_change(each, 0.0)} for name, each in every.items()]


def measure_break(step: float, autocorrelation: float, seed: int) -> list[dict[str, Any]]:
    """Tell whether a break of the level is found in one series."""
    shares = simulate_series(step, autocorrelation, random_state=seed)
    found = test_break(shares, at=STEP).set_index("effect").loc["level"]
    about = {"autocorrelation": autocorrelation, "points": 100 * step}
    return [{**about, "rejected": float(found["p_value"] < 0.05)}]


def read_gold(
    labels: pd.DataFrame, truth: npt.NDArray[np.float64], n_gold: int, seed: int
) -> pd.DataFrame:
    """Draw gold as users do, and let people read it."""
    sample = sample_gold(labels, n_gold, random_state=seed)
    rows = pd.Index(labels["offer_id"]).get_indexer(pd.Index(sample["offer_id"]))
    return build_gold(labels, truth, rows, sample["inclusion_probability"], sample["stratum"])


def estimate(labels: pd.DataFrame, gold: pd.DataFrame, method: str, seed: int) -> Shares:
    """Estimate the shares by month."""
    return estimate_prevalence(
        labels,
        None if method == "naive" else gold,
        method=method,
        steps=(STEP,),
        n_bootstrap=N_BOOTSTRAP,
        random_state=seed,
    )


def judge_change(shares: Shares, change: float) -> dict[str, float]:
    """Compare the change at the step with the truth."""
    found = compare_periods(shares, **_PERIODS, correction=None).iloc[0]
    return {
        "bias": 100 * (found["change"] - change),
        "covered": float(found["ci_low"] <= change <= found["ci_high"]),
        "width": 100 * (found["ci_high"] - found["ci_low"]),
        "rejected": float(found["p_value"] < 0.05),
    }


def judge_months(shares: Shares, by_month: "pd.Series[float]") -> float:
    """Tell how many months' intervals hold the months' own share."""
    table = shares.table
    truths = by_month.loc[table["month"].to_numpy(dtype="datetime64[M]")].to_numpy()
    return float(np.mean((table["ci_low"] <= truths) & (truths <= table["ci_high"])))


def judge_trend(shares: Shares, trend: "pd.Series[float]") -> dict[str, float]:
    """Tell how much of the smoothed band holds the share to expect, seasons apart."""
    table = smooth_trend(shares, steps=(STEP,))
    truths = trend.loc[table["month"]].to_numpy()
    held = (table["ci_low"] <= truths) & (truths <= table["ci_high"])
    first = pd.Timestamp(STEP)
    margin = pd.DateOffset(months=_NEAR)
    near = table["month"].between(first - margin, first + margin)
    return {
        "trend": held[table["is_observed"]].mean(),
        "gaps": held[~table["is_observed"]].mean(),
        "near step": held[near].mean(),
    }


if __name__ == "__main__":
    main()
