import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from jocas_themes import (
    ConfidenceFilter,
    LexiconTeacher,
    ThemeClassifier,
    load_model,
    load_sample_annotations,
    save_model,
)
from jocas_themes.errors import JocasThemesWarning, ModelFormatError


@pytest.fixture(scope="module")
def annotated() -> pd.DataFrame:
    return load_sample_annotations()


@pytest.fixture(scope="module")
def student(annotated: pd.DataFrame) -> ThemeClassifier:
    student = ThemeClassifier(structured_columns=("contractType",), random_state=np.int64(3))
    return student.fit(annotated)


@pytest.fixture
def folder(tmp_path: Path, student: ThemeClassifier) -> Path:
    save_model(student, tmp_path / "model")
    return tmp_path / "model"


def test_round_trip_is_bit_identical(
    folder: Path, student: ThemeClassifier, annotated: pd.DataFrame
) -> None:
    student.thresholds_[0] += 0.01  # changed after fitting: kept
    save_model(student, folder, overwrite=True)
    loaded = load_model(folder)
    np.testing.assert_array_equal(loaded.predict_proba(annotated), student.predict_proba(annotated))
    np.testing.assert_array_equal(loaded.predict(annotated), student.predict(annotated))
    assert loaded.themes_ == student.themes_
    assert loaded.structured_columns == ("contractType",)


def test_a_loaded_model_can_be_saved_again(folder: Path, tmp_path: Path) -> None:
    save_model(load_model(folder), tmp_path / "again")
    assert (tmp_path / "again" / "manifest.json").read_bytes() == (
        folder / "manifest.json"
    ).read_bytes()


def test_no_pickle_is_written(folder: Path) -> None:
    assert {path.suffix for path in folder.iterdir()} == {".json", ".npz", ".ubj"}


def test_a_pipeline_keeps_its_student_and_its_text_columns(tmp_path: Path) -> None:
    offers = pd.DataFrame({"texte": ["télétravail et mutuelle", "équipe de 5 personnes"] * 10})
    model = Pipeline(
        [
            ("teacher", LexiconTeacher(text_columns=["texte"])),
            ("filter", ConfidenceFilter(0)),
            ("student", ThemeClassifier()),
        ]
    )
    with pytest.warns(JocasThemesWarning, match="alike"):
        model.fit(offers)
    save_model(model, tmp_path / "model")
    np.testing.assert_array_equal(
        load_model(tmp_path / "model").predict_proba(offers), model.predict_proba(offers)
    )


def test_a_constant_theme_is_kept(tmp_path: Path, annotated: pd.DataFrame) -> None:
    table = annotated.assign(DIVERSITY=0.0)
    with pytest.warns(JocasThemesWarning, match="DIVERSITY"):
        student = ThemeClassifier().fit(table)
    save_model(student, tmp_path / "model")
    assert load_model(tmp_path / "model").predict(table)[:, 0].sum() == 0


def test_a_folder_that_is_there_is_not_replaced(folder: Path, student: ThemeClassifier) -> None:
    with pytest.raises(FileExistsError, match="overwrite=True"):
        save_model(student, folder)
    other = folder.parent / "photos"
    other.mkdir()
    (other / "cat.jpg").touch()
    with pytest.raises(FileExistsError, match="photos is there already, and is no model"):
        save_model(student, other, overwrite=True)
    assert (other / "cat.jpg").exists()
    assert sorted(path.name for path in folder.parent.iterdir()) == ["model", "photos"]


@pytest.mark.parametrize("name", ["features.json", "arrays.npz", "booster_0.ubj"])
def test_a_changed_truncated_or_missing_file_is_refused(folder: Path, name: str) -> None:
    path = folder / name
    content = path.read_bytes()
    for damage in (content[:-1], b"garbage", content.replace(content[-3:], b"xyz"), b""):
        path.write_bytes(damage)
        with pytest.raises(ModelFormatError, match=f"{name} is missing or was changed"):
            load_model(folder)
    path.unlink()
    with pytest.raises(ModelFormatError, match=f"{name} is missing or was changed"):
        load_model(folder)


def test_a_newer_or_foreign_manifest_is_refused(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    for change, message in (
        ({"format_version": 99}, "has format 99, this version of jocas-themes reads 1"),
        ({"format": "other"}, "of another format"),
        ({"params": {"threshold": 1}}, "is damaged"),
        ({"themes": {"A": {}}}, "is damaged"),
    ):
        (folder / "manifest.json").write_text(json.dumps(manifest | change))
        with pytest.raises(ModelFormatError, match=message):
            load_model(folder)
    (folder / "manifest.json").write_text("[")
    with pytest.raises(ModelFormatError, match=r"no readable manifest\.json"):
        load_model(folder)


def test_what_cannot_be_saved(tmp_path: Path, annotated: pd.DataFrame) -> None:
    with pytest.raises(TypeError, match="must be a ThemeClassifier, or a Pipeline"):
        save_model(LogisticRegression(), tmp_path / "model")
    with pytest.raises(NotFittedError, match="not fitted"):
        save_model(ThemeClassifier(), tmp_path / "model")
    student = ThemeClassifier(LogisticRegression()).fit(annotated)
    with pytest.raises(TypeError, match="only XGBoost models can be saved"):
        save_model(student, tmp_path / "model")
    with pytest.raises(FileNotFoundError, match="there is no model folder"):
        load_model(tmp_path / "model")


def test_themes_that_are_no_file_names(tmp_path: Path) -> None:
    texts = ["télétravail possible", "sur site"] * 5
    y = pd.DataFrame({"À distance / hybride": [1, 0] * 5})
    student = ThemeClassifier().fit(texts, y)
    save_model(student, tmp_path / "model")
    assert load_model(tmp_path / "model").themes_ == ("À distance / hybride",)
