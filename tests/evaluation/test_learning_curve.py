"""`compute_learning_curve`: what is learnt from, what is judged, and what is advised."""

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import Pipeline

from jocas_themes.confidence import ConfidenceFilter
from jocas_themes.errors import JocasThemesWarning
from jocas_themes.evaluation import LearningCurve, compute_learning_curve
from jocas_themes.evaluation._bootstrap import ClusterBootstrap
from jocas_themes.evaluation._forecast import _advise, build_learning_curve
from jocas_themes.evaluation._learning_curve import _draw_f1, _draw_subsets

NAN = np.nan
SIZES = np.array([100, 200, 400])


class Parrot(ClassifierMixin, BaseEstimator):
    """Knows the employers it has seen with the theme; `fitted` records every table."""

    fitted: list = []  # noqa: RUF012 (shared by clones on purpose)

    def fit(self, X, y=None):
        self.fitted.append(X)
        self.known_ = {text.split()[0] for text in X["text"][X["A"] == 1]}
        return self

    def predict(self, X):
        return np.array([[text.split()[0] in self.known_] for text in X["text"]], dtype=int)


@pytest.fixture(autouse=True)
def _forget() -> None:
    Parrot.fitted.clear()


@pytest.fixture
def annotated() -> pd.DataFrame:
    """Return 240 offers of 60 employers, half of which always offer the theme."""
    employers = np.random.default_rng(0).integers(0, 60, 240)
    return pd.DataFrame(
        {
            "offer_id": [f"o{row}" for row in range(240)],
            "text": [f"employer{name} offer{row}" for row, name in enumerate(employers)],
            "A": (employers % 2).astype(float),
            "A_confidence": np.where(np.arange(240) % 3, 90.0, 60.0),
            "A_evidence": None,
            "status": "ok",
        }
    )


def test_more_offers_more_employers(annotated: pd.DataFrame) -> None:
    curve = compute_learning_curve(Parrot(), annotated, cost_per_offer_usd=0.01, n_repeats=4)
    assert isinstance(curve, LearningCurve)
    # A fifth, 48, is tested on; 192 and its halvings are learnt from.
    assert curve.table["n_offers"].tolist() == [12, 24, 48, 96, 192]
    assert curve.table["cost_usd"].tolist() == pytest.approx([0.12, 0.24, 0.48, 0.96, 1.92])
    assert (np.diff(curve.table["f1"]) > 0).all()
    # In the end all employers are known, and nothing is left to go wrong.
    assert curve.table["f1"].iloc[-1] == 1
    assert (curve.table["f1_low"] < curve.table["f1"]).tolist() == [True] * 4 + [False]
    assert curve.forecast["n_offers"].tolist() == [12, 24, 48, 96, 192, 384]
    assert curve.forecast["gain"].iloc[-1] == curve.gain_of_doubling > 0
    assert curve.advice.startswith("Twice the labels (192 more offers, 1.92 USD) would gain")
    assert curve.advice in str(curve)
    assert "<table" in curve._repr_html_()


def test_subsets_grow_and_the_same_offers_are_judged(annotated: pd.DataFrame) -> None:
    sizes = [20, 40, 192]
    compute_learning_curve(Parrot(), annotated, sizes=sizes, n_repeats=2)
    # The last size is the same in both repeats: learnt from once.
    assert [len(table) for table in Parrot.fitted] == [20, 20, 40, 40, 192]
    first, other, more, more_of_other, all_of_them = (
        set(table["offer_id"]) for table in Parrot.fitted
    )
    assert first < more < all_of_them
    assert other < more_of_other < all_of_them
    assert first != other


def test_subsets_by_hand() -> None:
    pool = np.array([3, 5, 7, 9])
    subsets = _draw_subsets(pool, np.array([2, 4]), 3, random_state=0)
    assert [len(subset) for subset in subsets] == [2, 2, 2, 4, 4, 4]
    for small, large in zip(subsets[:3], subsets[3:], strict=True):
        assert set(small) < set(large) == set(pool)
        assert (np.diff(small) > 0).all()


