"""A second chance for a reply at fault: the model is told what was wrong, once."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from jocas_themes.annotations import Annotation, StoredReply
from jocas_themes.taxonomy import Taxonomy
from jocas_themes.teacher.reply._reply import NotACompletionError, parse_reply

# A model that ran on until its limit is not shown all that it wrote.
_MAX_SHOWN = 4_000

_REQUESTS = {
    "refused": "You did not answer. The offer is a public job advertisement, and only its text "
    "is to be annotated.",
    "truncated": "Your answer was cut before its end: be brief, and quote the shortest evidence.",
    "invalid": "Your answer cannot be used: {detail}.",
}
_AGAIN = (
    "Answer again, for all the themes, with the one JSON object that was described and nothing "
    "else. Evidence is copied from the offer character for character."
)


def build_correction(raw: str, annotation: Annotation) -> list[dict[str, str]]:
    """Build the messages that follow a reply at fault.

    Parameters
    ----------
    raw : str
        The body of the reply.
    annotation : Annotation
        What was read in it, with a status other than ``ok``.

    Returns
    -------
    list of dict
        The model's own words, where there are any, and what is wrong with them.
    """
    told = _REQUESTS[annotation.status].format(detail=annotation.detail)
    messages = [{"role": "user", "content": f"{told} {_AGAIN}"}]
    content = _read_content(raw)
    if content:
        messages.insert(0, {"role": "assistant", "content": content[:_MAX_SHOWN]})
    return messages


def read_best(
    replies: Iterable[StoredReply], taxonomy: Taxonomy, sent: str
) -> tuple[StoredReply, Annotation] | None:
    """Read all replies to one question, and return the best one with its annotation.

    Parameters
    ----------
    replies : iterable of StoredReply
        In order of arrival.
    taxonomy : Taxonomy
        The themes that were asked for.
    sent : str
        The offer's text, as it was sent.

    Returns
    -------
    (StoredReply, Annotation) or None
        The reply that leaves the fewest themes unknown, the first of equals; None without any.
    """
    best: tuple[StoredReply, Annotation] | None = None
    for reply in replies:
        annotation = _read(reply.raw, taxonomy, sent)
        if best is None or _rank(annotation) > _rank(best[1]):
            best = reply, annotation
    return best


def _rank(annotation: Annotation) -> tuple[bool, int]:
    known = [answer for answer in annotation.answers.values() if answer.label is not None]
    return annotation.status == "ok", len(known)


def _read(raw: str, taxonomy: Taxonomy, sent: str) -> Annotation:
    try:
        return parse_reply(raw, taxonomy, sent)
    except NotACompletionError as error:  # only in a store that something else filled
        return Annotation("invalid", detail=str(error))


def _read_content(raw: str) -> str:
    """Return the words of a reply that holds any."""
    try:
        content: Any = json.loads(raw)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    # A lone surrogate, which a model may write, cannot be sent.
    return content.encode(errors="replace").decode().strip() if isinstance(content, str) else ""


def count_attempts(replies: Sequence[StoredReply]) -> int:
    """Return the number of the next attempt."""
    return 1 + max((reply.attempt for reply in replies), default=-1)
