"""How fast near-duplicates are found among made offers, how many of the planted ones, how surely.

    python benchmarks/duplicates.py ../shared/data/offers_*labelled.parquet --offers 500000

The offers are made by mixing the sentences of real ones; a fifth are copies of another, edited as
boards do, up to a year later. A planted pair counts as true where plain Python finds a Jaccard
index of 0.8 at least and 60 days between at most. Each size is read from Parquet in a process of
its own, whose memory is measured; a tenth of the offers go first, so that one sees how the time
grows. Six million are extrapolated at the rate of the larger size.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from jocas_themes import as_offers, find_near_duplicates, iter_offers, load_sample_offers
from memory import forget_peak, read_memory
from planting import WINDOW_DAYS, compute_jaccard, plant_offers
from tables import print_run, print_table

THRESHOLD = 0.8
TARGET_OFFERS, TARGET_S = 6_000_000, 3_600
N_CHECKED_GROUPS = 2_000
MAX_CHECKED = 50  # offers of a group, whose pairs are all compared
PACKAGES = ("jocas-themes", "numpy", "scipy", "pandas", "joblib")


def measure_run(folder: Path, n_jobs: int) -> None:
    """Find the groups of a folder's offers; leave them, the seconds and the memory there."""
    before = read_memory("VmRSS")
    forget_peak()
    start = time.perf_counter()
    chunks = iter_offers(folder / "offers.parquet", rejects_path=None)
    found = find_near_duplicates(chunks, window_days=WINDOW_DAYS, n_jobs=n_jobs, progress=True)
    run = {"seconds": time.perf_counter() - start, "peak_mb": read_memory("VmHWM") - before}
    (folder / "run.json").write_text(json.dumps(run))
    found.offers.to_parquet(folder / "groups.parquet")


def measure_alone(offers: pd.DataFrame, n_jobs: int) -> tuple[dict[str, float], pd.DataFrame]:
    """Measure a run from Parquet, in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        offers.to_parquet(folder / "offers.parquet", index=False)
        code = "import sys, duplicates as d; d.measure_run(d.Path(sys.argv[1]), int(sys.argv[2]))"
        command = [sys.executable, "-c", code, name, str(n_jobs)]
        subprocess.run(command, cwd=Path(__file__).parent, check=True)
        run = json.loads((folder / "run.json").read_text())
        return run, pd.read_parquet(folder / "groups.parquet")


def tabulate_speed(runs: dict[int, dict[str, float]]) -> pd.DataFrame:
    """Tell time and memory of each size, and what six million would take at its rate.

    Memory is extrapolated by what it grew since the size before: a chunk in the making counts
    once, whatever the size.
    """
    rows = []
    known = (0, np.nan)  # the size before, and its memory
    for n_offers, run in runs.items():
        hours = run["seconds"] / n_offers * TARGET_OFFERS / 3_600
        growth = (run["peak_mb"] - known[1]) / (n_offers - known[0])
        known = (n_offers, run["peak_mb"])
        rows.append(
            {
                "offers": n_offers,
                "seconds": run["seconds"],
                "us an offer": run["seconds"] / n_offers * 1e6,
                "peak MB": run["peak_mb"],
                "bytes a further one": growth * 1e6,
                "6 million, hours": hours,
                "6 million, GB": (run["peak_mb"] + growth * (TARGET_OFFERS - n_offers)) / 1e3,
                "in an hour": "yes" if hours * 3_600 < TARGET_S else "NO",
            }
        )
    return pd.DataFrame(rows)


def score_pairs(offers: pd.DataFrame, pairs: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Tell, for each edit and all together, how many planted pairs were found, and how surely."""
    texts = offers.set_index("offer_id")["text"]
    days = offers.set_index("offer_id")["date_firstSeenDay"].astype("datetime64[s]")
    group = groups.set_index("offer_id")["group"]
    ends = list(zip(pairs["offer_id"], pairs["copy_id"], strict=True))
    similar = np.array([compute_jaccard(texts[a], texts[b]) >= THRESHOLD for a, b in ends])
    true = similar & (pairs["days"] <= WINDOW_DAYS).to_numpy()
    found = group[pairs["offer_id"]].to_numpy() == group[pairs["copy_id"]].to_numpy()
    # A third offer may join two: that is no error, but must be shown.
    joined = found & ~true
    members = groups.groupby("group")["offer_id"].agg(list)
    for place in np.flatnonzero(joined):
        part = _find_parts(members[group[ends[place][0]]], texts, days)
        joined[place] = part[ends[place][0]] == part[ends[place][1]]
    table = pd.DataFrame(
        {"edit": pairs["edit"], "true": true, "found": found, "hit": true & found}
    ).assign(right=found & (true | joined))
    counts = table.groupby("edit").sum()
    counts.loc["all pairs"] = counts.sum()
    counts = counts.assign(
        pairs=[*table.groupby("edit").size(), len(table)],
        recall=counts["hit"] / counts["true"],
        precision=counts["right"] / counts["found"],
    )
    return counts[["pairs", "true", "found", "recall", "precision"]].reset_index()


