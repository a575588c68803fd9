"""One event loop beside the caller's: asynchronous work also where a loop already runs.

A notebook runs an event loop of its own, in which nothing may block. All requests of a process
therefore run in one loop of ours, in a thread of its own; one loop and not one a call, because
a client's open connections belong to the loop that opened them.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

_T = TypeVar("_T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_pid: int | None = None


def submit(coroutine: Coroutine[Any, Any, _T]) -> Future[_T]:
    """Start a coroutine in the background loop."""
    global _loop, _pid
    with _lock:
        if _loop is None or _pid != os.getpid():  # a fork inherits no threads
            _loop, _pid = asyncio.new_event_loop(), os.getpid()
            threading.Thread(target=_loop.run_forever, name="jocas-themes", daemon=True).start()
        return asyncio.run_coroutine_threadsafe(coroutine, _loop)


def call(function: Callable[[], object]) -> None:
    """Call a function in the background loop, soon."""
    with _lock:
        if _loop is not None and _pid == os.getpid():
            _loop.call_soon_threadsafe(function)
