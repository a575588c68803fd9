import pickle
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.workers import make_key
from jocas_themes.annotations import ReplyKey, StoredReply

# Few different values, so that equal parts and shifted borders are drawn often.
STRINGS = st.text("ab", max_size=3)
SCALARS = st.sampled_from([None, True, 1, 0, 0.5, "1", "a", [], [1], {"a": 1}])
KEYS = st.builds(
    ReplyKey,
    text=STRINGS,
    model=STRINGS,
    prompt_version=STRINGS,
    taxonomy_fingerprint=STRINGS,
    parameters=st.dictionaries(STRINGS, SCALARS, max_size=2),
    vote=st.integers(0, 2),
    replay=STRINGS,
)


def list_parts(key: ReplyKey) -> list[Any]:
    parameters = sorted((name, repr(value)) for name, value in key.parameters.items())
    first = [key.text, key.model, key.prompt_version, key.taxonomy_fingerprint]
    return [*first, parameters, key.vote, key.replay]


class TestReplyKey:
    @settings(deadline=None, max_examples=300)
    @given(one=KEYS, other=KEYS)
    def test_digests_are_equal_if_and_only_if_all_parts_are(
        self, one: ReplyKey, other: ReplyKey
    ) -> None:
        assert (one.digest == other.digest) == (list_parts(one) == list_parts(other))

    @settings(deadline=None, max_examples=100)
    @given(
        part=st.sampled_from(["text", "model", "prompt_version", "taxonomy_fingerprint", "replay"]),
        one=st.text(st.characters(), max_size=5),
        other=st.text(st.characters(), max_size=5),
    )
    def test_any_change_of_one_part_changes_the_digest(
        self, part: str, one: str, other: str
    ) -> None:
        same = make_key(**{part: one}).digest == make_key(**{part: other}).digest
        assert same == (one == other) or _are_surrogate_pairs(one, other)

    def test_the_order_of_the_parameters_does_not_matter(self) -> None:
        one = make_key(parameters={"temperature": 0, "seed": {"a": 1, "b": 2}})
        other = make_key(parameters={"seed": {"b": 2, "a": 1}, "temperature": 0})
        assert one.digest == other.digest

    @pytest.mark.parametrize("other", [{"n": 0}, {"n": "1"}, {"n": True}, {"m": 1}, {}, {"n": [1]}])
    def test_each_parameter_matters(self, other: dict[str, Any]) -> None:
        assert make_key(parameters={"n": 1}).digest != make_key(parameters=other).digest

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ({"n": 0}, {"n": 0.0}),
            ({"n": 0}, {"n": -0.0}),
            ({"n": [1, {"a": 2}]}, {"n": (1.0, {"a": 2.0})}),
            ({"n": 10**20}, {"n": 1e20}),
        ],
    )
    def test_a_whole_number_is_the_same_however_it_is_written(
        self, one: dict[str, Any], other: dict[str, Any]
    ) -> None:
        assert make_key(parameters=one).digest == make_key(parameters=other).digest
        assert (
            make_key(parameters=one).parameters_json == make_key(parameters=other).parameters_json
        )

    @pytest.mark.parametrize("other", [False, 0.1, 1e-300, float("nan"), float("inf"), "0", None])
    def test_what_only_looks_like_zero_is_not(self, other: object) -> None:
        assert make_key(parameters={"n": 0}).digest != make_key(parameters={"n": other}).digest

    @settings(deadline=None, max_examples=100)
    @given(key=KEYS)
    def test_each_vote_and_each_replay_has_its_own(self, key: ReplyKey) -> None:
        keys = [
            replace(key, vote=vote, replay=replay) for vote in (0, 1, 2) for replay in ("", "a")
        ]
        assert len({each.digest for each in keys}) == 6

    def test_is_the_same_in_every_version(self) -> None:
        # Worked out outside the package. Should it change, every stored reply is lost:
        # sha256('["Cariste", "m", "1", "f", "{\\"temperature\\": 0}"]')
        digest = make_key(parameters={"temperature": 0}).digest
        assert digest == "f44980117efc96b1fe93f0437af5b4b490ec099bae7a378dabbb591b1a0c6735"

    def test_a_first_answer_is_found_in_stores_that_knew_no_votes(self) -> None:
        # As it stands in store_format_1.sqlite, written before keys had votes and replays.
        key = ReplyKey(
            text="Cariste, avec prime",
            model="m",
            prompt_version="1",
            taxonomy_fingerprint="2e35b79034765d58",
            parameters={"temperature": 0.0, "response_format": "json_schema"},
            vote=0,
            replay="",
        )
        assert key.digest == "ef2519298092052600e611297ecf1c1c77a70fe0d7a59da0fab71c95589f3fb9"


def _are_surrogate_pairs(one: str, other: str) -> bool:
    """Two lone surrogates may spell one character; clean texts hold none."""
    return one.encode("utf-16", "surrogatepass") == other.encode("utf-16", "surrogatepass")


def test_keys_and_replies_can_be_pickled() -> None:
    reply = StoredReply(raw="{}", status="ok", cost_usd=0.5)
    for thing in (make_key(parameters={"a": [1]}, vote=1, replay="r"), reply):
        assert pickle.loads(pickle.dumps(thing)) == thing
