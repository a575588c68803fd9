"""Counting tokens: with tiktoken, without it, and when its encodings cannot be had."""

import logging
import sys

import pandas as pd
import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.offers import as_offers
from jocas_themes.teacher.cost import (
    _tokens,
    approximate_tokens,
    count_message_tokens,
    count_request_tokens,
    count_tokens,
    describe_counter,
)


@pytest.fixture(autouse=True)
def _forget():
    """Forget what was loaded and counted, before and after."""
    caches = (_tokens._load_encoding, _tokens._name_encoding, _tokens._count_again)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


@pytest.fixture
def loaded(monkeypatch):
    """Give tiktoken tiny encodings of its own kind; return the names that were loaded."""
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"un": 256, b" un": 257}
    names = []

    def get_encoding(name):
        names.append(name)
        return tiktoken.Encoding(
            name, pat_str=r" ?\w+|\W", mergeable_ranks=ranks, special_tokens={"<|end|>": 999}
        )

    monkeypatch.setattr(tiktoken, "get_encoding", get_encoding)
    return names


@pytest.fixture
def offline(monkeypatch):
    """Let tiktoken find neither a network nor a file; return how often it tried."""
    tries = []

    def get_encoding(name):
        tries.append(name)
        raise ConnectionError("no network")

    monkeypatch.setattr(tiktoken, "get_encoding", get_encoding)
    return tries


class TestApproximation:
    def test_is_a_weighted_sum(self):
        # 5 characters, 1 word: 0.105 * 5 + 0.52 = 1.045.
        assert approximate_tokens("prime") == 2
        # 14 characters, 4 bytes beyond one each (2 of the euro), 4 words, 2 digits, 1 mark:
        # 1.47 + 1.12 + 2.08 + 1.94 + 0.84 = 7.45.
        assert approximate_tokens("30 € brut, été") == 8

    def test_of_nothing_is_nothing(self):
        assert approximate_tokens("") == 0

    @given(st.text(st.characters()), st.text(st.characters(codec=None)))
    def test_never_shrinks_when_a_text_grows(self, text, more):
        assert 0 <= approximate_tokens(text) <= approximate_tokens(f"{text} {more}")
        assert (approximate_tokens(text) == 0) == (text == "")

    @pytest.mark.real_data
    @pytest.mark.parametrize(
        ("name", "n_tokens"),
        # What tiktoken's o200k_base counts in the first 2,000 texts of each file; the weights
        # were fitted on the first file alone.
        [("offers_labelled", 623_410), ("offers_unlabelled", 978_393)],
    )
    def test_is_close_on_real_offers(self, shared_data, name, n_tokens):
        offers = pd.read_parquet(shared_data / f"{name}.parquet").head(2000)
        approximated = sum(map(approximate_tokens, as_offers(offers)["text"]))
        assert approximated == pytest.approx(n_tokens, rel=0.04)


class TestCount:
    def test_is_the_encodings(self, loaded):
        # "un" is one token of the tiny encoding; so is " un"; "deux" and the spaces are bytes.
        assert count_tokens("un un", "gpt-5-mini") == 2
        assert count_tokens("deux", "gpt-5-mini") == 4
        assert loaded == ["o200k_base"]  # once

    @pytest.mark.parametrize(
        ("model", "name"),
        [
            ("gpt-4o-mini", "o200k_base"),
            ("gpt-4-turbo", "cl100k_base"),
            ("gpt-99-next", "o200k_base"),
            ("mistral-small-latest", "o200k_base"),
        ],
    )
    def test_uses_the_models_encoding_or_the_current_one(self, loaded, model, name):
        count_tokens("un", model)
        assert loaded == [name]

    def test_of_a_special_token_in_an_offer_is_that_of_its_letters(self, loaded):
        assert count_tokens("<|end|>", "gpt-5") == 7

    def test_of_half_a_character_is_possible(self, loaded):
        assert count_tokens("\ud83d", "gpt-5") > 0

    def test_is_approximate_without_tiktoken(self, monkeypatch, caplog):
        monkeypatch.setitem(sys.modules, "tiktoken", None)
        caplog.set_level(logging.INFO)
        assert count_tokens("prime", "gpt-5-mini") == approximate_tokens("prime")
        assert "pip install 'jocas-themes[tokens]'" in caplog.text

    def test_is_approximate_offline_and_tries_only_once(self, offline, caplog):
        for _ in range(3):
            assert count_tokens("prime", "gpt-5-mini") == approximate_tokens("prime")
        assert offline == ["o200k_base"]
        assert caplog.text.count("could not load its encoding o200k_base") == 1
        assert "(ConnectionError)" in caplog.text


class TestRequest:
    _MESSAGES = (
        {"role": "un", "content": "un un"},  # 3 + 1 + 2 tokens
        {"role": "user", "content": "un"},  # 3 + 4 + 1
    )

    def test_takes_tokens_around_each_message_and_before_the_reply(self, loaded):
        assert count_message_tokens(self._MESSAGES, "gpt-5") == 6 + 8 + 3

    def test_counts_instructions_once(self, loaded, monkeypatch):
        counted = []
        count = _tokens.count_tokens
        monkeypatch.setattr(
            _tokens, "count_tokens", lambda text, model: counted.append(text) or count(text, model)
        )
        for offer in ("un", "deux"):
            messages = [
                {"role": "system", "content": "instructions"},
                {"role": "user", "content": offer},
            ]
            count_message_tokens(messages, "gpt-5")
        assert counted.count("instructions") == 1
        assert counted.count("un") == counted.count("deux") == 1

    def test_takes_the_schema_too(self, loaded):
        request = {"model": "gpt-5", "messages": self._MESSAGES}
        assert count_request_tokens(request) == 17
        request["response_format"] = {"type": "json_object"}
        assert count_request_tokens(request) == 17
        request["response_format"] = {"type": "json_schema", "json_schema": {"un": 1}}
        assert count_request_tokens(request) == 17 + 8  # {"un": 1} with un as one: 9 - 1


class TestDescription:
    def test_names_the_encoding(self, loaded):
        assert describe_counter("gpt-6.1-terra") == "tiktoken, o200k_base"
        assert "other makers may count 10-40% more" in describe_counter("deepseek-flash")

    def test_says_when_it_is_an_approximation(self, offline):
        assert describe_counter("gpt-5").startswith("approximation, within 10%")
        assert "other makers" in describe_counter("mistral-large-latest")
