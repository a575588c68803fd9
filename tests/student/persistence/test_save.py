import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from xgboost import XGBClassifier

from jocas_themes import (
    HR_THEMES,
    ThemeClassifier,
    load_model,
    save_model,
)
from student.persistence.cases import make_student, read_manifest


def test_the_manifest_says_what_the_model_is(saved: Path, student: ThemeClassifier) -> None:
    manifest = read_manifest(saved)
    assert manifest["saved_at"].endswith("+00:00")
    assert [facts["code"] for facts in manifest["themes"]] == list(HR_THEMES.codes)
    assert [facts["threshold"] for facts in manifest["themes"]] == student.thresholds_.tolist()
    calibration = student.models_[1].calibration
    assert manifest["themes"][1]["calibration"] == {
        "slope": calibration.slope,
        "intercept": calibration.intercept,
    }
    assert manifest["training"]["n_offers"] == 60
    assert manifest["training"]["lexicon"] == "shipped"
    assert manifest["training"]["versions"].keys() == {
        "jocas-themes",
        "scikit-learn",
        "xgboost",
        "numpy",
        "scipy",
    }
    assert [row["theme"] for row in manifest["out_of_fold"]] == list(student.scores_.index)


def test_nothing_of_a_single_offer_is_told(
    saved: Path, annotated: pd.DataFrame, student: ThemeClassifier
) -> None:
    for name in ("manifest.json", "README.md"):
        content = (saved / name).read_text(encoding="utf-8")
        for text in [*annotated["offer_id"], *annotated["text"], str(saved.parent), "/home"]:
            assert text not in content


def test_no_pickle_is_written(saved: Path) -> None:
    assert {path.suffix for path in saved.iterdir()} == {".json", ".npz", ".ubj", ".md"}
    with np.load(saved / "arrays.npz", allow_pickle=False) as arrays:
        assert {array.dtype.str for array in arrays.values()} == {"<f8", "<i8"}


def test_a_folder_that_is_there_is_not_replaced(folder: Path, student: ThemeClassifier) -> None:
    with pytest.raises(FileExistsError, match="overwrite=True"):
        save_model(student, folder)
    (folder / "notes.txt").touch()
    with pytest.raises(FileExistsError, match=r"holds \['notes.txt'\] \(1 in all\) beside a model"):
        save_model(student, folder, overwrite=True)
    photos = folder.parent / "photos"
    photos.mkdir()
    for content in (None, "[", "{}", '{"format": "other", "files": {}}', "3"):
        if content is not None:
            (photos / "manifest.json").write_text(content)
        with pytest.raises(FileExistsError, match="photos is there already, and is no model"):
            save_model(student, photos, overwrite=True)
    assert (photos / "manifest.json").exists()
    assert sorted(path.name for path in folder.parent.iterdir()) == ["model", "photos"]


def test_a_model_is_replaced_whole_or_not_at_all(
    folder: Path, student: ThemeClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (folder / "manifest.json").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(np, "savez_compressed", lambda *_, **__: pickle.loads(b""))
        with pytest.raises(EOFError, match="Ran out of input"):
            save_model(student, folder, overwrite=True)
    rename = Path.rename

    def refuse_new(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise PermissionError("no")
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse_new)
        with pytest.raises(PermissionError, match="no"):
            save_model(student, folder, overwrite=True)
    assert (folder / "manifest.json").read_bytes() == before
    assert [path.name for path in folder.parent.iterdir()] == ["model"]
    save_model(student, folder, overwrite=True)
    assert [path.name for path in folder.parent.iterdir()] == ["model"]
    load_model(folder)


def test_what_cannot_be_saved(
    tmp_path: Path, annotated: pd.DataFrame, student: ThemeClassifier
) -> None:
    folder = tmp_path / "model"
    with pytest.raises(TypeError, match="must be a ThemeClassifier, or a Pipeline"):
        save_model(LogisticRegression(), folder)
    with pytest.raises(NotFittedError, match="not fitted"):
        save_model(ThemeClassifier(), folder)
    texts, y = ["télétravail possible", "sur site"] * 5, pd.DataFrame({"A": [1, 0] * 5})
    other = ThemeClassifier(LogisticRegression(), cv=2).fit(texts, y)
    with pytest.raises(TypeError, match="only XGBoost models can be saved, the estimator of A"):
        save_model(other, folder)
    other = ThemeClassifier(XGBClassifier(n_estimators=1, missing=-1.0), cv=2).fit(texts, y)
    with pytest.raises(ValueError, match=r"must have missing=nan.*got -1\.0 for A"):
        save_model(other, folder)
    other = make_student().fit(texts, y)
    for thresholds in (np.array([np.inf]), np.array([0.5, 0.5])):
        other.thresholds_ = thresholds
        with pytest.raises(ValueError, match="thresholds_ must be 1 finite figures"):
            save_model(other, folder)
    assert not folder.exists()
    with pytest.raises(FileNotFoundError, match="there is no model folder"):
        load_model(folder)
