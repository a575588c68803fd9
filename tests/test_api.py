"""The public face: pinned, sorted, documented, and light to import."""

import subprocess
import sys
from pathlib import Path

import pytest

import jocas_themes

DOCS = Path(__file__).parents[1] / "docs"


def test_all_is_exact_and_sorted() -> None:
    public = {
        name
        for name, value in vars(jocas_themes).items()
        if not name.startswith("_") and type(value).__name__ != "module"
    }
    assert set(jocas_themes.__all__) == public
    # Sorted as ruff does: constants, then classes, then functions.
    kinds = [(not name.isupper(), not name[0].isupper()) for name in jocas_themes.__all__]
    assert kinds == sorted(kinds)


@pytest.mark.parametrize("name", jocas_themes.__all__)
def test_every_public_name_is_in_the_docs(name: str) -> None:
    assert f"`{name}`" in (DOCS / "api.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", jocas_themes.__all__)
def test_every_public_name_has_a_docstring(name: str) -> None:
    assert (getattr(jocas_themes, name).__doc__ or "").strip()


def test_importing_pulls_in_no_optional_or_slow_package() -> None:
    script = "import sys, jocas_themes; print(' '.join(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    modules = set(done.stdout.split())
    assert "jocas_themes" in modules
    # openai and xgboost are core, but slow to import, and needed by few calls
    heavy = {"matplotlib", "fsspec", "openai", "xgboost", "torch", "tiktoken", "IPython"}
    assert not modules & heavy
