"""What Spark and Dask add to an offer's labelling: one core each, from Parquet to the labels.

    python benchmarks/clusters.py path/to/model ../shared/data/offers_unlabelled.parquet

Three ways label the same offers in the same batches: `label_chunk` alone, Dask without a cluster,
Spark with one Python worker. Each labels a first set (which starts workers and unpickles the
model), a small one and a large one; what an offer takes is the difference of the last two, what a
run takes whatever its size is the rest. The kernel remembers texts and sentences: so no text is
labelled twice, and each copy of an offer has a number in each of its sentences.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
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
Way = Callable[[ThemeClassifier, Path], None]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("model", type=Path)
    parser.add_argument("offers", type=Path)
    parser.add_argument("--copies", type=int, default=5, help="of the offers, in the large set")
    arguments = parser.parse_args()
    if arguments.copies < 2:
        parser.error("--copies must be 2 or more: the large set is compared with one of one copy.")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    print_run(PACKAGES)
    model = load_model(arguments.model)
    model.n_jobs = 1
    with tempfile.TemporaryDirectory() as name:
        offers, sizes = pd.read_parquet(arguments.offers), (1, 1, arguments.copies)
        sets = [Path(name) / kind for kind in ("first", "small", "large")]
        for place, (folder, n_copies) in enumerate(zip(sets, sizes, strict=True)):
            write_set(offers, range(10 * place, 10 * place + n_copies), folder)
        ways = {"label_chunk": label_alone, "label_dask": label_by_dask}
        n_more = len(offers) * (arguments.copies - 1)
        rows = [measure(name, way, model, sets, n_more) for name, way in ways.items()]
        with start_spark() as spark:
            by_spark = partial(label_by_spark, spark)
            rows.append(measure("label_spark", by_spark, model, sets, n_more))
    print_table("One core, from Parquet; no sentence twice.", pd.DataFrame(rows))


def write_set(offers: pd.DataFrame, numbers: range, folder: Path) -> None:
    """Write copies of the offers, a file each, with a number of its own in each sentence."""
    folder.mkdir()
    for number in numbers:
        texts = offers["description_full"].str.replace(". ", f" n{number}. ", regex=False)
        copy = offers.assign(
            description_full=texts.str.replace("\n", f" n{number}\n", regex=False) + f" n{number}"
        )
        copy.to_parquet(folder / f"{number}.parquet", row_group_size=BATCH_ROWS)


def measure(
    name: str, way: Way, model: ThemeClassifier, sets: list[Path], n_more: int
) -> dict[str, float | str]:
    """Time the three sets."""
    first, small, large = (time_once(way, model, folder) for folder in sets)
    per_offer = (large - small) / n_more
    return {
        "way": name,
        "us_per_offer": 1e6 * per_offer,
        "first_run_s": first,
        "small_run_s": small,
        "large_run_s": large,
    }


def time_once(way: Way, model: ThemeClassifier, folder: Path) -> float:
    """Return the seconds that a run takes."""
    start = time.perf_counter()
    way(model, folder)
    return time.perf_counter() - start


def label_alone(model: ThemeClassifier, folder: Path) -> None:
    """Label batch after batch in this process."""
    for path in sorted(folder.iterdir()):
        for batch in pq.ParquetFile(path).iter_batches(BATCH_ROWS):
            label_chunk(model, batch)


def label_by_dask(model: ThemeClassifier, folder: Path) -> None:
    """Label a partition a file, without a cluster; count each, so that none is kept."""
    labels = label_dask(dd.read_parquet(folder), model, keep_columns=())
    with dask.config.set(scheduler="synchronous"):
        labels.map_partitions(len, meta=(None, "int64")).compute()


def start_spark() -> SparkSession:
    """Start Spark with one core, and with this Python in its worker."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    spark = builder.config("spark.driver.bindAddress", "127.0.0.1").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def label_by_spark(spark: SparkSession, model: ThemeClassifier, folder: Path) -> None:
    """Label all columns, and write none."""
    labels = label_spark(spark.read.parquet(str(folder)), model, keep_columns=())
    labels.write.format("noop").mode("overwrite").save()


if __name__ == "__main__":
    main()
