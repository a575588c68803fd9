"""Simulations lie beside the benchmarks, scripts that import one another from their folder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
