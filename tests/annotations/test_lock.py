import subprocess
import sys
import threading
from pathlib import Path

import pytest

from jocas_themes.annotations import _lock
from jocas_themes.annotations._lock import exclusive_lock


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    inside: list[str] = []
    started = threading.Event()

    def enter() -> None:
        started.set()
        with exclusive_lock(path):
            inside.append("second")

    with exclusive_lock(path):
        second = threading.Thread(target=enter)
        second.start()
        started.wait()
        second.join(0.2)
        assert inside == []
        inside.append("first")
    second.join()
    assert inside == ["first", "second"]


def test_a_lock_that_is_not_given_back_in_time(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    with (
        exclusive_lock(path),
        pytest.raises(OSError, match=r"no lock .*\.file\.jsonl\.lock: database is locked"),
        exclusive_lock(path, timeout_s=0.05),
    ):
        pass


def test_is_given_back_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    with pytest.raises(ZeroDivisionError, match="zero"), exclusive_lock(path):
        raise ZeroDivisionError("zero")
    with exclusive_lock(path, timeout_s=0.05):
        pass


def test_locks_of_two_files_are_two(tmp_path: Path) -> None:
    with exclusive_lock(tmp_path / "a"), exclusive_lock(tmp_path / "b", timeout_s=0.05):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == [".a.lock", ".b.lock"]


HOLDER = """
import pathlib, runpy, sys, time
exclusive_lock = runpy.run_path(sys.argv[1])["exclusive_lock"]
with exclusive_lock(pathlib.Path(sys.argv[2])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_is_given_back_when_its_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    command = [sys.executable, "-c", HOLDER, _lock.__file__, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            with (
                pytest.raises(OSError, match="database is locked"),
                exclusive_lock(path, timeout_s=0.05),
            ):
                pass
        finally:
            holder.kill()
    with exclusive_lock(path, timeout_s=1):
        pass


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match=r"no lock .*unable to open database file"),
        exclusive_lock(tmp_path / "no" / "file"),
    ):
        pass
