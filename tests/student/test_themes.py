import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from jocas_themes.student._themes import ThemeModel, fit_theme, predict_theme

NAN = np.nan


def make_rows(n: int = 40) -> tuple[sparse.csr_matrix, np.ndarray]:
    rng = np.random.default_rng(0)
    y = (np.arange(n) % 4 == 0).astype(float)  # 25% positives
    noise = rng.random((n, 5)) * (rng.random((n, 5)) < 0.5)
    return sparse.csr_matrix(np.column_stack([noise[:, :2], y, noise[:, 2:]])), y


def test_unknown_rows_do_not_count() -> None:
    rows, y = make_rows()
    model = fit_theme(rows[:20], y[:20], LogisticRegression(), n_selected=3, balance=0.5)
    padded = np.concatenate([y[:20], np.full(20, NAN)])
    masked = fit_theme(rows, padded, LogisticRegression(), n_selected=3, balance=0.5)
    np.testing.assert_array_equal(predict_theme(masked, rows), predict_theme(model, rows))


def test_the_telling_feature_is_selected() -> None:
    rows, y = make_rows()
    model = fit_theme(rows, y, LogisticRegression(), n_selected=1, balance=0.0)
    assert model.columns.tolist() == [2]


def test_balance_is_taken_out_of_the_probabilities() -> None:
    # A constant feature: the weighted classifier must estimate 0.5 when classes are balanced
    # (10 positives of weight 3, 30 negatives), and the correction must bring back 10 / 40.
    _, y = make_rows()
    ones = sparse.csr_matrix(np.ones((40, 1)))
    model = fit_theme(ones, y, LogisticRegression(C=1e6), n_selected=None, balance=1.0)
    assert model.weight == pytest.approx(3.0)
    assert model.threshold == pytest.approx(0.25)
    np.testing.assert_allclose(predict_theme(model, ones), 0.25, atol=1e-3)


@given(st.floats(0, 1), st.floats(0.01, 100))
def test_threshold_means_one_half_of_the_weighted_probability(q: float, weight: float) -> None:
    class Fixed:
        def predict_proba(self, rows: object) -> np.ndarray:
            return np.array([[1 - q, q]])

    model = ThemeModel(np.arange(1), Fixed(), weight, 0.5)
    (probability,) = predict_theme(model, sparse.csr_matrix([[1.0]]))
    assert 0 <= probability <= 1
    if abs(q - 0.5) > 1e-9:
        assert (probability >= model.threshold) == (q >= 0.5)


def test_a_classifier_without_sample_weights_is_left_unweighted() -> None:
    rows, y = make_rows()
    model = fit_theme(rows, y, KNeighborsClassifier(1), n_selected=None, balance=1.0)
    assert model.threshold == 0.5
    np.testing.assert_array_equal(predict_theme(model, rows), y)


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_labels_all_alike_give_their_prevalence(label: float) -> None:
    rows, _ = make_rows()
    model = fit_theme(rows, np.full(40, label), DummyClassifier(), n_selected=3, balance=0.5)
    assert model.estimator is None
    np.testing.assert_array_equal(predict_theme(model, rows), np.full(40, label))
