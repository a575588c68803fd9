"""Folds inside a fit: what is stacked on scores must not meet scores learnt by heart."""

import numpy as np
import pandas as pd

from jocas_themes.evaluation import NearDuplicateKFold
from jocas_themes.offers import group_near_duplicates
from jocas_themes.student._linear import Fold
from jocas_themes.student._targets import Targets


def make_folds(texts: pd.Series, targets: Targets, *, n_splits: int, seed: int) -> list[Fold]:
    """Split offers into folds, near-duplicates kept together as far as there are groups.

    Where all offers resemble each other they are split one by one.
    """
    if len(texts) < 2:
        raise ValueError(f"learning needs two offers at least, got {len(texts)}. Annotate more.")
    groups = group_near_duplicates(texts)
    if len(np.unique(groups)) < 2:
        groups = np.arange(len(texts))
    n_splits = min(n_splits, len(np.unique(groups)))
    cv = NearDuplicateKFold(n_splits, random_state=seed)
    labels = pd.DataFrame(targets.labels, columns=list(targets.themes))
    return list(cv.split(texts, labels, groups))
