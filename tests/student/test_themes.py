import numpy as np
import pytest
from scipy import sparse
from scipy.special import logit
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler
from xgboost import XGBClassifier

from jocas_themes.student._calibration import Calibration
from jocas_themes.student._linear import Fold
from jocas_themes.student._themes import ThemeModel, fit_theme, predict_theme

NAN = np.nan
FOLDS: list[Fold] = [
    (np.flatnonzero(np.arange(40) % 4 != k), np.flatnonzero(np.arange(40) % 4 == k))
    for k in range(4)
]


def make_rows() -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
    """Return features, scores and labels of 40 offers; a word and a score tell the theme."""
    rng = np.random.default_rng(0)
    y = (np.arange(40) % 5 < 2).astype(float)  # 40% positives, in each fold
    noise = rng.random((40, 5)) * (rng.random((40, 5)) < 0.5)
    features = np.column_stack([noise[:, :2], y, noise[:, 2:]])
    scores = np.column_stack([2 * y - 1 + rng.normal(scale=0.5, size=40), rng.normal(size=40)])
    return sparse.csr_matrix(features), scores, y


def fit(
    y: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    folds: list[Fold] = FOLDS,
    estimator: object = None,
    n_selected: int | None = 3,
) -> tuple[ThemeModel, np.ndarray]:
    features, scores, _ = make_rows()
    weights = np.ones(len(y)) if weights is None else weights
    estimator = LogisticRegression() if estimator is None else estimator
    return fit_theme(features, scores, y, weights, folds, estimator, n_selected)


def predict(model: ThemeModel) -> np.ndarray:
    features, scores, _ = make_rows()
    return predict_theme(model, features, scores)


class Fixed:
    """A classifier that says 0.8 of everything."""

    def predict_proba(self, rows: sparse.csr_matrix) -> np.ndarray:
        return np.tile([0.2, 0.8], (rows.shape[0], 1))


def test_a_prediction_by_hand() -> None:
    model = ThemeModel(np.arange(1), Fixed(), np.array([0.5]), 1.0, Calibration(2.0, -1.0), 0.4)
    # The line says 0.5 * 2 + 1 = 2, the classifier ln(0.8 / 0.2) = 1.3863: 1.6931 between them;
    # calibrated 2 * 1.6931 - 1 = 2.3863, and 1 / (1 + exp(-2.3863)) = 0.9158.
    (probability,) = predict_theme(model, sparse.csr_matrix([[1.0]]), np.array([[2.0]]))
    assert probability == pytest.approx(0.9158, abs=1e-4)


def test_a_row_alone_is_predicted_the_same_to_the_last_bit() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(200, 5))
    rows = sparse.csr_matrix(np.ones((200, 1)))
    model = ThemeModel(np.arange(1), Fixed(), rng.normal(size=5), 0.1, Calibration(), 0.4)
    alone = [predict_theme(model, rows[[n]], scores[[n]]) for n in range(200)]
    np.testing.assert_array_equal(np.concatenate(alone), predict_theme(model, rows, scores))


def test_it_learns_and_is_calibrated_out_of_fold() -> None:
    _, _, y = make_rows()
    model, out_of_fold = fit(y)
    assert model.prevalence == 0.4
    assert ((predict(model) > 0.5) == y).mean() > 0.9
    assert ((out_of_fold >= 0) & (out_of_fold <= 1)).all()
    # The calibrating line makes the mean probability that of the labels.
    assert out_of_fold.mean() == pytest.approx(0.4, abs=0.01)


def test_unknown_and_weightless_rows_are_not_learnt_from() -> None:
    _, _, y = make_rows()
    features, scores, _ = make_rows()
    alone, _ = fit_theme(
        features[:20], scores[:20], y[:20], np.ones(20), [], LogisticRegression(), 3
    )
    unknown, weights = y.copy(), np.ones(40)
    unknown[20:] = NAN
    weights[20:] = 0
    masked, _ = fit(unknown, folds=[])
    weightless, _ = fit(y, weights=weights, folds=[])
    for model in (masked, weightless):
        np.testing.assert_array_equal(predict(model), predict(alone))


