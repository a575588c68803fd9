"""The price table, a price of one's own, and what a reply's usage comes to."""

import re
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.errors import TeacherError, UnknownPriceError
from jocas_themes.teacher.cost import Price, Usage, find_price, read_usage

_TABLE = tomllib.loads(
    files("jocas_themes.teacher.cost").joinpath("prices.toml").read_text(encoding="utf-8")
)


class TestTable:
    def test_is_dated_to_the_month(self):
        assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", _TABLE["as_of"])
        assert find_price("gpt-5-mini").as_of == _TABLE["as_of"]

    @pytest.mark.parametrize("model", _TABLE["models"])
    def test_holds_nothing_strange(self, model):
        row = _TABLE["models"][model]
        assert set(row) <= {"input", "output", "cached_input", "cache_write"} | {
            "batch_discount",
            "reasoning",
        }
        price = find_price(model)
        assert 0 < price.cached_input_usd <= price.input_usd <= price.cache_write_usd
        assert price.cache_write_usd <= 1.25 * price.input_usd
        assert price.input_usd <= price.output_usd < 100
        assert price.batch_discount in {None, 0.5}

    def test_says_what_the_maker_says(self):
        assert find_price("gpt-5-mini") == Price(
            input_usd=0.25,
            cached_input_usd=0.025,
            cache_write_usd=0.25,
            output_usd=2.0,
            batch_discount=0.5,
            reasoning=True,
            as_of=_TABLE["as_of"],
        )


class TestFinding:
    def test_a_snapshot_finds_its_model(self):
        assert find_price("gpt-5-mini-2025-08-07") == find_price("gpt-5-mini")

    def test_a_snapshot_with_a_price_of_its_own_keeps_it(self):
        assert find_price("gpt-4o-2024-05-13").input_usd == 5
        assert find_price("gpt-4o-2024-08-06").input_usd == 2.5

    @pytest.mark.parametrize(
        "model", ["gpt-5-maxi", "gpt-5-mini-v2", "openai/gpt-5", "ft:gpt-4o:me", "GPT-5", "", "x"]
    )
    def test_a_model_is_never_taken_for_another(self, model):
        with pytest.raises(UnknownPriceError, match=re.escape(repr(model))) as caught:
            find_price(model)
        assert "price={'input': 0.25, 'output': 2.0}" in str(caught.value)
        assert isinstance(caught.value, TeacherError)
        assert isinstance(caught.value, ValueError)

    def test_close_names_are_told(self):
        with pytest.raises(UnknownPriceError, match=r"Close names.*'gpt-5-mini'"):
            find_price("gpt5-mini")


class TestOwnPrice:
    def test_is_taken_for_any_model(self):
        price = find_price("my-own", {"input": 1, "output": 3.5})
        assert price == Price(
            input_usd=1.0, cached_input_usd=1.0, cache_write_usd=1.0, output_usd=3.5
        )

    def test_keeps_what_the_table_knows_of_the_model_besides(self):
        price = find_price("gpt-5-mini", {"input": 1, "output": 2, "cached_input": 0})
        assert (price.cached_input_usd, price.batch_discount, price.reasoning) == (0, 0.5, True)
        assert price.as_of is None
        own = {"input": 1, "output": 2, "batch_discount": None, "reasoning": False}
        price = find_price("gpt-5-mini", own)
        assert (price.batch_discount, price.reasoning) == (None, False)

    @pytest.mark.parametrize(
        ("override", "message"),
        [
            ({}, r"must hold 'input' and 'output', got \{\}"),
            ({"input": 1}, "must hold 'input' and 'output'"),
            (0.5, "must hold 'input' and 'output', got 0.5"),
            ({"input": 1, "output": 2, "in": 3}, r"price holds \['in'\]"),
            ({"input": -1, "output": 2}, r"price\['input'\] must be a number at least 0 .*got -1"),
            ({"input": 1, "output": "2"}, r"price\['output'\] .*got '2'"),
            ({"input": True, "output": 2}, r"price\['input'\] .*got True"),
            ({"input": float("nan"), "output": 2}, r"price\['input'\] .*got nan"),
            ({"input": 1, "output": float("inf")}, r"price\['output'\] .*got inf"),
            ({"input": 1, "output": 2, "cached_input": None}, r"price\['cached_input'\]"),
            (
                {"input": 1, "output": 2, "batch_discount": 50},
                r"price\['batch_discount'\] must be a number in \[0, 1\]",
            ),
            ({"input": 1, "output": 2, "reasoning": "low"}, r"price\['reasoning'\] .*'low'"),
        ],
    )
    def test_is_checked(self, override, message):
        with pytest.raises(ValueError, match=message):
            find_price("gpt-5-mini", override)


