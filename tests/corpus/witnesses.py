"""What the tests of clusters share: a student that says where it was unpickled.

A module of its own, so that the clusters' processes find it.
"""

import os
from collections import Counter
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin

from jocas_themes import ThemeClassifier, load_sample_annotations, make_offers

TESTS = str(Path(__file__).parents[1])


class Witness(ClassifierMixin, BaseEstimator):
    """Leave a file in a folder wherever it is unpickled; fail when told to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fit(self, X: Any, y: npt.NDArray[Any]) -> Self:
        self.classes_ = np.array([0, 1])
        self.fails_ = False
        return self

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        if self.fails_:
            raise RuntimeError("the witness fell silent")
        positive = expit(np.asarray(X.sum(axis=1)).ravel())
        return np.column_stack([1 - positive, positive])

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        (self.folder / f"{os.getpid()}-{uuid4()}").touch()


def make_witness(folder: Path) -> ThemeClassifier:
    """Return a student of one theme, so that unpickling it leaves one file."""
    student = ThemeClassifier(Witness(folder), themes=["WORK_LIFE_BALANCE"], cv=2, lexicon=None)
    student.fit(load_sample_annotations()[:60])
    return student


def count_loads(folder: Path) -> Counter[int]:
    """Count how often each process unpickled the student."""
    return Counter(int(path.name.partition("-")[0]) for path in folder.iterdir())


def make_some_offers() -> pd.DataFrame:
    """Make 40 offers, all columns strings; two have no text and two no date."""
    offers = make_offers(40, random_state=0).drop(columns=["salary_min", "salary_max"])
    offers.loc[[3, 17], ["job_title", "description_full"]] = None
    offers.loc[[5, 6], "date_firstSeenDay"] = None
    return offers
