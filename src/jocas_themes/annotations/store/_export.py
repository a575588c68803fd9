"""`AnnotationStore.export`: the whole store as plain files that need no program of ours."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from jocas_themes.annotations.store._claims import read_spending
from jocas_themes.annotations.store._reply_table import iter_records

_MANIFEST = "manifest.json"
_KIND = "jocas-themes annotation bundle"

_WITH_TEXTS = (
    "The offers' texts are in `messages.jsonl`, as they were sent, and in `decisions.jsonl`, as "
    "the offers have them, personal data included."
)
_WITHOUT_TEXTS = (
    "The offers' texts were left out: messages of the role `user` have no content, decisions no "
    "text, evidence or comment. Digests still tell which are the same."
)


def export_bundle(
    connection: sqlite3.Connection,
    folder: Path,
    *,
    texts: bool,
    reviewers: bool,
    overwrite: bool,
) -> Path:
    """Write the bundle; its manifest comes last, and makes it one."""
    _check_folder(folder, overwrite=overwrite)
    folder.mkdir(parents=True, exist_ok=True)
    # Until it is whole: what an interrupted export leaves is still ours to replace.
    _write_manifest(folder, {"kind": _KIND})
    connection.execute("BEGIN")  # one moment of the store, whoever writes meanwhile
    try:
        written = {
            "replies.jsonl": _write(folder / "replies.jsonl", iter_records(connection)),
            "messages.jsonl": _write(
                folder / "messages.jsonl", _iter_messages(connection, texts=texts)
            ),
            "taxonomies.jsonl": _write(folder / "taxonomies.jsonl", _iter_taxonomies(connection)),
            "decisions.jsonl": _write(
                folder / "decisions.jsonl",
                _iter_decisions(connection, texts=texts, reviewers=reviewers),
            ),
            "losses.jsonl": _write(folder / "losses.jsonl", _iter_rows(connection, "losses")),
            "batches.jsonl": _write(folder / "batches.jsonl", _iter_rows(connection, "batches")),
        }
        spending = read_spending(connection)
    finally:
        connection.rollback()
    written_at = datetime.now(UTC).isoformat(timespec="seconds")
    about = {"version": version("jocas-themes"), "written_at": written_at}
    readme = _load_readme().format(**about, texts=_WITH_TEXTS if texts else _WITHOUT_TEXTS)
    (folder / "README.md").write_text(readme, encoding="utf-8")
    manifest = {
        "kind": _KIND,
        **about,
        "texts": texts,
        "spent_usd": spending.spent_usd,
        "lost_usd": spending.lost_usd,
        "files": written,
    }
    _write_manifest(folder, manifest)
    return folder


def _write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    (folder / _MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _load_readme() -> str:
    readme = files("jocas_themes.annotations.store").joinpath("bundle_readme.md")
    return readme.read_text(encoding="utf-8")


def _check_folder(folder: Path, *, overwrite: bool) -> None:
    """Refuse a folder that holds something else than an older bundle to replace."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not overwrite:
        raise FileExistsError(
            f"{folder} is not empty. Export into another folder, or pass overwrite=True."
        )
    try:
        kind = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))["kind"]
    except (OSError, ValueError, KeyError, TypeError):
        kind = None
    if kind != _KIND:
        raise FileExistsError(f"{folder} holds something else than a bundle: export elsewhere.")


def _write(path: Path, records: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Write one file, line by line; return how many lines, and their checksum."""
    checksum, n_lines = hashlib.sha256(), 0
    with path.open("wb") as file:
        for record in records:
            # A model may quote a lone surrogate, which no UTF-8 can hold: escape it.
            text = json.dumps(record, ensure_ascii=False)
            line = text.encode(errors="backslashreplace") + b"\n"
            checksum.update(line)
            file.write(line)
            n_lines += 1
    return {"n_lines": n_lines, "sha256": checksum.hexdigest()}


def _iter_messages(connection: sqlite3.Connection, *, texts: bool) -> Iterator[dict[str, Any]]:
    for record in _iter_rows(connection, "messages"):
        hidden = not texts and record["role"] == "user"
        yield record | {"content": None} if hidden else record


def _iter_taxonomies(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    for record in _iter_rows(connection, "taxonomies"):
        yield record | {"content": json.loads(record["content"])}


def _iter_decisions(
    connection: sqlite3.Connection, *, texts: bool, reviewers: bool
) -> Iterator[dict[str, Any]]:
    numbers: dict[str, str] = {}
    for record in _iter_rows(connection, "decisions"):
        if not texts:  # comments may quote them, too
            record |= {"text": None, "evidence": None, "comment": None}
        if not reviewers:
            name = record["reviewer"]
            record["reviewer"] = numbers.setdefault(name, f"reviewer {len(numbers) + 1}")
        yield record


def _iter_rows(connection: sqlite3.Connection, table: str) -> Iterator[dict[str, Any]]:
    cursor = connection.execute(f"SELECT * FROM {table} ORDER BY 1")  # noqa: S608
    names = [column[0] for column in cursor.description]
    for row in cursor:
        yield dict(zip(names, row, strict=True))
