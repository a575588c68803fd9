import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from jocas_themes.student._exact import multiply_exactly, round_to_bits

floats = st.floats(-20, 20, allow_nan=False)


def test_rounds_halves_to_even() -> None:
    # In quarters: 0.125 lies between 0 and 0.25, 0.375 between 0.25 and 0.5.
    rounded = round_to_bits(np.array([0.125, 0.375, -0.3, 5.0]), 2)
    np.testing.assert_array_equal(rounded, [0.0, 0.5, -0.25, 5.0])


@given(arrays(float, 60, elements=floats), st.randoms(use_true_random=False))
def test_sums_do_not_depend_on_the_order(values: np.ndarray, random: object) -> None:
    values = round_to_bits(values, 26)
    shuffled = values[random.sample(range(60), 60)]
    backwards = 0.0
    for value in shuffled[::-1]:
        backwards += value
    assert values.sum() == np.add.reduceat(shuffled, [0])[0] == backwards


@given(
    arrays(float, (4, 50), elements=st.floats(0, 1)),
    arrays(float, (50, 3), elements=st.floats(-3, 3)),
    st.permutations(range(50)),
)
def test_products_do_not_depend_on_the_order(
    dense: np.ndarray, coefficients: np.ndarray, order: list[int]
) -> None:
    scores = multiply_exactly(sparse.csr_matrix(dense), coefficients)
    shuffled = multiply_exactly(sparse.csr_matrix(dense[:, order]), coefficients[order])
    np.testing.assert_array_equal(scores, shuffled)
    np.testing.assert_allclose(scores, dense @ coefficients, atol=1e-4)


def test_the_matrix_is_left_as_it_is() -> None:
    matrix = sparse.csr_matrix([[1 / 3]])
    multiply_exactly(matrix, np.ones((1, 1)))
    assert matrix[0, 0] == 1 / 3
