import numpy as np
import pytest
from scipy import sparse

from jocas_themes.student._linear import Fold, LinearScores, fit_linear

NAN = np.nan


def make_rows(
    n: int = 60, n_features: int = 30, seed: int = 0
) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Return rows and two themes: the first shows in the first feature, the other in none."""
    rng = np.random.default_rng(seed)
    dense = rng.random((n, n_features)) * (rng.random((n, n_features)) < 0.3)
    targets = np.column_stack([dense[:, 0] > 0, rng.random(n) < 0.4]).astype(float)
    return sparse.csr_matrix(dense), targets


def make_folds(n: int, n_splits: int = 3) -> list[Fold]:
    numbers = np.arange(n)
    return [
        (np.flatnonzero(numbers % n_splits != k), np.flatnonzero(numbers % n_splits == k))
        for k in range(n_splits)
    ]


def fit(
    matrix: sparse.csr_matrix,
    targets: np.ndarray,
    weights: np.ndarray | None = None,
    folds: list[Fold] | None = None,
    n_jobs: int | None = 1,
) -> tuple[LinearScores, np.ndarray]:
    if weights is None:
        weights = np.ones(targets.shape)
    folds = make_folds(len(targets)) if folds is None else folds
    return fit_linear(matrix, targets, weights, folds, C=1.0, n_jobs=n_jobs)


def test_a_score_is_a_sum_over_features() -> None:
    scores = LinearScores(np.array([[1.0, 0.0], [2.0, -1.0]]), np.array([0.5, -0.5]))
    matrix = sparse.csr_matrix([[0.0, 0.0], [1.0, 0.0], [3.0, 2.0]])
    # 0.5; 0.5 + 1; 0.5 + 3 + 2 * 2, and -0.5; -0.5; -0.5 - 2
    assert scores.score(matrix).tolist() == [[0.5, -0.5], [1.5, -0.5], [7.5, -2.5]]


def test_the_telling_feature_tells() -> None:
    matrix, targets = make_rows(n=200)
    fitted, scores = fit(matrix, targets)
    assert fitted.coefficients.shape == (30, 2)
    assert fitted.coefficients[:, 0].argmax() == 0
    assert ((scores[:, 0] > 0) == targets[:, 0]).mean() > 0.9
    assert ((scores[:, 1] > 0) == targets[:, 1]).mean() < 0.7  # noise cannot be learnt by heart


def test_each_row_is_scored_by_a_model_that_did_not_see_it() -> None:
    matrix, targets = make_rows()
    _, scores = fit(matrix, targets)
    for row in (0, 1, 17):
        flipped = targets.copy()
        flipped[row] = 1 - flipped[row]
        _, others = fit(matrix, flipped)
        fold = np.arange(60) % 3 == row % 3
        np.testing.assert_array_equal(others[fold], scores[fold])
        assert (others[~fold] != scores[~fold]).any()


def test_scores_are_those_of_a_model_of_the_other_folds() -> None:
    matrix, targets = make_rows()
    _, scores = fit(matrix, targets)
    train, test = make_folds(60)[1]
    alone, _ = fit(matrix[train], targets[train], folds=[])
    np.testing.assert_array_equal(scores[test], alone.score(matrix[test]))


def test_without_folds_there_are_no_scores() -> None:
    matrix, targets = make_rows()
    fitted, scores = fit(matrix, targets, folds=[])
    assert np.isnan(scores).all()
    assert np.isfinite(fitted.score(matrix)).all()


def test_unknown_and_weightless_rows_are_not_learnt_from() -> None:
    matrix, targets = make_rows()
    weights = np.ones(targets.shape)
    alone, _ = fit(matrix[:40], targets[:40], folds=[])
    unknown = targets.copy()
    unknown[40:] = NAN
    weights[40:] = 0
    for masked, _ in (fit(matrix, unknown, folds=[]), fit(matrix, targets, weights, folds=[])):
        np.testing.assert_array_equal(masked.coefficients, alone.coefficients)
        np.testing.assert_array_equal(masked.intercepts, alone.intercepts)


def test_a_row_of_more_weight_counts_more() -> None:
    # The same text, once with and twice without the theme: the weight decides.
    matrix, targets = sparse.csr_matrix(np.ones((3, 1))), np.array([[1.0], [0.0], [0.0]])
    light, _ = fit(matrix, targets, np.array([[0.1], [1.0], [1.0]]), folds=[])
    heavy, _ = fit(matrix, targets, np.array([[9.0], [1.0], [1.0]]), folds=[])
    assert light.score(matrix)[0, 0] < 0 < heavy.score(matrix)[0, 0]


@pytest.mark.parametrize(
    ("target", "weight", "score"), [(0.0, 1.0, -1), (1.0, 1.0, 1), (1.0, 0.0, -1), (NAN, 1.0, -1)]
)
def test_a_theme_of_one_class_or_none_has_one_score(
    target: float, weight: float, score: int
) -> None:
    matrix, targets = make_rows()
    targets[:, 1] = target
    weights = np.ones(targets.shape)
    weights[:, 1] = weight
    fitted, scores = fit(matrix, targets, weights)
    assert fitted.intercepts[1] == score
    assert not fitted.coefficients[:, 1].any()
    np.testing.assert_array_equal(scores[:, 1], score)


def test_a_fold_that_trains_on_one_class_scores_it_everywhere() -> None:
    matrix, targets = make_rows()
    targets[:, 0] = 0.0
    targets[4, 0] = 1.0  # in the second of three folds, and unseen there
    _, scores = fit(matrix, targets)
    assert (scores[1::3, 0] == -1).all()
    assert (scores[0::3, 0] != -1).all()


def test_results_do_not_depend_on_the_number_of_jobs() -> None:
    # As many features as sentences have, and fits long enough to run at the same time.
    matrix = sparse.random(1_500, 10_000, density=0.002, random_state=0, format="csr")
    targets = (np.random.default_rng(0).random((1_500, 4)) < 0.2).astype(float)
    expected, scores = fit(matrix, targets, n_jobs=1)
    for _ in range(2):
        fitted, others = fit(matrix, targets, n_jobs=2)
        np.testing.assert_array_equal(fitted.coefficients, expected.coefficients)
        np.testing.assert_array_equal(others, scores)
