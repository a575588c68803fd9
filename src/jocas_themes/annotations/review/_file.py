"""The review file: the cells that a person should look at, one JSON object a line."""

import json
from collections.abc import Collection, Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from jocas_themes._files import replace_when_whole
from jocas_themes.annotations._lock import exclusive_lock
from jocas_themes.errors import ReviewFileError

REVIEW_COLUMNS = ("offer_id", "theme", "proposed", "confidence", "evidence", "reason", "text")


def merge_review(
    path: str | Path,
    records: Iterable[dict[str, Any]],
    *,
    asked: Collection[tuple[str, str]] = (),
) -> int:
    """Merge cells into a review file by (offer_id, theme), atomically.

    A cell that is there already is brought up to date, and fields that others added to it, such
    as a reviewer's decision, are kept. Safe for several processes at once.

    Parameters
    ----------
    path : str or Path
        The file; made when absent.
    records : iterable of dict
        Cells, with the keys of a review file.
    asked : collection of (str, str), default=()
        All cells, by offer id and theme, that the records were chosen from. One of these that
        is in the file as unsure, is not among the records, and to which nobody added anything,
        leaves the file.

    Returns
    -------
    int
        How many cells the file holds now.

    Raises
    ------
    ReviewFileError
        If the file that is there cannot be read, or the file cannot be written; it is left as
        it was.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise ReviewFileError(
            f"the review file {path} cannot be made: there is no folder {path.parent}. Make it "
            f"first."
        )
    try:
        with exclusive_lock(path):
            cells: dict[tuple[str, str], dict[str, Any]] = {}
            there = read_review_cells(path) if path.exists() else []
            for cell in chain((cell for cell in there if not _is_stale(cell, asked)), records):
                cells[_key(cell)] = cells.get(_key(cell), {}) | cell
            lines = [json.dumps(cells[key], ensure_ascii=False) for key in sorted(cells)]
            with replace_when_whole(path) as staging:
                # A lone surrogate, which a model may quote, is no text: tables refuse it.
                staging.write_text(
                    "".join(f"{line}\n" for line in lines), encoding="utf-8", errors="replace"
                )
    except OSError as error:
        raise ReviewFileError(f"the review file {path} cannot be written: {error}.") from error
    return len(cells)


def read_review(path: str | Path) -> pd.DataFrame:
    """Read a review file.

    Parameters
    ----------
    path : str or Path
        The file, as `ConfidenceFilter` writes it.

    Returns
    -------
    DataFrame of shape (n_cells, 7 or more)
        ``offer_id``, ``theme``, ``proposed`` (0, 1 or missing), ``confidence`` (0 to 100),
        ``evidence``, ``reason``, ``text``, and whatever others added.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ReviewFileError
        If a line is not a cell.
    """
    cells = read_review_cells(Path(path))
    added = {name for cell in cells for name in cell} - set(REVIEW_COLUMNS)
    return pd.DataFrame(cells, columns=[*REVIEW_COLUMNS, *sorted(added)])


def _key(cell: dict[str, Any]) -> tuple[str, str]:
    offer_id, theme = cell["offer_id"], cell["theme"]
    if not (isinstance(offer_id, str) and isinstance(theme, str)):
        raise TypeError(f"offer_id and theme must be strings, got {offer_id!r} and {theme!r}")
    return offer_id, theme


def read_review_cells(path: Path) -> list[dict[str, Any]]:
    """Read all cells, or say which line is broken."""
    cells = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            cell = json.loads(line.decode("utf-8-sig"))
            _key(cell)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise ReviewFileError(
                f"{path}, line {number}: not a cell to review ({error!r}). Mend the line, or "
                f"move the file away; it was left as it is."
            ) from error
        cells.append(cell)
    return cells


def _is_stale(cell: dict[str, Any], asked: Collection[tuple[str, str]]) -> bool:
    """Tell whether a cell was only ever unsure, and is about to be listed again if it still is."""
    untouched = set(cell) <= set(REVIEW_COLUMNS)
    return untouched and cell.get("reason") == "low_confidence" and _key(cell) in asked
