"""The kernel's margins are those of XGBoost, to the last bit."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from xgboost import XGBClassifier

from jocas_themes import ThemeClassifier
from jocas_themes.student._calibration import Calibration
from jocas_themes.student._themes import ThemeModel, _join
from jocas_themes.student.kernel._trees import Trees, build_forest, read_trees

pytestmark = pytest.mark.kernel

NAN, INF = np.nan, np.inf
N_COLUMNS = 12
# In single precision some are 1, or 0, or infinite, or subnormal.
HARD = [0.0, -0.0, 1.0, -1.0, 1 + 1e-12, 1 - 1e-12, 1e-40, -1e-40, 1e-310, 1e39, INF, -INF]


def make_model(estimator: Any, columns: list[int], n_scores: int = 0) -> ThemeModel:
    return ThemeModel(
        np.array(columns, dtype=np.int64), estimator, np.zeros(n_scores), 0.0, Calibration(), 0.5
    )


def make_rows(
    rng: np.random.Generator, n_rows: int, values: np.ndarray, shape: tuple[int, ...]
) -> np.ndarray:
    """Draw cells out of some values, half of them; the others are NaN, for absent."""
    cells = rng.choice(values, size=(n_rows, *shape))
    cells[rng.random(cells.shape) < 0.5] = NAN
    return cells


def to_csr(cells: np.ndarray) -> sparse.csr_matrix:
    """Keep what is not NaN; a 0 stays, as it is in the features of texts."""
    rows, columns = np.nonzero(~np.isnan(cells))
    starts = np.searchsorted(rows, np.arange(len(cells) + 1))
    return sparse.csr_matrix((cells[rows, columns], columns, starts), shape=cells.shape)


def fit(rng: np.random.Generator, n_features: int, **params: Any) -> XGBClassifier:
    """Fit trees to noise, so that they are of all shapes."""
    cells = make_rows(rng, 80, np.round(rng.normal(size=9), 1), (n_features,))
    return XGBClassifier(n_jobs=1, **params).fit(to_csr(cells), np.arange(80) % 3 == 0)


def predict(forest: Any, matrix: sparse.csr_matrix, scores: np.ndarray) -> np.ndarray:
    margins = forest.predict(
        starts=matrix.indptr.astype(np.int64),
        columns=matrix.indices.astype(np.int32),
        values=matrix.data,
        scores=np.ascontiguousarray(scores).ravel(),
    )
    return margins.reshape(matrix.shape[0], -1)


def assert_same_bits(margins: np.ndarray, expected: list[np.ndarray]) -> None:
    wanted = np.column_stack(expected)
    assert margins.dtype == wanted.dtype == np.float32
    np.testing.assert_array_equal(margins.view(np.int32), wanted.view(np.int32))


def assert_followed(
    models: list[ThemeModel], matrix: sparse.csr_matrix, scores: np.ndarray
) -> None:
    """Check the margins of themes, all of which have trees, against XGBoost's."""
    forest = build_forest(models, scores.shape[2], matrix.shape[1])
    expected = [
        model.estimator.predict(
            _join(scores[:, theme], matrix[:, model.columns]), output_margin=True
        )
        for theme, model in enumerate(models)
    ]
    assert_same_bits(predict(forest, matrix, scores), expected)


