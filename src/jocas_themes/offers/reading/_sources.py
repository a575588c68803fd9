"""From what a user names as a source, to the files that hold the offers."""

import glob
import gzip
import io
import os
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any, BinaryIO, Protocol, cast
from urllib.parse import unquote

import pandas as pd
import pyarrow as pa

from jocas_themes.errors import JocasThemesError, OffersError
from jocas_themes.offers.reading._urls import open_url, refuse_password

Source = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]

_FORMATS = {
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
}
_COMPRESSED = (".csv.gz", ".jsonl.gz", ".ndjson.gz", ".json.gz")
_KNOWN = ", ".join((*_FORMATS, *_COMPRESSED))
_HIVE_MISSING = "__HIVE_DEFAULT_PARTITION__"
_BUFFER_BYTES = 1 << 20
_S3_HINT = (
    " Keys and endpoint come from the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, "
    "AWS_ENDPOINT_URL."
)
_READ_ERRORS = (OSError, EOFError, zlib.error, pa.ArrowException)


class _FileSystem(Protocol):
    """The part of fsspec's interface that is needed to find and open files."""

    def isfile(self, path: str) -> bool: ...
    def isdir(self, path: str) -> bool: ...
    def find(self, path: str) -> Iterable[str]: ...
    def glob(self, path: str) -> Iterable[str]: ...
    def open(self, path: str, mode: str) -> Any: ...
    def unstrip_protocol(self, name: str) -> str: ...


class _LocalFiles:
    """Files of this machine, behind fsspec's interface, so that fsspec stays optional."""

    def isfile(self, path: str) -> bool:
        return Path(path).is_file()

    def isdir(self, path: str) -> bool:
        return Path(path).is_dir()

    def find(self, path: str) -> Iterable[str]:
        return [str(found) for found in Path(path).rglob("*") if found.is_file()]

    def glob(self, path: str) -> Iterable[str]:
        return glob.glob(path, recursive=True)  # noqa: PTH207 (takes absolute patterns, pathlib does not)

    def open(self, path: str, mode: str) -> Any:
        return Path(path).open(mode, buffering=_BUFFER_BYTES)

    def unstrip_protocol(self, name: str) -> str:
        return name


_LOCAL = _LocalFiles()


@dataclass(frozen=True)
class SourceFile:
    """A file of offers: its name in messages, its format, the partition that it lies in."""

    name: str
    path: str
    format: str
    filesystem: _FileSystem
    partition: dict[str, str | int | None] = field(default_factory=dict)

    @property
    def is_local(self) -> bool:
        """Whether the file lies on this machine, without a URL."""
        return isinstance(self.filesystem, _LocalFiles)

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open the file's bytes, decompressed; a failure while reading names the file."""
        with self.name_failures(), ExitStack() as stack:
            stream = stack.enter_context(self.filesystem.open(self.path, "rb"))
            if self.path.lower().endswith(".gz"):
                stream = stack.enter_context(gzip.GzipFile(fileobj=stream))
            if not isinstance(stream, io.BufferedReader):  # readlines() is fast in this one
                stream = io.BufferedReader(stream, _BUFFER_BYTES)
            yield cast("BinaryIO", stream)

    @contextmanager
    def name_failures(self) -> Iterator[None]:
        """Turn what goes wrong while a file is read into an error that names it."""
        try:
            yield
        except JocasThemesError:
            raise
        except Exception as error:
            # Storages raise exceptions of their own, such as botocore's.
            if self.is_local and not isinstance(error, _READ_ERRORS):
                raise
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise OffersError(f"{self.name!r} cannot be read as {self.format}: {reason}") from error


def find_files(source: Source, *, skip: Collection[str] = ()) -> list[SourceFile]:
    """Find the files of a source, sorted, each once.

    A folder gives all its files of a known extension, at any depth, but for hidden ones
    (``.`` or ``_`` first), as Spark and Hive have it, and those whose name is in ``skip``.
    """
    found: dict[str, SourceFile] = {}
    for one in list_sources(source):
        for file in _find_in(os.fspath(one), skip):
            found[file.name] = file
    if not found:
        raise OffersError(f"no offers found: source is an empty list, {source!r}.")
    return _type_partitions([found[name] for name in sorted(found)])


def list_sources(source: Source, *, hint: str = "") -> list[str | os.PathLike[str]]:
    """List what a user names as a source; ``hint`` is for those who pass something else."""
    if isinstance(source, (str, os.PathLike)):
        return [source]
    # A table can be iterated too, over the names of its columns.
    if isinstance(source, Iterable) and not isinstance(source, (pd.DataFrame, pa.Table)):
        sources = list(source)
        if all(isinstance(one, (str, os.PathLike)) for one in sources):
            return sources
    raise TypeError(
        f"source must be a path, a glob, a URL or a list of these, got {type(source).__name__}."
        f"{hint}"
    )


