"""What Spark and Dask add to an offer's labelling: one core each, from Parquet to the labels.

    python benchmarks/clusters.py path/to/model ../shared/data/offers_unlabelled.parquet

Each way labels the same offers in the same batches and counts them: `label_chunk` alone, Dask
without a cluster, Spark with one Python worker. The first run, which starts workers and unpickles
the model, is listed apart. Microseconds an offer are for docs/clusters.md.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import dask
import dask.dataframe as dd
import pandas as pd
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from jocas_themes import ThemeClassifier, label_chunk, label_dask, label_spark, load_model
from tables import print_run, print_table

PACKAGES = ("jocas-themes", "pyspark", "dask", "pyarrow", "pandas")
BATCH_ROWS = 10_000


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("offers", type=Path)
    parser.add_argument("--repeats", type=int, default=4, help="how often the offers are there")
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    print_run(PACKAGES)
    model = load_model(arguments.model)
    model.n_jobs = 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for place in range(arguments.repeats):
            write_file(arguments.offers, place, folder)
        rows = [
            measure("label_chunk", lambda: count_alone(model, folder)),
            measure("label_dask", lambda: count_by_dask(model, folder)),
            measure_spark(model, folder),
        ]
    print_table("Microseconds an offer, one core, from Parquet.", pd.DataFrame(rows))


def write_file(source: Path, place: int, folder: Path) -> None:
    """Write the offers once more, with a number in each text: no text is there twice."""
    offers = pd.read_parquet(source)
    offers["description_full"] = offers["description_full"] + f"\nRéférence {place}"
    offers.to_parquet(folder / f"{place}.parquet", row_group_size=BATCH_ROWS)


def measure(way: str, count: Callable[[], int]) -> dict[str, float | str]:
    """Time a first run, and the best of two more."""
    first, _ = time_once(count)
    runs = [time_once(count) for _ in range(2)]
    seconds, n_offers = min(runs)
    return {"way": way, "us_per_offer": 1e6 * seconds / n_offers, "first_run_s": first}


def time_once(count: Callable[[], int]) -> tuple[float, int]:
    """Return the seconds that a run takes, and how many offers it labels."""
    start = time.perf_counter()
    n_offers = count()
    return time.perf_counter() - start, n_offers


def count_alone(model: ThemeClassifier, folder: Path) -> int:
    """Label batch after batch in this process."""
    return sum(
        label_chunk(model, batch).num_rows
        for path in folder.iterdir()
        for batch in pq.ParquetFile(path).iter_batches(BATCH_ROWS)
    )


def count_by_dask(model: ThemeClassifier, folder: Path) -> int:
    """Label a partition a file."""
    labels = label_dask(dd.read_parquet(folder), model, keep_columns=())
    with dask.config.set(scheduler="synchronous"):
        return int(labels["offer_id"].map_partitions(len, meta=(None, "int64")).compute().sum())


def measure_spark(model: ThemeClassifier, folder: Path) -> dict[str, float | str]:
    """Measure Spark with one core, and one Python worker."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    with builder.config("spark.driver.bindAddress", "127.0.0.1").getOrCreate() as spark:
        spark.sparkContext.setLogLevel("ERROR")
        labels = label_spark(spark.read.parquet(str(folder)), model, keep_columns=())

        def count() -> int:
            # Every column is computed, and none is written.
            labels.write.format("noop").mode("overwrite").save()
            return sum(pq.ParquetFile(path).metadata.num_rows for path in folder.iterdir())

        return measure("label_spark", count)


if __name__ == "__main__":
    main()
