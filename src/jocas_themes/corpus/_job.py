"""One labelling, from the place that it has come to until its end."""

import logging
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
from joblib import effective_n_jobs

from jocas_themes._progress import make_offers_bar
from jocas_themes.corpus._chunk import build_schema, label_batch, label_chunk
from jocas_themes.corpus._destination import Destination
from jocas_themes.corpus._folder import finish
from jocas_themes.corpus._manifest import Progress, build_manifest, write_progress
from jocas_themes.corpus._parts import write_part
from jocas_themes.corpus._rejects import PartRejects, join_rejects
from jocas_themes.corpus._source import (
    Offers,
    Place,
    count_offers,
    describe_files,
    iter_chunks,
)
from jocas_themes.errors import OffersError
from jocas_themes.offers._columns import TEXT_COLUMNS, TITLE_COLUMN
from jocas_themes.offers.reading._reading import Reading
from jocas_themes.student import get_student, get_text_columns
from jocas_themes.student.persistence._fingerprint import (
    compute_model_fingerprint,
    list_foreign_steps,
)

logger = logging.getLogger(__name__)

_BAR_SECONDS = 0.1


@dataclass(frozen=True)
class Job:
    """What is labelled, by what, and where to."""

    model: Any
    reading: Reading
    folder: Destination
    keep_columns: tuple[str, ...]
    partition_by: tuple[str, ...]
    rejects: PartRejects = field(default_factory=PartRejects)

    def build_manifest(self) -> dict[str, Any]:
        """Say all that decides what the parts hold."""
        return build_manifest(
            compute_model_fingerprint(self.model),
            get_student(self.model).themes_,
            describe_files(self.reading.files),
            {
                "chunk_rows": self.reading.piece_rows,
                "keep_columns": self.keep_columns,
                "text_columns": get_text_columns(self.model),
                "encoding": self.reading.encoding,
                "partition_by": self.partition_by,
            },
        )

    def run(self, begun: Progress, *, progress: bool) -> Progress:
        """Label what is left, and finish the folder; whatever comes, finished parts stay."""
        done = begun
        try:
            with closing(self.rejects):
                for done in self._label_rest(begun, progress=progress):
                    logger.debug("%d parts are finished", done.n_parts)
                join_rejects(self.folder)
                finish(self.folder, done)
        except BlockingIOError:  # another process goes on
            raise
        except BaseException as error:
            error.add_note(_say_what_is_kept(self.folder.name, done.n_parts, error))
            raise
        return done

    def _label_rest(self, done: Progress, *, progress: bool) -> Iterator[Progress]:
        """Label and write part after part; yield how far it is after each."""
        started = time.monotonic() - done.duration_s
        total = count_offers(self.reading.files) if progress else None
        with make_offers_bar(
            "labelling", progress=progress, total=total, initial=done.n_offers
        ) as bar:
            for part, end in self._label_parts(done.end, bar):
                done = self._save(part, end, done, started)
                bar.set_postfix(parts=done.n_parts, refresh=False)
                yield done
        end = Place(len(self.reading.files))
        if done.n_parts == 0:  # one part all the same, for its columns
            self.rejects.refuse_all()
            done = self._save(self._build_schema().empty_table(), end, done, started)
        elif done.end != end:  # files without an offer came last
            n_malformed = done.n_malformed + self.rejects.move_to(self.folder, done.n_parts)
            done = replace(done, n_malformed=n_malformed, end=end)
            write_progress(self.folder, done)
        yield done

    def _label_parts(self, start: Place, bar: Any) -> Iterator[tuple[pa.Table, Place]]:
        """Label chunk by chunk, as texts take much memory and labels little; yield whole parts."""
        tables: list[pa.Table] = []
        end = start
        chunks = iter_chunks(
            self.reading, start, self.rejects, self._columns, n_threads=self._n_threads
        )
        # Else a failure, as long as anybody holds it, would hold the thread and the open file.
        with closing(chunks):
            for offers, end, fills_part in chunks:
                tables.append(self._label(offers))
                bar.update(len(offers))
                bar.mininterval = _BAR_SECONDS  # from its second time on: the first is at once
                if fills_part:
                    yield pa.concat_tables(tables), end
                    tables = []
        if tables:
            yield pa.concat_tables(tables), end

    @property
    def _columns(self) -> list[str] | None:
        """The columns that are read beside ids and texts; None for all, which any step may use."""
        if list_foreign_steps(self.model):
            return None
        return [*self.keep_columns, *get_student(self.model).features_.structured_columns]

    @property
    def _n_threads(self) -> int:
        n_jobs: Any = get_student(self.model).n_jobs  # joblib's types leave out None
        return int(effective_n_jobs(n_jobs))

    def _label(self, offers: Offers) -> pa.Table:
        """Label one chunk, in which a column that is nowhere in its file is missing."""
        if isinstance(offers, pa.RecordBatch):
            return label_batch(self.model, offers, self.keep_columns)
        own = {*get_student(self.model).features_.structured_columns}
        text_columns = get_text_columns(self.model)
        if text_columns is not None:
            own |= {*text_columns}
        elif not {"text", *TEXT_COLUMNS} & set(offers.columns):
            own |= {TITLE_COLUMN}
        for name in own - set(offers.columns):
            offers[name] = None
        return label_chunk(self.model, offers, keep_columns=self.keep_columns)

    def _build_schema(self) -> pa.Schema:
        return build_schema(get_student(self.model).themes_, self.keep_columns)

    def _save(self, table: pa.Table, end: Place, done: Progress, started: float) -> Progress:
        """Write a part, then say that it is finished."""
        n_malformed = self.rejects.move_to(self.folder, done.n_parts)
        n_files = write_part(self.folder, done.n_parts, table, self.partition_by)
        done = Progress(
            n_parts=done.n_parts + 1,
            n_files=done.n_files + n_files,
            n_offers=done.n_offers + len(table),
            n_without_text=done.n_without_text + table.column(-1).null_count,
            n_malformed=done.n_malformed + n_malformed,
            duration_s=time.monotonic() - started,
            end=end,
        )
        write_progress(self.folder, done)
        return done


def _say_what_is_kept(folder: str, n_parts: int, error: BaseException) -> str:
    """Say how to go on after a failure."""
    if n_parts == 0:
        return f"No part was finished in {folder}: run it again."
    kept = f"{n_parts} finished part{'s are' if n_parts > 1 else ' is'} kept in {folder}"
    if not isinstance(error, OffersError):
        return f"{kept}: go on with resume=True."
    return (
        f"{kept}. When the file is mended, go on with resume=True; with other files or "
        f"parameters, label anew with overwrite=True or into another folder."
    )
