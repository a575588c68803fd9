"""What the tests of the student share: the sample's annotations, and students fitted once."""

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from jocas_themes import ThemeClassifier, load_sample_annotations


@pytest.fixture(scope="session")
def annotated() -> pd.DataFrame:
    """Return the 300 sample offers, annotated; not to be changed in place."""
    return load_sample_annotations()


@pytest.fixture(scope="session")
def few(annotated: pd.DataFrame) -> pd.DataFrame:
    """Return 80 of them with three of the themes, for the fits of which there are many."""
    left_out = ("CAREER_OPPORTUNITIES", "COMPANY_CULTURE", "LEADERSHIP_MANAGEMENT")
    columns = [name for name in annotated.columns if not name.startswith(left_out)]
    return annotated.loc[:79, columns]


@pytest.fixture(scope="session")
def student(annotated: pd.DataFrame) -> ThemeClassifier:
    """Return the default student, fitted on the sample; not to be changed in place."""
    return ThemeClassifier().fit(annotated)


@pytest.fixture(scope="session")
def quick_student(few: pd.DataFrame) -> ThemeClassifier:
    """Return a student with a cheap classifier and two folds, fitted on few offers."""
    return ThemeClassifier(LogisticRegression(), cv=2).fit(few)