def find_values(model: ThemeModel, n_scores: int) -> np.ndarray:
    """Return the thresholds of trees, what lies next to them, and hard figures."""
    trees = read_trees(model, n_scores)
    assert trees is not None
    thresholds = trees.value.astype(np.float64)
    near = [np.nextafter(thresholds, INF), np.nextafter(thresholds, -INF), thresholds * (1 + 1e-7)]
    return np.concatenate([thresholds, *near, HARD])


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_scores=st.integers(0, 3),
    params=st.fixed_dictionaries(
        {"n_estimators": st.integers(1, 50), "max_depth": st.integers(1, 8)},
        optional={
            "tree_method": st.sampled_from(["hist", "approx", "exact"]),
            "num_parallel_tree": st.integers(2, 3),
            "base_score": st.sampled_from([0.01, 0.3, 0.5, 0.77]),
            "scale_pos_weight": st.sampled_from([0.3, 4.0]),
            "max_delta_step": st.just(0.5),
            "gamma": st.sampled_from([0.1, 1.0]),
        },
    ),
)
def test_margins_are_those_of_xgboost(
    kernel: ModuleType, seed: int, n_scores: int, params: dict[str, Any]
) -> None:
    rng = np.random.default_rng(seed)
    models = [
        make_model(fit(rng, n_scores + len(columns), **params), columns, n_scores)
        for columns in ([0, 2, 3, 7], [2, 11], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    ]
    values = np.concatenate([find_values(model, n_scores) for model in models])
    matrix = to_csr(make_rows(rng, 150, values, (N_COLUMNS,)))
    assert_followed(models, matrix, make_rows(rng, 150, values, (len(models), n_scores)))


def test_trees_of_many_leaves(kernel: ModuleType) -> None:
    rng = np.random.default_rng(0)
    cells = rng.normal(size=(2_000, 3))
    trees = XGBClassifier(
        n_estimators=9, max_depth=0, max_leaves=500, grow_policy="lossguide", min_child_weight=0
    )
    model = make_model(trees.fit(sparse.csr_matrix(cells), rng.random(2_000) < 0.5), [0, 1, 2])
    assert model.estimator.get_booster().trees_to_dataframe()["Feature"].eq("Leaf").sum() > 9 * 64
    matrix = to_csr(make_rows(rng, 300, cells.ravel(), (3,)))
    assert_followed([model], matrix, np.empty((300, 1, 0)))


def test_trees_of_one_leaf_leave_the_margin_of_the_base_score(kernel: ModuleType) -> None:
    # A base score of 0.5 is a margin of -0, and 0 + -0 would be 0.
    rng = np.random.default_rng(0)
    params = {"n_estimators": 3, "gamma": 1e9, "learning_rate": 0.0}
    fitted = [fit(rng, 2, base_score=score, **params) for score in (0.5, 0.3)]
    models = [make_model(estimator, [0, 1]) for estimator in fitted]
    matrix = to_csr(make_rows(rng, 5, np.array(HARD), (2,)))
    assert_followed(models, matrix, np.empty((5, 2, 0)))
    margins = predict(build_forest(models, 0, 2), matrix, np.empty(0))
    assert np.signbit(margins[:, 0]).all()
    assert margins[0, 1] == pytest.approx(np.log(0.3 / 0.7))


def test_early_stopping_keeps_the_trees_up_to_the_best(kernel: ModuleType) -> None:
    rng = np.random.default_rng(0)
    rows = to_csr(make_rows(rng, 120, np.round(rng.normal(size=9), 1), (4,)))
    y = rng.random(120) < 0.5
    estimator = XGBClassifier(n_estimators=40, early_stopping_rounds=3, num_parallel_tree=2)
    estimator.fit(rows[:60], y[:60], eval_set=[(rows[60:], y[60:])], verbose=False)
    model = make_model(estimator, [0, 1, 2, 3])
    trees = read_trees(model, 0)
    assert trees is not None
    assert len(trees.sizes) == 2 * (estimator.best_iteration + 1)
    assert len(trees.sizes) < 2 * estimator.get_booster().num_boosted_rounds()
    assert_followed([model], rows, np.empty((120, 1, 0)))


def test_a_theme_that_is_always_there_has_no_trees(kernel: ModuleType) -> None:
    rng = np.random.default_rng(0)
    trees = make_model(fit(rng, 3, n_estimators=9), [0, 1], n_scores=1)
    constant = make_model(None, [], n_scores=1)
    matrix = to_csr(make_rows(rng, 20, np.array(HARD), (2,)))
    scores = make_rows(rng, 20, np.array(HARD), (3, 1))
    margins = predict(build_forest([constant, trees, constant], 1, 2), matrix, scores)
    np.testing.assert_array_equal(margins[:, [0, 2]], 0.0)
    alone = predict(build_forest([trees], 1, 2), matrix, scores[:, 1:2])
    np.testing.assert_array_equal(margins[:, 1], alone[:, 0])


class Derived(XGBClassifier):  # type: ignore[misc]
    """A class that may predict otherwise."""


def make_other_estimators() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    rows, y = sparse.csr_matrix(rng.normal(size=(40, 2))), np.arange(40) % 2
    return {
        "dart": XGBClassifier(n_estimators=2, booster="dart").fit(rows, y),
        "lines": XGBClassifier(n_estimators=2, booster="gblinear").fit(rows, y),
        "another objective": XGBClassifier(n_estimators=2, objective="binary:hinge").fit(rows, y),
        "three classes": XGBClassifier(n_estimators=2).fit(rows, np.arange(40) % 3),
        "two outputs": XGBClassifier(n_estimators=2).fit(rows, np.column_stack([y, 1 - y])),
        "0 for missing": XGBClassifier(n_estimators=2, missing=0.0).fit(rows, y),
        "categories": XGBClassifier(
            n_estimators=2, feature_types=["c", "q"], enable_categorical=True
        ).fit(np.column_stack([y, y[::-1]]), y),
        "derived": Derived(n_estimators=2).fit(rows, y),
        "not XGBoost": LogisticRegression().fit(rows, y),
        "three features": fit(rng, 3, n_estimators=2),
        "no trees": XGBClassifier(n_estimators=0).fit(rows, y),
    }


def test_what_the_kernel_cannot_follow_is_left_to_python(kernel: ModuleType) -> None:
    for name, estimator in make_other_estimators().items():
        assert read_trees(make_model(estimator, [0, 1]), 0) is None, name
        assert build_forest([make_model(None, []), make_model(estimator, [0, 1])], 0, 2) is None


def alter(**tree: list[float]) -> XGBClassifier:
    """Return a fitted stump with something else in place of its arrays."""
    estimator = fit(np.random.default_rng(0), 2, n_estimators=1, max_depth=1)
    document = json.loads(estimator.get_booster().save_raw("json"))
    document["learner"]["gradient_booster"]["model"]["trees"][0].update(tree)
    estimator.load_model(bytearray(json.dumps(document).encode()))
    return estimator


def test_a_tree_read_by_hand() -> None:
    # The feature 0 is a score; 1 is the first column seen of the text, 9, and so 1 + 9 of all.
    stump = alter(
        split_indices=[1, 0, 0], split_conditions=[1.5, -1.0, 2.0], default_left=[1, 0, 0]
    )
    trees = read_trees(make_model(stump, [9], n_scores=1), 1)
    assert isinstance(trees, Trees)
    assert trees.sizes.tolist() == [3]
    assert trees.left.tolist() == [1, -1, -1]
    assert trees.feature[0] == 10
    assert trees.value.tolist() == [1.5, -1, 2]
    assert trees.default_left.tolist() == [1, 0, 0]
    # 27 of the 80 labels are positive: ln(27 / 53) = -0.6745.
    assert trees.base_margin == pytest.approx(-0.6745, abs=1e-4)


@pytest.mark.parametrize("default_left", [0, 1])
@pytest.mark.parametrize("threshold", [-INF, INF, 0.0, -0.0, 1e-45])
def test_a_split_at_an_extreme(kernel: ModuleType, threshold: float, default_left: int) -> None:
    stump = alter(
        split_indices=[0, 0, 0],
        split_conditions=[threshold, -1.0, 2.0],
        default_left=[default_left, 0, 0],
    )
    matrix = to_csr(np.array([[value, 1.0] for value in [*HARD, NAN]]))
    assert_followed([make_model(stump, [0, 1])], matrix, np.empty((len(HARD) + 1, 1, 0)))


def test_a_tree_that_asks_for_what_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match=r"features 0 to 1, they ask for \[7\]\. Was their file"):
        read_trees(make_model(alter(split_indices=[7, 0, 0]), [0, 1]), 0)


