"""The questions that a table of offers asks, and what the store knows of each."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from jocas_themes.annotations import Annotation, AnnotationStore, ReplyKey, StoredReply
from jocas_themes.teacher.asking import Job
from jocas_themes.teacher.prompt import OutgoingText, RequestBuilder
from jocas_themes.teacher.reply import combine_votes, count_attempts, read_best

# Replies in memory at once: their bodies are much larger than what is read in them.
_CHUNK = 500


@dataclass(kw_only=True)
class Questions:
    """Each distinct text of some offers, asked as often as there are votes.

    Parameters
    ----------
    builder : RequestBuilder
        How one asks.
    offers : mapping of str to str
        The id of the first offer that has it, by text.
    votes : int
        How many independent answers each text is to have.
    replay : str
        Name of the round; empty for the answers themselves.
    """

    builder: RequestBuilder
    offers: Mapping[str, str]
    votes: int = 1
    replay: str = ""
    # One for each question: two offers may be the same once they are redacted.
    offer_ids: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, Annotation] = field(default_factory=dict)
    _sent: dict[str, OutgoingText] = field(default_factory=dict)
    _digests: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for text, offer_id in self.offers.items():
            self._sent[text] = sent = self.builder.prepare(text)
            self._digests[text] = tuple(
                self._build_key(sent.text, vote).digest for vote in range(self.votes)
            )
            for digest in self._digests[text]:
                self.offer_ids.setdefault(digest, offer_id)

    @property
    def digests(self) -> tuple[str, ...]:
        """Return the digests of all questions."""
        return tuple(self.offer_ids)

    @property
    def n_cut(self) -> int:
        """Return how many texts are sent in part."""
        return sum(sent.is_cut for sent in self._sent.values())

    def is_cut(self, text: str) -> bool:
        """Tell whether a text is sent in part."""
        return text in self._sent and self._sent[text].is_cut

    def count_settled(self, jobs: Iterable[Job]) -> int:
        """Count the texts about which nothing is left to ask."""
        asked = {job.digest for job in jobs}
        return sum(asked.isdisjoint(digests) for digests in self._digests.values())

    def count_lost_votes(self, failures: Collection[str]) -> int:
        """Return how many of those that failed have another vote on the same text."""
        return sum(
            digest in failures
            for digests in self._digests.values()
            if any(digest in self.annotations for digest in digests)
            for digest in digests
        )

    def find_jobs(self, store: AnnotationStore, *, max_corrections: int) -> deque[Job]:
        """Read what the store holds; return what is left to ask."""
        jobs: dict[str, Job] = {}
        for chunk in _iter_chunks(self.offers):
            replies = store.get(digest for text in chunk for digest in self._digests[text])
            for text in chunk:
                sent = self._sent[text].text
                for vote, digest in enumerate(self._digests[text]):
                    annotation, last = self._read(replies.get(digest, ()), sent, digest)
                    if digest in jobs or (annotation and annotation.status == "ok"):
                        continue
                    job = Job(
                        key=self._build_key(sent, vote),
                        digest=digest,
                        offer_id=self.offer_ids[digest],
                    )
                    n_attempts = count_attempts(replies.get(digest, ()))
                    if last is not None and annotation is not None:
                        if n_attempts > max_corrections:
                            continue
                        job = job.correct(last.raw, annotation, attempt=n_attempts)
                    jobs[digest] = job
        return deque(jobs.values())

    def read(self, store: AnnotationStore, failures: Mapping[str, str]) -> dict[str, Annotation]:
        """Read every answer, the new ones from the store; return the annotations by text."""
        found: dict[str, Annotation] = {}
        for chunk in _iter_chunks(self.offers):
            wanted = [
                digest
                for text in chunk
                for digest in self._digests[text]
                if digest not in self.annotations or self.annotations[digest].status != "ok"
            ]
            replies = store.get(wanted)
            for text in chunk:
                for digest in self._digests[text]:
                    self._read(replies.get(digest, ()), self._sent[text].text, digest)
                found[text] = self._conclude(text, failures)
        return found

    def _build_key(self, sent: str, vote: int) -> ReplyKey:
        return self.builder.build_key(sent, vote=vote, replay=self.replay)

    def _read(
        self, replies: Sequence[StoredReply], sent: str, digest: str
    ) -> tuple[Annotation | None, StoredReply | None]:
        """Read the best reply to one question; return its annotation, and that reply."""
        best = read_best(replies, self.builder.taxonomy, sent)
        if best is None:
            return self.annotations.get(digest), None
        self.annotations[digest] = best[1]
        return best[1], best[0]

    def _conclude(self, text: str, failures: Mapping[str, str]) -> Annotation:
        """Make one annotation of the votes on a text, its evidence as the offer has it."""
        digests = self._digests[text]
        votes = [self.annotations[digest] for digest in digests if digest in self.annotations]
        if not votes:
            reasons = [failures[digest] for digest in digests if digest in failures]
            return Annotation("failed", detail=reasons[0] if reasons else "it was not asked")
        annotation = combine_votes(votes, self.votes, self.builder.taxonomy.codes)
        restore = self._sent[text].restore
        if self._sent[text].text == text:
            return annotation
        answers = {
            code: replace(answer, evidence=restore(answer.evidence))
            if answer.label == 1 and answer.evidence
            else answer
            for code, answer in annotation.answers.items()
        }
        return replace(annotation, answers=answers)


def _iter_chunks(texts: Mapping[str, str]) -> Iterator[list[str]]:
    remaining = iter(texts)
    while chunk := list(islice(remaining, _CHUNK)):
        yield chunk
