"""Self-consistency: several replies to one offer, counted as votes."""

from collections import Counter
from collections.abc import Iterable, Sequence

from jocas_themes.annotations import Annotation, Answer

# From the least bad to the worst. "ok" is not among them: its themes are all known.
_FAULTS = ("invalid", "truncated", "refused", "failed")


def combine_votes(
    annotations: Sequence[Annotation], n_votes: int, codes: Iterable[str]
) -> Annotation:
    r"""Combine several annotations of one offer into one.

    Parameters
    ----------
    annotations : sequence of Annotation
        The votes that came, at most ``n_votes`` of them.
    n_votes : int
        How many votes were asked for, at least 1.
    codes : iterable of str
        The theme codes.

    Returns
    -------
    Annotation
        Of each theme the label that most votes give. Status ``ok`` when every theme is known;
        otherwise that of the least bad vote at fault. One vote out of one is returned as it is.

    Raises
    ------
    ValueError
        If ``n_votes`` is less than 1, or than the number of annotations.

    Notes
    -----
    Let :math:`V` be the votes that know a theme's label, :math:`W \subseteq V` those for the
    winning one, :math:`n` the number of votes asked for and :math:`c_i` the confidence of a vote.
    The combined confidence is the share of the votes times their mean confidence:

    .. math:: c = \frac{|W|}{n} \cdot \frac{1}{|W|} \sum_{i \in W} c_i

    A vote that is lost, refused or not understood thus counts against, as one for the other
    label does. When both labels have as many votes, the one with the larger sum of confidence
    wins; when that is equal too, the theme is unknown. The evidence is that of the most
    confident winning vote. A vote without a confidence counts as a vote, and not in the mean.

    Voting over sampled replies is the self-consistency of Wang et al. (2023), "Self-Consistency
    Improves Chain of Thought Reasoning in Language Models", ICLR.

    Examples
    --------
    Two votes of three, with a mean confidence of 75:

    >>> from jocas_themes.annotations import Annotation, Answer
    >>> votes = [
    ...     Annotation("ok", {"PAY": Answer(1, 90, "28 K€")}),
    ...     Annotation("ok", {"PAY": Answer(0, 80)}),
    ...     Annotation("ok", {"PAY": Answer(1, 60, "primes")}),
    ... ]
    >>> combine_votes(votes, n_votes=3, codes=["PAY"]).answers["PAY"]
    Answer(label=1, confidence=50.0, evidence='28 K€')
    """
    if n_votes < max(len(annotations), 1):
        raise ValueError(
            f"n_votes must be at least 1, and at least the {len(annotations)} votes that came, "
            f"got {n_votes!r}. Pass the number of votes that were asked for."
        )
    if n_votes == len(annotations) == 1:
        return annotations[0]
    answers: dict[str, Answer] = {}
    reasons = _describe_lost(annotations, n_votes)
    for code in codes:
        votes = [vote.answers[code] for vote in annotations if code in vote.answers]
        known = [answer for answer in votes if answer.label is not None]
        if known:
            answers[code] = _combine_answers(known, n_votes)
        else:
            answers[code] = max(votes, key=_weigh, default=Answer(None))
        if answers[code].label is None:
            reasons.append(f"{code}: {'the votes are tied' if known else 'no usable vote'}")
    if all(answer.label is not None for answer in answers.values()):
        return Annotation("ok", answers, "; ".join(reasons))
    if not annotations:
        return Annotation("failed", answers, "; ".join(reasons))
    faulty = [vote.status for vote in annotations if vote.status != "ok"]
    # Votes that are all in order, and tied, are no answer either.
    status = min(faulty, key=_FAULTS.index) if faulty else "invalid"
    return Annotation(status, answers, "; ".join(reasons))


def _combine_answers(known: list[Answer], n_votes: int) -> Answer:
    """Combine the answers to one theme, whose labels are known."""
    sides = [[answer for answer in known if answer.label == label] for label in (0, 1)]
    absent, present = ((len(side), sum(map(_weigh, side))) for side in sides)
    if absent == present:
        return Answer(None)
    winners = sides[present > absent]
    sure = [answer.confidence for answer in winners if answer.confidence is not None]
    confidence = len(winners) / n_votes * (sum(sure) / len(sure)) if sure else None
    return Answer(winners[0].label, confidence, max(winners, key=_weigh).evidence)


def _weigh(answer: Answer) -> float:
    return answer.confidence or 0.0


def _describe_lost(annotations: Sequence[Annotation], n_votes: int) -> list[str]:
    """Say which votes tell nothing at all, and why, in one reason or none."""
    lost = [
        vote
        for vote in annotations
        if all(answer.label is None for answer in vote.answers.values())
    ]
    counts = Counter(vote.status for vote in lost)
    n_missing = n_votes - len(annotations)
    if n_missing:
        counts["failed"] += n_missing
    if not counts:
        return []
    named = ", ".join(f"{count} {status}" for status, count in counts.most_common())
    first = next((f", the first: {vote.detail}" for vote in lost if vote.detail), "")
    return [f"{counts.total()} of {n_votes} votes unusable ({named}{first})"]
