"""Small models: no threads inside them, and one a thread where there are many.

On models this small, threads inside (OpenMP's, BLAS's) wait for each other longer than they
work, ten times as long and more on a busy machine; and their sums depend on how many there are.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from joblib import Parallel, delayed
from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_inside = 0
_limits = ExitStack()


def run_side_by_side(
    function: Callable[..., Any], jobs: Iterable[tuple[Any, ...]], n_jobs: int | None
) -> list[Any]:
    """Call a function with each job's arguments, in threads; results in the jobs' order."""
    pools = ThreadpoolController()
    with limit_blas(pools):
        done = Parallel(n_jobs=n_jobs, require="sharedmem")(
            delayed(_run_alone)(pools, function, job) for job in jobs
        )
    return list(done)


@contextmanager
def limit_blas(pools: ThreadpoolController | None = None) -> Iterator[None]:
    """Keep BLAS to one thread; its limit is one for the process, so the last to leave lifts it."""
    global _inside  # noqa: PLW0603 (it counts who is inside, in all threads)
    with _lock:
        if _inside == 0:
            pools = pools or ThreadpoolController()
            _limits.enter_context(pools.limit(limits=1, user_api="blas"))
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _limits.close()


def _run_alone(
    pools: ThreadpoolController, function: Callable[..., Any], job: tuple[Any, ...]
) -> Any:
    # OpenMP keeps its limit a thread.
    with pools.limit(limits=1, user_api="openmp"):
        return function(*job)
