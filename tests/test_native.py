"""The native kernel: found or done without; what its absence says."""

import ast
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import jocas_themes
from jocas_themes import _native
from jocas_themes._native import build_texts, find_kernel, load_kernel, require_kernel
from jocas_themes.errors import JocasThemesWarning

_STUB = Path(jocas_themes.__file__).with_name("_kernel.pyi")


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Look for the kernel anew, and leave no trace of what was found."""
    monkeypatch.delenv(_native.SWITCH, raising=False)
    yield
    _forget_kernel()


def _forget_kernel() -> None:
    _native._import_kernel.cache_clear()
    _native._warn_once.cache_clear()


@pytest.fixture
def _without_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jocas_themes._kernel", None)
    _forget_kernel()


class TestWithKernel:
    def test_it_loads_without_a_word(self, kernel: ModuleType) -> None:
        assert load_kernel() is kernel
        assert find_kernel() is kernel
        assert require_kernel() is kernel

    @pytest.mark.parametrize("value", ["off", "OFF", "0", "no"])
    def test_it_can_be_switched_off(
        self, kernel: ModuleType, monkeypatch: pytest.MonkeyPatch, value: str
    ) -> None:
        monkeypatch.setenv(_native.SWITCH, value)
        assert load_kernel() is None
        assert find_kernel() is None
        assert require_kernel() is kernel

    def test_the_stub_names_what_it_holds(self, kernel: ModuleType) -> None:
        assert list_named(ast.parse(_STUB.read_text(encoding="utf-8")).body) == list_held(kernel)


def list_named(body: list[ast.stmt]) -> set[str]:
    """List the public names of a stub, and of its classes."""
    names = set()
    for node in body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{name}" for name in list_named(node.body)}
    return {name for name in names if not name.rpartition(".")[2].startswith("_")}


def list_held(holder: object) -> set[str]:
    """List the public names of a module, and of its classes."""
    names = {name for name in vars(holder) if not name.startswith("_")}
    for name in tuple(names):
        if isinstance(value := getattr(holder, name), type):
            names |= {f"{name}.{inner}" for inner in list_held(value)}
    return names


@pytest.mark.usefixtures("_without_kernel")
class TestWithoutKernel:
    def test_one_warning_a_process_says_the_cost_and_the_remedy(self) -> None:
        with pytest.warns(JocasThemesWarning, match=r"was not built .* 20 times .* compiler"):
            assert load_kernel() is None
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert load_kernel() is None

    def test_looking_for_it_says_nothing(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert find_kernel() is None

    def test_switched_off_says_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(_native.SWITCH, "off")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert load_kernel() is None

    def test_those_who_need_it_are_told(self) -> None:
        with pytest.raises(ImportError, match=r"was not built .* Install a C\+\+ compiler"):
            require_kernel()


def test_a_kernel_that_cannot_be_loaded_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> ModuleType:
        raise ImportError("version `GLIBCXX_3.4.99' not found")

    _forget_kernel()
    monkeypatch.setattr(_native, "import_module", refuse)
    with pytest.warns(JocasThemesWarning, match=r"cannot be loaded \(version `GLIBCXX_3.4.99'"):
        assert load_kernel() is None


def test_texts_share_the_memory_that_the_kernel_returns() -> None:
    # "été" is 5 bytes, then nothing, then "a"
    characters = np.frombuffer("étéa".encode(), dtype=np.uint8)
    texts = build_texts(np.array([0, 5, 5, 6], dtype=np.int64), characters)
    assert texts.to_pylist() == ["été", "", "a"]
    assert texts.buffers()[2].address == characters.ctypes.data