class TestCost:
    def test_counts_cached_and_written_tokens_at_their_own_rate(self):
        price = find_price("gpt-6.1-terra")  # 1 in, 0.05 cached, 1.25 written, 5 out
        usage = Usage(
            prompt_tokens=2000,
            cached_tokens=1200,
            cache_write_tokens=500,
            completion_tokens=1000,
            reasoning_tokens=800,  # paid for among the 1000
        )
        # 300 * 1 + 1200 * 0.05 + 500 * 1.25 + 1000 * 5 = 5985 millionths
        assert price.compute_cost(usage) == pytest.approx(0.005985)
        assert price.compute_cost(usage, batch=True) == pytest.approx(0.0029925)

    @pytest.mark.parametrize("missing", ["prompt_tokens", "completion_tokens"])
    def test_is_unknown_where_the_server_does_not_say(self, missing):
        counts = {"prompt_tokens": 5, "completion_tokens": 5} | {missing: None}
        assert find_price("gpt-5").compute_cost(Usage(**counts)) is None

    def test_by_batch_needs_a_discount(self):
        usage = Usage(prompt_tokens=5, completion_tokens=5)
        with pytest.raises(ValueError, match=r"no batch discount is known .*batch_discount': 0.5"):
            find_price("deepseek-flash").compute_cost(usage, batch=True)

    @given(*(st.integers(0, 10**6) for _ in range(4)))
    def test_is_never_negative_nor_less_for_more(self, prompt, cached, written, completion):
        price = find_price("gpt-6.1-terra")
        counts = {"cached_tokens": cached, "cache_write_tokens": written}
        cost = price.compute_cost(
            Usage(prompt_tokens=prompt, completion_tokens=completion, **counts)
        )
        more = price.compute_cost(
            Usage(prompt_tokens=prompt, completion_tokens=completion + 1, **counts)
        )
        assert 0 <= cost < more


class TestUsage:
    def test_of_openai(self):
        usage = read_usage(
            {
                "usage": {
                    "prompt_tokens": 1500,
                    "completion_tokens": 900,
                    "total_tokens": 2400,
                    "prompt_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 300},
                    "completion_tokens_details": {"reasoning_tokens": 740},
                }
            }
        )
        assert usage == Usage(
            prompt_tokens=1500,
            cached_tokens=1024,
            cache_write_tokens=300,
            completion_tokens=900,
            reasoning_tokens=740,
        )

    def test_of_deepseek(self):
        counts = {"prompt_tokens": 1500, "completion_tokens": 160, "prompt_cache_hit_tokens": 1408}
        assert read_usage({"usage": counts}).cached_tokens == 1408

    def test_of_servers_that_leave_the_reasoning_out(self):
        counts = {
            "prompt_tokens": 21,
            "completion_tokens": 0,
            "total_tokens": 81,
            "completion_tokens_details": {"reasoning_tokens": 60},
        }
        usage = read_usage({"usage": counts})
        assert (usage.completion_tokens, usage.reasoning_tokens) == (60, 60)

    @pytest.mark.parametrize("count", [-1, 10**9, 2**80, 1.5, 100.0, "100", True, None, [1]])
    def test_that_cannot_be_is_unknown(self, count):
        counts = dict.fromkeys(
            ("prompt_tokens", "completion_tokens", "total_tokens", "prompt_cache_hit_tokens"), count
        )
        details = {"cached_tokens": count, "cache_write_tokens": count, "reasoning_tokens": count}
        counts |= {"prompt_tokens_details": details, "completion_tokens_details": details}
        assert read_usage({"usage": counts}) == Usage()

    def test_of_parts_larger_than_the_whole_is_unknown(self):
        details = {"cached_tokens": 11, "cache_write_tokens": 11, "reasoning_tokens": 11}
        counts = {"prompt_tokens": 10, "completion_tokens": 10}
        counts |= {"prompt_tokens_details": details, "completion_tokens_details": details}
        assert read_usage({"usage": counts}) == Usage(prompt_tokens=10, completion_tokens=10)

    @pytest.mark.parametrize("body", [{}, {"usage": None}, {"usage": []}, {"usage": "9"}])
    def test_that_is_missing_is_unknown(self, body):
        assert read_usage(body) == Usage()

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=8,
        )
    )
    def test_may_be_anything(self, usage):
        assert read_usage({"usage": usage}) == Usage()