def _find_in(source: str, skip: Collection[str]) -> list[SourceFile]:
    """Find the files of one path, folder, glob or URL."""
    if not source:
        raise ValueError("source must name a file, a folder, a glob or a URL, got ''.")
    filesystem, path = _open_filesystem(source)
    try:
        return _list_files(filesystem, path, source, skip)
    except JocasThemesError:
        raise
    except Exception as error:  # storages raise exceptions of their own, such as botocore's
        hint = _S3_HINT if source.startswith("s3") else ""
        raise OffersError(f"source {source!r} cannot be listed: {error}.{hint}") from error


def _list_files(
    filesystem: _FileSystem, path: str, source: str, skip: Collection[str]
) -> list[SourceFile]:
    """Find the files of a path of a file system, which a user names as a source."""
    if filesystem.isfile(path):
        return [_describe(filesystem, path)]
    if filesystem.isdir(path):
        candidates = _list_folder(filesystem, path)
    elif glob.has_magic(path):
        candidates = _list_glob(filesystem, path)
    else:
        raise OffersError(f"no offers found: there is no file or folder {source!r}.")
    candidates = [name for name in candidates if PurePath(name).name not in skip]
    known = [name for name in candidates if _read_format(name)]
    if known:
        return [_describe(filesystem, name) for name in known]
    if candidates:
        others = sorted({PurePath(name).suffix or PurePath(name).name for name in candidates})
        raise OffersError(
            f"no offers found in {source!r}: its {len(candidates)} files have the extensions "
            f"{others[:5]!r}; those known are {_KNOWN}."
        )
    raise OffersError(f"no offers found: nothing in {source!r}; looked for {_KNOWN}.")


def _open_filesystem(source: str) -> tuple[_FileSystem, str]:
    """Tell a local path from a URL; only the latter needs fsspec."""
    if "://" not in source:
        return _LOCAL, os.path.normpath(Path(source).expanduser())
    refuse_password(source, what="source")
    try:
        return open_url(source, purpose=f"reading {source!r}")
    except ValueError as error:
        raise OffersError(f"source {source!r} cannot be opened: {error}.") from error


def _list_folder(filesystem: _FileSystem, folder: str) -> list[str]:
    """List the files below a folder, but for hidden ones."""
    depth = len(PurePath(folder).parts)
    return [
        str(path) for path in filesystem.find(folder) if not _hides(PurePath(path).parts[depth:])
    ]


def _list_glob(filesystem: _FileSystem, pattern: str) -> list[str]:
    """List the files that match a pattern, and those of the folders that match it."""
    parts = PurePath(pattern).parts
    depth = next(place for place, part in enumerate(parts) if glob.has_magic(part))
    paths: list[str] = []
    for match in filesystem.glob(pattern):
        if filesystem.isdir(match):
            paths += _list_folder(filesystem, match)
        elif not _hides(PurePath(match).parts[depth:-1]):
            paths.append(str(match))
    return paths


def _hides(parts: Iterable[str]) -> bool:
    """Tell whether a path goes through a hidden folder, or is a hidden file."""
    return any(part.startswith((".", "_")) for part in parts)


def _read_format(path: str) -> str | None:
    """Tell a file's format from its extension, None if it is not known."""
    name = PurePath(path).name.lower()
    if name.endswith(_COMPRESSED):
        name = name.removesuffix(".gz")
    return _FORMATS.get(PurePath(name).suffix)


def _describe(filesystem: _FileSystem, path: str) -> SourceFile:
    """Describe one file; folders named ``key=value`` give columns."""
    file_format = _read_format(path)
    name = filesystem.unstrip_protocol(path)
    if file_format is None:
        raise OffersError(
            f"{name!r} has an unknown extension, {PurePath(path).suffix!r}; "
            f"those known are {_KNOWN}."
        )
    partition: dict[str, str | int | None] = {}
    for part in PurePath(path).parts[:-1]:
        key, equals, value = part.partition("=")
        if key and equals:
            partition[unquote(key)] = None if value == _HIVE_MISSING else unquote(value)
    return SourceFile(name, path, file_format, filesystem, partition)


def _type_partitions(files: list[SourceFile]) -> list[SourceFile]:
    """Make whole numbers of the partition keys that have no other value in any file."""
    values: dict[str, set[str | int | None]] = {}
    for file in files:
        for key, value in file.partition.items():
            values.setdefault(key, set()).add(value)
    whole = {key for key, seen in values.items() if all(map(_is_whole, seen))}
    return [
        replace(
            file,
            partition={k: int(v) if v and k in whole else v for k, v in file.partition.items()},
        )
        for file in files
    ]


def _is_whole(value: str | int | None) -> bool:
    """Tell whether a partition value is a whole number, or missing."""
    return value is None or (str(value).isascii() and str(value).isdigit())
