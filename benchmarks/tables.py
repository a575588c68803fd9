"""How the benchmarks print: aligned tables of 120 columns at most, with what was run."""

import platform
import shlex
import sys
import textwrap
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pandas as pd

WIDTH = 120


def print_run(packages: Iterable[str]) -> None:
    """Print the command that was given and the versions of what it ran."""
    print("$ " + shlex.join(["python", *sys.argv]))
    versions = [f"{package}={find_version(package)}" for package in packages]
    named = ", ".join([f"Python={platform.python_version()}", *versions])
    print(textwrap.fill(named, WIDTH), end="\n\n")


def find_version(package: str) -> str:
    """Return a package's version, or ``absent``."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def print_table(title: str, table: pd.DataFrame) -> None:
    """Print a table under its title, the first column to the left; figures with three digits."""
    first = table.iloc[:, 0].astype(str)
    width = max(first.str.len().max(), len(table.columns[0]))
    shown = table.rename(columns={table.columns[0]: table.columns[0].ljust(width)})
    shown.isetitem(0, first.str.ljust(width))
    print(textwrap.fill(title, WIDTH))
    print(shown.to_string(index=False, float_format="{:.3f}".format, na_rep="-"), end="\n\n")


def format_interval(f1: float, low: float, high: float) -> str:
    """Write an F1 and its interval; ``-`` where there is none.

    >>> format_interval(0.8651, 0.8512, 1.0)
    '0.865 .851-1.00'
    """
    if np.isnan(f1):
        return "-"
    bounds = "-".join(f"{bound:.3f}".removeprefix("0")[:4] for bound in (low, high))
    return f"{f1:.3f} {bounds}"
