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
from jocas_themes.errors import BatchError, TeacherUnavailableError
from jocas_themes.teacher._questions import Questions
from jocas_themes.teacher.asking import Job
from jocas_themes.teacher.batch._polling import explain_gone, note_state, poll_batches
from jocas_themes.teacher.batch._remote import GoneError, Remote
from jocas_themes.teacher.batch._reserving import make_reserve
from jocas_themes.teacher.batch._submitting import Submitter, settle
from jocas_themes.teacher.cost import CostBound

logger = logging.getLogger(__name__)

# How often to ask for the state of batches while waiting for them.
POLL_S = 60.0
# Batches take up to a day: an hour without the network must not end the wait.
_MAX_SILENT_POLLS = 60
# How often one run hands over the same question: once more after it failed or expired.
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
            self._require(batch_id)

        batches = [b for b in self._find_open() if batch_id in {None, b.batch_id}]
        if batches:
            with self._connect(sum(batch.n_requests for batch in batches)) as remote:
                for batch in self._settle(remote, batches):
                    self._cancel(remote, batch, give_up=batch_id is not None)
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
        """
        n_times: Counter[tuple[str, int]] = Counter()

        def find_jobs() -> list[Job]:
            jobs = self._find_jobs(questions)
            return [j for j in jobs if n_times[j.digest, j.attempt] < _MAX_SUBMISSIONS]

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
                n_times.update((job.digest, job.attempt) for job in jobs)
                self._submit(remote, jobs, questions)
                if not find_open():
                    break
                self._wait(remote, find_open)
        self._require_answers(questions)
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
            reserve=make_reserve(self.bound, self.store.read_completions(self.model)),
            max_cost_usd=self.max_cost_usd,
        )
        return list(submitter.submit(jobs, questions.builder))

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

    def _cancel(self, remote: Remote, batch: Batch, *, give_up: bool) -> None:
        """Cancel one batch; one that the server does not know is given up when it was named."""
        if batch.remote_id is None:
            return  # not created; what it may hold is free as soon as that is sure
        try:
            state = remote.cancel(batch.remote_id)
        except GoneError as error:
            if not give_up:
                raise explain_gone(batch, error) from None
            lost = self._ledger.read_pending(batch.batch_id)
            detail = f"the server does not know it; {len(lost)} may have been charged"
            self._ledger.close(batch.batch_id, status="lost", detail=detail, lost=lost)
        else:
            note_state(self._ledger, batch, state)

    def _require(self, batch_id: str) -> None:
        """Check that a batch is one of this store and server."""
        table = self.store.read_batches()
        servers = dict(zip(table["batch_id"], table["server"], strict=True))
        if batch_id not in servers:
            raise ValueError(
                f"batch_id must be one of the store's {len(table)} batches, got {batch_id!r}. "
                f"collect_batch() shows them."
            )
        server = servers[batch_id]
        if server != self.server:
            raise ValueError(
                f"batch {batch_id!r} was submitted to {server}, this teacher asks {self.server}. "
                f"Pass base_url={server!r}."
            )

    def _require_answers(self, questions: Questions) -> None:
        """Check that something was answered, now or before."""
        failed = [digest for digest in questions.digests if digest in self._failures]
        if failed and not questions.annotations:
            raise BatchError(
                f"none of the {len(failed)} requests was answered; the first failure: "
                f"{self._failures[failed[0]]}. If the server refuses a parameter, change "
                f"request_params or response_format; if the batch expired, run again."
            )


@contextmanager
def _going_on() -> Iterator[None]:
    """Say on Ctrl-C that nothing is lost by it."""
    try:
        yield
    except KeyboardInterrupt:
        logger.warning("stopped; the batches go on at the server: collect them, or run, later")
        raise
