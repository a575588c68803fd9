"""The form of the store's file: making it, bringing an older one up to date, refusing others."""

import sqlite3
from importlib.resources import files
from pathlib import Path

from jocas_themes.errors import StoreError

# Written into the file's header: says whose file it is, and which form its tables have.
# To change the tables: raise the version, add the way from the version before to _UPGRADES, and
# keep a file of the old form among the tests.
APPLICATION_ID = 0x4A4F4341  # "JOCA"
FORMAT_VERSION = 2


def _load(name: str) -> str:
    return files("jocas_themes.annotations.store").joinpath(name).read_text(encoding="utf-8")


def _upgrade_from_1() -> str:
    return (
        f"ALTER TABLE replies RENAME TO replies_1; {_load('tables.sql')} {_load('upgrade_1.sql')}"
    )


_UPGRADES = {1: _upgrade_from_1}


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables of a new file, or convert those of an older one; refuse other files."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (n_tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if n_tables and application != APPLICATION_ID:
        raise StoreError(f"{path} is a database, but not an annotation store.")
    if version > FORMAT_VERSION:
        raise StoreError(
            f"{path} has format {version}, this version of jocas-themes reads up to "
            f"{FORMAT_VERSION}. Upgrade jocas-themes."
        )
    # Write-ahead mode lets others read while one writes; a killed process loses nothing.
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    if not n_tables:
        steps = [_load("taxonomies.sql"), _load("tables.sql")]
    else:
        steps = [_UPGRADES[old]() for old in range(version, FORMAT_VERSION)]
    if steps:
        connection.executescript(
            f"BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION_ID}; {''.join(steps)} "
            f"PRAGMA user_version = {FORMAT_VERSION}; COMMIT;"
        )
