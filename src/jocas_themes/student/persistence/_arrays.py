"""Arrays in a file, read only if they are what they must be: nothing is ever unpickled."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zipfile import ZipFile

import numpy as np
import numpy.typing as npt

_FLOATS = np.dtype("<f8")
_INTEGERS = np.dtype("<i8")


def write_arrays(path: Path, arrays: dict[str, npt.NDArray[Any]]) -> None:
    """Write an .npz file, floats and integers of eight bytes."""
    settled: dict[str, Any] = {
        name: np.asarray(array, dtype=_FLOATS if array.dtype.kind == "f" else _INTEGERS)
        for name, array in arrays.items()
    }
    np.savez_compressed(path, **settled)


class ArrayReader:
    """The arrays of an .npz file, each of which the caller knows the shape of.

    The declared shape is compared first: memory is taken for what is expected alone.
    """

    def __init__(self, path: Path) -> None:
        self._archive = ZipFile(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._archive.close()

    def read_floats(self, name: str, *shape: int) -> npt.NDArray[np.float64]:
        """Read finite numbers."""
        array = self._read(name, shape, _FLOATS)
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must hold finite numbers")
        return array

    def read_places(self, name: str, n_chosen: int, n_in_all: int) -> npt.NDArray[np.int64]:
        """Read increasing places among so many."""
        array = self._read(name, (n_chosen,), _INTEGERS)
        if n_chosen and (array[0] < 0 or array[-1] >= n_in_all or (np.diff(array) <= 0).any()):
            raise ValueError(f"{name} must hold increasing places under {n_in_all}")
        return array

    def _read(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        with self._archive.open(f"{name}.npy") as file:
            if np.lib.format.read_magic(file) != (1, 0):
                raise ValueError(f"{name} must be an array of NumPy's format 1.0")
            found_shape, _, found_dtype = np.lib.format.read_array_header_1_0(file)
            if found_shape != shape or found_dtype != dtype:
                raise ValueError(
                    f"{name} must be of shape {shape!r} and type {dtype.str!r}, got "
                    f"{found_shape!r} and {found_dtype.str!r}"
                )
            file.seek(0)
            array: npt.NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        return array
