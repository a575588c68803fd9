"""`LLMTeacher`: a large language model annotates offers, each one once."""

import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar, Self

import pandas as pd
from sklearn.utils._param_validation import Interval, StrOptions

from jocas_themes.annotations import (
    AnnotationStore,
    BatchLedger,
    ReplyKey,
    StoredReply,
    apply_decisions,
    build_annotated,
)
from jocas_themes.errors import JocasThemesWarning, StoreError, TeacherError, UnknownPriceError
from jocas_themes.offers import as_offers
from jocas_themes.taxonomy import HR_THEMES, Taxonomy
from jocas_themes.teacher._base import BaseTeacher
from jocas_themes.teacher._params import check_request_params, check_server
from jocas_themes.teacher._questions import Questions
from jocas_themes.teacher._warnings import WITHOUT_TEXT, warn_of_gaps
from jocas_themes.teacher.asking import Asking, find_base_url, open_client, read_key
from jocas_themes.teacher.batch import Batching, name_server
from jocas_themes.teacher.cost import (
    CostBound,
    CostEstimate,
    Price,
    Usage,
    approximate_tokens,
    build_estimate,
    count_request_tokens,
    describe_counter,
    find_price,
)
from jocas_themes.teacher.prompt import RequestBuilder, build_response_format, open_examples
from jocas_themes.teacher.reply import parse_reply

logger = logging.getLogger(__name__)

# Whether a text was sent in part; stands first among the offer's own columns.
CUT_COLUMN = "text_cut"


@dataclass(frozen=True, slots=True)
class Replay:
    """The annotations of some offers before and after they were asked once more.

    Parameters
    ----------
    before, after : DataFrame of shape (n_offers, n_columns)
        Annotated tables of the same offers, without anybody's decisions.
    """

    before: pd.DataFrame
    after: pd.DataFrame


