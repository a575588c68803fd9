"""What all tests share: the real offers, and closed sockets but for this machine's own."""

import socket
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from jocas_themes._native import find_kernel
from jocas_themes.teacher.cost import _tokens

_SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real offers, or skip the test, saying so."""
    if not (_SHARED_DATA / "offers_labelled.parquet").exists():
        pytest.skip("needs the real offers, which are not in ../shared/data beside this checkout")
    return _SHARED_DATA


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs the kernel, so that it can be run again under sanitizers."""
    for item in items:
        if "kernel" in getattr(item, "fixturenames", ()):
            item.add_marker("kernel")


@pytest.fixture(scope="session")
def kernel() -> ModuleType:
    """Return the native kernel, or skip the test, saying so."""
    found = find_kernel()
    if found is None:
        pytest.skip("needs the native kernel, which was not built")
    return found


@pytest.fixture(autouse=True)
def _closed_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that would leave this machine, and hide any real API key."""
    connect = socket.socket.connect

    def connect_to_loopback(self: socket.socket, address: object) -> object:
        host = address[0] if isinstance(address, tuple) else "unix"
        if host not in {"127.0.0.1", "::1", "localhost", "unix"}:
            raise AssertionError(f"a test tried to reach {host!r}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_to_loopback)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


@pytest.fixture(autouse=True)
def _no_encodings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave tiktoken without its encodings, which it would download."""

    def refuse(name: str) -> None:
        raise ConnectionError(f"a test tried to download {name!r}")

    monkeypatch.setattr("tiktoken.get_encoding", refuse)
    _tokens._load_encoding.cache_clear()
    yield
    _tokens._load_encoding.cache_clear()