def test_a_best_round_that_is_not_there_is_left_to_xgboost() -> None:
    estimator = alter()
    estimator.get_booster().set_attr(best_iteration="1")
    assert read_trees(make_model(estimator, [0, 1]), 0) is None


@pytest.mark.parametrize("lost", [7.0385307e-26, -7.0385307e-26])
def test_the_one_figure_that_does_not_come_back_is_left_to_python(lost: float) -> None:
    # np.float32(7.038531e-26) is the next one: the double lies midway between the two.
    estimator = alter(split_conditions=[lost, 0.0, 0.0])
    assert "7.038531E-26" in bytes(estimator.get_booster().save_raw("json")).decode()
    assert read_trees(make_model(estimator, [0, 1]), 0) is None


# Two trees over a score and two columns: a split of the score, and a leaf.
ARRAYS: dict[str, Any] = {
    "n_scores": 1,
    "n_columns": 2,
    "base_margins": np.array([0.5], dtype=np.float32),
    "theme_starts": np.array([0, 2]),
    "tree_starts": np.array([0, 5, 6]),
    "left": np.array([1, -1, 3, -1, -1, -1], dtype=np.int32),
    "feature": np.array([0, 0, 2, 0, 0, 0]),
    "value": np.array([2, 0.25, 3, 1, 2, 8], dtype=np.float32),
    "default_left": np.array([0, 0, 1, 0, 0, 0], dtype=np.uint8),
}


