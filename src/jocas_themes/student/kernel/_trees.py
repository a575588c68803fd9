"""The trees of all themes as the flat arrays that the kernel walks."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from jocas_themes._native import require_kernel
from jocas_themes.student._themes import ThemeModel

# Read as a double, then rounded, the shortest decimals of all figures of single precision come
# back, but those of this one (all were tried).
_LOST = 7.038531e-26


@dataclass(frozen=True, eq=False)
class Trees:
    """The trees of one theme, their nodes one after the other, roots first.

    Parameters
    ----------
    base_margin : float
        What the leaves are added to, of single precision.
    sizes : ndarray of shape (n_trees,)
        How many nodes each tree has.
    left : ndarray of shape (n_nodes,)
        The left child, counted from the root; -1 for a leaf. The right one is the node after it.
    feature : ndarray of shape (n_nodes,)
        What a node asks for: a score, or n_scores + a column of the text.
    value : ndarray of shape (n_nodes,)
        Of a leaf, what it adds; of another node, what is less than it goes left.
    default_left : ndarray of shape (n_nodes,)
        1 where what is missing goes left.
    """

    base_margin: float
    sizes: npt.NDArray[np.int64]
    left: npt.NDArray[np.int32]
    feature: npt.NDArray[np.int64]
    value: npt.NDArray[np.float32]
    default_left: npt.NDArray[np.uint8]


def build_forest(models: Sequence[ThemeModel], n_scores: int, n_columns: int) -> Any | None:
    """Build the kernel's forest of all themes; None where one has trees that it cannot follow.

    Raises ``ValueError`` where trees are broken: a file that was altered.
    """
    themes = []
    for model in models:
        trees = read_trees(model, n_scores)
        if trees is None:
            return None
        themes.append(trees)
    return require_kernel().Forest(
        n_scores=n_scores,
        n_columns=n_columns,
        base_margins=np.array([trees.base_margin for trees in themes], dtype=np.float32),
        theme_starts=_to_starts([len(trees.sizes) for trees in themes]),
        tree_starts=_to_starts(np.concatenate([trees.sizes for trees in themes])),
        left=np.concatenate([trees.left for trees in themes]),
        feature=np.concatenate([trees.feature for trees in themes]),
        value=np.concatenate([trees.value for trees in themes]),
        default_left=np.concatenate([trees.default_left for trees in themes]),
    )


def read_trees(model: ThemeModel, n_scores: int) -> Trees | None:
    """Read the trees of one theme; None where the kernel cannot follow them.

    It follows those of ``XGBClassifier`` for two classes, of any number and shape, which split
    figures and take NaN for missing: not dropped ones ("dart"), lines ("gblinear"), categories.
    A theme that is always there, or never, has no trees.

    Raises ``ValueError`` where a tree asks for a feature that there is not.
    """
    if model.estimator is None:
        return _join([], 0.0, np.arange(0))
    document = _read_document(model.estimator)
    if document is None:
        return None
    kept = _choose_trees(document["learner"])
    n_features = int(document["learner"]["learner_model_param"]["num_feature"])
    features = np.concatenate([np.arange(n_scores), n_scores + model.columns])
    if kept is None or n_features != len(features) or not all(map(_is_plain, kept)):
        return None
    return _join(kept, _read_base_margin(document), features)


def _read_document(estimator: Any) -> dict[str, Any] | None:
    """Return what XGBoost says of its trees, None where it adds them up in another way."""
    from xgboost import XGBClassifier  # slow to import, and only needed here

    # A class derived from it may predict otherwise.
    if type(estimator) is not XGBClassifier or estimator.device not in (None, "cpu"):
        return None
    if not (isinstance(estimator.missing, float) and np.isnan(estimator.missing)):
        return None
    document: dict[str, Any] = json.loads(estimator.get_booster().save_raw("json"))
    learner = document["learner"]
    known = (
        learner["gradient_booster"]["name"] == "gbtree"
        and learner["objective"]["name"] == "binary:logistic"
        and learner["learner_model_param"]["num_target"] == "1"
    )
    return document if known else None


def _choose_trees(learner: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Return the trees up to the best round of an early stopping; None if there is no such."""
    model = learner["gradient_booster"]["model"]
    ends = model["iteration_indptr"][1:]
    best = int(learner["attributes"].get("best_iteration", len(ends) - 1))
    if not 0 <= best < len(ends):
        return None
    trees: list[dict[str, Any]] = model["trees"][: ends[best]]
    return trees


def _is_plain(tree: dict[str, Any]) -> bool:
    """Say whether a tree splits figures only, and its right children come after the left ones."""
    children = zip(tree["left_children"], tree["right_children"], strict=True)
    return (
        not any(tree["split_type"])
        and all(left == -1 or right == left + 1 for left, right in children)
        and _LOST not in map(abs, tree["split_conditions"])
    )


def _read_base_margin(document: dict[str, Any]) -> float:
    """Ask XGBoost itself, of a tree that adds nothing: logarithms differ in the last bit.

    The tree's leaves are -0, since to add 0 would change a margin of -0. The document is changed.
    """
    from xgboost import Booster

    learner = document["learner"]
    model = learner["gradient_booster"]["model"]
    tree = {**model["trees"][0]}
    tree["split_conditions"] = [-0.0] * len(tree["split_conditions"])
    model.update(trees=[tree], tree_info=[0], iteration_indptr=[0, 1])
    model["gbtree_model_param"]["num_trees"] = "1"
    booster = Booster(model_file=bytearray(json.dumps(document).encode()))
    nothing = sparse.csr_matrix((1, int(learner["learner_model_param"]["num_feature"])))
    return float(booster.inplace_predict(nothing, predict_type="margin")[0])


def _join(
    trees: list[dict[str, Any]], base_margin: float, features: npt.NDArray[np.int64]
) -> Trees:
    """Put trees one after the other, their features by the numbers that the themes share."""

    def join(name: str, dtype: type) -> npt.NDArray[Any]:
        return np.array(list(chain.from_iterable(tree[name] for tree in trees)), dtype=dtype)

    left = join("left_children", np.int32)
    asked = np.where(left == -1, 0, join("split_indices", np.int64))
    wrong = (asked < 0) | ((asked >= len(features)) & (left != -1))
    if wrong.any():
        raise ValueError(
            f"trees must ask for features 0 to {len(features) - 1}, they ask for "
            f"{np.unique(asked[wrong])[:5].tolist()!r}. Was their file altered?"
        )
    return Trees(
        base_margin=base_margin,
        sizes=np.array([len(tree["left_children"]) for tree in trees], dtype=np.int64),
        left=left,
        feature=features[asked] if len(features) else asked,
        value=join("split_conditions", np.float32),
        default_left=join("default_left", np.uint8),
    )


def _to_starts(sizes: Sequence[int] | npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return how many come before each piece, and how many there are."""
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
