"""Where labels are written to: a folder of this machine, or one of an object store.

A file appears under its name only when it is whole, and one process at a time writes.
"""

import os
import re
import secrets
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from jocas_themes._files import replace_when_whole
from jocas_themes._optional import import_optional
from jocas_themes.annotations._lock import exclusive_lock
from jocas_themes.offers.reading._urls import open_url, refuse_password

_LOCKED = "_manifest.json"
_CLAIM = "_writer"
# What a write that was killed leaves, and the next one replaces.
_STAGING = re.compile(r"\.(?:part-|_).*\.tmp")


class Destination(Protocol):
    """A folder: files are named relative to it, with ``/`` between the parts of a name."""

    name: str

    def hold(self) -> Any:
        """Keep other processes from writing, as a context manager; where a lock can do that."""

    def claim(self) -> None:
        """Say, before the first write, that this process writes from now on."""

    def list_names(self) -> list[str]:
        """List all files, hidden ones too, sorted; none where there is no folder."""

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading; FileNotFoundError if it is not there."""

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a file, which appears only when it is whole."""

    def remove(self, names: Iterable[str]) -> None:
        """Remove files, and the folders that are empty without them."""

    def get_reader(self) -> tuple[str, Any]:
        """Return the path and the file system by which Arrow reads the folder."""


def open_destination(destination: str | os.PathLike[str]) -> Destination:
    """Tell a local folder from a URL; only the latter needs fsspec."""
    if not isinstance(destination, (str, os.PathLike)):
        raise TypeError(f"destination must be a path or a URL, got {destination!r}.")
    written = os.fspath(destination)
    if not written:
        raise ValueError("destination must name a folder or a URL, got ''.")
    if "://" not in written:
        return LocalFolder(Path(written).expanduser())
    refuse_password(written, what="destination")
    purpose = f"writing {written!r}"
    try:
        filesystem, path = open_url(written, purpose=purpose)
    except ValueError as error:
        raise ValueError(f"destination {written!r} cannot be opened: {error}.") from error
    local = import_optional("fsspec.implementations.local", extra="remote", purpose=purpose)
    if isinstance(filesystem, local.LocalFileSystem):
        return LocalFolder(Path(path))
    return RemoteFolder(filesystem, path)


class LocalFolder:
    """A folder of this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the lock of the folder, which the system gives back when its holder dies."""
        self._make()
        with ExitStack() as stack:
            try:
                stack.enter_context(exclusive_lock(self.path / _LOCKED, timeout_s=0))
            except OSError as error:
                if getattr(error.__cause__, "sqlite_errorcode", None) != sqlite3.SQLITE_BUSY:
                    raise OSError(
                        f"{self.name} cannot be written to: {error}. Is it read-only?"
                    ) from error
                raise BlockingIOError(
                    f"another process is labelling into {self.name}. Wait for it to end, or "
                    f"choose another folder."
                ) from error
            yield

    def _make(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise FileExistsError(f"destination {self.name!r} is a file: name a folder.") from error
        except OSError as error:
            raise type(error)(
                f"destination {self.name!r} cannot be made: {error.strerror or error}."
            ) from error

    def claim(self) -> None:
        """Do nothing: the lock is held."""

    def list_names(self) -> list[str]:
        """List all files, hidden ones too, sorted."""
        files = (path for path in self.path.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.path).as_posix() for path in files)

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading."""
        return (self.path / name).open("rb")

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a file under another name, then rename it."""
        path = self.path / name
        with _explain_failures(path):
            # Not the folder itself, with its parents: one that vanished must not come back empty.
            for folder in reversed(path.relative_to(self.path).parents[:-1]):
                (self.path / folder).mkdir(exist_ok=True)
            with replace_when_whole(path) as staging, staging.open("wb") as file:
                file.writelines(pieces)

    def remove(self, names: Iterable[str]) -> None:
        """Remove files, and the folders that are empty without them."""
        for name in names:
            path = self.path / name
            path.unlink(missing_ok=True)
            for folder in path.relative_to(self.path).parents[:-1]:
                if not any((self.path / folder).iterdir()):
                    (self.path / folder).rmdir()

    def get_reader(self) -> tuple[str, Any]:
        """Return the path, and no file system of its own."""
        return str(self.path), None


class RemoteFolder:
    """A folder of an object store, by fsspec.

    Such a store has no lock. Whoever comes last writes; who wrote before stops at its next
    file, having noticed. So a process that was killed leaves nothing to be cleared away.
    """

    def __init__(self, filesystem: Any, path: str) -> None:
        self._filesystem = filesystem
        self._path = path.rstrip("/")
        self._token = secrets.token_hex(8)
        self.name: str = filesystem.unstrip_protocol(self._path)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Give back at the end what was claimed, if no other process has claimed it since."""
        try:
            yield
        finally:
            # The next claim replaces one that is left: no reason to fail, or to hide a failure.
            with suppress(OSError):
                self.remove([_CLAIM])

    def claim(self) -> None:
        """Say that this process writes from now on."""
        self._upload(_CLAIM, [self._token.encode()])

    def list_names(self) -> list[str]:
        """List all files, hidden ones too, sorted; as they are now, whatever is cached."""
        self._filesystem.invalidate_cache()
        with _explain_failures(self.name):
            found = self._filesystem.find(self._path)
        return sorted(str(path).removeprefix(f"{self._path}/") for path in found)

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading."""
        with _explain_failures(f"{self.name}/{name}"):
            return cast("BinaryIO", self._filesystem.open(f"{self._path}/{name}", "rb"))

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a file, if no other process has come in between."""
        self._check_claim()
        self._upload(name, pieces)

    def remove(self, names: Iterable[str]) -> None:
        """Remove files, if no other process has come in between."""
        paths = [f"{self._path}/{name}" for name in names]
        if paths:
            self._check_claim()
            with _explain_failures(self.name):
                self._filesystem.rm(paths)

    def get_reader(self) -> tuple[str, Any]:
        """Return the path, and the file system."""
        return self._path, self._filesystem

    def _upload(self, name: str, pieces: Iterable[bytes]) -> None:
        """Put a file that is whole: a stream that breaks off would be published as it is."""
        with (
            tempfile.TemporaryDirectory() as workshop,
            _explain_failures(f"{self.name}/{name}"),
        ):
            whole = Path(workshop, "whole")
            with whole.open("wb") as file:
                file.writelines(pieces)
            self._filesystem.put_file(str(whole), f"{self._path}/{name}")

    def _check_claim(self) -> None:
        try:
            with _explain_failures(f"{self.name}/{_CLAIM}"):
                token = self._filesystem.cat_file(f"{self._path}/{_CLAIM}")
        except FileNotFoundError:  # whoever claimed it has ended
            token = b""
        if token != self._token.encode():
            raise BlockingIOError(
                f"another process has begun to label into {self.name}: this one stops. What it "
                f"finished is kept."
            )


def is_staging(name: str) -> bool:
    """Tell whether a file is what a write that was killed left."""
    return _STAGING.fullmatch(name.rpartition("/")[2]) is not None


@contextmanager
def _explain_failures(where: Path | str) -> Iterator[None]:
    """Say what could not be read or written, as an OSError whatever the storage raises."""
    try:
        yield
    except OSError as error:
        message = f"{str(where)!r} cannot be read or written: {error.strerror or error}"
        raise (OSError(error.errno, message) if error.errno else type(error)(message)) from error
    except Exception as error:
        raise OSError(f"{str(where)!r} cannot be read or written: {error}") from error
