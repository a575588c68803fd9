"""Strict where the request states a limit, the expectation with a margin where it does not."""

import pytest

from jocas_themes.annotations.store._reply_table import Completions
from jocas_themes.teacher.batch._reserving import make_reserve
from jocas_themes.teacher.cost import CostBound, find_price

_PRICE = {"input": 1, "output": 10, "reasoning": False}
_NONE = Completions(n_replies=0, mean_tokens=None, longest_tokens=0)


def reserve(completions=_NONE, *, price=_PRICE, max_cost_usd=None, **params):
    bound = CostBound(
        price=None if price is None else find_price("m", price),
        n_themes=6,
        request_params=params,
        longest=9_000,
    )
    return make_reserve(bound, completions, model="m", max_cost_usd=max_cost_usd)([])


@pytest.mark.parametrize("name", ["max_completion_tokens", "max_tokens"])
def test_a_stated_limit_bounds_it(name):
    # 1,000 tokens at $10 a million.
    assert reserve(**{name: 1_000}) == pytest.approx(0.01)


def test_else_half_as_much_again_as_expected():
    # 6 themes of 30 tokens, times 1.5: 270 tokens; reasoning takes 800 more, 1,470 in all.
    assert reserve() == pytest.approx(0.0027)
    assert reserve(price=_PRICE | {"reasoning": True}) == pytest.approx(0.0147)


@pytest.mark.parametrize(("n_replies", "n_tokens"), [(19, 270), (20, 600)])
def test_the_stores_mean_counts_from_20_replies_on(n_replies, n_tokens):
    completions = Completions(n_replies=n_replies, mean_tokens=400, longest_tokens=9_000)
    assert reserve(completions) == pytest.approx(n_tokens * 10 / 1e6)


def test_a_discount_that_is_known_is_taken():
    price = _PRICE | {"batch_discount": 0.5}
    assert reserve(price=price, max_tokens=1_000) == pytest.approx(0.005)


def test_nothing_without_a_price():
    assert reserve(price=None) == 0


def test_a_budget_rests_on_no_guess():
    completions = Completions(n_replies=19, mean_tokens=400, longest_tokens=9_000)
    with pytest.raises(ValueError, match="the length of 19 replies of 'm', of 20 needed"):
        reserve(completions, max_cost_usd=5)
    assert reserve(completions, max_cost_usd=5, max_tokens=1_000) == pytest.approx(0.01)
    known = Completions(n_replies=20, mean_tokens=400, longest_tokens=9_000)
    assert reserve(known, max_cost_usd=5) == pytest.approx(0.006)  # 1.5 x 400 tokens at $10
