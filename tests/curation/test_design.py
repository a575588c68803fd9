"""Draws with known probabilities: by hand, as invariants, and simulated."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.curation._design import compute_inclusion, draw_systematic, draw_units

WEIGHTS = st.lists(st.floats(1e-9, 1), min_size=1, max_size=30).map(np.array)


def test_inclusion_by_hand() -> None:
    # 2 / 16 of each weight is 1/8, 1/4, 3/8 and 5/4. The last is certain, and the other unit is
    # shared by weights that sum to 6.
    found = compute_inclusion(np.array([1.0, 2, 3, 10]), 2)
    np.testing.assert_allclose(found, [1 / 6, 1 / 3, 1 / 2, 1])


@given(WEIGHTS, st.data())
def test_inclusion_sums_to_the_size(weights: np.ndarray, data: st.DataObject) -> None:
    n_drawn = data.draw(st.integers(0, len(weights)))
    found = compute_inclusion(weights, n_drawn)
    assert found.sum() == pytest.approx(n_drawn)
    assert ((found >= 0) & (found <= 1)).all()
    order = np.argsort(weights)
    assert (np.diff(found[order]) >= -1e-12).all()
    below = found < 1
    ratios = found[below] / weights[below]
    np.testing.assert_allclose(ratios, np.broadcast_to(ratios[:1], ratios.shape))


@given(WEIGHTS, st.data(), st.integers(0, 2**32 - 1))
def test_draws_have_their_size(weights: np.ndarray, data: st.DataObject, seed: int) -> None:
    n_weighted = data.draw(st.integers(0, len(weights)))
    n_random = data.draw(st.integers(0, len(weights) - n_weighted))
    draw = draw_units(weights, n_weighted, n_random, np.random.default_rng(seed))
    drawn = np.concatenate([draw.weighted, draw.random])
    assert (len(draw.weighted), len(draw.random)) == (n_weighted, n_random)
    assert len(set(drawn.tolist())) == len(drawn)
    assert draw.probabilities.sum() == pytest.approx(n_weighted + n_random)
    assert (draw.probabilities <= 1).all()
    assert (draw.probabilities[drawn] > 0).all()


def test_a_systematic_draw_by_hand() -> None:
    class Start:
        def random(self) -> float:
            return 0.7

    # The units end at 0.5, 0.9, 1.2, 1.8 and 2.0: the points 0.7 and 1.7 fall into the second
    # and the fourth. The certain one, at the end, is drawn apart.
    probabilities = np.array([0.5, 0.4, 0.3, 0.6, 0.2, 1.0])
    assert draw_systematic(probabilities, Start()).tolist() == [1, 3, 5]  # type: ignore[arg-type]


def test_a_systematic_draw_is_spread_over_the_order() -> None:
    # A tenth of 100 units, all alike: one of each ten neighbours.
    for seed in range(20):
        drawn = draw_systematic(np.full(100, 0.1), np.random.default_rng(seed))
        assert (drawn // 10).tolist() == list(range(10))


def _simulate(weights: np.ndarray, n_weighted: int, n_random: int, n_draws: int) -> np.ndarray:
    rng, counts = np.random.default_rng(0), np.zeros(len(weights))
    for _ in range(n_draws):
        draw = draw_units(weights, n_weighted, n_random, rng)
        counts[draw.weighted] += 1
        counts[draw.random] += 1
    return counts / n_draws


def test_frequencies_are_as_stated() -> None:
    # By weight 1/6, 1/3, 1/2 and 1, as above; of the two that remain one is drawn at random:
    # p + (1 - p) / 2.
    stated = [7 / 12, 2 / 3, 3 / 4, 1]
    weights = np.array([1.0, 2, 3, 10])
    draw = draw_units(weights, 2, 1, np.random.default_rng(0))
    np.testing.assert_allclose(draw.probabilities, stated)
    # 4,000 draws: a standard deviation of 0.008 at most; five of them.
    np.testing.assert_allclose(_simulate(weights, 2, 1, 4_000), stated, atol=0.04)


@pytest.mark.slow
def test_frequencies_of_many_units_are_as_stated() -> None:
    weights = np.random.default_rng(1).random(200) ** 4
    stated = draw_units(weights, 40, 10, np.random.default_rng(0)).probabilities
    # 20,000 draws: five standard deviations of 0.0036 at most.
    np.testing.assert_allclose(_simulate(weights, 40, 10, 20_000), stated, atol=0.018)
