"""An estimate lies on the upper side, says where it comes from, and shows one prompt."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.teacher.cost import Usage, bound_cost, build_estimate, find_price

_MESSAGES = ({"role": "system", "content": "Annotate."}, {"role": "user", "content": "Comptable"})


def _estimate(model="gpt-4.1-mini", **changes):
    arguments = {
        "model": model,
        "messages": _MESSAGES,
        "n_offers": 1200,
        "n_distinct": 1100,
        "n_stored": 100,
        "n_calls": 1000,
        "prompt_tokens": 2_000_000,
        "price": find_price(model),
        "counter": "tiktoken, o200k_base",
        "n_themes": 6,
    }
    return build_estimate(**(arguments | changes))


class TestEstimate:
    def test_of_a_model_that_does_not_reason(self):
        estimate = _estimate()
        # 1000 replies of 6 * 30 tokens; 2 M * 0.40 + 0.18 M * 1.60 = 0.80 + 0.288
        assert estimate.completion_tokens == 180_000
        assert estimate.cost_usd == pytest.approx(1.088)
        assert estimate.batch_cost_usd == pytest.approx(0.544)

    def test_allows_for_reasoning_where_the_model_does(self):
        # 980 a reply.
        assert _estimate("gpt-5-mini").completion_tokens == 980_000
        assert _estimate("gpt-5-mini", reasoning=False).completion_tokens == 180_000
        assert _estimate(reasoning=True).completion_tokens == 980_000

    def test_trusts_the_store_once_it_holds_enough(self):
        few = _estimate("gpt-5-mini", n_replies=19, mean_completion_tokens=400.0)
        enough = _estimate("gpt-5-mini", n_replies=20, mean_completion_tokens=400.4)
        assert few.completion_tokens == 980_000
        assert enough.completion_tokens == 400_400
        assert "the mean of the store's 20 replies" in str(enough)

    def test_counts_on_no_cache_and_on_every_write_to_it(self):
        # gpt-6.1-terra: 1.25 to write, 5 out: 2 M * 1.25 + 0.98 M * 5 = 2.50 + 4.90
        assert _estimate("gpt-6.1-terra").cost_usd == pytest.approx(7.4)

    def test_knows_where_there_are_no_batches(self):
        estimate = _estimate("mistral-small-latest")
        assert estimate.batch_cost_usd is None
        assert "no batches known for this model" in str(estimate)

    def test_of_nothing_to_ask_is_nothing(self):
        estimate = _estimate(n_calls=0, prompt_tokens=0, messages=())
        assert (estimate.cost_usd, estimate.completion_tokens) == (0, 0)
        assert "about $0.00" in str(estimate)

    def test_is_read_before_paying(self):
        text = str(_estimate(spent_usd=0.0512))
        assert text == repr(_estimate(spent_usd=0.0512))  # what a notebook shows
        assert text.startswith("The prompt of one offer:\n\n[system]\n")
        assert "\nAsking gpt-4.1-mini: about $1.09\n" in text  # last, where a terminal ends
        for said in (
            "1,200, 1,100 distinct texts",
            "100, which cost nothing",
            "2,000,000 tokens, 2,000 a request (tiktoken, o200k_base)",
            "180,000 tokens, 180 a request (assumed: 30 a theme)",
            "$0.40 in and $1.60 out per million tokens (table of 20",
            "about $0.54",
            "$0.051 for the replies in the store",
            "[system]\nAnnotate.\n\n[user]\nComptable",
        ):
            assert said in text
        own = find_price("gpt-5", {"input": 1, "output": 2})
        assert "(as given)" in str(_estimate(price=own))


class TestBound:
    def test_takes_the_prompt_half_as_long_again_and_the_longest_reply(self):
        # 1.5 * 2000 * 0.25 + 4000 * 2 = 8750 millionths
        price = find_price("gpt-5-mini")
        assert bound_cost(2000, price, max_completion_tokens=4000) == pytest.approx(0.00875)
        bound = bound_cost(2000, price, max_completion_tokens=4000, batch=True)
        assert bound == pytest.approx(0.004375)

    @given(
        st.sampled_from(["gpt-5-mini", "gpt-6.1-terra", "deepseek-flash", "gpt-4o-2024-05-13"]),
        st.integers(0, 10**6),
        st.floats(0.5, 1.5),
        st.integers(0, 10**5),
        st.data(),
    )
    def test_holds_whatever_the_server_counts(self, model, counted, finer, longest, data):
        price = find_price(model)
        prompt = math.floor(counted * finer)  # as the model's own tokenizer cuts it
        cached = data.draw(st.integers(0, prompt))
        usage = Usage(
            prompt_tokens=prompt,
            cached_tokens=cached,
            cache_write_tokens=data.draw(st.integers(0, prompt - cached)),
            completion_tokens=data.draw(st.integers(0, longest)),
        )
        bound = bound_cost(counted, price, max_completion_tokens=longest)
        assert price.compute_cost(usage) <= bound + 1e-9
