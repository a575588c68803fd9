"""Store a small model of today's format, with what it predicts: ``python make.py``.

Run it once, when a format is about to be changed, and keep what it writes for good: that a later
version reads it and predicts the same is a test. The offers are fictitious.
"""

import json
import shutil
from pathlib import Path

import pandas as pd
from xgboost import XGBClassifier

from jocas_themes import (
    HR_THEMES,
    Lexicon,
    Taxonomy,
    ThemeClassifier,
    load_sample_annotations,
    save_model,
)
from jocas_themes.student.persistence._manifest import FORMAT_VERSION

_LEXICON = r"""
[COMPENSATION_BENEFITS]
present = ['mutuelle', '13e mois', 'tickets? restaurants?']
confidence_present = 75
confidence_absent = 60
[WORK_LIFE_BALANCE]
present = ['tele-?travail\w*', 'rtt']
not_enough = ['pas de tele-?travail']
confidence_present = 75
confidence_absent = 70
"""


def store_model(folder: Path) -> None:
    """Write ``model`` and ``expected.json`` into a folder, in the place of what is there."""
    annotated = load_sample_annotations()
    codes = ("DIVERSITY", "COMPENSATION_BENEFITS", "WORK_LIFE_BALANCE")
    train = annotated[:16].assign(DIVERSITY=0.0)  # constant
    student = ThemeClassifier(
        XGBClassifier(n_estimators=8, max_depth=3, learning_rate=0.5, n_jobs=1),
        themes=Taxonomy([HR_THEMES[code] for code in codes], title="Three themes"),
        structured_columns=("contractType",),
        lexicon=Lexicon.from_toml(_LEXICON),
        cv=3,
        max_features=300,
        n_selected=50,
    ).fit(train)
    student.thresholds_[1] = 0.35  # changed after fitting
    offers = pd.concat(
        [
            annotated[200:208][["text", "contractType"]],
            pd.DataFrame(
                {
                    "text": ["", "Mutuelle, RTT\net 2 jours de télétravail."],
                    "contractType": [None, "CDI"],
                }
            ),
        ]
    )
    shutil.rmtree(folder, ignore_errors=True)
    save_model(student, folder / "model")
    expected = {
        "text": offers["text"].tolist(),
        "contractType": [None if pd.isna(cell) else cell for cell in offers["contractType"]],
        "probabilities": student.predict_proba(offers).tolist(),
        "predictions": student.predict(offers).tolist(),
    }
    content = json.dumps(expected, ensure_ascii=False, indent=1)
    (folder / "expected.json").write_text(content + "\n", encoding="utf-8")


if __name__ == "__main__":
    store_model(Path(__file__).parent / f"format_{FORMAT_VERSION}")
