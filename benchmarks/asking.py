"""How fast the teacher asks, beside a bare loop over the same requests; and what memory it takes.

    python benchmarks/asking.py

Both ask the same loopback server, a process of its own that takes 200 ms for a reply, by turns
in one run. A bare loop checks nothing and keeps nothing: the teacher is to reach 90% of its
speed. Memory is measured in fresh processes (on Linux), with a server that answers at once.
"""

import argparse
import asyncio
import json
import multiprocessing
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

import openai
import pandas as pd

from jocas_themes import LLMTeacher, make_offers
from memory import forget_peak, read_memory

TARGET = 0.90
MODEL = "gpt-4o-mini"
SERVER = Path(__file__).parents[1] / "tests" / "fault_server.py"


@contextmanager
def serve(*arguments: str) -> Iterator[str]:
    """Run the test server as a process of its own; give its address."""
    command = [sys.executable, str(SERVER), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def ask_teacher(url: str, offers: pd.DataFrame, *, concurrency: int) -> pd.DataFrame:
    """Annotate offers into a new store."""
    with TemporaryDirectory() as folder:
        teacher = LLMTeacher(
            MODEL,
            base_url=url,
            api_key_env="NO_KEY_IS_NEEDED",
            store=Path(folder) / "annotations.sqlite",
            concurrency=concurrency,
            progress=False,
        )
        return teacher.annotate(offers)


def ask_bare(url: str, bodies: list[dict[str, Any]], *, concurrency: int) -> list[str]:
    """Ask with `AsyncOpenAI` and a semaphore."""

    async def ask_all() -> list[str]:
        slots = asyncio.Semaphore(concurrency)
        async with openai.AsyncOpenAI(base_url=url, api_key="no-key") as client:

            async def ask(body: dict[str, Any]) -> str:
                async with slots:
                    reply = await client.chat.completions.create(**body)
                return reply.choices[0].message.content

            return await asyncio.gather(*map(ask, bodies))

    return asyncio.run(ask_all())


def measure(ask: Callable[[], Any], n_requests: int) -> tuple[float, float]:
    """Return requests per second, and milliseconds of processor time a request."""
    start, start_cpu = time.perf_counter(), time.process_time()
    ask()
    cpu_s = time.process_time() - start_cpu
    return n_requests / (time.perf_counter() - start), 1_000 * cpu_s / n_requests


def compare_speeds(
    n_offers: int, n_repetitions: int, *, latency_s: float, concurrency: int
) -> pd.DataFrame:
    """Let the two ask by turns."""
    offers = make_offers(n_offers, random_state=0)
    rows = []
    with serve("--latency", str(latency_s), "--keep-bodies") as url:
        ask_teacher(url, offers, concurrency=concurrency)  # opens all files; shows its requests
        with urlopen(f"{url}/bodies") as reply:
            bodies = json.load(reply)
        for repetition in range(n_repetitions):
            speed, cpu = measure(
                lambda: ask_teacher(url, offers, concurrency=concurrency), len(bodies)
            )
            bare_speed, bare_cpu = measure(
                lambda: ask_bare(url, bodies, concurrency=concurrency), len(bodies)
            )
            rows.append(
                {
                    "repetition": repetition + 1,
                    "teacher, requests/s": speed,
                    "bare loop, requests/s": bare_speed,
                    "ratio": speed / bare_speed,
                    "teacher, CPU ms/request": cpu,
                    "bare loop, CPU ms/request": bare_cpu,
                }
            )
    return pd.DataFrame(rows)


def measure_memory(url: str, n_offers: int, concurrency: int) -> dict[str, float]:
    """Return by how much memory grows at its peak while offers are annotated, in MB."""
    offers = make_offers(n_offers, random_state=0)
    ask_teacher(url, offers.head(2 * concurrency), concurrency=concurrency)  # imports, connections
    before = read_memory("VmRSS")
    forget_peak()
    annotated = ask_teacher(url, offers, concurrency=concurrency)
    growth = read_memory("VmHWM") - before
    added = annotated.drop(columns=[name for name in annotated if name in offers])
    added_mb = added.memory_usage(deep=True).sum() / 1e6
    return {
        "offers": n_offers,
        "offers, MB": offers.memory_usage(deep=True).sum() / 1e6,
        "growth at the peak, MB": growth,
        "of which columns added, MB": added_mb,
        "of which others, MB": growth - added_mb,
    }


def compare_memory(sizes: list[int], *, concurrency: int) -> pd.DataFrame:
    """Annotate tables of several sizes, each in a process of its own."""
    rows = []
    for n_offers in sizes:
        context = multiprocessing.get_context("spawn")
        with (
            serve("--latency", "0.005") as url,
            ProcessPoolExecutor(1, mp_context=context) as pool,
        ):
            rows.append(pool.submit(measure_memory, url, n_offers, concurrency).result())
    return pd.DataFrame(rows)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--offers", type=int, default=1_600)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--latency", type=float, default=0.2, help="in seconds")
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--memory", type=int, nargs="*", default=[2_000, 20_000], metavar="OFFERS")
    options = parser.parse_args()
    print(f"{options.offers} offers, {options.concurrency} at once, {options.latency} s a reply\n")
    speeds = compare_speeds(
        options.offers,
        options.repetitions,
        latency_s=options.latency,
        concurrency=options.concurrency,
    )
    print(speeds.to_string(index=False, float_format="{:.2f}".format))
    print(f"\nRatio, median: {median(speeds['ratio']):.3f} (target: {TARGET:.2f})\n")
    if options.memory:
        print("Memory, 64 at once\n")
        memory = compare_memory(options.memory, concurrency=64)
        print(memory.to_string(index=False, float_format="{:.1f}".format))


if __name__ == "__main__":
    main()
