"""`label_corpus`: millions of offers, chunk by chunk, into a folder of Parquet parts."""

import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from jocas_themes._files import replace_when_whole
from jocas_themes._progress import tqdm
from jocas_themes.corpus._chunk import label_chunk
from jocas_themes.offers import iter_offers
from jocas_themes.offers._columns import TEXT_COLUMNS
from jocas_themes.offers.reading import find_files
from jocas_themes.student import get_student, get_text_columns

logger = logging.getLogger(__name__)

# Its first character keeps it out of Parquet datasets.
_REJECTS = "_rejects.jsonl"
# There from the beginning to the end: a folder that holds it is not whole.
_INCOMPLETE = "_INCOMPLETE"

# What trends are broken down by.
KEEP_COLUMNS = (
    "date_firstSeenDay",
    "date_sitePublicationDay",
    "site_name",
    "job_ROME_code",
    "location_departement",
    "entrepriseSecteur_NAF21",
)


@dataclass(frozen=True, slots=True)
class LabelledCorpus:
    """What `label_corpus` wrote.

    Parameters
    ----------
    destination : Path
        The folder of parts.
    n_offers : int
        Offers labelled, those without text included.
    n_without_text : int
        Offers without text: their labels are null.
    n_parts : int
        Files written.
    duration_s : float
        In seconds.
    """

    destination: Path
    n_offers: int
    n_without_text: int
    n_parts: int
    duration_s: float

    def read(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read the labels back into memory.

        Parameters
        ----------
        columns : sequence of str, optional
            Which columns; all by default.

        Returns
        -------
        DataFrame of shape (n_offers, n_columns)
            The labelled table.
        """
        names = list(columns) if columns is not None else None
        table: pd.DataFrame = pq.read_table(self.destination, columns=names).to_pandas()
        return table


def label_corpus(
    model: Any,
    source: Any,
    destination: str | Path,
    *,
    chunk_rows: int = 10_000,
    keep_columns: Sequence[str] = KEEP_COLUMNS,
    encoding: str = "utf-8-sig",
    overwrite: bool = False,
    progress: bool = True,
) -> LabelledCorpus:
    """Label a corpus of any size in bounded memory.

    Parameters
    ----------
    model : Pipeline or ThemeClassifier
        Fitted; no language model is called.
    source : str, Path, or list of these
        Offers, as `iter_offers` reads them: Parquet, JSONL, CSV; folders and globs too.
    destination : str or Path
        Folder for the parts, ``part-00000.parquet`` and so on, in the order of the source. A
        part appears only when it is whole; ``_INCOMPLETE`` is there until all of them are.
        Malformed rows are kept in ``_rejects.jsonl`` there.
    chunk_rows : int, default=10_000
        Offers in memory at once, and in a part. The labels do not depend on it.
    keep_columns : sequence of str
        Own columns to carry over, null where a file lacks them. By default those that trends
        are broken down by.
    encoding : str, default="utf-8-sig"
        How CSV and JSON lines are encoded, for instance ``cp1252``.
    overwrite : bool, default=False
        Whether to remove the parts that the destination holds already.
    progress : bool, default=True
        Whether to show a progress bar.

    Returns
    -------
    LabelledCorpus
        Where the labels are, and how many.

    Raises
    ------
    TypeError
        If the model is neither a Pipeline that ends in a ThemeClassifier nor one itself, or
        ``keep_columns`` is a string.
    ValueError
        If the destination overlaps the source, or kept columns collide with written ones.
    FileExistsError
        If the destination holds parts already.
    OffersError
        If the source cannot be read, in which case the parts written until then stay; or if
        no file has a column that the model needs, or that ``keep_columns`` names.

    See Also
    --------
    label_chunk : The same for a table in memory.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from jocas_themes import ThemeClassifier, label_corpus, load_sample_annotations, make_offers
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> make_offers(50, random_state=0).to_parquet(folder / "offers.parquet")
    >>> student = ThemeClassifier().fit(load_sample_annotations())
    >>> done = label_corpus(
    ...     student, folder / "offers.parquet", folder / "labels", chunk_rows=20, progress=False
    ... )
    >>> done.n_offers, done.n_parts
    (50, 3)
    """
    student, text_columns = get_student(model), get_text_columns(model)
    keep_columns = _check_keep_columns(keep_columns, student.themes_)
    destination = Path(destination)
    sources = [source] if isinstance(source, (str, os.PathLike)) else list(source)
    _check_apart(sources, destination)
    own = {*student.structured_columns, *(text_columns or ())}
    # What must be in some file, checked at once; a file that lacks it has missing values there.
    required = own if keep_columns == KEEP_COLUMNS else own | set(keep_columns)
    iter_offers(sources, columns=sorted(required), text_columns=text_columns, encoding=encoding)
    # A student alone reads few of JOCAS's 57 columns; the steps of a Pipeline may read any.
    needed = {*TEXT_COLUMNS, "text", *own, *keep_columns}
    chunks = iter_offers(
        sources,
        chunk_rows,
        columns=needed.__contains__ if model is student else None,
        text_columns=text_columns,
        rejects_path=destination / _REJECTS,
        encoding=encoding,
    )
    _prepare_destination(destination, overwrite=overwrite)
    start = time.monotonic()
    n_offers = n_without_text = n_parts = 0
    with tqdm(desc="labelling", unit=" offers", unit_scale=True, disable=not progress) as bar:
        for chunk in chunks:
            for name in own - set(chunk.columns):
                chunk[name] = None
            labelled = label_chunk(model, chunk, keep_columns=keep_columns)
            with replace_when_whole(destination / f"part-{n_parts:05d}.parquet") as staging:
                pq.write_table(labelled, staging, compression="zstd")
            n_parts += 1
            n_offers += len(labelled)
            n_without_text += labelled.column(-1).null_count
            bar.update(len(labelled))
    (destination / _INCOMPLETE).unlink()
    logger.info("labelled %d offers into %d parts", n_offers, n_parts)
    return LabelledCorpus(destination, n_offers, n_without_text, n_parts, time.monotonic() - start)


def _check_keep_columns(keep_columns: Sequence[str], codes: Sequence[str]) -> tuple[str, ...]:
    """Refuse kept columns that would collide with what is written."""
    if isinstance(keep_columns, str):
        raise TypeError(
            f"keep_columns must be a sequence of names, got the string {keep_columns!r}. Write "
            f"({keep_columns!r},)."
        )
    names = tuple(keep_columns)
    written = {"offer_id", *codes, *(f"{code}_probability" for code in codes)}
    wrong = [name for name in names if name in written or names.count(name) > 1]
    if wrong:
        raise ValueError(
            f"keep_columns must be distinct, and none of the columns that are written anyway, "
            f"got {wrong[:5]!r}."
        )
    return names


def _check_apart(sources: list[Any], destination: Path) -> None:
    """Refuse to write among what is read: labels would be read as offers, or replace them."""
    place = destination.absolute().resolve()
    roots = [Path(root).absolute().resolve() for root in sources if Path(root).is_dir()]
    inside = any(place == root or root in place.parents for root in roots)
    if inside or any(
        place in Path(file.name).absolute().resolve().parents for file in find_files(sources)
    ):
        raise ValueError(
            f"destination {str(destination)!r} and source overlap: the labels would be read as "
            f"offers, or replace them. Choose a folder beside the source."
        )


def _prepare_destination(destination: Path, *, overwrite: bool) -> None:
    """Make the folder, and refuse to mix new parts with old ones."""
    destination.mkdir(parents=True, exist_ok=True)
    parts = sorted(destination.glob("part-*.parquet"))
    if parts and not overwrite:
        raise FileExistsError(
            f"{destination} holds labels already ({len(parts)} part files). Choose another "
            f"folder, or pass overwrite=True to replace them."
        )
    (destination / _INCOMPLETE).touch()
    for old in (*parts, destination / _REJECTS):
        old.unlink(missing_ok=True)
