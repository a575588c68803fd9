from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.offers._allocation import count_least, share_out


def test_the_draws_by_hand() -> None:
    # Two of each first, in turn. The weights are equal and small strata run out: averages at 2
    # drawn are 1/5 each; the first of equals gets the next, and then has 1/7.
    assert share_out([4, 3, 1], [1, 1, 1], 8) == [0, 1, 2, 0, 1, 0, 1, 0]


def test_more_than_there_are_and_less_than_the_minimum() -> None:
    assert sorted(share_out([3, 1], [1, 1], 99)) == [0, 0, 0, 1]
    assert sorted(share_out([3, 1], [1, 1], 1)) == [0, 0, 1]
    assert count_least([3, 1]) == 3


def test_a_stratum_of_no_weight_gets_what_the_others_leave() -> None:
    assert share_out([5, 3], [0, 1], 7) == [0, 1, 0, 1, 1, 0, 0]


@given(
    strata=st.lists(st.tuples(st.integers(1, 30), st.floats(0, 1)), min_size=1, max_size=6),
    n_drawn=st.integers(0, 60),
)
def test_a_larger_sample_begins_with_each_smaller_one(
    strata: list[tuple[int, float]], n_drawn: int
) -> None:
    sizes, weights = zip(*strata, strict=True)
    draws = share_out(sizes, weights, n_drawn)
    assert len(draws) == min(max(n_drawn, count_least(sizes)), sum(sizes))
    for stratum, size in enumerate(sizes):
        assert min(size, 2) <= draws.count(stratum) <= size
    assert share_out(sizes, weights, n_drawn + 7)[: len(draws)] == draws
