"""The order of the stages, as a check that fails."""

from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports


def test_data_flows_one_way(capsys: pytest.CaptureFixture[str]) -> None:
    config = Path(__file__).parents[1] / "pyproject.toml"
    status = lint_imports(config_filename=str(config), cache_dir=None)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out
