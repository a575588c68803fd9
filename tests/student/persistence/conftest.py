import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jocas_themes import ThemeClassifier, load_model, load_sample_annotations, save_model
from student.persistence.cases import HOSTILE, make_student


@pytest.fixture(scope="package")
def annotated() -> pd.DataFrame:
    return load_sample_annotations()[:60]


@pytest.fixture(scope="package")
def few(annotated: pd.DataFrame) -> pd.DataFrame:
    """Return few offers, annotated for two themes."""
    return annotated[["text", *(c for c in annotated if c.startswith(("COMPENS", "WORK")))]][:40]


@pytest.fixture(scope="package")
def offers(annotated: pd.DataFrame) -> pd.DataFrame:
    """Return offers to predict, some of them hostile."""
    hostile = pd.DataFrame({"text": HOSTILE, "contractType": [None, "CDI", "|"] * 3})
    return pd.concat([annotated[["text", "contractType"]][:20], hostile], ignore_index=True)


@pytest.fixture(scope="package")
def student(annotated: pd.DataFrame) -> ThemeClassifier:
    params = {"structured_columns": ("contractType",), "random_state": np.int64(3)}
    student = make_student(**params).fit(annotated)
    student.thresholds_[0] += 0.01  # changed after fitting: kept
    return student


@pytest.fixture(scope="package")
def saved(tmp_path_factory: pytest.TempPathFactory, student: ThemeClassifier) -> Path:
    """Return a folder to read only."""
    folder = tmp_path_factory.mktemp("saved") / "model"
    save_model(student, folder)
    return folder


@pytest.fixture(scope="package")
def loaded(saved: Path) -> ThemeClassifier:
    return load_model(saved)


@pytest.fixture
def folder(tmp_path: Path, saved: Path) -> Path:
    """Return a folder to damage."""
    return Path(shutil.copytree(saved, tmp_path / "model"))
