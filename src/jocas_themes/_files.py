"""Files that appear whole: under another name first, then renamed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replace_when_whole(path: Path) -> Iterator[Path]:
    """Yield the path to write to; what was written is on disk before it takes its name.

    A reader sees the old file or the new one, also after a crash. Two writers of one file need
    a lock.
    """
    staging = path.with_name(f".{path.name}.tmp")
    yield staging
    with staging.open("rb+") as file:
        os.fsync(file.fileno())
    staging.replace(path)
