"""Asking for many replies at once: nothing that arrived is lost, whatever happens."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from jocas_themes.annotations import Annotation, Asker, Claim, Spending, StoredReply
from jocas_themes.errors import BudgetReachedError, TeacherError, TeacherUnavailableError
from jocas_themes.teacher.asking import _loop
from jocas_themes.teacher.asking._client import (
    RawReply,
    describe_failure,
    find_fatal,
    is_refused_request,
    make_sender,
)
from jocas_themes.teacher.asking._jobs import Job
from jocas_themes.teacher.asking._pace import Pace
from jocas_themes.teacher.asking._progress import Tally, open_bar
from jocas_themes.teacher.asking._sending import Sender, UnansweredError
from jocas_themes.teacher.cost import CostBound, read_usage
from jocas_themes.teacher.prompt import RequestBuilder
from jocas_themes.teacher.reply import NotACompletionError, load_body

logger = logging.getLogger(__name__)

# A server that fails this many requests in a row, each after its own retries, is down.
_MAX_FAILURES_IN_A_ROW = 20
# How long to leave a question that another process is asking.
_POLL_S = 0.5


@dataclass(kw_only=True)
class Asking:
    """One run over the questions that the store has no good answer to."""

    client: Any
    own_client: bool
    asker: Asker
    builder: RequestBuilder
    parse: Callable[[str, str], Annotation]
    bound: CostBound
    max_cost_usd: float | None
    read_spending: Callable[[], Spending]
    api_key_env: str
    concurrency: int
    requests_per_minute: float | None
    tokens_per_minute: float | None
    timeout_s: float
    max_retries: int
    max_corrections: int
    progress: bool
    n_usable: int
    n_unusable: int
    n_done: int
    failures: dict[str, str] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)
    _stopped: bool = False
    _fatal: TeacherError | None = None
    _n_in_a_row: int = 0
    _n_in_batch: int = 0
    _n_under_way: int = 0
    _keeping: set[asyncio.Future[None]] = field(default_factory=set)
    _learning: asyncio.Lock = field(default_factory=asyncio.Lock)

    def run(self, jobs: deque[Job]) -> dict[str, str]:
        """Ask for every reply, emptying the queue; return what failed and why, by digest."""
        running = _loop.submit(self._ask_all(jobs))
        try:
            running.result()
        except KeyboardInterrupt:
            self._wind_down(running)
            raise
        if self._fatal is not None:
            raise self._fatal
        if len(self.failures) > self._n_in_batch and not self._has_answers:
            raise TeacherUnavailableError(
                f"none of the {len(self.failures)} requests to {self._address} was answered; the "
                f"first failure: {next(iter(self.failures.values()))}."
            )
        return self.failures

    @property
    def _has_answers(self) -> bool:
        """Tell whether any offer of the table has an answer, from now or before."""
        return self.n_usable + self.n_unusable > 0

    @property
    def _may_free_money(self) -> bool:
        """Tell whether a request of this run may yet cost less than is reserved for it."""
        return self._n_under_way > 0 or bool(self._keeping)

    @property
    def _address(self) -> str:
        """Name the server, for messages."""
        return str(getattr(self.client, "base_url", "the server")).rstrip("/")

    def _wind_down(self, running: "Future[None]") -> None:
        """Await the replies under way, which are paid for; a second Ctrl-C drops them."""
        logger.warning("stopping: waiting for the replies that are under way")
        _loop.call(self._stop)
        try:
            running.result()
        except KeyboardInterrupt:
            running.cancel()
        logger.warning("interrupted: what was answered is in the store; run again to ask the rest")

    async def _ask_all(self, queue: deque[Job]) -> None:
        """Let workers draw from one queue of jobs until it is empty or the run has stopped."""
        n_workers = min(self.concurrency, len(queue))
        executor = ThreadPoolExecutor(n_workers)
        with open_bar(n_done=self.n_done, n_to_ask=len(queue), show=self.progress) as bar:
            self._tally = Tally(bar=bar, n_to_ask=len(queue))
            self._pace = Pace(
                n_workers,
                requests_per_minute=self.requests_per_minute,
                tokens_per_minute=self.tokens_per_minute,
            )
            self._sender = Sender(
                send=make_sender(self.client, executor, timeout_s=self.timeout_s),
                pace=self._pace,
                asker=self.asker,
                max_retries=self.max_retries,
                left_out=self.left_out,
            )
            try:
                await asyncio.gather(*(self._work(queue) for _ in range(n_workers)))
            finally:
                await asyncio.gather(*self._keeping, return_exceptions=True)
                executor.shutdown(wait=False)  # this thread is every run's: it may not wait
                if self.own_client:
                    await self.client.close()

    async def _work(self, queue: deque[Job]) -> None:
        while queue and not self._stopped:
            job = queue.popleft()
            try:
                again = await self._ask_in_turn(job)
            except Exception as error:  # noqa: BLE001 (whatever it is, the others go on)
                self._note_failure(job, error)
                again = None
            if again is None:
                self._tally.advance()
            elif again.attempt > job.attempt:
                queue.appendleft(again)  # while the server's cache still knows the prompt
            else:
                queue.append(again)

    async def _ask_in_turn(self, job: Job) -> Job | None:
        """Ask one at a time until it is known how long replies are: the budget rests on it."""
        if self.max_cost_usd is not None and self.bound.is_guess:
            async with self._learning:
                if self.bound.is_guess:
                    return await self._ask_one(job)
        return await self._ask_one(job)

    async def _ask_one(self, job: Job) -> Job | None:
        """Ask one question; return a job when there is something to ask again."""
        messages = job.build_messages(self.builder)
        n_tokens = self.bound.count(messages)
        reserved_usd = self.bound.compute(n_tokens)

        def claim_it() -> Awaitable[Claim]:
            return asyncio.wrap_future(
                self.asker.claim(job.digest, job.attempt, reserved_usd=reserved_usd)
            )

        self._n_under_way += 1
        try:
            claim = await claim_it()
            if claim is Claim.YOURS:
                reply = await self._sender.ask(
                    self.builder.build_request(messages),
                    digest=job.digest,
                    n_tokens=n_tokens,
                    reclaim=claim_it,
                )
        except UnansweredError as unanswered:
            if unanswered.error is not None:
                raise unanswered.error from None
            return job
        finally:
            self._n_under_way -= 1
        if claim is not Claim.YOURS:
            return await self._give_way(job, claim, reserved_usd)
        self._n_in_a_row = 0
        return self._keep(job, reply, messages, reserved_usd)

    async def _give_way(self, job: Job, claim: Claim, reserved_usd: float) -> Job | None:
        """Do what is left to do for a question that is not ours to ask."""
        if claim is Claim.ANSWERED:
            self._tally.n_answered += 1
            return None
        if claim is Claim.IN_BATCH:
            self.failures[job.digest] = "it waits in a batch: call collect_batch() for it"
            self._n_in_batch += 1
            self._tally.n_failed += 1
            return None
        if claim is Claim.OVER_BUDGET and not self._may_free_money:
            await asyncio.to_thread(self.asker.recover)
            spending = self.read_spending()
            is_over = spending.exceeds(self.max_cost_usd or 0, more_usd=reserved_usd)
            if is_over and not self._may_free_money:
                self._stop(self._explain_budget(spending, reserved_usd))
            return job
        if claim is Claim.TAKEN:
            await asyncio.to_thread(self.asker.recover)
        await self._pace.pause(_POLL_S)
        return job

    def _keep(
        self,
        job: Job,
        reply: RawReply,
        messages: Sequence[Any],
        reserved_usd: float,
    ) -> Job | None:
        """Hand a reply to the store before anything else is done with it."""
        usage = read_usage(load_body(reply.body))
        cost_usd = self.bound.price.compute_cost(usage) if self.bound.price else None
        if cost_usd is None and self.bound.price is not None:
            cost_usd = reserved_usd  # the server did not say: the most it can be
        status, annotation = "invalid", None
        try:
            annotation = self.parse(reply.body, job.key.text)
            status = annotation.status
        finally:  # it is paid for, also when reading it fails
            stored = StoredReply(
                raw=reply.body,
                status=status,
                attempt=job.attempt,
                prompt_tokens=usage.prompt_tokens,
                cached_tokens=usage.cached_tokens,
                completion_tokens=usage.completion_tokens,
                reasoning_tokens=usage.reasoning_tokens,
                cost_usd=cost_usd,
                duration_s=reply.duration_s,
                request_id=reply.request_id,
                left_out=" ".join(sorted(self.left_out)),
            )
            keeping = asyncio.wrap_future(
                self.asker.keep(job.key, stored, offer_id=job.offer_id, messages=messages)
            )
            self._keeping.add(keeping)
            keeping.add_done_callback(self._note_kept)
        self._tally.spend(cost_usd)
        self.bound.learn(usage)
        return self._judge(job, reply, annotation)

    def _judge(self, job: Job, reply: RawReply, annotation: Annotation) -> Job | None:
        """Count a reply; return the job that corrects one at fault."""
        if annotation.answers:
            self.n_usable += 1
        else:
            self.n_unusable += 1
        if annotation.status == "ok":
            self._tally.n_answered += 1
            return None
        self._stop_if_useless(annotation)
        if job.attempt < self.max_corrections:
            return job.correct(reply.body, annotation, attempt=job.attempt + 1)
        self._tally.n_to_review += 1
        return None

    def _note_kept(self, keeping: "asyncio.Future[None]") -> None:
        """Stop when the store fails: to ask on would pay for what cannot be kept."""
        self._keeping.discard(keeping)
        if keeping.cancelled():
            return
        error = keeping.exception()
        if isinstance(error, Exception):
            self._stop(_explain_stop(describe_failure(error), error))

    def _stop_if_useless(self, annotation: Annotation) -> None:
        """Stop paying when the first replies are all unusable: the next ones will be, too."""
        if self.n_unusable >= _MAX_FAILURES_IN_A_ROW and not self.n_usable:
            self._stop(explain_useless(self.n_unusable, annotation))

    def _note_failure(self, job: Job, error: Exception) -> None:
        """Note what failed, and stop the run where asking on is of no use."""
        import openai

        reason = describe_failure(error)
        self.failures[job.digest] = reason
        self._tally.n_failed += 1
        # Where others have an answer, a refused request says nothing of the server.
        if not (self._has_answers and is_refused_request(error)):
            self._n_in_a_row += 1
        fatal = find_fatal(error, model=self.builder.model, api_key_env=self.api_key_env)
        if not isinstance(error, (openai.OpenAIError, NotACompletionError, TimeoutError)):
            fatal = _explain_stop(reason, error)
        elif fatal is None and self._n_in_a_row >= _MAX_FAILURES_IN_A_ROW:
            fatal = TeacherUnavailableError(
                f"{self._n_in_a_row} requests to {self._address} failed in a row, the last with "
                f"{reason}. The answers that had arrived are in the store. {_advise(error)}"
            )
        if fatal is not None:
            self._stop(fatal)

    def _explain_budget(self, spending: Spending, reserved_usd: float) -> BudgetReachedError:
        lost = (
            f", up to ${spending.lost_usd:.4f} may have been charged for requests that broke"
            if spending.lost_usd
            else ""
        )
        flying = (
            f", up to ${spending.in_flight_usd:.4f} is under way elsewhere"
            if spending.in_flight_usd
            else ""
        )
        return BudgetReachedError(
            f"the budget (max_cost_usd) of ${self.max_cost_usd:.4g} is reached: the store's "
            f"replies cost ${spending.spent_usd:.4f}{lost}{flying}, and the next request could "
            f"cost ${reserved_usd:.4f}. All that was paid for is in the store, where "
            f"recall(offers) reads it; for the rest, raise max_cost_usd and run again."
        )

    def _stop(self, fatal: TeacherError | None = None) -> None:
        """Ask no more; the first reason is the one to tell."""
        self._fatal = self._fatal or fatal
        self._stopped = True
        self._pace.stop()


def explain_useless(n_replies: int, last: Annotation) -> TeacherError:
    """Say that all replies so far are of no use, as the next ones would be."""
    return TeacherError(
        f"the first {n_replies} replies are all unusable, the last: {last.status} "
        f"({last.detail}). They are in the store. Try another model=, or response_format= "
        f"'json_object' or 'text'."
    )


def _explain_stop(reason: str, error: Exception) -> TeacherError:
    """Name what stopped the run, when it is none of the server's doing."""
    fatal = TeacherError(
        f"asking stopped on {reason}. The answers that had arrived are in the store."
    )
    fatal.__cause__ = error
    return fatal


def _advise(error: Exception) -> str:
    """Say what may help against a failure that repeats."""
    if is_refused_request(error):
        return (
            "If the server knows no structured outputs, pass response_format='json_object' or "
            "'text'; if it refuses a parameter, change request_params."
        )
    return "Run again when the server is back."
