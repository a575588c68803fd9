"""`NearDuplicateKFold`: cross-validation that does not test on what was learnt by heart."""

from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jocas_themes.annotations import choose_themes, read_labels
from jocas_themes.offers import group_near_duplicates

_Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class NearDuplicateKFold:
    """Split offers into folds that share no near-duplicate and hold each theme's share.

    The same offer is posted on several boards. With one copy to learn from and another to be
    tested on, a score says how well a model remembers, however far apart their dates.

    Parameters
    ----------
    n_splits : int, default=5
        How many folds, at least 2.
    threshold : float, default=0.8
        Similarity from which two offers are near-duplicates, as `find_near_duplicates` has it.
    text_columns : sequence of str, optional
        Columns that hold the text, when they are not the JOCAS ones.
    random_state : int, optional
        Shuffles the offers before they are dealt out. None leaves them in their order, and
        gives the same folds each time.

    Raises
    ------
    ValueError
        If ``n_splits`` is not an integer of at least 2.

    See Also
    --------
    find_near_duplicates : The groups that are kept together.
    MaskedScorer : Scores for labels with NaN.

    Notes
    -----
    Iterative stratification (Sechidis, Tsoumakas and Vlahavas, 2011), dealing out groups of
    near-duplicates in place of single offers: the theme with the fewest positives left comes
    first, the largest groups first, each to the fold that has the fewest positives of the
    theme among those with room for the group. A fold holds more than its part of the offers
    only where no fold has room: with single offers, sizes differ by one at most.

    Examples
    --------
    >>> from jocas_themes import NearDuplicateKFold
    >>> offers = ["Cariste H/F à Lyon", "CARISTE (H/F) À LYON", "Boulanger à Nantes", "Juriste"]
    >>> for train, test in NearDuplicateKFold(2).split(offers):
    ...     print(train, test)
    [2 3] [0 1]
    [0 1] [2 3]
    """

    n_splits: int = 5
    _: KW_ONLY
    threshold: float = 0.8
    text_columns: Sequence[str] | None = None
    random_state: int | None = None

    def __post_init__(self) -> None:
        """Refuse fewer than two folds."""
        n_splits: object = self.n_splits
        if not isinstance(n_splits, Integral) or n_splits < 2:
            raise ValueError(f"n_splits must be an integer of at least 2, got {n_splits!r}.")

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[_Integers, _Integers]]:
        """Give the positions of the training and test offers of each fold.

        Parameters
        ----------
        X : sequence of str, DataFrame or pyarrow.Table of n_offers
            Texts, or a table of offers.
        y : array-like or DataFrame of shape (n_offers, n_themes), optional
            Labels to balance, 0, 1 or NaN; an annotated table will do. Without them the folds
            are balanced in size only.
        groups : array-like of shape (n_offers,), optional
            Groups to keep together, such as the employer, in place of the near-duplicates.

        Yields
        ------
        train : ndarray of shape (n_train,)
            Positions of the offers to learn from.
        test : ndarray of shape (n_test,)
            Positions of the offers to test on. Each offer is tested on once.

        Raises
        ------
        ValueError
            If there are fewer groups than folds, if the lengths differ, if a group is missing,
            or if a label is not 0, 1 or NaN.
        """
        if groups is None:
            groups = group_near_duplicates(
                X, threshold=self.threshold, text_columns=self.text_columns
            )
        else:
            groups = _read_groups(groups, X)
        sizes = np.bincount(groups)
        if len(sizes) < self.n_splits:
            raise ValueError(
                f"n_splits must be at most the number of groups that stay together, got "
                f"n_splits={self.n_splits} for {len(groups)} offers in {len(sizes)} groups. "
                f"Lower n_splits, or raise threshold if these are near-duplicates."
            )
        positives = _count_positives(y, groups)
        order = np.arange(len(sizes))
        if self.random_state is not None:
            order = np.random.default_rng(self.random_state).permutation(order)
        folds = _deal_out(order, sizes, positives, self.n_splits)[groups]
        for fold in range(self.n_splits):
            yield np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:  # noqa: ARG002
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : object, optional
            Not used; scikit-learn passes them.

        Returns
        -------
        int
            ``n_splits``.
        """
        return self.n_splits


def _read_groups(groups: Any, X: Any) -> _Integers:
    """Give the groups numbers from 0 on."""
    numbers = pd.factorize(np.asarray(groups))[0]
    if len(numbers) != len(X):
        raise ValueError(f"X holds {len(X)} offers and groups {len(numbers)}: they must agree.")
    n_missing = int((numbers < 0).sum())
    if n_missing:
        raise ValueError(f"each offer needs a group, got none for {n_missing} of {len(numbers)}.")
    return np.asarray(numbers, dtype=np.int64)


def _count_positives(y: Any, groups: _Integers) -> _Integers:
    """Count each group's offers with each theme: shape (n_groups, n_themes)."""
    if y is None:
        return np.zeros((groups.max() + 1, 0), dtype=np.int64)
    labels = read_labels(y, choose_themes(y), name="y")
    if len(labels) != len(groups):
        raise ValueError(f"X holds {len(groups)} offers and y {len(labels)}: they must agree.")
    positives = np.zeros((groups.max() + 1, labels.shape[1]), dtype=np.int64)
    np.add.at(positives, groups, labels == 1)
    return positives


def _deal_out(order: _Integers, sizes: _Integers, positives: _Integers, n_splits: int) -> _Integers:
    """Choose a fold for each group, taking them in the given order among equals."""
    order = order[np.argsort(-sizes[order], kind="stable")]
    folds = np.full(len(sizes), -1)
    n_offers = np.zeros(n_splits, dtype=np.int64)
    n_positives = np.zeros((n_splits, positives.shape[1]), dtype=np.int64)
    waiting = positives.copy()
    while len(order):
        left = waiting.sum(axis=0)
        if left.any():
            theme = np.where(left > 0, left, left.max() + 1).argmin()
            turn = order[waiting[order, theme] > 0]
        else:
            theme, turn = None, order
        for group in turn:
            # Room in whole numbers: n_offers / n_splits is none.
            has_room = (n_offers + sizes[group]) * n_splits <= sizes.sum()
            by_size = theme is None or not has_room.any()
            first = n_offers if by_size else n_positives[:, theme]
            fold = np.lexsort((n_offers, first, ~has_room))[0]
            folds[group] = fold
            n_offers[fold] += sizes[group]
            n_positives[fold] += positives[group]
        waiting[turn] = 0
        order = order[folds[order] < 0]
    return folds