def test_unknown_rows_are_predicted_out_of_fold_all_the_same() -> None:
    _, _, y = make_rows()
    unknown = np.where(np.arange(40) < 8, NAN, y)
    _, out_of_fold = fit(unknown)
    assert ((out_of_fold[:8] > 0.5) == y[:8]).mean() > 0.8


def test_weights_count() -> None:
    _, _, y = make_rows()
    light, _ = fit(y, weights=np.where(y == 1, 0.1, 1.0), folds=[])
    heavy, _ = fit(y, weights=np.where(y == 1, 10.0, 1.0), folds=[])
    assert (predict(heavy) > predict(light)).all()


def test_the_telling_feature_is_selected() -> None:
    _, _, y = make_rows()
    assert fit(y, n_selected=1)[0].columns.tolist() == [2]
    assert fit(y, n_selected=None)[0].columns.tolist() == list(range(6))
    assert fit(y, n_selected=100)[0].columns.tolist() == list(range(6))


def test_an_offer_is_predicted_by_models_that_did_not_see_it() -> None:
    # Labels reach an own fold through the calibration alone, which is one line for all offers.
    _, _, y = make_rows()
    _, before = fit(y)
    for offer in (0, 7):
        flipped = y.copy()
        flipped[offer] = 1 - flipped[offer]
        fold = FOLDS[offer % 4][1]
        old, new = logit(before[fold]), logit(fit(flipped)[1][fold])
        line = np.polyfit(old, new, 1)
        np.testing.assert_allclose(np.polyval(line, old), new, rtol=1e-8)


def test_without_folds_nothing_is_known_out_of_fold() -> None:
    _, _, y = make_rows()
    model, out_of_fold = fit(y, folds=[])
    assert np.isnan(out_of_fold).all()
    assert model.calibration == Calibration()


def test_a_fold_that_trains_on_one_class_predicts_it() -> None:
    y = np.zeros(40)
    y[3] = 1.0  # the last fold trains on negatives only
    model, out_of_fold = fit(y)
    assert model.estimator is not None
    assert np.isfinite(out_of_fold).all()
    assert len(np.unique(out_of_fold[3::4])) == 1


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_labels_all_alike_give_their_prevalence(label: float) -> None:
    model, out_of_fold = fit(np.full(40, label), estimator=DummyClassifier())
    assert model.estimator is None
    np.testing.assert_array_equal(predict(model), np.full(40, label))
    np.testing.assert_allclose(out_of_fold, label, atol=2e-6)


@pytest.mark.parametrize(
    "estimator",
    [
        KNeighborsClassifier(1),  # takes no weights, and says 0 and 1
        XGBClassifier(n_estimators=3, n_jobs=1),
        make_pipeline(MaxAbsScaler(), LogisticRegression()),
        DummyClassifier(strategy="prior"),
    ],
)
def test_any_classifier_will_do(estimator: object) -> None:
    _, _, y = make_rows()
    model, _ = fit(y, estimator=estimator)
    assert model.estimator is not estimator
    probabilities = predict(model)
    assert ((probabilities > 0) & (probabilities < 1)).all()
    assert ((probabilities > 0.5) == y).mean() > 0.9


def test_copies_with_contradicting_labels_give_no_warning() -> None:
    features, scores, _ = make_rows()
    for offers in range(3, 40):
        rows = np.tile(np.arange(offers), 2)
        y, weights = np.repeat([0.0, 1.0], offers), np.full(2 * offers, 0.97)
        model, _ = fit_theme(
            features[rows], 20 * scores[rows], y, weights, [], DummyClassifier(), None
        )
        assert np.isfinite(model.intercept)
