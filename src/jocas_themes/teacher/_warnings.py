"""What the user is told after a run: what is unknown, why, and what to do."""

import warnings
from collections import Counter
from collections.abc import Collection, Sequence

from jocas_themes.annotations import Annotation
from jocas_themes.errors import JocasThemesWarning

WITHOUT_TEXT = Annotation("failed", detail="the offer has no text")


def warn_of_gaps(
    annotations: Sequence[Annotation],
    *,
    asked: bool,
    n_lost_votes: int,
    n_cut: int,
    left_out: Collection[str],
    stacklevel: int,
) -> None:
    """Warn of replies at fault, of offers without an answer, of what was cut or left out."""
    for message in (
        _describe_faulty(annotations),
        _describe_failed(
            [a for a in annotations if a.status == "failed" and a != WITHOUT_TEXT], asked=asked
        ),
        _describe_lost_votes(n_lost_votes),
        _describe_without_text(annotations.count(WITHOUT_TEXT)),
        _describe_cut(n_cut),
        _describe_left_out(left_out),
    ):
        if message:
            warnings.warn(message, JocasThemesWarning, stacklevel=stacklevel + 1)


def _describe_faulty(annotations: Sequence[Annotation]) -> str:
    faulty = [a for a in annotations if a.status not in {"ok", "failed"}]
    if not faulty:
        return ""
    counts = Counter(a.status for a in faulty)
    named = ", ".join(f"{count} {status}" for status, count in counts.most_common())
    return (
        f"{len(faulty)} of {len(annotations)} replies are at fault ({named}), the first: "
        f"{faulty[0].detail}. What they leave unknown goes to review; they are paid for, "
        f"and not asked again unless the model, the taxonomy or the parameters change."
    )


def _describe_failed(failed: Sequence[Annotation], *, asked: bool) -> str:
    if not failed:
        return ""
    if not asked:
        return (
            f"{len(failed)} offers have no answer in the store and stay unknown (status "
            f"'failed'). Annotate them to have them asked."
        )
    return (
        f"{len(failed)} offers got no answer and stay unknown (status 'failed'), "
        f"the first: {failed[0].detail}. Run again to ask them alone."
    )


def _describe_lost_votes(n_votes: int) -> str:
    if not n_votes:
        return ""
    return (
        f"{n_votes} votes got no answer: their offers are less sure than they could be. Run again "
        f"to ask these alone."
    )


def _describe_without_text(n_offers: int) -> str:
    if not n_offers:
        return ""
    return f"{n_offers} offers have no text: they are not sent, and stay unknown (status 'failed')."


def _describe_cut(n_texts: int) -> str:
    if not n_texts:
        return ""
    return (
        f"{n_texts} texts are longer than max_offer_tokens and were sent in part: what their end "
        f"says is not known. They are marked in the column 'text_cut'; raise max_offer_tokens to "
        f"send more."
    )


def _describe_left_out(names: Collection[str]) -> str:
    if not names:
        return ""
    return (
        f"the model refuses {sorted(names)!r}: the requests went without. Take them out of "
        f"request_params, or choose a model that knows them."
    )
