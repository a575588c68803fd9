import contextlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xgboost import XGBClassifier

from jocas_themes import HR_THEMES, load_model
from jocas_themes.errors import ModelFormatError
from jocas_themes.student.persistence._manifest import compute_fingerprint
from student.persistence.cases import read_manifest, seal


def set_in(*keys: Any, value: Any) -> Callable[[Path, dict[str, Any]], None]:
    """Make a change of one value in the manifest."""

    def change(folder: Path, manifest: dict[str, Any]) -> None:
        place: Any = manifest
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return change


def set_array(name: str, value: Any) -> Callable[[Path, dict[str, Any]], None]:
    """Make a change of one array; bytes are a whole file of NumPy's."""

    def change(folder: Path, manifest: dict[str, Any]) -> None:
        with zipfile.ZipFile(folder / "arrays.npz") as archive:
            members = {item: archive.read(item) for item in archive.namelist()}
        if isinstance(value, bytes):
            members[f"{name}.npy"] = value
        else:
            buffer = io.BytesIO()
            np.save(buffer, value, allow_pickle=True)
            members[f"{name}.npy"] = buffer.getvalue()
        with zipfile.ZipFile(folder / "arrays.npz", "w") as archive:
            for item, content in members.items():
                archive.writestr(item, content)

    return change


def write(name: str, content: str | bytes) -> Callable[[Path, dict[str, Any]], None]:
    """Make a change of a whole file."""

    def change(folder: Path, manifest: dict[str, Any]) -> None:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    return change


def swap_boosters(folder: Path, manifest: dict[str, Any]) -> None:
    """Put trees that see other features in place of the first."""
    features = np.eye(4)
    estimator = XGBClassifier(n_estimators=1).fit(features, [0, 1, 0, 1])
    estimator.get_booster().save_model(folder / "booster_0.ubj")


def declare(shape: str, descr: str = "<f8") -> bytes:
    """Write the header of an array of a declared shape, and no cell."""
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_in("files", "../../evil.ubj", value="00"), "must list the files"),
        (set_in("files", "/etc/passwd", value="00"), "must list the files"),
        (set_in("files", value=[]), "must list the files"),
        (set_in("files", value="manifest.json"), "must list the files"),
        (set_in("themes", value={}), "must list the files"),
        (set_in("themes", value=None), "is damaged"),
        (set_in("themes", 0, "threshold", value="0.5"), "threshold must be a finite number"),
        (set_in("themes", 0, "threshold", value=True), "threshold must be a finite number"),
        (set_in("themes", 0, "threshold", value=10**400), "is damaged"),
        (set_in("themes", 0, "n_words", value=10**12), "columns_0 must be of shape"),
        (set_in("themes", 0, "n_words", value=-1), "columns_0 must be of shape"),
        (set_in("themes", 0, "line", "coefficients", value={}), "KeyError"),
        (set_in("scores", value=["text"]), "must list the files"),
        (set_in("scores", value=["lexicon", "sum"]), "the scores must be"),
        (set_in("params", "threshold", value=1), "unexpected keyword"),
        (set_in("params", "cv", value="5"), "'cv' parameter"),
        (set_in("params", value=None), "is damaged"),
        (set_in("taxonomy", value={"themes": []}), "TaxonomyError"),
        (set_in("taxonomy", value=HR_THEMES.to_dict() | {"title": 3}), "TaxonomyError"),
        (set_in("training", value={}), "KeyError"),
        (set_in("out_of_fold", value=[{"theme": "A"}, 3]), "is damaged"),
        (set_array("idf", np.ones(3)), r"idf must be of shape .* got \(3,\)"),
        (set_array("idf", declare("(10**15,)")), "is damaged"),
        (set_array("idf", declare("(1000000000000000,)")), "idf must be of shape"),
        (set_array("idf", declare("(0,)", "|O")), "idf must be of shape"),
        (set_array("idf", b"\x93NUMPY\x03\x00garbage"), "NumPy's format 1.0"),
        (set_array("idf", b""), "is damaged"),
        (set_array("text_intercepts", np.full(6, np.nan)), "must hold finite numbers"),
        (set_array("text_intercepts", np.ones(6, dtype=np.float32)), "must be of shape"),
        (set_array("text_intercepts", np.ones((6, 1))), "must be of shape"),
        (set_array("sentence_intercepts", declare("(6,)") + b"\0" * 8), "is damaged"),
        (write("arrays.npz", b"PK\x05\x06" + bytes(18)), "There is no item named"),
        (write("arrays.npz", b"no archive"), "BadZipFile"),
        (write("vocabulary.json", "[]"), "is damaged"),
        (write("vocabulary.json", '{"words": ["a", "a"]}'), "words must be distinct"),
        (write("vocabulary.json", '{"words": [1]}'), "words must be a list of strings"),
        (write("vocabulary.json", '{"words": []}'), "is damaged"),
        (write("lexicon.json", '[{"code": "A", "present": ["("]}]'), "is damaged"),
        (
            write(
                "lexicon.json",
                '[{"code": "A", "present": ["(a"], "confidence_present": 1,'
                ' "confidence_absent": 1}]',
            ),
            "does not compile",
        ),
        (write("lexicon.json", "[]"), "a lexicon needs at least one theme"),
        (write("lexicon.json", "{}"), "a lexicon needs at least one theme"),
        (write("booster_0.ubj", b""), "XGBoostError"),
        (write("booster_0.ubj", b"no trees at all"), "XGBoostError"),
        (swap_boosters, "booster_0.ubj must tell two classes apart by"),
    ],
)
def test_a_folder_changed_on_purpose_gives_one_kind_of_error(
    folder: Path, change: Callable[[Path, dict[str, Any]], None], message: str
) -> None:
    manifest = read_manifest(folder)
    change(folder, manifest)
    seal(folder, manifest)
    with pytest.raises(ModelFormatError, match=message):
        load_model(folder)


