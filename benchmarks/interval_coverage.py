"""How often 95% intervals of trends hold the truth, in simulated offers whose errors drift.

    python benchmarks/interval_coverage.py

For each scenario of `simulated_trends.py` and each replication: labels are made, a gold sample is
drawn by `sample_gold`, the shares by month are estimated, and the change at the step is compared
with that of the truth; beside it the same by the counts of labels and by classical corrections.
"""

import argparse
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends import Shares, compare_periods, estimate_prevalence, sample_gold
from simulated_trends import SCENARIOS, STEP, build_gold, simulate_labels
from tables import print_run, print_table

PACKAGES = ("jocas-themes", "numpy", "scipy", "pandas")
METHODS = ("dsl", "naive", "acc", "pacc")
N_BOOTSTRAP = 50
_PERIODS = {"before": ("2017-01", "2020-02"), "after": (STEP, "2021-12")}


def main() -> None:
    """Simulate, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("--replications", type=int, default=500)
    parser.add_argument("--n-gold", type=int, default=1_000)
    parser.add_argument("--only", choices=SCENARIOS, nargs="+", default=list(SCENARIOS))
    parser.add_argument("--methods", choices=METHODS, nargs="+", default=list(METHODS))
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    print_run(PACKAGES)
    rows = []
    for scenario in arguments.only:
        draws = Parallel(arguments.jobs)(
            delayed(measure)(scenario, seed, arguments.n_gold, arguments.methods)
            for seed in range(arguments.replications)
        )
        found = pd.DataFrame([row for draw in draws for row in draw])
        table = found.groupby("method", sort=False).mean().reset_index()
        rows.append(table.assign(scenario=SCENARIOS[scenario].name))
    print_table(
        f"The change at the step and the months' shares, {arguments.n_gold} gold rows, "
        f"{arguments.replications} replications. Bias and width in points; the last column is how "
        f"often no change is rejected.",
        summarize(pd.concat(rows, ignore_index=True)),
    )


def measure(scenario: str, seed: int, n_gold: int, methods: list[str]) -> list[dict[str, Any]]:
    """Measure each method on one draw of labels and gold."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", JocasThemesWarning)  # of gaps, and of the other methods
        labels, truth = simulate_labels(scenario, random_state=seed)
        gold = read_gold(labels, truth, n_gold, seed)
        months = labels["date_firstSeenDay"].to_numpy(dtype="datetime64[M]")
        by_month = pd.Series(truth).groupby(months).mean()
        late = months >= np.datetime64(STEP, "M")
        change = float(truth[late].mean() - truth[~late].mean())
        return [
            {"method": method, **judge(estimate(labels, gold, method, seed), change, by_month)}
            for method in methods
        ]


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


def judge(shares: Shares, change: float, by_month: "pd.Series[float]") -> dict[str, float]:
    """Compare a change and months with the truth."""
    found = compare_periods(shares, **_PERIODS, correction=None).iloc[0]
    table = shares.table
    truths = by_month.loc[table["month"].to_numpy(dtype="datetime64[M]")].to_numpy()
    return {
        "bias": 100 * (found["change"] - change),
        "covered": float(found["ci_low"] <= change <= found["ci_high"]),
        "width": 100 * (found["ci_high"] - found["ci_low"]),
        "months": float(np.mean((table["ci_low"] <= truths) & (truths <= table["ci_high"]))),
        "rejected": float(found["p_value"] < 0.05),
    }


def summarize(table: pd.DataFrame) -> pd.DataFrame:
    """Put the columns in the order in which they are read."""
    return table[["scenario", "method", "bias", "covered", "width", "months", "rejected"]]


if __name__ == "__main__":
    main()
