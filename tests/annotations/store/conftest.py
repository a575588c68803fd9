from collections.abc import Iterator
from pathlib import Path

import pytest

from jocas_themes.annotations import AnnotationStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "annotations.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[AnnotationStore]:
    with AnnotationStore(path) as opened:
        yield opened
