"""Students that are quick to fit, and folders changed on purpose."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from xgboost import XGBClassifier

from jocas_themes import ThemeClassifier, load_model, save_model
from jocas_themes.student.persistence._folder import ModelFolder
from jocas_themes.student.persistence._manifest import compute_fingerprint

# Nothing, marks alone, mark-up, a very long word, an invisible mark, another script, many lines.
HOSTILE = ["", " ", "\x00", "!?…", "<b></b>&amp;", "é" * 5_000, "\u202ex", "招聘 销售", "a\n" * 99]


def make_student(**params: Any) -> ThemeClassifier:
    return ThemeClassifier(XGBClassifier(n_estimators=5, n_jobs=1), cv=2, **params)


def read_manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def seal(folder: Path, manifest: dict[str, Any]) -> None:
    """Write a manifest as someone would who changes a model on purpose."""
    listed = manifest.get("files")
    if isinstance(listed, dict):
        here = [name for name in listed if (folder / name).is_file()]
        listed |= ModelFolder(folder).compute_digests(here)
    manifest["fingerprint"] = compute_fingerprint(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def check_round_trip(model: Any, folder: Path, offers: Any) -> ThemeClassifier:
    """Save and load a model, and compare the bits of what the two predict."""
    save_model(model, folder)
    loaded = load_model(folder)
    assert loaded.predict_proba(offers).tobytes() == model.predict_proba(offers).tobytes()
    np.testing.assert_array_equal(loaded.predict(offers), model.predict(offers))
    return loaded
