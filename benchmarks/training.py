"""How long the student learns, and in how much memory, beside the original method.

    python benchmarks/training.py ../shared/data/offers_labelled.parquet

Each fit has a process of its own, on two cores. Beyond the offers of the table, further ones are
made by mixing their sentences, evidence included, so that larger sizes do not repeat themselves.
The original method is TF-IDF of 5,000 words and word pairs and one XGBoost a theme with its own
settings, from the same offers: seconds differ from machine to machine, the ratio much less.
"""

import argparse
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pandas as pd

from jocas_themes import ThemeClassifier
from memory import forget_peak, read_memory
from mixing import mix_offers
from peers import TextLearner, build_original, build_student
from quality import read_annotated
from tables import print_run, print_table

LIMITS_S = {2_000: 20, 10_000: 180}
PACKAGES = ("jocas-themes", "numpy", "scikit-learn", "xgboost")


def take_offers(annotated: pd.DataFrame, n_offers: int) -> pd.DataFrame:
    """Take some of the offers, or all and as many made ones as lack."""
    if n_offers <= len(annotated):
        return annotated.sample(n_offers, random_state=0)
    mixed = mix_offers(annotated, n_offers - len(annotated))
    return pd.concat([annotated[mixed.columns], mixed], ignore_index=True)


def measure_fit(model: ThemeClassifier | TextLearner, annotated: pd.DataFrame) -> dict[str, float]:
    """Return the seconds of a fit, and by how many MB memory grows at its peak."""
    import xgboost  # noqa: F401 - loading it is no part of a fit

    before = read_memory("VmRSS")
    forget_peak()
    start = time.perf_counter()
    model.fit(annotated)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "peak_mb": read_memory("VmHWM") - before}


def measure_alone(model: Any, annotated: pd.DataFrame) -> dict[str, float]:
    """Measure a fit in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(measure_fit, model, annotated).result()


def compare_sizes(annotated: pd.DataFrame, sizes: Sequence[int], n_jobs: int) -> pd.DataFrame:
    """Measure both methods on tables of several sizes."""
    rows = []
    for n_offers in sizes:
        offers = take_offers(annotated, n_offers)
        ours = measure_alone(build_student(n_jobs), offers)
        original = measure_alone(build_original(n_jobs), offers)
        limit = LIMITS_S.get(n_offers)
        rows.append(
            {
                "offers": n_offers,
                "of them made": max(0, n_offers - len(annotated)),
                "ours, s": ours["seconds"],
                "limit, s": "-" if limit is None else limit,
                "kept": "-" if limit is None else "yes" if ours["seconds"] < limit else "NO",
                "original, s": original["seconds"],
                "ratio": ours["seconds"] / original["seconds"],
                "ours, peak MB": ours["peak_mb"],
                "original, peak MB": original["peak_mb"],
            }
        )
    return pd.DataFrame(rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("annotated", nargs="?", help="Parquet table of offers and answers")
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 2_000, 10_000])
    parser.add_argument("--jobs", type=int, default=2, help="how many cores a fit may use")
    parser.add_argument("--csv", metavar="FILE", help="write the table there")
    options = parser.parse_args(arguments)
    print_run(PACKAGES)
    table = compare_sizes(read_annotated(options.annotated), options.sizes, options.jobs)
    print_table(f"A fit with evidence, {options.jobs} cores", table.round(2))
    if options.csv:
        table.to_csv(options.csv, index=False)


if __name__ == "__main__":
    main()
