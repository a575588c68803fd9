"""What servers tell of their limits, and how much of a limit is left."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.teacher.asking._limits import (
    RateLimit,
    ToldLimit,
    parse_duration,
    read_limits,
)


class TestDuration:
    @pytest.mark.parametrize(
        ("text", "expected_s"),
        [
            ("1s", 1),
            ("6m0s", 360),
            ("20ms", 0.02),
            ("1m30.5s", 90.5),
            ("2m59.56s", 179.56),
            ("1h0m0s", 3600),
            ("250µs", 0.00025),
            (" 7 ", 7),
            ("0", 0),
            ("0.5", 0.5),
            ("24h", 86_400),
        ],
    )
    def test_is_read_as_servers_write_it(self, text, expected_s):
        assert parse_duration(text) == pytest.approx(expected_s)

    @pytest.mark.parametrize(
        "text",
        [
            *("", "soon", "-1s", "-1", "1.s", "s", "1s1", "1 s", "١s", "25h", "1763853720"),
            *("9" * 400, "nan", "inf", "1e3", "2026-11-22T00:00:00Z"),
        ],
    )
    def test_that_is_none_is_left_aside(self, text):
        assert parse_duration(text) is None

    @given(st.text())
    def test_of_any_text_is_a_day_at_most(self, text):
        duration_s = parse_duration(text)
        assert duration_s is None or 0 <= duration_s <= 86_400


class TestHeaders:
    def test_of_openai(self):
        headers = {
            "X-RateLimit-Limit-Requests": "5000",
            "x-ratelimit-limit-tokens": "160000",
            "x-ratelimit-limit-tokens_usage_based": "1",
            "x-ratelimit-remaining-requests": "4999",
            "x-ratelimit-remaining-tokens": "159976",
            "x-ratelimit-reset-requests": "12ms",
            "x-ratelimit-reset-tokens": "500ms",
            "x-request-id": "req_1",
        }
        assert read_limits(headers) == (
            ToldLimit(5000, 4999, 0.012),
            ToldLimit(160_000, 159_976, 0.5),
        )

    def test_of_mistral_tell_no_time(self):
        headers = {
            "x-ratelimit-limit-tokens-minute": "5000000",
            "x-ratelimit-remaining-tokens-minute": "4999911",
            "x-ratelimit-tokens-query-cost": "52",
            "x-ratelimit-limit-req-minute": "720",
            "x-ratelimit-remaining-req-minute": "717",
        }
        assert read_limits(headers) == (
            ToldLimit(720, 717, None),
            ToldLimit(5_000_000, 4_999_911, None),
        )

    def test_of_azure_that_mean_nothing(self):
        names = ("limit-tokens", "remaining-tokens", "limit-requests", "remaining-requests")
        headers = {f"x-ratelimit-{name}": "-1" for name in names}
        assert read_limits(headers | {"x-ratelimit-reset-tokens": "0"}) == (None, None)

    @pytest.mark.parametrize("headers", [{}, {"x-ratelimit-remaining-tokens": "5"}])
    def test_that_do_not_tell_the_limit(self, headers):
        assert read_limits(headers) == (None, None)

    @given(
        st.dictionaries(
            st.builds(
                "x-ratelimit-{}-{}".format,
                st.sampled_from(["limit", "remaining", "reset"]),
                st.sampled_from(["requests", "tokens", "req-minute", "tokens-minute"]),
            ),
            st.one_of(st.text(), st.integers().map(str), st.floats().map(str)),
        )
    )
    def test_may_hold_anything(self, headers):
        for told in read_limits(headers):
            if told is not None:
                assert 0 <= told.remaining <= told.limit < math.inf
                assert told.limit > 0


class TestLimit:
    def test_that_nobody_knows_never_waits(self):
        limit = RateLimit.per_minute(None)
        limit.take(10**9, now=0)
        assert limit.compute_wait(10**9, now=0) == 0

    def test_that_is_given_is_spread_over_the_minute(self):
        limit = RateLimit.per_minute(30)  # one every two seconds, and one at once
        assert limit.compute_wait(1, now=100) == 0
        limit.take(1, now=100)
        assert limit.compute_wait(1, now=100.5) == pytest.approx(1.5)
        assert limit.compute_wait(1, now=102) == 0

    def test_takes_what_is_larger_than_itself_when_it_is_full(self):
        limit = RateLimit.per_minute(6000)  # 100 tokens a second, never more at once
        assert limit.compute_wait(300, now=0) == 0
        limit.take(300, now=0)  # 200 too many: the next one waits for 200 + 100
        assert limit.compute_wait(300, now=0) == pytest.approx(3)
        assert limit.compute_wait(1, now=0) == pytest.approx(2.01)

    def test_learns_the_rate_be_it_of_a_minute_or_of_a_day(self):
        limit = RateLimit()
        limit.learn(ToldLimit(5000, 4999, 0.012), asked_at=0, n_since=0, now=0)
        assert limit.rate == pytest.approx(5000 / 60)
        limit.learn(ToldLimit(14_400, 14_370, 179.56), asked_at=1, n_since=0, now=1)
        assert limit.rate == pytest.approx(14_400 / 86_400, rel=0.01)
        limit.learn(ToldLimit(720, 717, None), asked_at=2, n_since=0, now=2)
        assert limit.rate == 12

    def test_subtracts_what_left_since_and_adds_what_came_back(self):
        limit = RateLimit()
        # 10 a second. 20 were left, 2 seconds ago; 30 have left since: 20 + 20 - 30 = 10.
        limit.learn(ToldLimit(600, 20, 58), asked_at=8, n_since=30, now=10)
        assert limit.compute_wait(10, now=10) == 0
        assert limit.compute_wait(15, now=10) == pytest.approx(0.5)

    def test_leaves_aside_what_an_older_request_was_told(self):
        limit = RateLimit()
        limit.learn(ToldLimit(600, 0, 60), asked_at=5, n_since=0, now=6)
        limit.learn(ToldLimit(600, 599, 0.1), asked_at=4, n_since=0, now=6)
        assert limit.compute_wait(60, now=6) == pytest.approx(5)  # 10 came back since 5

    def test_never_waits_longer_than_it_may(self):
        limit = RateLimit(longest_wait_s=60)
        limit.learn(ToldLimit(200, 0, 86_400), asked_at=0, n_since=5, now=0)  # 6 requests: 43 min
        assert limit.compute_wait(1, now=0) == pytest.approx(60)
        assert limit.compute_wait(1, now=60) == 0
        limit.take(1, now=60)
        assert limit.compute_wait(1, now=60) == pytest.approx(60)
