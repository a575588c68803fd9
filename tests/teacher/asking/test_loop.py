"""One background loop serves all callers: from a running loop, from threads, after a fork."""

import asyncio
import os
import subprocess
import sys
import threading

import pytest

from jocas_themes.teacher.asking import _loop


async def _current():
    await asyncio.sleep(0)
    return asyncio.get_running_loop(), threading.current_thread()


def test_runs_where_a_loop_runs_already():
    async def notebook():
        return _loop.submit(_current()).result(timeout=5), asyncio.get_running_loop()

    (loop, thread), own = asyncio.run(notebook())
    assert loop is not own
    assert thread is not threading.main_thread()
    assert thread.daemon


def test_is_one_loop_for_all_threads():
    seen = []

    def call():
        seen.append(_loop.submit(_current()).result(timeout=5))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(seen)) == 1


def test_errors_come_back_to_the_caller():
    async def fail():
        raise KeyError("x")

    with pytest.raises(KeyError, match="x"):
        _loop.submit(fail()).result(timeout=5)


_FORK = """
import importlib.util, os, sys
spec = importlib.util.spec_from_file_location("loop", sys.argv[1])  # the module alone: quick
loop = importlib.util.module_from_spec(spec)
spec.loader.exec_module(loop)
async def pid(): return os.getpid()
assert loop.submit(pid()).result(5) == os.getpid()
child = os.fork()
if child == 0:
    os._exit(0 if loop.submit(pid()).result(5) == os.getpid() else 1)
assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_gets_its_own_and_nothing_is_left_behind():
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error::ResourceWarning", "-c", _FORK, _loop.__file__],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "ResourceWarning" not in done.stderr