class Bomb:
    """What does harm when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_an_array_of_objects_is_not_unpickled(folder: Path) -> None:
    manifest, path = read_manifest(folder), folder.parent / "harm"
    for bombs in (np.array([Bomb(path)]), np.array([Bomb(path)] * 6)):
        set_array("text_intercepts", bombs)(folder, manifest)
        seal(folder, manifest)
        with pytest.raises(ModelFormatError, match=r"text_intercepts must be of shape .*'\|O'"):
            load_model(folder)
    assert not path.exists()


@pytest.mark.parametrize("places", [[-1, 5], [5, 5], [6, 5], [0, 10**6]])
def test_columns_are_places_of_features(folder: Path, places: list[int]) -> None:
    manifest = read_manifest(folder)
    manifest["themes"][0]["n_words"] = 2
    set_array("columns_0", np.array(places))(folder, manifest)
    seal(folder, manifest)
    with pytest.raises(ModelFormatError, match="columns_0 must hold increasing places"):
        load_model(folder)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(content=json_values, sealed=st.booleans(), version=st.sampled_from([1, 2]))
def test_a_manifest_of_random_json_is_refused(
    tmp_path_factory: pytest.TempPathFactory, content: Any, sealed: bool, version: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "random"
    folder.mkdir(exist_ok=True)
    if sealed and isinstance(content, dict):
        seal(folder, content | {"format": "jocas-themes model", "format_version": version})
    else:
        (folder / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ModelFormatError, match=r"is not a model|is damaged"):
        load_model(folder)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), value=json_values)
def test_any_change_of_the_manifest_loads_or_is_refused(
    saved: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, value: Any
) -> None:
    folder = tmp_path_factory.getbasetemp() / "changed"
    if not folder.exists():
        shutil.copytree(saved, folder)
    manifest = read_manifest(saved)
    place: Any = manifest
    key = data.draw(st.sampled_from(sorted(manifest)))
    while isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
        place = place[key]
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else [0, -1]))
    place[key] = value
    manifest["fingerprint"] = compute_fingerprint(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with contextlib.suppress(ModelFormatError):
        load_model(folder)
