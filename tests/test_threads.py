import threading

import pytest
from threadpoolctl import threadpool_info

from jocas_themes._threads import limit_blas, run_side_by_side


def count_threads(_: object) -> list[int]:
    return [pool["num_threads"] for pool in threadpool_info()]


@pytest.mark.parametrize("n_jobs", [None, 1, 2, -1])
def test_results_come_in_the_order_of_the_jobs(n_jobs: int | None) -> None:
    first_may_end = threading.Event()

    def square(number: int) -> int:
        if n_jobs == 2 and number == 0:
            assert first_may_end.wait(timeout=10)  # the first to start is the last to end
        if number == 1:
            first_may_end.set()
        return number**2

    assert run_side_by_side(square, [(n,) for n in range(6)], n_jobs) == [0, 1, 4, 9, 16, 25]


def test_all_arguments_are_passed_and_any_iterable_of_jobs_is_taken() -> None:
    assert run_side_by_side(divmod, ((n, 3) for n in (7, 8)), 1) == [(2, 1), (2, 2)]
    assert run_side_by_side(divmod, [], 2) == []


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_job_has_one_thread_and_the_limits_are_lifted_afterwards(n_jobs: int) -> None:
    before = count_threads(None)
    for inside in run_side_by_side(count_threads, [(0,)] * 4, n_jobs):
        assert set(inside) <= {1}
    assert count_threads(None) == before


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_error_in_a_job_is_raised_and_the_limits_are_lifted(n_jobs: int) -> None:
    before = count_threads(None)
    with pytest.raises(ZeroDivisionError, match="zero"):
        run_side_by_side(divmod, [(1, 1), (1, 0)], n_jobs)
    assert count_threads(None) == before


def test_the_last_to_leave_lifts_the_limit_of_blas() -> None:
    before = count_threads(None)
    with limit_blas():
        with limit_blas():
            inside = count_threads(None)
        assert count_threads(None) == inside
        assert {
            pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"
        } == {1}
    assert count_threads(None) == before