class LLMTeacher(BaseTeacher):
    """Have a large language model annotate offers with themes, confidence and evidence.

    Each distinct text is asked once: replies are kept in ``store``, and found there afterwards
    without key or network. Works with any server that speaks OpenAI's Chat Completions.

    Parameters
    ----------
    model : str
        The model's name, as the server knows it.
    client : openai.OpenAI or openai.AsyncOpenAI, optional
        A client of your own. By default one is opened when something must be asked, from
        ``base_url`` and ``api_key_env``. Clones share it; pickles leave it out. An ``AsyncOpenAI``
        must not have been used in an event loop of yours, whose connections it would keep.
    base_url : str, optional
        Address of another server than OpenAI's, such as ``http://localhost:11434/v1``.
    api_key_env : str, default="OPENAI_API_KEY"
        Name of the environment variable that holds the key. The key itself is never a parameter.
    taxonomy : Taxonomy, default=HR_THEMES
        The themes to look for.
    store : str, Path or AnnotationStore, default="annotations.sqlite"
        Where replies are kept.
    max_cost_usd : float, optional
        What all replies of the store together may cost, in US dollars, whoever asked for them.
        Checked before each request against what is spent and under way. The limit is strict when
        ``request_params`` states ``max_completion_tokens``; else a reply may take more than the
        longest one before it. A batch needs that, or 20 replies of the model in the store, of
        whose mean it sets aside one and a half.
    price : dict, optional
        What the model's tokens cost, in US dollars per million, such as
        ``{"input": 0.25, "cached_input": 0.025, "output": 2}``. By default as in the price table.
    mode : {"sync", "batch"}, default="sync"
        ``batch`` hands the requests over as files, at half price, and waits for the answers:
        interrupt it, and run it again another day.
    votes : int, default=1
        How many independent answers each offer is to have; the share of those that agree joins
        the confidence.
    max_corrections : int, default=1
        How often the model is told what was wrong with a reply, before the offer goes to review.
    examples : "taxonomy", DataFrame or None, default=None
        Worked examples in the prompt: two made from the taxonomy's own spans, or for each offer
        the most similar ones of a table of gold offers (``text``, and for each theme ``CODE`` and
        ``CODE_evidence``), never the offer itself or nearly so.
    n_examples : int, default=4
        How many gold offers to show.
    redact : bool, default=True
        Whether e-mails, phone numbers and names after a civility are replaced before an offer
        leaves this machine. Evidence is given as the offer has it.
    max_offer_tokens : int or None, default=6000
        Longer offers are cut at the end of a sentence, and marked in the column ``text_cut``.
    concurrency : int, default=8
        How many requests may be under way at once, at most: there are fewer while the server
        is slow or busy.
    requests_per_minute : float, optional
        Limit of your account. By default it is learnt from what the server tells.
    tokens_per_minute : float, optional
        The same for the tokens of prompts.
    request_params : dict, optional
        Further parameters of each request, for instance ``{"temperature": 0}`` or
        ``{"reasoning_effort": "low"}``. They are part of what a stored reply depends on.
    response_format : {"json_schema", "json_object", "text"}, default="json_schema"
        What the server is told of the form of the answer; the two others are for servers
        without structured outputs. The answer is checked here in any case.
    text_columns : sequence of str, optional
        Columns that hold the text, when they are not the JOCAS ones.
    timeout_s : float, default=120
        How long to wait for one reply, in seconds.
    max_retries : int, default=8
        How often a request is repeated after a passing fault, with growing pauses.
    progress : bool, default=True
        Whether to show a progress bar.

    See Also
    --------
    LexiconTeacher : A baseline that asks nobody.
    ConfidenceFilter : The next step: what is sure enough to learn from.
    teacher_report : How good the teacher is, against people's decisions.

    Notes
    -----
    ``fit_transform`` (a Pipeline's ``fit``) asks; ``transform`` (a Pipeline's ``predict``)
    never does, and leaves the labels unknown.

    ``status`` tells how each reply was understood. ``ok``: every theme has a valid answer.
    ``refused``, ``truncated``: the model did not answer, or not to the end. ``invalid``: the
    reply breaks the schema, in which case all its themes are unknown, or the evidence of some
    themes is not in the offer, in which case those are unknown and the others are kept; each of
    these after the model was told what was wrong. ``failed``: no reply came, or the offer has no
    text; such offers are asked again by the next run, all others are not. No reply that is at
    fault is ever read as "no theme".

    What people decided, through a `ReviewQueue`, stands over any model's answer.

    Examples
    --------
    With a store that holds every answer, no key and no network are needed:

    >>> import tempfile, pathlib
    >>> from jocas_themes import LLMTeacher, fill_sample_store, load_sample_offers
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> with fill_sample_store(folder / "annotations.sqlite", model="recorded") as store:
    ...     teacher = LLMTeacher("recorded", store=store, progress=False)
    ...     annotated = teacher.annotate(load_sample_offers().head(3))
    >>> annotated[["COMPENSATION_BENEFITS", "COMPENSATION_BENEFITS_evidence", "status"]]
       COMPENSATION_BENEFITS COMPENSATION_BENEFITS_evidence status
    0                    1.0     31 à 34 K€ bruts + 13e mois     ok
    1                    1.0       48-55 K€ selon expérience     ok
    2                    0.0                            None     ok
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "model": [str],
        "client": "no_validation",
        "base_url": [str, None],
        "api_key_env": [str],
        "taxonomy": [Taxonomy],
        "store": [str, Path, AnnotationStore],
        "max_cost_usd": [Interval(Real, 0, None, closed="left"), None],
        "price": [Mapping, None],
        "mode": [StrOptions({"sync", "batch"})],
        "votes": [Interval(Integral, 1, None, closed="left")],
        "max_corrections": [Interval(Integral, 0, None, closed="left")],
        "examples": [StrOptions({"taxonomy"}), pd.DataFrame, None],
        "n_examples": [Interval(Integral, 1, None, closed="left")],
        "redact": ["boolean"],
        "max_offer_tokens": [Interval(Integral, 50, None, closed="left"), None],
        "concurrency": [Interval(Integral, 1, None, closed="left")],
        "requests_per_minute": [Interval(Real, 0, None, closed="neither"), None],
        "tokens_per_minute": [Interval(Real, 0, None, closed="neither"), None],
        "request_params": [Mapping, None],
        "response_format": [StrOptions({"json_schema", "json_object", "text"})],
        "text_columns": [list, tuple, None],
        "timeout_s": [Interval(Real, 0, None, closed="neither")],
        "max_retries": [Interval(Integral, 0, None, closed="left")],
        "progress": ["boolean"],
    }

    # True after unpickling, where a client of the user's own was left behind.
    _left_client = False

    def __init__(
        self,
        model: str,
        *,
        client: Any = None,
        base_url: str | None = None,
        api_key_env: str = "OPENAI_API_KEY",
        taxonomy: Taxonomy = HR_THEMES,
        store: str | Path | AnnotationStore = "annotations.sqlite",
        max_cost_usd: float | None = None,
        price: Mapping[str, Any] | None = None,
        mode: str = "sync",
        votes: int = 1,
        max_corrections: int = 1,
        examples: str | pd.DataFrame | None = None,
        n_examples: int = 4,
        redact: bool = True,
        max_offer_tokens: int | None = 6000,
        concurrency: int = 8,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        request_params: Mapping[str, Any] | None = None,
        response_format: str = "json_schema",
        text_columns: Sequence[str] | None = None,
        timeout_s: float = 120,
        max_retries: int = 8,
        progress: bool = True,
    ) -> None:
        self.model = model
        self.client = client
        self.base_url = base_url
        self.api_key_env = api_key_env
        self.taxonomy = taxonomy
        self.store = store
        self.max_cost_usd = max_cost_usd
        self.price = price
        self.mode = mode
        self.votes = votes
        self.max_corrections = max_corrections
        self.examples = examples
        self.n_examples = n_examples
        self.redact = redact
        self.max_offer_tokens = max_offer_tokens
        self.concurrency = concurrency
        self.requests_per_minute = requests_per_minute
        self.tokens_per_minute = tokens_per_minute
        self.request_params = request_params
        self.response_format = response_format
        self.text_columns = text_columns
        self.timeout_s = timeout_s
        self.max_retries = max_retries
        self.progress = progress

    def annotate(self, offers: Any) -> pd.DataFrame:
        """Annotate offers, asking the model only for those that the store does not hold.

        Parameters
        ----------
        offers : sequence of str, DataFrame or pyarrow.Table of n_offers
            Texts, or a table of offers.

        Returns
        -------
        DataFrame of shape (n_offers, 4 + 3 * n_themes + n_columns)
            ``offer_id``, ``text``, for each theme ``CODE``, ``CODE_confidence`` and
            ``CODE_evidence``, ``status``, ``text_cut``, then the offers' own columns.

        Raises
        ------
        ValueError
            If a parameter, or the table of offers, is not valid.
        UnknownPriceError
            If ``max_cost_usd`` is set, and the price of the model is not known.
        MissingKeyError
            If something must be asked and the environment holds no key.
        BudgetReachedError
            If the next request could exceed ``max_cost_usd``.
        TeacherAuthError
            If the server refuses the key, or the account cannot pay.
        TeacherUnavailableError
            If there is no answer to any of the offers, or the server fails many requests in a
            row, or does not know the model.
        BatchError
            If the server refuses a batch.
        TeacherError
            If the first replies are all unusable, or if something else stops the asking.
        StoreError
            If the store cannot be used, or holds answers of another taxonomy.
        """
        self._check_params()
        table = self._read_offers(offers)
        with self._open_store() as store:
            store.require_taxonomy(self.taxonomy)
            return self._annotate(table, store)

    def recall(self, offers: Any, *, decisions: bool = True) -> pd.DataFrame:
        """Annotate offers from the store alone: nothing is asked.

        Parameters
        ----------
        offers : sequence of str, DataFrame or pyarrow.Table of n_offers
            Texts, or a table of offers.
        decisions : bool, default=True
            Whether people's decisions stand over the model's answers. To measure the teacher,
            with `teacher_report`, they must not.

        Returns
        -------
        DataFrame of shape (n_offers, 4 + 3 * n_themes + n_columns)
            As `annotate` gives it; offers that the store has no reply to have the status
            ``failed``.

        Raises
        ------
        ValueError
            If a parameter, or the table of offers, is not valid.
        StoreError
            If the store cannot be used, or holds answers of another taxonomy.
        """
        self._check_params()
        table = self._read_offers(offers)
        with self._open_store(must_exist=True) as store:
            store.require_taxonomy(self.taxonomy, adopt=False)
            return self._annotate(table, store, ask=False, decide=decisions)

    def replay(self, sample: Any, *, name: str | None = None) -> Replay:
        """Ask once more about offers that have answers, to measure whether the model changed.

        The answers of before stay what they are; those of the replay are kept beside them.

        Parameters
        ----------
        sample : sequence of str, DataFrame or pyarrow.Table of n_offers
            Texts, or a table of offers; those without an answer in the store are left out.
        name : str, optional
            Name of the round, by default today's date: the same one is never paid for twice.

        Returns
        -------
        Replay
            The annotated tables ``before`` and ``after``, for `agreement`.

        Raises
        ------
        ValueError
            If the store holds an answer to none of the offers; and as `annotate`.

        See Also
        --------
        agreement : Compares the two.
        """
        self._check_params()
        table = self._read_offers(sample)
        name = datetime.now(UTC).date().isoformat() if name is None else name
        if not name:
            raise ValueError("name must not be empty: that is the round of the answers themselves.")
        with self._open_store() as store:
            store.require_taxonomy(self.taxonomy)
            before = self._annotate(table, store, ask=False, decide=False, warn=False)
            answered = (before["status"] != "failed").to_numpy()
            if not answered.any():
                raise ValueError(
                    "the store has no answer to any of these offers, so that there is nothing "
                    "to compare with. Annotate them first, or pass offers that were."
                )
            after = self._annotate(table[answered], store, replay=name, decide=False)
        return Replay(before[answered], after)

    def estimate(self, offers: Any) -> CostEstimate:
        """Estimate what asking would cost: nothing is sent.

        Parameters
        ----------
        offers : sequence of str, DataFrame or pyarrow.Table of n_offers
            Texts, or a table of offers.

        Returns
        -------
        CostEstimate
            Requests, tokens, US dollars, and the exact prompt of one offer; print it.

        Raises
        ------
        UnknownPriceError
            If the price of the model is not known.
        ValueError
            If a parameter, or the table of offers, is not valid.
        StoreError
            If the store cannot be used, or holds answers of another taxonomy.

        Notes
        -----
        Tokens are counted with tiktoken where it is installed, which downloads its encoding
        once; else by an approximation. See `CostEstimate` for what is left out.
        """
        self._check_params()
        price = find_price(self.model, self.price)
        table = self._read_offers(offers)
        questions = self._question(table)
        builder = questions.builder
        with self._open_store() as store:
            store.require_taxonomy(self.taxonomy, adopt=False)
            jobs = questions.find_jobs(store, max_corrections=self.max_corrections)
            holders = BatchLedger(store).find_holders(job.digest for job in jobs)
            completions = store.read_completions(self.model)
            spending = store.read_spending()
        n_stored = questions.count_settled(jobs)
        waiting = {digest for digest, batch_id in holders.items() if batch_id is not None}
        requests = [
            builder.build_request(job.build_messages(builder))
            for job in jobs
            if job.digest not in waiting
        ]
        return build_estimate(
            model=self.model,
            messages=requests[0]["messages"] if requests else [],
            n_offers=len(table),
            n_distinct=len(questions.offers),
            n_stored=n_stored,
            n_in_batch=len(waiting),
            n_calls=len(requests),
            prompt_tokens=sum(map(count_request_tokens, requests)),
            price=price,
            counter=describe_counter(self.model),
            n_themes=len(self.taxonomy),
            reasoning=_will_reason(self._settings),
            n_replies=completions.n_replies,
            mean_completion_tokens=completions.mean_tokens,
            spent_usd=spending.spent_usd + spending.lost_usd,
        )

    def trace(self, offers: Any) -> list[dict[str, Any]]:
        """Return all that is known of how some offers were annotated.

        Parameters
        ----------
        offers : sequence of str, DataFrame or pyarrow.Table of n_offers
            Texts, or a table of offers.

        Returns
        -------
        list of dict
            One a reply: the messages that were sent, model, parameters, taxonomy, the reply as
            it came, its request id, tokens, cost and time.
        """
        self._check_params()
        questions = self._question(self._read_offers(offers))
        with self._open_store(must_exist=True) as store:
            return store.trace(questions.digests)

    def build_key(self, text: str) -> ReplyKey:
        """Build the key under which the store keeps the reply to one offer.

        Parameters
        ----------
        text : str
            The offer's text, as `as_offers` gives it.

        Returns
        -------
        ReplyKey
            All that the reply depends on.
        """
        builder = self._make_builder()
        return builder.build_key(builder.prepare(text).text)

    def transform(self, X: Any) -> pd.DataFrame:
        """Give offers the form of the annotated table, with every label unknown.

        Parameters
        ----------
        X : sequence of str, DataFrame or pyarrow.Table of n_offers
            Texts, or a table of offers.

        Returns
        -------
        DataFrame of shape (n_offers, 4 + 3 * n_themes + n_columns)
            The annotated table; nobody was asked, so ``status`` is missing, and no text cut.
        """
        offers = self._read_offers(X)
        return build_annotated(offers, [None] * len(offers), self.taxonomy.codes)

    def submit_batch(self, offers: Any) -> pd.DataFrame:
        """Hand over what the store lacks as batches, at half price, and do not wait.

        Parameters
        ----------
        offers : sequence of str, DataFrame or pyarrow.Table of n_offers
            Texts, or a table of offers.

        Returns
        -------
        DataFrame of shape (n_batches, 9)
            The batches that were submitted now; none when nothing is left to ask.

        Raises
        ------
        BudgetReachedError
            If a batch could exceed ``max_cost_usd``; those before it are submitted.
        BatchError
            If the server refuses a batch.

        See Also
        --------
        collect_batch : Collects the answers, in this process or another, today or tomorrow.
        """
        self._check_params()
        table = self._read_offers(offers)
        with self._open_store() as store:
            store.require_taxonomy(self.taxonomy)
            self._settle_prices(store)
            return self._batching(store).submit(self._question(table))

    def collect_batch(self, *, wait: bool = False) -> pd.DataFrame:
        """Collect the answers of the store's batches that have ended.

        Answers and errors are read alike; what expired or failed is free to be asked again.

        Parameters
        ----------
        wait : bool, default=False
            Whether to wait until all batches have ended.

        Returns
        -------
        DataFrame of shape (n_batches, 9)
            All batches of the store, and what became of them.

        Raises
        ------
        BatchError
            If the server does not know a batch any more.
        """
        self._check_params()
        with self._open_store(must_exist=True) as store:
            return self._batching(store).collect(wait=wait)

    def cancel_batch(self, batch_id: str | None = None) -> pd.DataFrame:
        """Cancel batches; what was answered before is still to be collected.

        Parameters
        ----------
        batch_id : str, optional
            Which one, as in the tables that `submit_batch` gives; by default all.

        Returns
        -------
        DataFrame of shape (n_batches, 9)
            All batches of the store, and what became of them.
        """
        self._check_params()
        with self._open_store(must_exist=True) as store:
            return self._batching(store).cancel(batch_id)

    def _annotate(
        self,
        table: pd.DataFrame,
        store: AnnotationStore,
        *,
        ask: bool = True,
        replay: str = "",
        decide: bool = True,
        warn: bool = True,
    ) -> pd.DataFrame:
        """Ask what is missing, then read every annotation from the store."""
        questions = self._question(table, replay=replay)
        failures, left_out = {}, set[str]()
        if ask:
            self._settle_prices(store)
        if ask and self.mode == "batch":
            failures = self._batching(store).run(questions)
        elif ask:
            failures, left_out = self._ask(questions, store)
        found = questions.read(store, failures)
        annotations = [found.get(text, WITHOUT_TEXT) for text in table["text"]]
        annotated = build_annotated(
            table.assign(**{CUT_COLUMN: table["text"].map(questions.is_cut).astype(bool)}),
            annotations,
            self.taxonomy.codes,
        )
        if warn:
            warn_of_gaps(
                annotations,
                asked=ask,
                n_lost_votes=questions.count_lost_votes(failures),
                n_cut=questions.n_cut,
                left_out=left_out,
                stacklevel=3,
            )
        return apply_decisions(annotated, store) if decide else annotated

    def _ask(self, questions: Questions, store: AnnotationStore) -> tuple[dict[str, str], set[str]]:
        """Ask what is missing; return what failed, by digest, and what the model refuses."""
        jobs = questions.find_jobs(store, max_corrections=self.max_corrections)
        logger.info("%d questions to ask about %d texts", len(jobs), len(questions.offers))
        if not jobs:
            return {}, set()
        asking = self._make_asking(store, questions, n_requests=len(jobs))
        with asking.asker:
            return asking.run(jobs), asking.left_out

    def _read_offers(self, offers: Any) -> pd.DataFrame:
        """Read offers, with room for the mark of those that are cut."""
        table = as_offers(offers, text_columns=self.text_columns)
        table = table.drop(columns=CUT_COLUMN, errors="ignore")
        table.insert(2, CUT_COLUMN, False)
        return table

    def _question(self, table: pd.DataFrame, *, replay: str = "") -> Questions:
        """Build the questions of a table: one a distinct text, and vote."""
        offers: dict[str, str] = {}
        for text, offer_id in zip(table["text"], table["offer_id"], strict=True):
            if text:
                offers.setdefault(text, offer_id)
        return Questions(
            builder=self._make_builder(),
            offers=offers,
            votes=self.votes,
            replay=replay,
        )

    def _make_builder(self) -> RequestBuilder:
        """Make what writes the requests."""
        builder = RequestBuilder(
            model=self.model,
            taxonomy=self.taxonomy,
            response_format=self.response_format,
            request_params=self._settings,
            redact=self.redact,
            max_offer_tokens=self.max_offer_tokens,
        )
        examples = open_examples(
            self.examples,
            self.taxonomy,
            n_examples=self.n_examples,
            prepare=lambda text: builder.prepare(text).text,
        )
        return replace(builder, examples=examples)

    def _make_asking(
        self, store: AnnotationStore, questions: Questions, *, n_requests: int
    ) -> Asking:
        """Make one run, with everything that can be wrong checked before a request leaves."""
        price = self._find_price()
        client = self._open_client(n_requests=n_requests)
        return Asking(
            client=client,
            own_client=self.client is None,
            asker=store.ask(max_cost_usd=self.max_cost_usd),
            builder=questions.builder,
            parse=lambda raw, text: parse_reply(raw, self.taxonomy, text),
            bound=self._make_bound(store, price),
            max_cost_usd=self.max_cost_usd,
            read_spending=store.read_spending,
            api_key_env=self.api_key_env,
            concurrency=self.concurrency,
            requests_per_minute=self.requests_per_minute,
            tokens_per_minute=self.tokens_per_minute,
            timeout_s=float(self.timeout_s),
            max_retries=self.max_retries,
            max_corrections=self.max_corrections,
            progress=self.progress,
            n_usable=sum(bool(a.answers) for a in questions.annotations.values()),
            n_unusable=sum(not a.answers for a in questions.annotations.values()),
            n_done=len(questions.digests) - n_requests,
        )

    def _batching(self, store: AnnotationStore) -> Batching:
        """Make what hands over and collects batches."""
        return Batching(
            store=store,
            server=name_server(self.client, find_base_url(self.base_url)),
            open_client=lambda n_requests: self._open_client(n_requests=n_requests),
            own_client=self.client is None,
            model=self.model,
            bound=self._make_bound(store, self._find_price()),
            max_cost_usd=self.max_cost_usd,
            max_corrections=self.max_corrections,
            api_key_env=self.api_key_env,
            progress=self.progress,
        )

    def _make_bound(self, store: AnnotationStore, price: Price | None) -> CostBound:
        """Make what bounds the cost of a request."""
        schema = build_response_format(self.taxonomy, self.response_format)
        return CostBound(
            price=price,
            n_themes=len(self.taxonomy),
            request_params=self._settings,
            n_static_tokens=approximate_tokens(json.dumps(schema)),
            longest=store.read_completions(self.model).longest_tokens,
        )

    def _settle_prices(self, store: AnnotationStore) -> None:
        """Let a budget count the replies that came when no price was known."""
        price = self._find_price()
        if self.max_cost_usd is None or price is None:
            return

        def compute_cost(reply: StoredReply) -> float | None:
            usage = Usage(
                prompt_tokens=reply.prompt_tokens,
                cached_tokens=reply.cached_tokens,
                completion_tokens=reply.completion_tokens,
            )
            by_batch = reply.batch_id is not None and price.batch_discount is not None
            return price.compute_cost(usage, batch=by_batch)

        n_unpriced = store.price_replies(self.model, compute_cost)
        if n_unpriced:
            warnings.warn(
                f"{n_unpriced} replies in {store.path} have no known price, of other models or "
                f"without a count of tokens: max_cost_usd cannot count them.",
                JocasThemesWarning,
                stacklevel=4,
            )

    @property
    def _settings(self) -> dict[str, Any]:
        """Return the request's further parameters; the openai client knows some by extra_body."""
        params = dict(self.request_params or {})
        return {**params.pop("extra_body", {}), **params}

    def _find_price(self) -> Price | None:
        """Find the price of the model; it must be known where there is a budget."""
        try:
            return find_price(self.model, self.price)
        except UnknownPriceError:
            if self.max_cost_usd is not None:
                raise
            return None

    def _open_client(self, *, n_requests: int) -> Any:
        """Return the client to ask with."""
        if self.client is not None:
            return self.client
        if self._left_client:
            raise TeacherError(
                f"{n_requests} answers are not in the store, and the client was left out when "
                f"this teacher was pickled. Pass it again with set_params(client=...)."
            )
        base_url = find_base_url(self.base_url)
        api_key = read_key(self.api_key_env, base_url, n_requests=n_requests)
        return open_client(api_key=api_key, base_url=base_url)

    @contextmanager
    def _open_store(self, *, must_exist: bool = False) -> Iterator[AnnotationStore]:
        """Open the store, and close it again if it is not the user's."""
        if isinstance(self.store, AnnotationStore):
            yield self.store
            return
        with AnnotationStore(self.store) as store:
            if must_exist and not store.path.exists():
                raise StoreError(
                    f"there is no store {store.path}: nothing was asked yet, or store= names "
                    f"another file. A relative path starts from the working folder."
                )
            yield store

    def _check_params(self) -> None:
        self._validate_params()
        check_server(self.model, self.base_url, self.client, self.api_key_env)
        check_request_params(self.request_params or {}, votes=self.votes)
        if self.price is not None:
            find_price(self.model, self.price)

    def __sklearn_clone__(self) -> Self:
        """Share the client and the store, which scikit-learn would copy."""
        clone = type(self)(**self.get_params(deep=False))
        clone._left_client = self._left_client
        return clone

    def __getstate__(self) -> dict[str, Any]:
        """Leave the client out: it holds the key."""
        state = dict(super().__getstate__())
        if state.get("client") is not None:
            state |= {"client": None, "_left_client": True}
        return state


def _will_reason(request_params: Mapping[str, Any]) -> bool | None:
    """Tell whether the user has the model reason; None where that is left to the model."""
    effort = request_params.get("reasoning_effort")
    return None if effort is None else effort not in {"none", "minimal"}
