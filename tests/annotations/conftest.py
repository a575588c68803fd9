import multiprocessing
from collections.abc import Iterator
from multiprocessing.pool import Pool

import pytest


@pytest.fixture(scope="session")
def four_processes() -> Iterator[Pool]:
    """Start four processes that share nothing with this one, once for all tests."""
    # Where there is a fork server, the package is imported once and not four times.
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    context.set_forkserver_preload(["jocas_themes"])
    with context.Pool(4) as pool:
        yield pool
