"""What a folder of labels was made of, and how far it has come.

``_manifest.json`` is written once: the model, the source and the parameters, all that decides
what the parts hold. ``_progress.json`` is replaced after each part: a part is finished when it
says so, however many files the part has.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any

from jocas_themes.corpus._destination import Destination
from jocas_themes.corpus._source import Place

MANIFEST = "_manifest.json"
PROGRESS = "_progress.json"
FORMAT = "jocas-themes labels"
FORMAT_VERSION = 1

_N_NAMED = 5


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a labelling has come; all counts are those of the finished parts together.

    ``end`` is the place in the source behind the last finished part.
    """

    n_parts: int = 0
    n_files: int = 0
    n_offers: int = 0
    n_without_text: int = 0
    n_malformed: int = 0
    duration_s: float = 0.0
    end: Place = field(default_factory=Place)


def build_manifest(
    fingerprint: str,
    themes: Iterable[str],
    files: list[dict[str, Any]],
    parameters: dict[str, Any],
) -> dict[str, Any]:
    """Build what is written once, in what JSON gives back as it was."""
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "package_version": version("jocas-themes"),
        "model": {"fingerprint": fingerprint, "themes": list(themes)},
        "parameters": parameters,
        "source": files,
    }
    settled: dict[str, Any] = json.loads(json.dumps(manifest))
    return settled


def check_same(destination: Destination, manifest: dict[str, Any], done: Progress) -> bool:
    """Refuse to go on with another model, source or parameter than the parts were made with.

    Files of which no part holds an offer yet may have been written again, to mend them. Return
    whether the manifest is the same in all.
    """
    old = read_json(destination, MANIFEST)
    if old.get("format") != FORMAT or old.get("format_version") != FORMAT_VERSION:
        raise ValueError(
            f"{destination.name} was begun in the format {old.get('format')!r} "
            f"{old.get('format_version')!r}, this version of jocas-themes goes on with "
            f"{FORMAT!r} {FORMAT_VERSION}. Choose another folder, or pass overwrite=True."
        )
    try:
        changes = list(_iter_changes(old, manifest, n_begun=done.end.n_begun))
    except (LookupError, TypeError) as error:
        raise _report_damage(destination, MANIFEST, error) from error
    if changes:
        more = f" ({len(changes)} changes in all)" * (len(changes) > _N_NAMED)
        raise ValueError(
            f"resume=True goes on with the model, the source and the parameters that "
            f"{destination.name} was begun with; changed: {'; '.join(changes[:_N_NAMED])}{more}. "
            f"Pass the same again, choose another folder, or pass overwrite=True to label all "
            f"anew."
        )
    return old == manifest


def read_progress(destination: Destination) -> Progress:
    """Read how far a labelling has come; nowhere where no part is finished."""
    try:
        facts = read_json(destination, PROGRESS)
    except FileNotFoundError:
        return Progress()
    try:
        return Progress(**facts | {"end": Place(**facts["end"])})
    except (LookupError, TypeError) as error:
        raise _report_damage(destination, PROGRESS, error) from error


def write_progress(destination: Destination, progress: Progress) -> None:
    """Say that a part is finished."""
    write_json(destination, PROGRESS, asdict(progress) | {"end": progress.end._asdict()})


def read_json(destination: Destination, name: str) -> dict[str, Any]:
    """Read an object out of a file."""
    with destination.open(name) as stream:
        content = stream.read()
    try:
        return dict(json.loads(content))
    except (ValueError, TypeError) as error:
        raise _report_damage(destination, name, error) from error


def write_json(destination: Destination, name: str, content: dict[str, Any]) -> None:
    """Write an object for people to read, too."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    destination.write(name, [text.encode("utf-8", "backslashreplace")])


def _iter_changes(old: dict[str, Any], new: dict[str, Any], *, n_begun: int) -> Iterator[str]:
    """Name what two manifests do not share."""
    before, after = old["package_version"], new["package_version"]
    if before != after:
        yield f"the version of jocas-themes ({before} to {after})"
    before, after = old["model"]["fingerprint"], new["model"]["fingerprint"]
    if before != after:
        yield f"the model (fingerprint {before} to {after})"
    for name, value in new["parameters"].items():
        if old["parameters"].get(name) != value:
            yield f"{name} ({old['parameters'].get(name)!r} to {value!r})"
    yield from _iter_file_changes(old["source"], new["source"], n_begun)


def _iter_file_changes(
    old: list[dict[str, Any]], new: list[dict[str, Any]], n_begun: int
) -> Iterator[str]:
    """Name the files that were added, removed, or written again after they were read."""
    before, after = ([file["name"] for file in files] for files in (old, new))
    for name in sorted(set(before) - set(after)):
        yield f"the source lacks {name!r}"
    for name in sorted(set(after) - set(before)):
        yield f"the source has {name!r}, which is new"
    if set(before) == set(after) and before != after:
        yield "the order of the source's files"
    now = dict(zip(after, new, strict=True))
    for file in old[:n_begun]:
        name = file["name"]
        if name in now and now[name] != file:
            yield f"{name!r} was written again ({file['size']} to {now[name]['size']} bytes)"


def _report_damage(destination: Destination, name: str, error: Exception) -> OSError:
    return OSError(
        f"{name} in {destination.name} is damaged ({error}): it cannot be told which parts are "
        f"finished. Label anew with overwrite=True."
    )
