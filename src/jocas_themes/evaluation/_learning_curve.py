"""`compute_learning_curve`: what more annotations would bring, and what they would cost."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from jocas_themes.annotations import Themes, read_labels
from jocas_themes.evaluation._bootstrap import (
    ClusterBootstrap,
    FloatArray,
    IntArray,
    compute_f1,
    count_outcomes,
)
from jocas_themes.evaluation._forecast import LearningCurve, build_learning_curve
from jocas_themes.evaluation._refitting import (
    align_gold,
    find_unknown_themes,
    predict_others,
    read_annotated,
    take_learner,
)
from jocas_themes.evaluation._splitter import NearDuplicateKFold
from jocas_themes.offers import group_near_duplicates

# The law has three coefficients.
_MIN_SIZES = 3
_SMALLEST_DEFAULT = 10


def compute_learning_curve(
    model: Any,
    annotated: Any,
    gold: Any = None,
    *,
    sizes: Sequence[int] | None = None,
    cost_per_offer_usd: float | None = None,
    test_size: float | None = None,
    n_repeats: int = 5,
    themes: Themes = None,
    n_bootstrap: int = 1000,
    level: float = 0.95,
    random_state: int = 0,
    n_jobs: int | None = None,
    progress: bool = False,
) -> LearningCurve:
    r"""Compute the F1 against the number of annotated offers, and forecast it for twice as many.

    Parameters
    ----------
    model : classifier or Pipeline
        Learns from an annotated table and predicts 0/1 of shape (n_offers, n_themes), such as
        a `ThemeClassifier`. It is cloned, never fitted itself. Of a Pipeline, a teacher is left
        out, since `annotated` stands for it; a `ConfidenceFilter` masks what is learnt from,
        never what is judged, and writes no review file.
    annotated : DataFrame or pyarrow.Table of shape (n_offers, n_columns)
        An annotated table. Offers without any label are not learnt from.
    gold : DataFrame, pyarrow.Table or array-like of shape (n_gold, n_themes), optional
        What humans say, 0, 1 or NaN, of offers of the annotated table, to judge by in place of
        the teacher. An ``inclusion_probability`` weighs each offer by its inverse.
    sizes : sequence of int, optional
        How many offers to learn from, three sizes at least. By default all that are not tested
        on, and up to four halvings of that number.
    cost_per_offer_usd : float, optional
        What annotating one offer costs, in dollars.
    test_size : float, optional
        Share of the offers to test on, in (0, 0.5], rounded to one part in a whole number. By
        default, a fifth without gold; with gold, all the gold offers are tested on.
    n_repeats : int, default=5
        How often the offers to learn from are drawn.
    themes : Taxonomy or sequence of str, optional
        The themes to judge. By default those of the annotated table.
    n_bootstrap : int, default=1000
        How often the groups of near-duplicates and the repeats are drawn for the intervals.
    level : float, default=0.95
        Coverage that the intervals aim at, in (0, 1).
    random_state : int, default=0
        Seed of all draws.
    n_jobs : int, optional
        How many models to train at once, in processes. Results do not depend on it.
    progress : bool, default=False
        Whether to show a bar.

    Returns
    -------
    LearningCurve
        ``table``, ``forecast``, ``gain_of_doubling`` and ``advice``.

    Raises
    ------
    TypeError
        If the model, or the last step of the Pipeline, cannot learn.
    ValueError
        If the table is no annotated one; if there are fewer offers to learn from than a size
        asks for, or none to test on; if a theme has no label in a subset; if gold shares no
        offer with the table; or if an argument is out of range.

    Warns
    -----
    JocasThemesWarning
        If gold offers are not in the table.

    See Also
    --------
    threshold_curve : What surer labels would bring.
    suggest_offers : Which offers to annotate next.

    Notes
    -----
    In each repeat the offers to learn from are put in random order, and each size takes the
    first ones: the subsets grow. All models are judged on the same test offers, of which no
    near-duplicate is learnt from.

    The law is :math:`f(n) = a - b n^{-c}` (Hestness et al. 2017, "Deep learning scaling is
    predictable, empirically"; for labelling, Figueroa et al. 2012, "Predicting sample size
    required for classification performance"), with :math:`a \le 1`, :math:`b \\ge 0` and
    :math:`0.05 \le c \le 2`, by least squares that weigh the larger sizes more. It never
    falls. It supposes that more offers come from where these do.

    Intervals are percentiles of a bootstrap that draws the repeats and the groups of
    near-duplicates among the test offers, the same ones for all sizes, and fits the law anew.
    They say how far these two move the gain, not all that another training would: it is
    uncertain by that much at least. At the largest default size all repeats learn from the same
    offers, and only the test offers speak of chance.

    Examples
    --------
    >>> import numpy as np
    >>> from jocas_themes import load_sample_annotations
    >>> from jocas_themes.evaluation import compute_learning_curve
    >>> from sklearn.base import BaseEstimator
    >>> class Always(BaseEstimator):  # learns nothing, whatever it is shown
    ...     def fit(self, X, y=None):
    ...         return self
    ...     def predict(self, X):
    ...         return np.ones((len(X), 6))
    >>> annotated = load_sample_annotations()
    >>> curve = compute_learning_curve(Always(), annotated, cost_per_offer_usd=0.005)
    >>> curve.table["n_offers"].tolist()
    [15, 30, 60, 120, 240]
    >>> print(curve.advice)
    Twice the labels (240 more offers, 1.20 USD) would gain about 0.0 points of F1 (0.0 to 0.0).
    The curve is flat: more labels are not worth it.
    """
    table, codes = read_annotated(annotated, themes)
    bootstrap = ClusterBootstrap(n_bootstrap, level, random_state)
    _check_arguments(n_repeats, cost_per_offer_usd, test_size)
    learner = take_learner(model)
    labels = read_labels(table, codes, name="annotated")
    gold_labels, weights = align_gold(table, gold, codes, stacklevel=3)
    truth = labels if gold is None else gold_labels
    groups = group_near_duplicates(table)
    if gold is not None and test_size is None:
        test = np.flatnonzero(~np.isnan(truth).all(axis=1))
    else:
        test = _draw_test(table, labels, groups, test_size or 0.2, random_state)
    pool = np.flatnonzero(~np.isin(groups, groups[test]) & ~np.isnan(labels).all(axis=1))
    test = test[~np.isnan(truth[test]).all(axis=1)]
    _check_test(truth[test], groups[test])
    steps = _read_sizes(sizes, len(pool))
    subsets = _draw_subsets(pool, steps, n_repeats, random_state)
    _check_subsets(labels, subsets, codes)
    predicted = _predict(learner, table, subsets, test, codes, n_jobs=n_jobs, progress=progress)
    outcomes = np.stack(
        [count_outcomes(truth[test], guess, weights[test]).sum(axis=1) for guess in predicted],
        axis=1,
    ).reshape(len(test), len(steps), n_repeats, 3)
    f1 = compute_f1(outcomes.sum(axis=0)).mean(axis=1)
    draws = _draw_f1(outcomes, groups[test], bootstrap)
    return build_learning_curve(steps, f1, draws, bootstrap, cost_per_offer_usd)


def _check_arguments(n_repeats: Any, cost: Any, test_size: Any) -> None:
    if not isinstance(n_repeats, Integral) or n_repeats < 1:
        raise ValueError(f"n_repeats must be an integer of at least 1, got {n_repeats!r}.")
    if cost is not None and (not isinstance(cost, (int, float)) or not 0 <= cost < np.inf):
        raise ValueError(f"cost_per_offer_usd must be a price of 0 or more, got {cost!r}.")
    if test_size is not None and (
        not isinstance(test_size, (int, float)) or not 0 < test_size <= 0.5
    ):
        raise ValueError(f"test_size must be a share in (0, 0.5], got {test_size!r}.")


def _draw_test(
    table: pd.DataFrame, labels: FloatArray, groups: IntArray, size: float, random_state: int
) -> IntArray:
    """Draw the offers to test on, with each theme's share of them, and whole groups."""
    folds = NearDuplicateKFold(round(1 / size), random_state=random_state)
    _, test = next(folds.split(table, labels, groups))
    return test


def _check_test(truth: FloatArray, groups: IntArray) -> None:
    """See that there is something to judge by, and to draw intervals from."""
    if not (truth == 1).any() or len(np.unique(groups)) < 2:
        raise ValueError(
            f"the offers to test on must hold a positive, and two groups of near-duplicates at "
            f"least, got {int((truth == 1).sum())} positives among {len(truth)} offers. Raise "
            f"test_size, or annotate more offers."
        )


def _read_sizes(sizes: Sequence[int] | None, n_pool: int) -> IntArray:
    """Read the sizes in rising order; by default the whole pool and its halvings."""
    if sizes is None:
        halvings = [n_pool >> power for power in range(5)]
        sizes = [size for size in halvings if size >= _SMALLEST_DEFAULT]
    given = np.unique(np.asarray(sizes))
    if given.dtype.kind not in "iu" or len(given) < _MIN_SIZES or given[0] < 1:
        raise ValueError(
            f"sizes must be at least {_MIN_SIZES} different numbers of offers, got "
            f"{list(sizes)[:5]!r}; there are {n_pool} offers to learn from."
        )
    if given[-1] > n_pool:
        raise ValueError(
            f"sizes must be at most {n_pool}, the annotated offers that are neither tested on "
            f"nor near-duplicates of those, got {int(given[-1])}. Lower it, or lower test_size."
        )
    return given.astype(np.int64)


def _draw_subsets(
    pool: IntArray, sizes: IntArray, n_repeats: int, random_state: int
) -> list[IntArray]:
    """Draw what to learn from: all repeats of the first size, then of the next."""
    rng = np.random.default_rng(random_state)
    orders = [rng.permutation(pool) for _ in range(n_repeats)]
    # Sorted: the same offers give the same model.
    return [np.sort(order[:size]) for size in sizes for order in orders]


def _check_subsets(labels: FloatArray, subsets: list[IntArray], codes: tuple[str, ...]) -> None:
    for subset in subsets:
        unknown = find_unknown_themes(labels[subset], codes)
        if unknown:
            raise ValueError(
                f"each subset must hold a label of each theme, but {len(subset)} offers hold none "
                f"of {unknown[:5]!r} ({len(unknown)} themes). Raise the smallest of sizes, or "
                f"leave the themes out with themes=(...)."
            )


def _predict(
    learner: Any,
    table: pd.DataFrame,
    subsets: list[IntArray],
    test: IntArray,
    codes: tuple[str, ...],
    *,
    n_jobs: int | None,
    progress: bool,
) -> list[FloatArray]:
    """Predict the test offers after each subset; equal ones are learnt from once."""
    distinct = {subset.tobytes(): subset for subset in subsets}
    outputs = predict_others(
        learner,
        ((table.iloc[subset], table.iloc[test]) for subset in distinct.values()),
        codes,
        n_parts=len(distinct),
        n_jobs=n_jobs,
        progress=progress,
        ignore_warnings=True,  # a small subset may show one class of a theme: that is the point
    )
    by_subset = dict(zip(distinct, outputs, strict=True))
    return [by_subset[subset.tobytes()][0] for subset in subsets]


def _draw_f1(outcomes: FloatArray, groups: IntArray, bootstrap: ClusterBootstrap) -> FloatArray:
    """Draw curves, of other test offers and other repeats: shape (n_bootstrap, n_sizes)."""
    f1 = compute_f1(bootstrap.draw(outcomes, groups))
    n_repeats = f1.shape[2]
    rng = np.random.default_rng([bootstrap.random_state, 1])
    times = rng.multinomial(n_repeats, np.full(n_repeats, 1 / n_repeats), len(f1))
    draws: FloatArray = np.einsum("bsr,br->bs", f1, times / n_repeats)
    return draws
