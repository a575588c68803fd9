"""The public face: pinned, sorted, documented, and light to import."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import jocas_themes

DOCS = Path(__file__).parents[1] / "docs"


def test_names_are_those_of_the_stub_and_lead_somewhere() -> None:
    stub = Path(jocas_themes.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    imported = {
        name.name
        for node in ast.walk(ast.parse(stub))
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
    assert set(jocas_themes.__all__) == imported == set(dir(jocas_themes))
    # What type checkers are told, sorted as ruff does: constants, then classes, then functions.
    told = ast.literal_eval(stub[stub.index("__all__ = ") + len("__all__ = ") :])
    assert set(told) == imported
    kinds = [(not name.isupper(), not name[0].isupper()) for name in told]
    assert kinds == sorted(kinds)


@pytest.mark.parametrize("name", jocas_themes.__all__)
def test_every_public_name_is_in_the_docs(name: str) -> None:
    assert f"`{name}`" in (DOCS / "api.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", jocas_themes.__all__)
def test_every_public_name_has_a_docstring(name: str) -> None:
    assert (getattr(jocas_themes, name).__doc__ or "").strip()


def list_imported(statement: str) -> set[str]:
    """Return the modules that a statement imports in a fresh interpreter."""
    script = f"import sys; {statement}; print(' '.join(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_the_package_imports_next_to_nothing() -> None:
    heavy = {"numpy", "pandas", "pyarrow", "scipy", "sklearn", "pydantic"}
    assert not list_imported("import jocas_themes") & heavy


def test_no_name_pulls_in_an_optional_or_slow_package() -> None:
    modules = list_imported("from jocas_themes import *")
    assert "jocas_themes.student" in modules
    # openai and xgboost are core, but slow to import, and needed by few calls
    heavy = {"matplotlib", "fsspec", "openai", "xgboost", "torch", "tiktoken", "IPython"}
    assert not modules & (heavy | {"dask", "distributed", "pyspark", "rensa"})
