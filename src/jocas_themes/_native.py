"""The native kernel: compiled where a compiler was at hand, done without where none was."""

import os
import warnings
from functools import cache
from importlib import import_module
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from jocas_themes.errors import JocasThemesWarning

SWITCH = "JOCAS_THEMES_KERNEL"

# pip keeps a wheel that it built, and would install the same one again.
_REMEDY = (
    "Install a C++ compiler and Python's headers (Debian: g++ python3-dev), then this package "
    "again, with pip's options --force-reinstall --no-deps --no-cache-dir."
)


def load_kernel() -> ModuleType | None:
    """Return the kernel, None where there is none; say once what it costs that it was not built.

    The environment variable ``JOCAS_THEMES_KERNEL=off`` switches it off, without a warning.
    """
    kernel = find_kernel()
    if kernel is None and not _is_switched_off():
        _warn_once()
    return kernel


def find_kernel() -> ModuleType | None:
    """Return the kernel, None where it was not built or is switched off."""
    return None if _is_switched_off() else _import_kernel()[0]


def require_kernel() -> ModuleType:
    """Return the kernel, for those who know that it is there."""
    kernel, fault = _import_kernel()
    if kernel is None:
        raise ImportError(f"the native kernel {fault}. {_REMEDY}")
    return kernel


def build_texts(offsets: npt.NDArray[np.int64], characters: npt.NDArray[np.uint8]) -> pa.Array:
    """Build an Arrow array of texts, without a copy, out of what the kernel returns."""
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(characters)]
    return pa.Array.from_buffers(pa.large_string(), len(offsets) - 1, buffers)


def _is_switched_off() -> bool:
    return os.environ.get(SWITCH, "").lower() in {"off", "0", "no"}


@cache
def _import_kernel() -> tuple[ModuleType | None, str]:
    """Import the kernel, or tell why it cannot be."""
    try:
        return import_module("jocas_themes._kernel"), ""
    except ModuleNotFoundError:
        return None, "was not built when this package was installed"
    except ImportError as error:  # built for another machine, or system library
        return None, f"cannot be loaded ({error})"


@cache
def _warn_once() -> None:
    warnings.warn(
        f"the native kernel {_import_kernel()[1]}: labelling takes about 20 times as long. "
        f"{_REMEDY}",
        JocasThemesWarning,
        stacklevel=4,
    )
