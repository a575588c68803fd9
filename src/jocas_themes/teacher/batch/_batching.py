"""Batches of a store: handing over what is missing, collecting what has ended."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from jocas_themes._progress import tqdm
from jocas_themes.annotations import SUBMITTING, AnnotationStore, Batch, BatchLedger
from jocas_themes.errors import TeacherUnavailableError
from jocas_themes.teacher._questions import Questions
from jocas_themes.teacher.asking import Job
from jocas_themes.teacher.batch._cancelling import (
    CANCELLED,
    CANCELLING,
    cancel_batch,
    require_batch,
)
from jocas_themes.teacher.batch._outcome import require_answers, stop_if_useless
from jocas_themes.teacher.batch._polling import poll_batches
from jocas_themes.teacher.batch._remote import Remote
from jocas_themes.teacher.batch._reserving import make_reserve
from jocas_themes.teacher.batch._submitting import Submitter, settle
from jocas_themes.teacher.cost import CostBound

logger = logging.getLogger(__name__)

# How often to ask for the state of batches while waiting for them.
POLL_S = 60.0
# Batches take up to a day: an hour without the network must not end the wait.
_MAX_SILENT_POLLS = 60
# How often one run hands over the same question: once more after it failed or expired, but not
# after its batch was cancelled.
_MAX_SUBMISSIONS = 2


@dataclass(kw_only=True)
class Batching:
    """Hand over questions of one teacher, and collect the batches of its server.

    Parameters
    ----------
    store : AnnotationStore
        Where batches and answers are kept.
    server : str
        Address of the server; batches of others are left alone.
    open_client : callable
        Opens the client, for so many requests.
    own_client : bool
        Whether to close it again.
    model : str
        Who is asked.
    bound : CostBound
        What a request may cost.
    max_cost_usd : float or None
        What all replies of the store together may cost.
    max_corrections : int
        How often the model is told what was wrong with a reply.
    api_key_env : str
        Name of the environment variable that holds the key, for messages.
    progress : bool
        Whether to show a progress bar while waiting.
    """

    store: AnnotationStore
    server: str
    open_client: Callable[[int], Any]
    own_client: bool
    model: str
    bound: CostBound
    max_cost_usd: float | None
    max_corrections: int
    api_key_env: str
    progress: bool
    _failures: dict[str, str] = field(default_factory=dict)
    _held: dict[str, str] = field(default_factory=dict)  # the last batch of each question

    def __post_init__(self) -> None:
        self._ledger = BatchLedger(self.store)

    def submit(self, questions: Questions) -> pd.DataFrame:
        """Hand over what the store lacks, and do not wait.

        Parameters
        ----------
        questions : Questions
            What is to be asked.

        Returns
        -------
        DataFrame of shape (n_batches, 9)
            The batches that were submitted now.
        """
        interrupted = [batch for batch in self._find_open() if batch.status == SUBMITTING]
        jobs = self._find_jobs(questions)
        submitted: list[str] = []
        if jobs or interrupted:
            n_requests = len(jobs) + sum(batch.n_requests for batch in interrupted)
            with self._connect(n_requests) as remote:
                if interrupted:
                    self._settle(remote, interrupted)
                    jobs = self._find_jobs(questions)
                submitted = self._submit(remote, jobs, questions)
        table = self.store.read_batches()
        return table[table["batch_id"].isin(submitted)].reset_index(drop=True)

    def collect(self, *, wait: bool = False) -> pd.DataFrame:
        """Collect the batches that have ended.

        Parameters
        ----------
        wait : bool, default=False
            Whether to wait for the others.

        Returns
        -------
        DataFrame of shape (n_batches, 9)
            All batches of the store.

        Raises
        ------
        BatchError
            If the server refused a batch, or does not know it any more; after all others were
            collected.
        """
        self._warn_of_others()
        batches = self._find_open()
        if batches:
            n_requests = sum(batch.n_requests for batch in batches)
            with self._connect(n_requests) as remote, _going_on():
                if wait:
                    self._wait(remote, self._find_open)
                else:
                    self._poll(remote, batches)
        return self.store.read_batches()

    def cancel(self, batch_id: str | None) -> pd.DataFrame:
        """Cancel batches; what was answered before is still to be collected.

        Parameters
        ----------
        batch_id : str or None
            Which one; all of this server without.

        Returns
        -------
        DataFrame of shape (n_batches, 9)
            All batches of the store.
        """
        if batch_id is None:
            self._warn_of_others()
        else:
            require_batch(self.store, batch_id, server=self.server)

        batches = [b for b in self._find_open() if batch_id in {None, b.batch_id}]
        if batches:
            with self._connect(sum(batch.n_requests for batch in batches)) as remote:
                for batch in self._settle(remote, batches):
                    cancel_batch(self._ledger, remote, batch, give_up=batch_id is not None)
        return self.store.read_batches()

    def run(self, questions: Questions) -> dict[str, str]:
        """Collect what has ended, hand over what is missing, and wait until all has ended.

        Parameters
        ----------
        questions : Questions
            What is to be asked.

        Returns
        -------
        dict of str to str
            What failed and why, by the questions' digests.

        Raises
        ------
        BatchError
            If the server refused a batch, or nothing at all was answered.
        TeacherError
            If there is something left to ask, and all replies so far are of no use.
        """
        n_times: Counter[tuple[str, int]] = Counter()

        def find_jobs() -> list[Job]:
            jobs = self._find_jobs(questions)
            cancelled = self._find_cancelled()
            return [
                job
                for job in jobs
                if job.digest not in cancelled
                and n_times[job.digest, job.attempt] < _MAX_SUBMISSIONS
            ]

        def find_open() -> list[Batch]:
            return self._find_open(questions)

        self._warn_of_others()
        waiting, jobs = find_open(), find_jobs()
        if not (waiting or jobs):
            return {}
        n_requests = len(jobs) + sum(batch.n_requests for batch in waiting)
        with self._connect(n_requests) as remote, _going_on():
            self._poll(remote, waiting)
            while True:
                jobs = find_jobs()
                if jobs:
                    stop_if_useless(questions)
                n_times.update((job.digest, job.attempt) for job in jobs)
                self._submit(remote, jobs, questions)
                waiting = find_open()
                if not waiting:
                    break
                for batch in waiting:
                    if batch.status != CANCELLING:  # else: who runs after that asks again
                        self._note_held(batch.batch_id)
                self._wait(remote, find_open)
        self._failures |= dict.fromkeys(self._find_cancelled(), "its batch was cancelled")
        require_answers(questions, self._failures)
        return {
            digest: reason
            for digest, reason in self._failures.items()
            if digest not in questions.annotations
        }

    def _find_jobs(self, questions: Questions) -> list[Job]:
        """Find what is left to ask, without what is in batches or being asked."""
        with self.store.ask():
            pass  # voids what processes had claimed that have died
        jobs = questions.find_jobs(self.store, max_corrections=self.max_corrections)
        holders = self._ledger.find_holders(job.digest for job in jobs)
        if holders:
            logger.info("%d questions are in batches, or being asked: left out", len(holders))
        return [job for job in jobs if job.digest not in holders]

    def _find_open(self, questions: Questions | None = None) -> list[Batch]:
        """Find this server's batches that were not collected, with these questions or any."""
        batches = [batch for batch in self._ledger.find_open() if batch.server == self.server]
        if questions is None:
            return batches
        holders = set(self._ledger.find_holders(questions.digests).values())
        return [batch for batch in batches if batch.batch_id in holders]

    def _warn_of_others(self) -> None:
        """Say that the batches of other servers are left alone."""
        servers = (batch.server for batch in self._ledger.find_open())
        for server, n_batches in Counter(servers).items():
            if server != self.server:
                logger.warning(
                    "%d batches were submitted to %s and are left alone: pass that base_url to "
                    "collect them",
                    n_batches,
                    server,
                )

    @contextmanager
    def _connect(self, n_requests: int) -> Iterator[Remote]:
        """Open the client for as long as it is needed."""
        remote = Remote(self.open_client(n_requests), api_key_env=self.api_key_env)
        try:
            yield remote
        finally:
            if self.own_client:
                remote.close()

    def _submit(self, remote: Remote, jobs: Sequence[Job], questions: Questions) -> list[str]:
        if not jobs:
            return []
        submitter = Submitter(
            ledger=self._ledger,
            remote=remote,
            server=self.server,
            price=self.bound.price,
            reserve=make_reserve(
                self.bound,
                self.store.read_completions(self.model),
                model=self.model,
                max_cost_usd=self.max_cost_usd,
            ),
            max_cost_usd=self.max_cost_usd,
        )
        submitted = []
        for batch_id in submitter.submit(jobs, questions.builder):
            self._note_held(batch_id)
            submitted.append(batch_id)
        return submitted

    def _settle(self, remote: Remote, batches: Sequence[Batch]) -> list[Batch]:
        """Find out what became of interrupted submissions; return what is known then."""
        for batch in batches:
            if batch.status == SUBMITTING:
                settle(self._ledger, remote, batch)
        chosen = {batch.batch_id for batch in batches}
        return [batch for batch in self._ledger.find_open() if batch.batch_id in chosen]

    def _poll(self, remote: Remote, batches: Sequence[Batch]) -> int:
        """Collect those that have ended; return how many requests of the others are awaited."""
        batches = self._settle(remote, batches)
        return poll_batches(self._ledger, remote, batches, failures=self._failures)

    def _wait(self, remote: Remote, find_open: Callable[[], list[Batch]]) -> None:
        """Collect batches as they end, until there are none."""
        batches = find_open()
        waited = {batch.batch_id for batch in batches}
        n_requests = sum(batch.n_requests for batch in batches)
        n_silent = 0
        bar = tqdm(total=n_requests, desc="batches", unit=" requests", disable=not self.progress)
        with bar:
            while batches:
                try:
                    n_left = self._poll(remote, batches)
                except TeacherUnavailableError as error:
                    n_silent += 1
                    if n_silent > _MAX_SILENT_POLLS:
                        raise
                    logger.warning("%s Asking again in %g s", error, POLL_S)
                else:
                    n_silent = 0
                    bar.update(n_requests - n_left - bar.n)
                batches = [batch for batch in find_open() if batch.batch_id in waited]
                if batches:
                    time.sleep(POLL_S)

    def _note_held(self, batch_id: str) -> None:
        """Note what a batch holds, for it may be cancelled, and collected, by somebody else."""
        self._held |= dict.fromkeys(self._ledger.read_pending(batch_id), batch_id)

    def _find_cancelled(self) -> set[str]:
        """Find what was held by batches that were cancelled since."""
        table = self.store.read_batches()
        cancelled = set(table.loc[table["status"].isin(CANCELLED), "batch_id"])
        return {digest for digest, batch_id in self._held.items() if batch_id in cancelled}


@contextmanager
def _going_on() -> Iterator[None]:
    """Say on Ctrl-C that nothing is lost by it."""
    try:
        yield
    except KeyboardInterrupt:
        logger.warning("stopped; the batches go on at the server: collect them, or run, later")
        raise
