"""How fast a corpus is labelled, from Parquet to Parquet, beside the same student in Python alone.

    python benchmarks/labelling.py ../shared/data/offers_labelled.parquet \
        ../shared/data/offers_unlabelled.parquet

Two students learn from the annotated table: the plain one (TF-IDF and trees) and the default one
(evidence, lexicon). Each labels the other offers by scikit-learn and XGBoost, on one core, and by
the native kernel; both results are compared to the last bit. Larger corpora repeat the offers with
a reference in each text, so that no text is there twice. Their sentences are, and the kernel
remembers sentences: "new sentences" are the figures with its memory turned off, as if each
sentence came for the first time, which is the fair comparison.

Each run has a process of its own, held to as many cores as it has threads. Times leave out the
imports and the loading of the model, which are listed apart.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from memory import read_memory
from tables import print_run, print_table

PACKAGES = ("jocas-themes", "numpy", "scikit-learn", "xgboost", "pyarrow")
STUDENTS: dict[str, dict[str, Any]] = {
    "plain": {"evidence": False, "lexicon": None},
    "evidence": {},
}
PIECE_ROWS = 20_000
N_COMPARED = 10_000


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("annotated", type=Path)
    parser.add_argument("offers", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--compared", type=int, default=N_COMPARED, help="offers of both ways")
    parser.add_argument("--only", choices=STUDENTS, nargs="+", default=list(STUDENTS))
    arguments = parser.parse_args()
    print_run(PACKAGES)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        offers = pd.read_parquet(arguments.offers)
        for student in arguments.only:
            alone(train, arguments.annotated, STUDENTS[student], work / student)
        compared = make_corpus(offers, arguments.compared, work)
        print_table("From Parquet to Parquet, one core.", compare(arguments.only, compared, work))
        stages = pd.DataFrame(
            {one: alone(measure_stages, work / one, compared) for one in arguments.only}
        )
        print_table(
            "Microseconds an offer, by stage, one core, all sentences new. The floor is to read "
            "and to cut into words.",
            stages.rename_axis("stage").reset_index(),
        )
        rows = []
        for n_offers in arguments.sizes:
            corpus = make_corpus(offers, n_offers, work)
            for student in arguments.only:
                rows += measure_size(student, corpus, n_offers, arguments.threads, work)
            corpus.unlink()
        print_table("How it grows.", pd.DataFrame(rows))


def alone(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *args, **kwargs).result()


def train(annotated: Path, settings: dict[str, Any], folder: Path) -> None:
    """Train a student and save it."""
    from jocas_themes import ThemeClassifier, save_model

    save_model(ThemeClassifier(n_jobs=2, **settings).fit(pd.read_parquet(annotated)), folder)


def make_corpus(offers: pd.DataFrame, n_offers: int, folder: Path) -> Path:
    """Write a corpus of some size, in row groups, no text twice."""
    path = folder / f"offers_{n_offers}.parquet"
    writer: pq.ParquetWriter | None = None
    for start in range(0, n_offers, PIECE_ROWS):
        numbers = np.arange(start, min(start + PIECE_ROWS, n_offers))
        piece = offers.iloc[numbers % len(offers)].copy()
        again = numbers // len(offers)
        piece["offer_id"] = [f"offer-{number}" for number in numbers]
        piece["description_full"] = [
            f"{text}\nRéférence {number}" if copy else text
            for text, copy, number in zip(piece["description_full"], again, numbers, strict=True)
        ]
        table = pa.Table.from_pandas(piece, preserve_index=False)
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    if writer is not None:
        writer.close()
    return path


def label(
    folder: Path, corpus: Path, labels: Path, *, by_kernel: bool, n_threads: int, remember: bool
) -> dict[str, float]:
    """Label a corpus; seconds, MB at the peak."""
    hold(n_threads, by_kernel=by_kernel, remember=remember)
    start = time.perf_counter()
    from jocas_themes import label_corpus, load_model

    imported = time.perf_counter()
    model = load_model(folder)
    model.n_jobs = n_threads
    loaded = time.perf_counter()
    label_corpus(model, corpus, labels, overwrite=True, progress=False)
    done = time.perf_counter()
    return {
        "seconds": done - loaded,
        "peak_mb": read_memory("VmHWM"),
        "import_s": imported - start,
        "load_s": loaded - imported,
    }


def hold(n_threads: int, *, by_kernel: bool, remember: bool = True) -> None:
    """Hold this process to some cores and to one way of labelling."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:n_threads])
    os.environ["JOCAS_THEMES_KERNEL"] = "on" if by_kernel else "off"
    if not remember:
        from jocas_themes.student.kernel import _estimate

        _estimate.compile_student = partial(_estimate.compile_student, n_texts=1, n_sentences=1)


