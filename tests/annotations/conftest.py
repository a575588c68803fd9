import multiprocessing
from collections.abc import Iterator
from multiprocessing.pool import Pool

import pytest

from annotations.workers import meet


@pytest.fixture(scope="session")
def four_processes() -> Iterator[Pool]:
    """Start four processes that share nothing with this one, once for all tests."""
    # Where there is a fork server, the package is imported once and not four times.
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    context.set_forkserver_preload(["jocas_themes"])
    barrier = context.Barrier(5)
    with context.Pool(4, initializer=meet, initargs=(barrier,)) as pool:
        barrier.wait(timeout=60)  # until all have started: the tests are of races
        yield pool
