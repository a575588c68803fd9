"""Votes are counted as they were cast; what is lost counts against, and never as "absent"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.annotations import STATUSES, Annotation, Answer
from jocas_themes.teacher.reply._votes import combine_votes

_YES_90 = Answer(1, 90, "prime")
_YES_60 = Answer(1, 60, "primes")
_NO_80 = Answer(0, 80)
_UNKNOWN = Answer(None, 70, "pas dans l'offre")


def _vote(*answers, status="ok", detail=""):
    codes = ("A", "B")
    return Annotation(status, dict(zip(codes, answers, strict=False)), detail)


def _combine(*answers, n_votes=None):
    votes = [_vote(answer) for answer in answers]
    return combine_votes(votes, n_votes or len(votes), ["A"])


@pytest.mark.parametrize(
    ("answers", "n_votes", "combined"),
    [
        # 2/3 x (90 + 60) / 2 = 50.
        ([_YES_90, _NO_80, _YES_60], 3, Answer(1, 50.0, "prime")),
        ([_YES_60, _NO_80, _YES_90], 3, Answer(1, 50.0, "prime")),
        # 3/3 x 80, all of one mind.
        ([_NO_80, _NO_80, _NO_80], 3, Answer(0, 80.0)),
        # 2/3 x 80: the third vote never came.
        ([_NO_80, _NO_80], 3, Answer(0, pytest.approx(160 / 3))),
        # 1/3 x 90.
        ([_YES_90], 3, Answer(1, 30.0, "prime")),
        # A tie: 90 is more than 80; 1/2 x 90 = 45.
        ([_YES_90, _NO_80], 2, Answer(1, 45.0, "prime")),
        # A tie: 60 is less than 80; 1/2 x 80 = 40.
        ([_YES_60, _NO_80], 2, Answer(0, 40.0)),
        # A tie to the end: 90 + 60 = 80 + 70.
        ([_YES_90, _NO_80, _YES_60, Answer(0, 70)], 4, Answer(None)),
        # An unknown label is no vote: 1/2 x 80.
        ([_UNKNOWN, _NO_80], 2, Answer(0, 40.0)),
        ([_UNKNOWN, _UNKNOWN], 2, _UNKNOWN),
        # 3/3 x (90 + 60) / 2 = 75: no confidence is not a confidence of 0.
        ([_YES_90, Answer(1), _YES_60], 3, Answer(1, 75.0, "prime")),
        ([Answer(1, None, "prime"), Answer(1)], 2, Answer(1, None, "prime")),
    ],
)
def test_one_theme(answers, n_votes, combined):
    assert _combine(*answers, n_votes=n_votes).answers == {"A": combined}


@pytest.mark.parametrize(
    "vote",
    [
        _vote(_YES_90, _NO_80),
        _vote(_UNKNOWN, _NO_80, status="invalid", detail="A: evidence not in the offer"),
        Annotation("refused", detail="content filter"),
    ],
)
def test_one_vote_is_returned_as_it_is(vote):
    assert combine_votes([vote], 1, ["A", "B"]) == vote


_REFUSED = Annotation("refused", detail="content filter")
_TRUNCATED = Annotation("truncated", detail="the reply was cut at its token limit")
_FAILED = Annotation("failed", detail="timed out")
_PART = _vote(_UNKNOWN, _NO_80, status="invalid", detail="A: evidence not in the offer")
_GOOD = _vote(_YES_90, _NO_80)


@pytest.mark.parametrize(
    ("votes", "n_votes", "status", "detail"),
    [
        ([_GOOD, _GOOD, _GOOD], 3, "ok", ""),
        # Every theme is known: what was lost lowers the confidence.
        (
            [_GOOD, _REFUSED],
            3,
            "ok",
            "2 of 3 votes unusable (1 refused, 1 failed, the first: content filter)",
        ),
        ([_GOOD, _PART, _PART], 3, "ok", ""),
        ([_PART, _PART], 2, "invalid", "A: no usable vote"),
        (
            [_REFUSED, _TRUNCATED],
            2,
            "truncated",
            "2 of 2 votes unusable (1 refused, 1 truncated, the first: content filter); "
            "A: no usable vote; B: no usable vote",
        ),
        (
            [_FAILED, _REFUSED, _PART],
            3,
            "invalid",
            "2 of 3 votes unusable (1 failed, 1 refused, the first: timed out); A: no usable vote",
        ),
        (
            [],
            2,
            "failed",
            "2 of 2 votes unusable (2 failed); A: no usable vote; B: no usable vote",
        ),
        # All is in order, and nothing is known.
        ([_GOOD, _vote(Answer(0, 90), _NO_80)], 2, "invalid", "A: the votes are tied"),
    ],
)
def test_status_and_detail(votes, n_votes, status, detail):
    combined = combine_votes(votes, n_votes, ["A", "B"])
    assert (combined.status, combined.detail) == (status, detail)
    assert list(combined.answers) == ["A", "B"]


@pytest.mark.parametrize(("votes", "n_votes"), [([_GOOD, _GOOD], 1), ([], 0), ([_GOOD], -1)])
def test_more_votes_than_were_asked_for_are_refused(votes, n_votes):
    with pytest.raises(ValueError, match=f"n_votes must be at least 1.*got {n_votes}"):
        combine_votes(votes, n_votes, ["A"])


_answers = st.builds(Answer, st.sampled_from([0, 1, None]), st.none() | st.integers(0, 100))
_votes = st.lists(
    st.builds(
        Annotation,
        st.sampled_from(STATUSES),
        st.dictionaries(st.sampled_from(["A", "B"]), _answers),
    ),
    max_size=5,
)


@given(_votes, st.integers(2, 6), st.randoms())
def test_nothing_is_made_up(votes, n_votes, random):
    n_votes = max(n_votes, len(votes))
    combined = combine_votes(votes, n_votes, ["A", "B"])
    assert (combined.status == "ok") == all(a.label is not None for a in combined.answers.values())
    for code, answer in combined.answers.items():
        cast = [vote.answers[code] for vote in votes if code in vote.answers]
        if answer.label is not None:
            assert answer.label in [vote.label for vote in cast]
        sure = [vote.confidence or 0 for vote in cast]
        assert 0 <= (answer.confidence or 0) <= max(sure, default=0) + 1e-9
    # The order in which votes arrive decides nothing but which words are quoted.
    shuffled = combine_votes(random.sample(votes, len(votes)), n_votes, ["A", "B"])
    assert shuffled.status == combined.status
    for code, answer in combined.answers.items():
        other = shuffled.answers[code]
        assert other.label == answer.label
        if answer.label is not None:
            assert other.confidence == pytest.approx(answer.confidence)