def compare(students: list[str], corpus: Path, work: Path) -> pd.DataFrame:
    """Label one corpus both ways: by the kernel before and after Python, the median of three."""
    n_offers = pq.read_metadata(corpus).num_rows
    rows = []
    for student in students:
        run = partial(alone, label, work / student, corpus, n_threads=1)
        new = partial(run, work / "new", by_kernel=True, remember=False)
        native = partial(run, work / "native", by_kernel=True, remember=True)
        by_kernel = [(new(), native())]
        python = run(work / "python", by_kernel=False, remember=True)
        by_kernel += [(new(), native()) for _ in range(2)]
        new_s, native_s = np.median([[one["seconds"] for one in two] for two in by_kernel], axis=0)
        written = [pq.read_table(work / way) for way in ("python", "new", "native")]
        _, last = by_kernel[-1]
        rows.append(
            {
                "student": student,
                "offers": n_offers,
                "Python, us": 1e6 * python["seconds"] / n_offers,
                "new sentences, us": 1e6 * new_s / n_offers,
                "times": python["seconds"] / new_s,
                "as they come, us": 1e6 * native_s / n_offers,
                "times ": python["seconds"] / native_s,
                "identical": all(table.equals(written[0]) for table in written),
                "import, s": last["import_s"],
                "load, s": last["load_s"],
            }
        )
    return pd.DataFrame(rows)


def measure_stages(folder: Path, corpus: Path) -> dict[str, float]:
    """Measure the kernel's stages one by one, the best of three."""
    hold(1, by_kernel=True)
    from jocas_themes import load_model
    from jocas_themes.offers.reading import iter_batches
    from jocas_themes.student.kernel import compile_student

    student = load_model(folder)
    parts = (student.features_, student.offer_scores_, student.models_)
    nothing = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32))
    batches = [batch.offers["text"] for batch in iter_batches(corpus)]

    def each(run: Callable[[Any, pa.Array], Any]) -> Callable[[], None]:
        compiled = compile_student(*parts, n_texts=1, n_sentences=1)
        return lambda: [run(compiled, texts) for texts in batches] and None

    columns = [name for name in pq.read_schema(corpus).names if name != "contractType"]
    read = best(lambda: exhaust(pq.ParquetFile(corpus).iter_batches(2_000, columns=columns)))
    assembled = best(lambda: exhaust(iter_batches(corpus)))
    cut = best(each(lambda compiled, texts: compiled.tokenise(texts)))
    features = best(each(lambda compiled, texts: compiled.read(texts)))
    scores = best(each(lambda compiled, texts: compiled.score(texts, *nothing, 1)))
    log_odds = best(each(lambda compiled, texts: compiled.predict(texts, *nothing, 1)))
    n_offers = pq.read_metadata(corpus).num_rows
    seconds = {
        "read Parquet": read,
        "ids, texts cleaned": assembled - read,
        "cut into words": cut,
        "TF-IDF": features - cut,
        "scores of text and sentences": scores - features,
        "trees and line": log_odds - scores,
        "floor": read + cut,
    }
    return {stage: 1e6 * value / n_offers for stage, value in seconds.items()}


def best(run: Callable[[], Any]) -> float:
    """Return the least of three durations."""
    durations = []
    for _ in range(3):
        start = time.perf_counter()
        run()
        durations.append(time.perf_counter() - start)
    return min(durations)


def exhaust(iterator: Iterator[Any]) -> None:
    """Run an iterator to its end."""
    for _ in iterator:
        pass


def measure_size(
    student: str, corpus: Path, n_offers: int, threads: list[int], work: Path
) -> list[dict[str, Any]]:
    """Label a corpus by the kernel, with each number of threads."""
    rows = []
    for n_threads in threads:
        for remember in (False, True):
            done = alone(
                label, work / student, corpus, work / "grown",
                by_kernel=True, n_threads=n_threads, remember=remember,
            )  # fmt: skip
            rows.append(
                {
                    "student": student,
                    "offers": n_offers,
                    "threads": n_threads,
                    "sentences": "as they come" if remember else "new",
                    "us an offer": 1e6 * done["seconds"] / n_offers,
                    "offers/s": round(n_offers / done["seconds"]),
                    "6 million, min": 6e6 * done["seconds"] / n_offers / 60,
                    "peak MB": done["peak_mb"],
                }
            )
    return rows


if __name__ == "__main__":
    main()
