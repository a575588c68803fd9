import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jocas_themes import (
    load_model,
)
from jocas_themes.errors import ModelFormatError
from student.persistence.cases import check_round_trip, read_manifest

OLD_MODELS = Path(__file__).parent / "old_models"


@pytest.mark.parametrize("version", [1, 2])
def test_an_old_model_predicts_as_it_did(version: int, tmp_path: Path) -> None:
    folder = OLD_MODELS / f"format_{version}"
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    offers = pd.DataFrame({name: expected[name] for name in ("text", "contractType")})
    loaded = load_model(folder / "model")
    # To the rounding of other processors and libraries, and of format 1 by way of log-odds.
    np.testing.assert_allclose(loaded.predict_proba(offers), expected["probabilities"], rtol=1e-5)
    np.testing.assert_array_equal(loaded.predict(offers), expected["predictions"])
    again = check_round_trip(loaded, tmp_path / "model", offers)
    assert again.training_ == loaded.training_ or version == 1


def test_a_damaged_old_model_is_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(OLD_MODELS / "format_1" / "model", tmp_path / "model"))
    manifest = read_manifest(folder)
    for change, message in (
        ({"params": {"threshold": 1}}, "KeyError"),
        ({"themes": {"A": {}}}, "KeyError"),
        ({"files": {"../features.json": "00"}}, "must list the files"),
    ):
        (folder / "manifest.json").write_text(json.dumps(manifest | change))
        with pytest.raises(ModelFormatError, match=message):
            load_model(folder)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "arrays.npz").write_bytes(b"")
    with pytest.raises(ModelFormatError, match=r"arrays\.npz is missing or was changed"):
        load_model(folder)
