"""The order of the stages, as a check that fails."""

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[1]
# Its own process: the linter sets up logging for itself, and would silence ours.
_LINT = """
import sys
from importlinter.cli import lint_imports
sys.exit(lint_imports(cache_dir=None))
"""


def test_data_flows_one_way() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LINT], cwd=_ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
