"""`label_corpus`: millions of offers, part by part, into a folder that survives interruptions."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from jocas_themes.corpus._destination import LocalFolder, open_destination
from jocas_themes.corpus._folder import begin, is_finished
from jocas_themes.corpus._job import Job
from jocas_themes.corpus._labelled import LabelledCorpus
from jocas_themes.corpus._parts import check_partition_by
from jocas_themes.corpus._rejects import warn_of_rejects
from jocas_themes.corpus._source import check_apart, open_source
from jocas_themes.offers._columns import TEXT_COLUMNS
from jocas_themes.offers.reading._sources import list_sources
from jocas_themes.student import get_student, get_text_columns
from jocas_themes.student.persistence._fingerprint import list_foreign_steps

logger = logging.getLogger(__name__)

# What trends are broken down by.
KEEP_COLUMNS = (
    "date_firstSeenDay",
    "date_sitePublicationDay",
    "site_name",
    "job_ROME_code",
    "location_departement",
    "entrepriseSecteur_NAF21",
)


def label_corpus(
    model: Any,
    source: Any,
    destination: str | Path,
    *,
    chunk_rows: int = 10_000,
    keep_columns: Sequence[str] = KEEP_COLUMNS,
    partition_by: Sequence[str] = (),
    encoding: str = "utf-8-sig",
    resume: bool = False,
    overwrite: bool = False,
    progress: bool = True,
) -> LabelledCorpus:
    """Label a corpus of any size in bounded memory, and go on after an interruption.

    Parameters
    ----------
    model : Pipeline or ThemeClassifier
        Fitted; no language model is called.
    source : str, Path, or list of these
        Offers, as `iter_offers` reads them: Parquet, JSONL, CSV; folders, globs and URLs too.
    destination : str or Path
        Folder for the parts, ``part-00000.parquet`` and so on, in the order of the source; or
        its fsspec URL, such as ``s3://bucket/labels``. ``_INCOMPLETE`` is there until all parts
        are. ``_manifest.json`` says what they were made of. Malformed rows are kept in
        ``_rejects.jsonl``.
    chunk_rows : int, default=10_000
        Offers in a part; the labels do not depend on it. The texts of a few thousand offers are
        held at a time, or of two parts where a Pipeline has steps of its own.
    keep_columns : sequence of str
        Own columns to carry over, null where a file lacks them. By default those that trends
        are broken down by.
    partition_by : {(), ("year",), ("year", "month")}, default=()
        Whether to write a part as one file a period of the offers' first date, into folders
        ``year=2024/month=3`` as Hive names them. Offers without a date lie in
        ``__HIVE_DEFAULT_PARTITION__``.
    encoding : str, default="utf-8-sig"
        How CSV and JSON lines are encoded, for instance ``cp1252``.
    resume : bool, default=False
        Whether to go on with a labelling that was interrupted; one that is finished is left as
        it is, and where no part is finished it begins anew. The result is that of a single run.
    overwrite : bool, default=False
        Whether to remove the parts that the destination holds already.
    progress : bool, default=True
        Whether to show a progress bar.

    Returns
    -------
    LabelledCorpus
        Where the labels are, and how many, those of earlier runs included.

    Raises
    ------
    TypeError
        If the model is neither a Pipeline that ends in a ThemeClassifier nor one itself,
        ``keep_columns`` is a string, or source or destination is no path.
    ValueError
        If the destination overlaps the source, kept columns collide with written ones, both
        ``resume`` and ``overwrite`` are asked for, or ``resume`` with another model, source or
        parameter than the finished parts were made with.
    FileExistsError
        If the destination holds parts already, or Parquet files that are no labels.
    BlockingIOError
        If another process is labelling into the destination.
    OffersError
        If the source cannot be read, or all its rows are malformed; or if no file has a column
        that the model needs, or that ``keep_columns`` names.
    OSError
        If the destination cannot be written to: a full disk, a folder that has vanished.
    MissingDependencyError
        If source or destination is a URL, and fsspec or its storage's package is missing.

    Warns
    -----
    JocasThemesWarning
        Once at the end, if rows were malformed; and once if dates or figures were unreadable.

    See Also
    --------
    label_chunk : The same for a table in memory.

    Notes
    -----
    A part is finished when ``_progress.json`` says so, which is written after it; all files
    appear only when they are whole. Whatever ends a run, the finished parts stay, and
    ``resume=True`` goes on behind them. An object store has no locks: there a second process
    takes over, and the first one stops with an error at its next file.

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
    if resume and overwrite:
        raise ValueError(
            "resume goes on with the parts that are there and overwrite removes them, got "
            "resume=True and overwrite=True. Pass one of the two."
        )
    student, text_columns = get_student(model), get_text_columns(model)
    keep_columns = check_keep_columns(keep_columns, student.themes_)
    partition_by = check_partition_by(partition_by, keep_columns)
    sources = list_sources(source, hint=" label_chunk labels a table in memory.")
    folder = open_destination(destination)
    own = {*student.structured_columns, *(text_columns or ())}
    # A student reads few of JOCAS's 57 columns; the steps of others in a Pipeline may read any.
    needed = {*TEXT_COLUMNS, "text", *own, *keep_columns}
    reading = open_source(
        sources,
        # What must be in some file, checked at once; one that lacks it has missing values there.
        required=own if keep_columns == KEEP_COLUMNS else own | set(keep_columns),
        columns=None if list_foreign_steps(model) else needed.__contains__,
        text_columns=text_columns,
        chunk_rows=chunk_rows,
        encoding=encoding,
    )
    check_apart(sources, reading.files, folder)
    job = Job(model, reading, folder, keep_columns, partition_by)
    with folder.hold():
        done = begin(folder, job.build_manifest(), resume=resume, overwrite=overwrite)
        n_resumed = done.n_offers
        if not is_finished(folder):
            done = job.run(done, progress=progress)
    reading.unreadable.warn(stacklevel=2)
    warn_of_rejects(folder, done.n_malformed, stacklevel=2)
    logger.info("%d offers are labelled in %d parts", done.n_offers, done.n_parts)
    return LabelledCorpus(
        folder.path if isinstance(folder, LocalFolder) else folder.name,
        done.n_offers,
        done.n_without_text,
        done.n_malformed,
        done.n_parts,
        done.duration_s,
        n_resumed,
    )


def check_keep_columns(keep_columns: Sequence[str], codes: Sequence[str]) -> tuple[str, ...]:
    """Refuse kept columns that would collide with what is written."""
    if isinstance(keep_columns, str):
        raise TypeError(
            f"keep_columns must be a sequence of names, got the string {keep_columns!r}. Write "
            f"({keep_columns!r},)."
        )
    if not isinstance(keep_columns, Iterable):
        raise TypeError(
            f"keep_columns must be a sequence of names, got {keep_columns!r}. Pass () to keep none."
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
