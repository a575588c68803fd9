import json
from pathlib import Path

import pytest

from jocas_themes._optional import import_optional
from jocas_themes.errors import JocasThemesError, MissingDependencyError


def test_an_installed_module_is_returned() -> None:
    assert import_optional("json", extra="plots", purpose="x") is json


def test_a_submodule_is_returned_itself() -> None:
    assert import_optional("os.path", extra="plots", purpose="x").__name__.endswith("path")


@pytest.mark.parametrize("module", ["no_such_package", "no_such_package.inner"])
def test_a_missing_module_is_named_with_the_extra_to_install(module: str) -> None:
    with pytest.raises(MissingDependencyError) as caught:
        import_optional(module, extra="plots", purpose="plot_trends")
    assert str(caught.value) == (
        "plot_trends needs no_such_package. Install it with: pip install 'jocas-themes[plots]'."
    )
    assert isinstance(caught.value, JocasThemesError)
    assert isinstance(caught.value, ImportError)
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_a_fault_inside_the_module_is_not_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_package.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        import_optional("broken_package", extra="plots", purpose="x")
