"""Beginning a folder of labels, going on with it, and finishing it."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from jocas_themes.corpus._destination import Destination, is_staging
from jocas_themes.corpus._manifest import (
    MANIFEST,
    PROGRESS,
    Progress,
    check_same,
    read_progress,
    write_json,
)
from jocas_themes.corpus._parts import find_parts
from jocas_themes.corpus._rejects import REJECTS, find_rejects

# There from the beginning to the end: a folder that holds it is not whole.
INCOMPLETE = "_INCOMPLETE"


def begin(
    folder: Destination, manifest: dict[str, Any], *, resume: bool, overwrite: bool
) -> Progress:
    """Return how far a folder has come, after clearing it if that is asked for.

    All checks come before the claim: a call that is refused must not stop a job that is running.
    """
    names = folder.list_names()
    parts = find_parts(names)
    _refuse_strangers(folder, names, parts)
    goes_on = resume and (bool(parts) or MANIFEST in names)
    if goes_on:
        done, _ = _check_resume(folder, manifest, names)
        if INCOMPLETE not in names:
            return done
    elif parts and not overwrite:
        interrupted, remedy = "", "Choose"
        if INCOMPLETE in names:
            interrupted, remedy = ", whose labelling was interrupted", "Pass resume=True, choose"
        raise FileExistsError(
            f"{folder.name} holds labels already ({_count(len(parts), 'part file')}){interrupted}. "
            f"{remedy} another folder, or pass overwrite=True to replace them."
        )
    folder.claim()
    names = folder.list_names()  # with what another process wrote until now
    return _resume(folder, manifest, names) if goes_on else _clear(folder, manifest, names)


def is_finished(folder: Destination) -> bool:
    """Tell whether a folder that was begun is whole."""
    return INCOMPLETE not in folder.list_names()


def finish(folder: Destination, done: Progress) -> None:
    """Say that a folder is whole, if it is."""
    names = folder.list_names()
    _check_parts(folder, names, done)
    folder.remove(_find_unfinished(names, done))
    folder.remove([INCOMPLETE])


def _clear(folder: Destination, manifest: dict[str, Any], names: list[str]) -> Progress:
    """Begin anew, without what was there."""
    folder.write(INCOMPLETE, [b""])
    # What says that parts are finished goes before they do.
    folder.remove(name for name in (PROGRESS, MANIFEST) if name in names)
    folder.remove([*find_parts(names), *find_rejects(names), *filter(is_staging, names)])
    folder.remove({REJECTS} & set(names))
    write_json(folder, MANIFEST, manifest)
    return Progress()


def _resume(folder: Destination, manifest: dict[str, Any], names: list[str]) -> Progress:
    """Go on with the same labelling, without what a part left that was not finished."""
    done, is_same = _check_resume(folder, manifest, names)
    if done.n_parts == 0:
        return _clear(folder, manifest, names)
    # Its file may have been written again since, with fewer offers or none.
    folder.remove([*_find_unfinished(names, done), *filter(is_staging, names)])
    if done.end.file < len(manifest["source"]):
        folder.remove(find_rejects(names, since=done.n_parts))  # they will be met again
    if not is_same:
        write_json(folder, MANIFEST, manifest)
    return done


def _check_resume(
    folder: Destination, manifest: dict[str, Any], names: list[str]
) -> tuple[Progress, bool]:
    """Refuse to go on with another labelling; return how far it is, and if all is the same.

    Where no part is finished there is nothing that another model, source or parameter must fit.
    """
    if MANIFEST not in names:
        raise FileExistsError(
            f"{folder.name} holds part files and no {MANIFEST}: it cannot be told what they were "
            f"made of. Choose another folder, or pass overwrite=True to replace them."
        )
    done = read_progress(folder)
    if INCOMPLETE in names and done.n_parts == 0 and not _holds_more_than_one(names):
        return done, False
    is_same = check_same(folder, manifest, done)
    _check_parts(folder, names, done)
    return done, is_same


def _holds_more_than_one(names: list[str]) -> bool:
    """Tell whether there are more parts than the first, so that one has been finished."""
    return len(find_parts(names)) > len(find_parts(names, before=1))


def _find_unfinished(names: Iterable[str], done: Progress) -> list[str]:
    """Find the files of parts behind the last finished one."""
    return sorted(set(find_parts(names)) - set(find_parts(names, before=done.n_parts)))


def _check_parts(folder: Destination, names: Iterable[str], done: Progress) -> None:
    """Refuse a folder from which finished parts were taken."""
    n_there = len(find_parts(names, before=done.n_parts))
    if n_there != done.n_files:
        raise FileNotFoundError(
            f"{folder.name} should hold {done.n_files} files of finished parts, there are "
            f"{n_there}. Put back those that are missing, or label anew with overwrite=True."
        )


def _refuse_strangers(folder: Destination, names: Iterable[str], parts: Iterable[str]) -> None:
    """Refuse a folder in which Parquet readers would take other files for labels."""
    strangers = [
        name
        for name in sorted(set(names) - set(parts))
        if name.lower().endswith(".parquet")
        and not any(part.startswith((".", "_")) for part in PurePosixPath(name).parts)
    ]
    if strangers:
        raise FileExistsError(
            f"{folder.name} holds Parquet files that label_corpus did not write and that would be "
            f"read as labels: {strangers[:5]!r} ({len(strangers)} in all). Choose another folder."
        )


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" + "s" * (n != 1)
