"""A server of batches, a teacher that asks it, and no waiting."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from batch_server import BatchServer
from chat_server import build_teacher
from jocas_themes.annotations import AnnotationStore
from jocas_themes.teacher import LLMTeacher
from jocas_themes.teacher.batch import _batching, _remote

KEY = "sk-test-0123456789abcdef"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    monkeypatch.setattr(_batching, "POLL_S", 0.001)
    monkeypatch.setattr(_remote, "SETTLE_S", 0.0)
    monkeypatch.setattr(_remote, "compute_backoff", lambda n_faults: 0.001)


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with BatchServer() as server:
        yield server


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AnnotationStore]:
    with AnnotationStore(tmp_path / "annotations.sqlite") as store:
        yield store


@pytest.fixture
def build(server: BatchServer, store: AnnotationStore) -> Callable[..., LLMTeacher]:
    """Return a function that builds a teacher of two themes, whose model has a price."""
    return partial(build_teacher, server.url, store, model="gpt-5-mini")