def test_a_forest_by_hand(kernel: ModuleType) -> None:
    forest = kernel.Forest(**ARRAYS)
    # A score below 2: 0.5 + 0.25 + 8. Else, and missing as 0 is, the column 1: below 3 or absent
    # 0.5 + 1 + 8, else 0.5 + 2 + 8. No tree asks for the column 0, and there is no column 2.
    matrix = sparse.csr_matrix([[0, 0, 0], [9, 3, 9], [0, 2.5, 0], [0, 0, 0], [0, 3, 0]])
    margins = predict(forest, matrix, np.array([1.0, 2.0, 2.0, NAN, 0.0]))
    np.testing.assert_array_equal(margins[:, 0], [8.75, 10.5, 9.5, 9.5, 10.5])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("theme_starts", [0, 3], "one piece a theme"),
        ("theme_starts", [0, 1, 2], "one piece a theme"),
        ("theme_starts", [], "one piece a theme"),
        ("tree_starts", [0, 5, 7], "one piece a tree"),
        ("tree_starts", [0, 7, 6], "one piece a tree"),
        ("tree_starts", [-1, 5, 6], "one piece a tree"),
        ("tree_starts", [], "one piece a theme"),
        ("tree_starts", [0, 6, 6], "must have a node"),
        ("left", [0, -1, 3, -1, -1, -1], "after their parent"),
        ("left", [1, -1, 1, -1, -1, -1], "after their parent"),
        ("left", [4, -1, 3, -1, -1, -1], "after their parent"),
        ("left", [-2, -1, 3, -1, -1, -1], "after their parent"),
        ("left", [2**31 - 1, -1, 3, -1, -1, -1], "after their parent"),
        ("left", [1, -1, 3, -1, -1, 1], "after their parent"),
        ("left", [1, -1, 3, -1, -1], "one piece a tree"),
        ("feature", [3, 0, 2, 0, 0, 0], "a score or a column"),
        ("feature", [-1, 0, 2, 0, 0, 0], "a score or a column"),
        ("feature", [0], "of one length"),
        ("value", [NAN, 0, 0, 0, 0, 0], "must not be NaN"),
        ("value", [], "of one length"),
        ("default_left", [1], "of one length"),
        ("n_columns", 2**40, r"fewer than 2\*\*29"),
        ("n_scores", 2**62, r"fewer than 2\*\*29"),
    ],
)
def test_arrays_that_are_no_forest_are_refused(
    kernel: ModuleType, name: str, value: Any, message: str
) -> None:
    whole = value if isinstance(value, int) else np.array(value, dtype=ARRAYS[name].dtype)
    with pytest.raises(ValueError, match=message):
        kernel.Forest(**{**ARRAYS, name: whole})


@pytest.mark.parametrize(
    "wrong",
    [
        {"starts": np.array([0, 3])},
        {"starts": np.array([0, -1])},
        {"starts": np.array([-1, 0])},
        {"values": np.zeros(1)},
        {"scores": np.zeros(2)},
    ],
)
def test_rows_that_do_not_fit_are_refused(kernel: ModuleType, wrong: dict[str, Any]) -> None:
    rows = {
        "starts": np.array([0, 2]),
        "columns": np.array([0, 1], dtype=np.int32),
        "values": np.zeros(2),
        "scores": np.zeros(1),
    }
    with pytest.raises(ValueError, match="must fit each other"):
        kernel.Forest(**ARRAYS).predict(**{**rows, **wrong})


@pytest.mark.real_data
def test_margins_of_real_offers(
    kernel: ModuleType, student: ThemeClassifier, shared_data: Path
) -> None:
    offers = pd.read_parquet(shared_data / "offers_unlabelled.parquet").head(500)
    matrix, scores, _ = student._judge(offers.assign(text=offers["description_full"].fillna("")))
    assert_followed(student.models_, matrix, scores)
