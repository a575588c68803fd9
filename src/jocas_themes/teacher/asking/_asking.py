"""Asking for many replies at once: nothing that arrived is lost, whatever happens."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from jocas_themes._progress import tqdm
from jocas_themes.annotations import Annotation, AnnotationStore, ReplyKey, StoredReply
from jocas_themes.errors import TeacherError, TeacherUnavailableError
from jocas_themes.teacher.asking import _loop
from jocas_themes.teacher.asking._client import (
    RawReply,
    describe_failure,
    find_fatal,
    is_refused_request,
    make_sender,
)
from jocas_themes.teacher.reply._reply import NotACompletionError, read_usage

logger = logging.getLogger(__name__)

# A server that fails this many requests in a row, each after its own retries, is down.
_MAX_FAILURES_IN_A_ROW = 20

Todo = Mapping[str, tuple[ReplyKey, str]]


@dataclass(kw_only=True)
class Asking:
    """One run over the offers that the store does not hold."""

    client: Any
    own_client: bool
    store: AnnotationStore
    build_request: Callable[[str], dict[str, Any]]
    parse: Callable[[str, str], Annotation]
    model: str
    api_key_env: str
    concurrency: int
    progress: bool
    n_known: int
    failures: dict[str, str] = field(default_factory=dict)
    _stopped: bool = False
    _fatal: TeacherError | None = None
    _n_in_a_row: int = 0
    _n_usable: int = 0
    _n_unusable: int = 0

    def run(self, todo: Todo) -> dict[str, str]:
        """Ask for every reply; return what failed and why, by digest."""
        running = _loop.submit(self._ask_all(todo))
        try:
            running.result()
        except KeyboardInterrupt:
            self._wind_down(running)
            raise
        if self._fatal is not None:
            raise self._fatal
        if self.failures and not self._has_answers:
            raise TeacherUnavailableError(
                f"none of the {len(self.failures)} requests to {self._address} was answered; the "
                f"first failure: {next(iter(self.failures.values()))}."
            )
        return self.failures

    @property
    def _has_answers(self) -> bool:
        """Tell whether any offer of the table has an answer, from now or before."""
        return self.n_known + self._n_usable + self._n_unusable > 0

    @property
    def _address(self) -> str:
        """Name the server, for messages."""
        return str(getattr(self.client, "base_url", "the server")).rstrip("/")

    def _wind_down(self, running: "Future[None]") -> None:
        """Await the replies under way, which are paid for; a second Ctrl-C drops them."""
        self._stopped = True
        logger.warning("stopping: waiting for the replies that are under way")
        try:
            running.result()
        except KeyboardInterrupt:
            running.cancel()

    async def _ask_all(self, todo: Todo) -> None:
        """Let workers draw from one list of offers until it is empty or the run has stopped."""
        jobs = iter(todo.items())
        n_workers = min(self.concurrency, len(todo))
        with (
            ThreadPoolExecutor(n_workers) as executor,
            tqdm(
                total=self.n_known + len(todo),
                initial=self.n_known,
                desc="teacher",
                unit=" offers",
                disable=not self.progress,
            ) as bar,
        ):
            send = make_sender(self.client, executor)
            try:
                await asyncio.gather(*(self._work(send, jobs, bar) for _ in range(n_workers)))
            finally:
                if self.own_client:
                    await self.client.close()

    async def _work(
        self,
        send: Callable[[Mapping[str, Any]], Any],
        jobs: Iterator[tuple[str, tuple[ReplyKey, str]]],
        bar: Any,
    ) -> None:
        for digest, (key, offer_id) in jobs:
            try:
                reply = await send(self.build_request(key.text))
                self._keep(key, offer_id, reply)
            except Exception as error:  # noqa: BLE001 (whatever it is, the others go on)
                self._note_failure(digest, error)
            else:
                self._n_in_a_row = 0
            bar.update()
            bar.set_postfix(
                usable=self._n_usable,
                unusable=self._n_unusable,
                failed=len(self.failures),
                refresh=False,
            )
            if self._stopped:
                return

    def _keep(self, key: ReplyKey, offer_id: str, reply: RawReply) -> None:
        """Put a reply into the store before anything else is done with it."""
        prompt_tokens, completion_tokens = read_usage(reply.body)  # refuses what is no reply
        stored = StoredReply(
            raw=reply.body,
            status="invalid",
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            duration_s=reply.duration_s,
        )
        try:
            annotation = self.parse(reply.body, key.text)
            stored = replace(stored, status=annotation.status)
        finally:  # it is paid for, also when reading it fails
            self.store.put(key, stored, offer_id=offer_id)
        self._stop_if_useless(annotation)

    def _stop_if_useless(self, annotation: Annotation) -> None:
        """Stop paying when the first replies are all unusable: the next ones will be, too."""
        if annotation.answers:
            self._n_usable += 1
        else:
            self._n_unusable += 1
        if self._n_unusable >= _MAX_FAILURES_IN_A_ROW and not self._n_usable and not self.n_known:
            self._stop(
                TeacherError(
                    f"the first {self._n_unusable} replies are all unusable, the last: "
                    f"{annotation.status} ({annotation.detail}). They are in the store. Try "
                    f"another model=, or response_format= 'json_object' or 'text'."
                )
            )

    def _note_failure(self, digest: str, error: Exception) -> None:
        """Note what failed, and stop the run where asking on is of no use."""
        import openai

        reason = describe_failure(error)
        self.failures[digest] = reason
        # Where others have an answer, a refused request says nothing of the server.
        if not (self._has_answers and is_refused_request(error)):
            self._n_in_a_row += 1
        fatal = find_fatal(error, model=self.model, api_key_env=self.api_key_env)
        if not isinstance(error, (openai.OpenAIError, NotACompletionError)):
            fatal = TeacherError(
                f"asking stopped on {reason}. The answers that had arrived are in the store."
            )
            fatal.__cause__ = error
        elif fatal is None and self._n_in_a_row >= _MAX_FAILURES_IN_A_ROW:
            fatal = TeacherUnavailableError(
                f"{self._n_in_a_row} requests to {self._address} failed in a row, the last with "
                f"{reason}. The answers that had arrived are in the store. {_advise(error)}"
            )
        if fatal is not None:
            self._stop(fatal)

    def _stop(self, fatal: TeacherError) -> None:
        """Ask no more; the first reason is the one to tell."""
        self._fatal = self._fatal or fatal
        self._stopped = True


def _advise(error: Exception) -> str:
    """Say what may help against a failure that repeats."""
    if is_refused_request(error):
        return (
            "If the server knows no structured outputs, pass response_format='json_object' or "
            "'text'; if it refuses a parameter, change request_params."
        )
    return "Run again when the server is back."
