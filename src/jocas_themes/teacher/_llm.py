"""`LLMTeacher`: a large language model annotates offers, each one once."""

import json
import logging
import re
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar, Self

import pandas as pd
from sklearn.utils._param_validation import Interval, StrOptions

from jocas_themes.annotations import (
    Annotation,
    AnnotationStore,
    ReplyKey,
    StoredReply,
    build_annotated,
)
from jocas_themes.errors import JocasThemesWarning, TeacherError
from jocas_themes.offers import as_offers
from jocas_themes.taxonomy import HR_THEMES, Taxonomy
from jocas_themes.teacher._base import BaseTeacher
from jocas_themes.teacher.asking._asking import Asking
from jocas_themes.teacher.asking._client import check_base_url, find_base_url, open_client, read_key
from jocas_themes.teacher.prompt._prompt import PROMPT_VERSION, build_request
from jocas_themes.teacher.reply._reply import NotACompletionError, parse_reply

logger = logging.getLogger(__name__)

# What would carry a key into the store or a repr.
_SECRET_NAME = re.compile(r"api[-_]?key|authorization|password|secret", re.IGNORECASE)
# What the teacher sets itself, and headers, for the same reason.
_RESERVED_PARAMETERS = frozenset(
    {"model", "messages", "response_format", "stream", "n", "api_key", "timeout"}
    | {"extra_headers", "extra_query"}
)


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
    concurrency : int, default=8
        How many requests may be under way at once.
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
    max_retries : int, default=5
        How often a request is repeated after a passing fault, with growing pauses.
    progress : bool, default=True
        Whether to show a progress bar.

    See Also
    --------
    LexiconTeacher : A baseline that asks nobody.
    ConfidenceFilter : The next step: what is sure enough to learn from.

    Notes
    -----
    ``fit_transform`` (a Pipeline's ``fit``) asks; ``transform`` (a Pipeline's ``predict``)
    never does, and leaves the labels unknown.

    ``status`` tells how each reply was understood. ``ok``: every theme has a valid answer.
    ``refused``, ``truncated``: the model did not answer, or not to the end. ``invalid``: the
    reply breaks the schema, in which case all its themes are unknown, or the evidence of some
    themes is not in the offer, in which case those are unknown and the others are kept.
    ``failed``: no reply came, or the offer has no text; such offers are asked again by the next
    run, all others are not. No reply that is at fault is ever read as "no theme".

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
        "concurrency": [Interval(Integral, 1, None, closed="left")],
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
        concurrency: int = 8,
        request_params: Mapping[str, Any] | None = None,
        response_format: str = "json_schema",
        text_columns: Sequence[str] | None = None,
        timeout_s: float = 120,
        max_retries: int = 5,
        progress: bool = True,
    ) -> None:
        self.model = model
        self.client = client
        self.base_url = base_url
        self.api_key_env = api_key_env
        self.taxonomy = taxonomy
        self.store = store
        self.concurrency = concurrency
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
        DataFrame of shape (n_offers, 3 + 3 * n_themes + n_columns)
            ``offer_id``, ``text``, for each theme ``CODE``, ``CODE_confidence`` and
            ``CODE_evidence``, ``status``, then the offers' own columns.

        Raises
        ------
        ValueError
            If a parameter, or the table of offers, is not valid.
        MissingKeyError
            If something must be asked and the environment holds no key.
        TeacherAuthError
            If the server refuses the key, or the account cannot pay.
        TeacherUnavailableError
            If there is no answer to any of the offers, or the server fails many requests in a
            row, or does not know the model.
        TeacherError
            If the first replies are all unusable, or if something else stops the asking.
        StoreError
            If the store cannot be used, or holds answers of another taxonomy.
        """
        self._check_params()
        table = as_offers(offers, text_columns=self.text_columns)
        store = self.store if isinstance(self.store, AnnotationStore) else None
        opened = AnnotationStore(self.store) if store is None else store  # type: ignore[arg-type]
        try:
            return build_annotated(table, self._annotate(table, opened), self.taxonomy.codes)
        finally:
            if store is None:
                opened.close()

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
        return ReplyKey(
            text=text,
            model=self.model,
            prompt_version=PROMPT_VERSION,
            taxonomy_fingerprint=self.taxonomy.fingerprint,
            parameters={"response_format": self.response_format, **(self.request_params or {})},
        )

    def _annotate(self, table: pd.DataFrame, store: AnnotationStore) -> list[Annotation]:
        """Ask what is missing, then read every annotation from the store."""
        store.require_taxonomy(self.taxonomy)
        keys = [self.build_key(text) if text else None for text in table["text"]]
        digests = [key.digest if key else "" for key in keys]
        known = store.get(digests)
        todo = {
            digest: (key, offer_id)
            for digest, key, offer_id in zip(digests, keys, table["offer_id"], strict=True)
            if key and digest not in known
        }
        failures: dict[str, str] = {}
        if todo:
            with store.asking():
                # Another fold or process may have asked while this one waited.
                known |= store.get(todo)
                todo = {digest: job for digest, job in todo.items() if digest not in known}
                logger.info("%d of %d offers must be asked", len(todo), len(table))
                failures = self._ask(todo, store, n_known=len(known)) if todo else {}
            known |= store.get(todo)
        annotations = [
            self._read(known.get(digest), text, failures.get(digest, "the offer has no text"))
            for digest, text in zip(digests, table["text"], strict=True)
        ]
        self._warn(annotations, failures, n_without_text=digests.count(""))
        return annotations

    def _ask(
        self,
        todo: dict[str, tuple[ReplyKey, str]],
        store: AnnotationStore,
        *,
        n_known: int,
    ) -> dict[str, str]:
        """Ask the model; return what failed, by digest."""
        client = self.client
        if client is None:
            if self._left_client:
                raise TeacherError(
                    f"{len(todo)} offers are not in the store, and the client was left out when "
                    f"this teacher was pickled. Pass it again with set_params(client=...)."
                )
            base_url = find_base_url(self.base_url)
            client = open_client(
                api_key=read_key(self.api_key_env, base_url, n_requests=len(todo)),
                base_url=base_url,
                timeout_s=float(self.timeout_s),
                max_retries=int(self.max_retries),
            )
        return Asking(
            client=client,
            own_client=self.client is None,
            store=store,
            build_request=lambda text: build_request(
                self.taxonomy,
                text,
                model=self.model,
                response_format=self.response_format,
                request_params=self.request_params,
            ),
            parse=lambda raw, text: parse_reply(raw, self.taxonomy, text),
            model=self.model,
            api_key_env=self.api_key_env,
            concurrency=self.concurrency,
            progress=self.progress,
            n_known=n_known,
        ).run(todo)

    def _read(self, reply: StoredReply | None, text: str, failure: str) -> Annotation:
        """Read a stored reply again, so that an improved reader serves old replies too."""
        if reply is None:
            return Annotation("failed", detail=failure)
        try:
            return parse_reply(reply.raw, self.taxonomy, text)
        except NotACompletionError as error:  # only in a store that something else filled
            return Annotation("invalid", detail=str(error))

    def _check_params(self) -> None:
        self._validate_params()
        if not self.model.strip():
            raise ValueError("model must be the name of a model, got an empty string.")
        if self.base_url is not None:
            check_base_url(self.base_url)
        if self.client is not None and not hasattr(self.client, "chat"):
            raise ValueError(
                f"client must be an openai.OpenAI or openai.AsyncOpenAI, got a "
                f"{type(self.client).__name__}."
            )
        if not re.fullmatch(r"\w+", self.api_key_env):
            raise ValueError(
                "api_key_env must be the name of an environment variable (letters, digits and "
                "underscores), never the key itself."
            )
        reserved = sorted(_RESERVED_PARAMETERS & set(self.request_params or {}))
        if reserved:
            raise ValueError(
                f"request_params may not hold {reserved!r}: the teacher sets them itself, or "
                f"they could carry a key."
            )
        try:
            written = json.dumps(dict(self.request_params or {}), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"request_params must hold JSON values only: {error}.") from error
        if _SECRET_NAME.search(written):
            raise ValueError(
                "request_params seem to hold a key, which would show in every repr. Put it into "
                "an environment variable, and name that with api_key_env=."
            )

    def _warn(
        self, annotations: list[Annotation], failures: dict[str, str], *, n_without_text: int
    ) -> None:
        """Say what is unknown, why, and what to do."""
        faulty = [a for a in annotations if a.status not in {"ok", "failed"}]
        if faulty:
            counts = Counter(a.status for a in faulty)
            named = ", ".join(f"{count} {status}" for status, count in counts.most_common())
            warnings.warn(
                f"{len(faulty)} of {len(annotations)} replies are at fault ({named}), the first: "
                f"{faulty[0].detail}. What they leave unknown goes to review; they are paid for, "
                f"and not asked again unless the model, the taxonomy or the parameters change.",
                JocasThemesWarning,
                stacklevel=4,
            )
        if failures:
            warnings.warn(
                f"{len(failures)} offers got no answer and stay unknown (status 'failed'), "
                f"the first: {next(iter(failures.values()))}. Run again to ask them alone.",
                JocasThemesWarning,
                stacklevel=4,
            )
        if n_without_text:
            warnings.warn(
                f"{n_without_text} offers have no text: they are not sent, and stay unknown "
                f"(status 'failed').",
                JocasThemesWarning,
                stacklevel=4,
            )

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
