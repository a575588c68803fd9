"""The most that a request can cost: never less than it does cost, where a limit is stated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashier import PRICE
from jocas_themes.teacher.cost import CostBound, Usage, approximate_tokens, find_price

_PRICE = find_price("any", PRICE)  # $0.001 a token in, $0.004 a token out
_MESSAGES = [
    {"role": "system", "content": "Annotate."},
    {"role": "user", "content": "Une prime de fin d'année."},
]


def bound(**changes):
    return CostBound(**({"price": _PRICE, "n_themes": 2, "request_params": {}} | changes))


class TestCount:
    def test_adds_up_the_messages_and_what_is_sent_with_each(self):
        counted = sum(4 + approximate_tokens(message["content"]) for message in _MESSAGES)
        assert bound().count(_MESSAGES) == counted
        assert bound(n_static_tokens=300).count(_MESSAGES) == counted + 300
        assert bound().count([]) == 0


class TestBound:
    @pytest.mark.parametrize(
        ("params", "most"),
        [
            ({"max_completion_tokens": 50}, 50),
            ({"max_tokens": 50}, 50),
            ({"max_completion_tokens": 50, "max_tokens": 900}, 900),
            # 2 themes of 100
            ({}, 200),
            ({"max_completion_tokens": None}, 200),
        ],
    )
    def test_is_the_prompt_half_as_long_again_and_the_longest_reply(self, params, most):
        # 1,000 tokens of the prompt: $1.50
        assert bound(request_params=params).compute(1_000) == pytest.approx(1.5 + 0.004 * most)

    def test_allows_for_reasoning_where_the_model_does(self):
        price = find_price("any", PRICE | {"reasoning": True})
        assert bound(price=price).compute(0) == pytest.approx(0.004 * 8_200)

    def test_of_no_known_price_is_nothing(self):
        assert bound(price=None).compute(10**6) == 0

    def test_grows_with_the_longest_reply(self):
        learning = bound(longest=160)
        assert learning.compute(0) == pytest.approx(0.004 * 200)
        learning.learn(Usage(prompt_tokens=10, completion_tokens=400))
        # a quarter more than the longest
        assert learning.compute(0) == pytest.approx(0.004 * 500)
        learning.learn(Usage(prompt_tokens=10, completion_tokens=100))
        learning.learn(Usage())
        assert learning.compute(0) == pytest.approx(0.004 * 500)

    def test_does_not_grow_beyond_a_limit_that_is_stated(self):
        limited = bound(request_params={"max_completion_tokens": 50}, longest=9_000)
        limited.learn(Usage(completion_tokens=90_000))
        assert limited.compute(0) == pytest.approx(0.004 * 50)

    @given(
        counted=st.integers(0, 10**6),
        share=st.floats(0, 1.5),
        cached=st.floats(0, 1),
        most=st.integers(1, 10**5),
        completion=st.floats(0, 1),
        rates=st.tuples(*[st.floats(0, 1e4)] * 4),
    )
    def test_is_never_exceeded(self, counted, share, cached, most, completion, rates):
        names = ("input", "output", "cached_input", "cache_write")
        given_price = dict(zip(names, rates, strict=True))
        # No server charges more for what it finds in its cache.
        given_price["cached_input"] = min(given_price["cached_input"], given_price["input"])
        price = find_price("any", given_price)
        prompt = int(share * counted)
        usage = Usage(
            prompt_tokens=prompt,
            cached_tokens=int(cached * prompt),
            cache_write_tokens=prompt - int(cached * prompt),
            completion_tokens=int(completion * most),
        )
        most_usd = bound(price=price, request_params={"max_tokens": most}).compute(counted)
        assert price.compute_cost(usage) <= most_usd * (1 + 1e-9)
