from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from xgboost import XGBClassifier

from jocas_themes import ThemeClassifier, load_sample_annotations

N_OFFERS = 100


@pytest.fixture(scope="session")
def annotated() -> pd.DataFrame:
    return load_sample_annotations().head(N_OFFERS)


@pytest.fixture(scope="session")
def fit_student() -> Callable[..., ThemeClassifier]:
    """Return what fits a small student in a moment."""

    def fit(annotated: pd.DataFrame, **params: Any) -> ThemeClassifier:
        estimator = XGBClassifier(n_estimators=5, max_depth=3, n_jobs=1)
        return ThemeClassifier(**({"estimator": estimator, "cv": 2, "n_jobs": 1} | params)).fit(
            annotated
        )

    return fit


@pytest.fixture(scope="session")
def student(
    fit_student: Callable[..., ThemeClassifier], annotated: pd.DataFrame
) -> ThemeClassifier:
    """Return a student with sentences and a lexicon."""
    return fit_student(annotated)


@pytest.fixture(scope="session")
def plain_student(
    fit_student: Callable[..., ThemeClassifier], annotated: pd.DataFrame
) -> ThemeClassifier:
    """Return a student of whole texts alone."""
    return fit_student(annotated, evidence=False, lexicon=None)
