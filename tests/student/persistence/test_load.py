import json
import shutil
from pathlib import Path

import pytest

from jocas_themes import (
    load_model,
)
from jocas_themes.errors import ModelFormatError
from student.persistence.cases import read_manifest


@pytest.mark.parametrize(
    "name", ["vocabulary.json", "lexicon.json", "arrays.npz", "booster_0.ubj", "booster_5.ubj"]
)
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


def test_a_url_is_refused() -> None:
    with pytest.raises(FileNotFoundError, match=r"no model folder 's3://b/model': .* Copy it here"):
        load_model("s3://b/model")


def test_a_half_copied_folder_is_refused(saved: Path, tmp_path: Path) -> None:
    names = sorted(path.name for path in saved.iterdir())
    for n_copied in range(len(names)):
        half = tmp_path / str(n_copied)
        half.mkdir()
        for name in names[:n_copied]:
            shutil.copy(saved / name, half)
        with pytest.raises(ModelFormatError, match=r"is missing|no readable manifest"):
            load_model(half)


def test_other_files_are_refused_but_for_hidden_ones(folder: Path) -> None:
    (folder / ".DS_Store").touch()
    (folder / "README.md").write_text("My own card")
    load_model(folder)
    (folder / "README.md").unlink()
    load_model(folder)
    (folder / "booster_9.ubj").touch()
    with pytest.raises(
        ModelFormatError, match=r"holds \['booster_9.ubj'\] \(1 in all\), which are"
    ):
        load_model(folder)


def test_a_newer_changed_or_foreign_manifest_is_refused(folder: Path) -> None:
    manifest = read_manifest(folder)
    for change, message in (
        ({"format_version": 99}, r"has format 99, this version of jocas-themes reads \(1, 2\)"),
        ({"format_version": "2"}, "has format '2'"),
        ({"format_version": True}, "has format True"),
        ({"format": "other"}, "of another format"),
        ({"training": {}}, r"manifest\.json was changed"),
        ({"fingerprint": None}, r"manifest\.json was changed"),
    ):
        (folder / "manifest.json").write_text(json.dumps(manifest | change))
        with pytest.raises(ModelFormatError, match=message):
            load_model(folder)
    (folder / "manifest.json").write_text(json.dumps(manifest)[:-1] + ', "more": 1e999}')
    with pytest.raises(ModelFormatError, match="is damaged"):
        load_model(folder)
    for content in ("", "[", "[1]", "null", "NaN", '{"a": Infinity}', "[" * 100_000, "\xff"):
        (folder / "manifest.json").write_text(content, encoding="latin-1")
        with pytest.raises(ModelFormatError, match=r"no readable manifest\.json"):
            load_model(folder)