def test_no_copy_is_on_both_sides(annotated: pd.DataFrame) -> None:
    annotated["text"] = [f"unique{row // 2}" for row in range(240)]  # each offer posted twice
    annotated["A"] = annotated["A"].to_numpy()[np.arange(240) // 2]
    gold = annotated[["offer_id", "A"]].iloc[:41]  # of the last pair, one is gold
    for arguments in ({}, {"gold": gold}):
        Parrot.fitted.clear()
        compute_learning_curve(Parrot(), annotated, n_repeats=1, **arguments)
        learnt = Parrot.fitted[-1]
        assert learnt["text"].value_counts().eq(2).all()
        assert len(learnt) == (198 if "gold" in arguments else 192)
        assert not set(learnt["offer_id"]) & set(gold["offer_id"]) or "gold" not in arguments


def test_gold_is_what_is_judged_by(annotated: pd.DataFrame) -> None:
    # Humans say the contrary of the teacher: the better it learns, the worse it does.
    gold = annotated[["offer_id", "A"]].iloc[::3].assign(A=lambda table: 1 - table["A"])
    gold["inclusion_probability"] = 0.5
    curve = compute_learning_curve(Parrot(), annotated, gold, n_repeats=3)
    assert len(Parrot.fitted[-1]) == 160
    assert (curve.table["f1"] == 0).all()
    assert curve.gain_of_doubling == 0
    assert "flat" in curve.advice
    elsewhere = pd.concat([gold, pd.DataFrame({"offer_id": ["z"], "A": [1]})]).assign(
        inclusion_probability=1
    )
    with pytest.warns(JocasThemesWarning, match="1 of 81 gold offers are not in the annotated"):
        compute_learning_curve(Parrot(), annotated, elsewhere, n_repeats=1)


def test_a_share_can_be_tested_on_with_gold_too(annotated: pd.DataFrame) -> None:
    gold = annotated[["offer_id", "A"]]
    with pytest.raises(ValueError, match=r"sizes must be at least 3 .* there are 0 offers"):
        compute_learning_curve(Parrot(), annotated, gold)
    curve = compute_learning_curve(Parrot(), annotated, gold, test_size=0.5, n_repeats=1)
    assert curve.table["n_offers"].iloc[-1] == 120


def test_the_filter_stays_and_writes_nothing(annotated: pd.DataFrame, tmp_path) -> None:
    class Teacher(BaseEstimator):
        def annotate(self, offers):
            raise AssertionError("the teacher was asked")

        def fit(self, X, y=None):
            return self

        def transform(self, X):
            return X

    review = tmp_path / "review.jsonl"
    steps = [("teacher", Teacher()), ("filter", ConfidenceFilter(80, review_path=review))]
    pipeline = Pipeline([*steps, ("student", Parrot())])
    compute_learning_curve(pipeline, annotated, n_repeats=1)
    assert Parrot.fitted[-1]["A"].isna().any()
    assert not review.exists()
    assert pipeline["filter"].review_path == review


def test_draws_of_the_test_offers_and_of_the_repeats() -> None:
    # Two test offers, both positive, two repeats of one size: in the one both are found, in the
    # other neither. F1 is 1 and 0 whatever the offers; repeats are drawn: 0, 1/2 or 1.
    hit, miss = [1.0, 0, 0], [0.0, 0, 1]
    outcomes = np.array([[[hit, miss]], [[hit, miss]]])
    draws = _draw_f1(outcomes, np.arange(2), ClusterBootstrap(400, 0.95, 0))
    values, counts = np.unique(draws, return_counts=True)
    assert values.tolist() == [0, 0.5, 1]
    assert counts / 400 == pytest.approx([0.25, 0.5, 0.25], abs=0.06)


def test_the_forecast_by_hand() -> None:
    # 0.9 - 2 n^-0.5: 0.7, 0.7586, 0.8; at 800 0.8293, at 400 0.8.
    f1 = 0.9 - 2 * SIZES**-0.5
    draws = np.stack([f1 - 0.01] * 50 + [f1 + 0.01] * 50 + [f1 * NAN])
    curve = build_learning_curve(SIZES, f1, draws, ClusterBootstrap(101, 0.95, 0), 0.005)
    assert curve.table["f1_low"].tolist() == pytest.approx((f1 - 0.01).tolist())
    last = curve.forecast.iloc[-1]
    gain = 2 / 400**0.5 - 2 / 800**0.5
    assert last[["n_offers", "cost_usd"]].tolist() == [800, 4]
    assert last["f1"] == pytest.approx(0.8 + gain)
    assert last[["f1_low", "f1_high"]].tolist() == pytest.approx([0.79 + gain, 0.81 + gain])
    # The draws differ in level, not in shape: the gain is the same in all.
    assert last[["gain", "gain_low", "gain_high"]].tolist() == pytest.approx([gain] * 3)
    assert curve.gain_of_doubling == pytest.approx(gain)
    assert curve.advice == (
        "Twice the labels (400 more offers, 2.00 USD) would gain about 2.9 points of F1 (2.9 to "
        "2.9). More labels still help."
    )


@pytest.mark.parametrize(
    ("gains", "verdict"),
    [
        ((0.012, 0.006, 0.02), "More labels still help."),
        ((0.012, 0.003, 0.02), "Whether more labels are worth it cannot be told yet"),
        ((0.001, 0.0, 0.004), "The curve is flat: more labels are not worth it."),
    ],
)
def test_advice(gains, verdict) -> None:
    assert verdict in _advise(2000, 0.0047, gains)
    said = _advise(2000, NAN, (0.012, 0.003, 0.02))
    assert said.startswith(
        "Twice the labels (2,000 more offers) would gain about 1.2 points of F1 (0.3 to 2.0)."
    )
    assert "2,000 more offers, 9.40 USD" in _advise(2000, 0.0047, gains)


def test_same_seed_same_curve_whatever_the_jobs(annotated: pd.DataFrame) -> None:
    curve = compute_learning_curve(Parrot(), annotated, n_bootstrap=50)
    with joblib.parallel_config(backend="threading"):
        again = compute_learning_curve(Parrot(), annotated, n_bootstrap=50, n_jobs=2)
    pd.testing.assert_frame_equal(curve.table, again.table)
    pd.testing.assert_frame_equal(curve.forecast, again.forecast)
    assert curve.advice == again.advice
    other = compute_learning_curve(Parrot(), annotated, n_bootstrap=50, random_state=1)
    assert not curve.table["f1"].equals(other.table["f1"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sizes": [10, 20, 193]}, "sizes must be at most 192, .* got 193"),
        ({"sizes": [10, 20]}, r"sizes must be at least 3 different .* got \[10, 20\]"),
        ({"sizes": [0, 10, 20]}, "sizes must be at least 3 different"),
        ({"sizes": [0.1, 0.5, 1.0]}, "sizes must be at least 3 different"),
        ({"n_repeats": 0}, "n_repeats must be an integer of at least 1, got 0"),
        ({"test_size": 0.6}, r"test_size must be a share in \(0, 0.5\], got 0.6"),
        ({"cost_per_offer_usd": -1}, "cost_per_offer_usd must be a price of 0 or more, got -1"),
        ({"gold": pd.DataFrame({"offer_id": ["z"], "A": [1]})}, "no offer_id is in both"),
        ({"gold": pd.DataFrame({"offer_id": ["o1"], "A": [0]})}, "got 0 positives among 1 offers"),
    ],
)
def test_bad_input_is_refused(annotated: pd.DataFrame, arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        compute_learning_curve(Parrot(), annotated, **arguments)


def test_a_theme_without_labels_is_named(annotated: pd.DataFrame) -> None:
    annotated = annotated.assign(B=NAN, B_confidence=NAN, B_evidence=None)
    with pytest.raises(ValueError, match=r"12 offers hold none of \['B'\]"):
        compute_learning_curve(Parrot(), annotated)


def test_what_cannot_learn_is_refused(annotated: pd.DataFrame) -> None:
    with pytest.raises(TypeError, match="model must be a classifier with fit and predict"):
        compute_learning_curve(ConfidenceFilter(), annotated)
