"""`adjust_p_values`: Holm's and Benjamini and Hochberg's adjustments by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.trends.change._multiplicity import adjust_p_values

NAN = float("nan")


@pytest.mark.parametrize(
    ("method", "p", "expected"),
    [
        # sorted 0.01 * 3, 0.03 * 2, then at least the one before
        ("holm", [0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ("holm", [0.6, 0.9], [1.0, 1.0]),
        # sorted 0.01 * 3 / 1, 0.03 * 3 / 2 = 0.045 but at most the next, 0.04 * 3 / 3
        ("bh", [0.01, 0.04, 0.03], [0.03, 0.04, 0.04]),
        ("holm", [NAN, 0.01, 0.04], [NAN, 0.02, 0.04]),
        ("holm", [NAN], [NAN]),
        ("bh", [], []),
        (None, [0.01, NAN], [0.01, NAN]),
    ],
)
def test_by_hand(method, p, expected):
    np.testing.assert_allclose(adjust_p_values(p, method), expected)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_never_smaller_and_holm_never_below_bh(p):
    holm, bh = adjust_p_values(p, "holm"), adjust_p_values(p, "bh")
    slack = 1e-12
    assert (bh >= np.array(p) - slack).all()
    assert (holm >= bh - slack).all()
    assert (holm <= 1).all()


def test_the_input_stays():
    p = np.array([0.01, 0.04])
    adjust_p_values(p)
    assert p.tolist() == [0.01, 0.04]


def test_refusals():
    with pytest.raises(ValueError, match="method must be one of"):
        adjust_p_values([0.1], "bonferroni")
    with pytest.raises(ValueError, match=r"from 0 to 1, got \[1\.5, -0\.1\] \(2 in all\)"):
        adjust_p_values([1.5, 0.2, -0.1])
