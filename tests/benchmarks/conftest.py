"""The benchmarks are scripts: their folder is where they import one another from."""

import sys
from pathlib import Path

import pandas as pd
import pytest

from jocas_themes import load_sample_annotations

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))


@pytest.fixture(scope="session")
def sample() -> pd.DataFrame:
    """Return 90 of the offers that ship with the package."""
    return load_sample_annotations().head(90)


@pytest.fixture(autouse=True)
def _short_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the benchmarks print a command that is theirs, not the one that runs the tests."""
    monkeypatch.setattr("sys.argv", ["benchmarks/some.py"])
