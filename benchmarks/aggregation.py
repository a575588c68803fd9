"""How fast labels are summed by month, sector and region, and in how much memory.

    python benchmarks/aggregation.py --rows 6000000

The labels are drawn at random and written in parts of 10,000 offers, as `label_corpus` does by
default, with dates as strings. Each run has a process of its own, and threads of Arrow and NumPy
on as many cores as it is allowed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from jocas_themes.corpus._chunk import build_schema
from jocas_themes.trends.aggregation import count_cells
from jocas_themes.trends.nomenclatures import load_nomenclature
from memory import forget_peak, read_memory
from tables import print_run, print_table

PACKAGES = ("jocas-themes", "numpy", "pandas", "pyarrow")
THEMES = ("A", "B", "C", "D", "E", "F")
PART_ROWS = 10_000
TARGET_S, TARGET_MB = 30, 2_000
TASKS: dict[str, dict[str, Any]] = {
    "all offers": {"by": ("month",)},
    "month x sector x region": {"by": ("month", "sector", "region")},
    "the same, with a histogram": {"by": ("month", "sector", "region"), "n_bins": 20},
    "the same, and 3,000 offers found": {"by": ("month", "sector", "region"), "n_found": 3_000},
    "the same, half of the offers": {"by": ("month", "sector", "region"), "share": 0.5},
}


def draw_labels(n_rows: int, first_row: int, rng: np.random.Generator) -> pa.Table:
    """Draw labels as `label_corpus` writes them; a tenth have no sector, 1% no département."""
    columns = ("date_firstSeenDay", "site_name", "location_departement", "entrepriseSecteur_NAF21")
    days = np.datetime64("2017-01-01") + rng.integers(0, 3_000, n_rows)
    probabilities = rng.beta(0.4, 1.2, (n_rows, len(THEMES)))
    values = [
        [f"site_{row % 12}_{row:09d}" for row in range(first_row, first_row + n_rows)],
        days.astype(str),
        _draw([f"site_{site}" for site in range(12)], 0, n_rows, rng),
        _draw(load_nomenclature("departements")["code"], 0.01, n_rows, rng),
        _draw(load_nomenclature("naf_sections")["code"], 0.1, n_rows, rng),
    ]
    for theme in probabilities.T:
        values += [theme >= 0.5, theme]
    schema = build_schema(THEMES, columns)
    schema = schema.set(1, pa.field(columns[0], pa.string()))
    arrays = [pa.array(v).cast(kind) for v, kind in zip(values, schema.types, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def write_labels(folder: Path, n_rows: int, *, random_state: int = 0) -> None:
    """Write labels part by part."""
    rng = np.random.default_rng(random_state)
    for number, start in enumerate(range(0, n_rows, PART_ROWS)):
        part = draw_labels(min(PART_ROWS, n_rows - start), start, rng)
        pq.write_table(part, folder / f"part-{number:05d}.parquet", compression="zstd")


def measure_run(folder: Path, task: str) -> None:
    """Sum the labels of a folder; leave the seconds and the memory there."""
    options = dict(TASKS[task])
    n_found, share = options.pop("n_found", 0), options.pop("share", None)
    ids = _read_ids(folder) if n_found or share else []
    if n_found:
        options["find_ids"] = ids[:: max(1, len(ids) // n_found)]
    if share:
        options["offer_ids"] = ids[: int(len(ids) * share)]
    del ids
    before = read_memory("VmRSS")
    forget_peak()
    start, start_cpu = time.perf_counter(), time.process_time()
    cells = count_cells(folder, **options)
    run = {
        "n_cells": len(cells),
        "seconds": time.perf_counter() - start,
        "cpu_s": time.process_time() - start_cpu,
        "peak_mb": read_memory("VmHWM") - before,
    }
    (folder / "_run.json").write_text(json.dumps(run))


def measure_alone(folder: Path, task: str) -> dict[str, float]:
    """Measure a task in a process of its own."""
    code = "import sys, aggregation as a; a.measure_run(a.Path(sys.argv[1]), sys.argv[2])"
    command = [sys.executable, "-c", code, str(folder), task]
    subprocess.run(command, cwd=Path(__file__).parent, check=True)
    run: dict[str, float] = json.loads((folder / "_run.json").read_text())
    return run


def tabulate_runs(runs: dict[str, dict[str, float]], n_rows: int) -> pd.DataFrame:
    """Tell time and memory of each task, and whether they are within the bounds."""
    table = pd.DataFrame.from_dict(runs, orient="index").rename_axis("task").reset_index()
    within = (table["seconds"] < TARGET_S) & (table["peak_mb"] < TARGET_MB)
    return pd.DataFrame(
        {
            "task": table["task"],
            "cells": table["n_cells"].astype(int),
            "seconds": table["seconds"],
            "CPU seconds": table["cpu_s"],
            "us a row": table["seconds"] / n_rows * 1e6,
            "peak MB": table["peak_mb"],
            f"within {TARGET_S} s and {TARGET_MB} MB": np.where(within, "yes", "NO"),
        }
    )


def _draw(values: Sequence[str], absent: float, n_rows: int, rng: np.random.Generator) -> pa.Array:
    """Draw values, some of them missing."""
    places = rng.integers(len(values), size=n_rows)
    indices = pa.array(places, mask=rng.random(n_rows) < absent)
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(values))).dictionary_decode()


def _read_ids(folder: Path) -> list[str]:
    ids: list[str] = pq.read_table(folder, columns=["offer_id"])["offer_id"].to_pylist()
    return ids


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="how many labels to draw")
    options = parser.parse_args(arguments)
    print_run(PACKAGES)
    with tempfile.TemporaryDirectory() as name:
        write_labels(Path(name), options.rows)
        runs = {task: measure_alone(Path(name), task) for task in TASKS}
    title = f"{options.rows:,} labels of {len(THEMES)} themes, {os.cpu_count()} cores"
    print_table(title, tabulate_runs(runs, options.rows))


if __name__ == "__main__":
    main()
