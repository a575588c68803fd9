import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jocas_themes.student._pooling import pool_scores

scores_of_offers = st.lists(
    st.integers(1, 5).flatmap(
        lambda n: arrays(float, (n, 2), elements=st.floats(-50, 50, allow_nan=False))
    ),
    min_size=1,
    max_size=5,
)


def pool(offers: list[np.ndarray]) -> np.ndarray:
    return pool_scores(np.vstack(offers), np.cumsum([0, *map(len, offers)]))


def test_by_hand() -> None:
    scores = np.array([[-1.0, 0.0], [2.0, 0.0], [0.5, -2.0], [0.0, 1.0]])
    pooled = pool_scores(scores, np.array([0, 3, 4]))
    assert pooled.shape == (2, 2, 3)
    # Largest, runner-up, and the sum of u + sqrt(1 + u ** 2) - 1, u = 1.5 score, over the scores
    # above 0: u = 3 and 0.75, (3 + 3.1623 - 1) + (0.75 + 1.25 - 1) = 6.1623; nothing
    np.testing.assert_allclose(pooled[0], [[2, 0.5, 6.1623], [0, 0, 0]], atol=1e-4)
    # One sentence is its own runner-up; 1.5 + sqrt(3.25) - 1
    np.testing.assert_allclose(pooled[1], [[0, 0, 0], [1, 1, 2.3028]], atol=1e-4)


@given(scores_of_offers, st.randoms(use_true_random=False))
def test_the_order_of_the_sentences_does_not_matter(
    offers: list[np.ndarray], random: object
) -> None:
    shuffled = [scores[random.sample(range(len(scores)), len(scores))] for scores in offers]
    one, other = pool(offers), pool(shuffled)
    np.testing.assert_array_equal(one, other)


@given(scores_of_offers)
def test_offers_are_pooled_alike_together_and_one_by_one(offers: list[np.ndarray]) -> None:
    np.testing.assert_array_equal(pool(offers), np.vstack([pool([scores]) for scores in offers]))


@given(scores_of_offers)
def test_the_runner_up_is_the_second_of_the_sorted_scores(offers: list[np.ndarray]) -> None:
    for figures, scores in zip(pool(offers), offers, strict=True):
        ranked = np.sort(scores, axis=0)[::-1]
        np.testing.assert_array_equal(figures[:, 0], ranked[0])
        np.testing.assert_array_equal(figures[:, 1], ranked[min(1, len(ranked) - 1)])


@pytest.mark.parametrize("score", [-1e6, 1e6, -1e300, 1e300])
def test_extreme_scores_stay_finite(score: float) -> None:
    assert np.isfinite(pool([np.full((2, 1), score)])).all()