def check_groups(
    offers: pd.DataFrame, groups: pd.DataFrame, *, random_state: int = 0
) -> tuple[int, float]:
    """Compare all pairs of some groups in plain Python; return how many, and the share in one."""
    texts = offers.set_index("offer_id")["text"]
    days = offers.set_index("offer_id")["date_firstSeenDay"].astype("datetime64[s]")
    members = groups.groupby("group")["offer_id"].agg(list)
    members = members[members.str.len().between(2, MAX_CHECKED)]
    members = members.sample(min(N_CHECKED_GROUPS, len(members)), random_state=random_state)
    whole = [len(set(_find_parts(ids, texts, days).values())) == 1 for ids in members]
    return len(whole), float(np.mean(whole)) if whole else np.nan


def _find_parts(ids: Sequence[str], texts: pd.Series, days: pd.Series) -> dict[str, str]:
    """Link offers by brute force; return the part that each is in."""
    part = {offer_id: offer_id for offer_id in ids}
    for place, left in enumerate(ids):
        for right in ids[:place]:
            near = abs(days[left] - days[right]).days <= WINDOW_DAYS
            if part[left] == part[right] or not near:
                continue
            if compute_jaccard(texts[left], texts[right]) >= THRESHOLD:
                old, new = part[left], part[right]
                part = {key: new if value == old else value for key, value in part.items()}
    return part


def read_texts(paths: Sequence[str]) -> list[str]:
    """Read the texts to mix; the shipped ones without a path."""
    tables = [pd.read_parquet(path) for path in paths] or [load_sample_offers()]
    texts = pd.concat([as_offers(table)["text"] for table in tables])
    return texts[texts.str.len() > 0].tolist()


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("sources", nargs="*", help="Parquet tables of real offers")
    parser.add_argument("--offers", type=int, default=20_000, help="how many to make")
    parser.add_argument("--jobs", type=int, default=2, help="how many cores may hash")
    parser.add_argument("--csv", metavar="FILE", help="write the table of planted pairs there")
    options = parser.parse_args(arguments)
    print_run(PACKAGES)
    offers, pairs = plant_offers(read_texts(options.sources), options.offers)
    sizes = sorted({max(1, options.offers // 10), options.offers})
    runs = {size: measure_alone(offers.head(size), options.jobs) for size in sizes}
    times = {size: run for size, (run, _) in runs.items()}
    print_table(f"Near-duplicates, {options.jobs} cores", tabulate_speed(times).round(3))
    groups = runs[options.offers][1]
    table = score_pairs(offers, pairs, groups)
    print_table("Planted pairs: those that are near-duplicates by brute force, and found", table)
    n_groups, share = check_groups(offers, groups)
    print(f"{n_groups} groups compared by brute force: {share:.2%} hang together.")
    if options.csv:
        table.to_csv(options.csv, index=False)


if __name__ == "__main__":
    main()
