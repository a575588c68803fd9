"""Many small models side by side: a model a thread, and no threads inside a model.

On models this small, threads inside (OpenMP's, BLAS's) wait for each other longer than they
work, and their sums depend on how many there are.
"""

from collections.abc import Callable, Iterable
from typing import Any

from joblib import Parallel, delayed
from threadpoolctl import ThreadpoolController


def run_side_by_side(
    function: Callable[..., Any], jobs: Iterable[tuple[Any, ...]], n_jobs: int | None
) -> list[Any]:
    """Call a function with each job's arguments, in threads; results in the jobs' order."""
    pools = ThreadpoolController()
    with pools.limit(limits=1):
        done = Parallel(n_jobs=n_jobs, prefer="threads")(
            delayed(_run_alone)(pools, function, job) for job in jobs
        )
    return list(done)


def _run_alone(
    pools: ThreadpoolController, function: Callable[..., Any], job: tuple[Any, ...]
) -> Any:
    # OpenMP keeps its limit a thread; that of BLAS is one for all, and set by the caller.
    with pools.limit(limits=1, user_api="openmp"):
        return function(*job)
