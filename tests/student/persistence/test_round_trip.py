import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.pipeline import Pipeline

from jocas_themes import (
    HR_THEMES,
    ConfidenceFilter,
    LexiconTeacher,
    Taxonomy,
    ThemeClassifier,
    load_model,
    save_model,
)
from jocas_themes.errors import JocasThemesWarning
from student.persistence.cases import HOSTILE, check_round_trip, make_student, read_manifest

LEXICON = """
[WORK_LIFE_BALANCE]
present = ['teletravail', 'rtt']
confidence_present = 75
confidence_absent = 70
"""


def test_round_trip(
    loaded: ThemeClassifier, student: ThemeClassifier, offers: pd.DataFrame
) -> None:
    assert loaded.predict_proba(offers).tobytes() == student.predict_proba(offers).tobytes()
    np.testing.assert_array_equal(loaded.predict(offers), student.predict(offers))
    np.testing.assert_array_equal(loaded.thresholds_, student.thresholds_)
    np.testing.assert_array_equal(loaded.classes_, student.classes_)
    assert loaded.themes_ == student.themes_
    assert loaded.offer_scores_.lexicon == student.offer_scores_.lexicon
    assert student.training_.items() <= loaded.training_.items()
    pd.testing.assert_frame_equal(loaded.scores_, student.scores_)
    assert not hasattr(loaded, "out_of_fold_")


@settings(max_examples=20, deadline=None)
@given(texts=st.lists(st.text(max_size=80), min_size=1, max_size=9))
def test_any_text_is_predicted_as_before(
    loaded: ThemeClassifier, student: ThemeClassifier, texts: list[str]
) -> None:
    offers = pd.DataFrame({"text": texts, "contractType": "CDI"})
    assert loaded.predict_proba(offers).tobytes() == student.predict_proba(offers).tobytes()


def test_another_process_predicts_the_same(
    folder: Path, student: ThemeClassifier, offers: pd.DataFrame
) -> None:
    offers = offers[:20]
    offers.to_json(folder.parent / "offers.json")
    code = (
        "import sys, pandas; from jocas_themes import load_model;"
        "offers = pandas.read_json('offers.json', dtype=str);"
        "sys.stdout.buffer.write(load_model('model').predict_proba(offers).tobytes())"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=folder.parent, capture_output=True, check=True
    )
    assert run.stdout == student.predict_proba(offers).tobytes()


@pytest.mark.parametrize(
    "params",
    [
        {"evidence": False},
        {"lexicon": None},
        {"evidence": False, "lexicon": None, "weights": None, "n_selected": None},
        {"themes": ["WORK_LIFE_BALANCE"], "ngram_range": [1, 1], "min_df": 0.05},
    ],
    ids=str,
)
def test_students_of_other_kinds(
    tmp_path: Path, few: pd.DataFrame, offers: pd.DataFrame, params: dict[str, Any]
) -> None:
    student = make_student(**params).fit(few)
    loaded = check_round_trip(student, tmp_path / "model", offers)
    assert loaded.offer_scores_.names == student.offer_scores_.names
    for name in {"evidence", "lexicon", "weights", "n_selected", "min_df"} & set(params):
        assert loaded.get_params()[name] == params[name]


def test_a_pipeline_keeps_its_student_its_text_columns_and_its_taxonomy(tmp_path: Path) -> None:
    offers = pd.DataFrame({"texte": ["télétravail et mutuelle", "équipe de 5 personnes"] * 10})
    model = Pipeline(
        [
            ("teacher", LexiconTeacher(text_columns=["texte"])),
            ("filter", ConfidenceFilter(0)),
            ("student", make_student()),
        ]
    )
    with pytest.warns(JocasThemesWarning, match="alike"):
        model.fit(offers)
    loaded = check_round_trip(model, tmp_path / "model", offers)
    assert loaded.text_columns == ["texte"]
    assert loaded.themes == HR_THEMES
    manifest = read_manifest(tmp_path / "model")
    assert manifest["taxonomy"]["fingerprint"] == HR_THEMES.fingerprint


def test_a_constant_theme_is_kept(tmp_path: Path, few: pd.DataFrame) -> None:
    with pytest.warns(JocasThemesWarning, match="COMPENSATION_BENEFITS"):
        student = make_student(lexicon=None).fit(few.assign(COMPENSATION_BENEFITS=0.0))
    loaded = check_round_trip(student, tmp_path / "model", few)
    assert loaded.predict(few)[:, 0].sum() == 0
    assert not (tmp_path / "model" / "booster_0.ubj").exists()


def test_themes_that_are_no_file_names(tmp_path: Path) -> None:
    y = pd.DataFrame({"À distance / hybride": [1, 0] * 5})
    student = make_student().fit(["télétravail possible", "sur site"] * 5, y)
    loaded = check_round_trip(student, tmp_path / "model", [*HOSTILE, "\ud800"])
    assert loaded.themes_ == ("À distance / hybride",)


def test_parameters_that_are_code_or_paths_are_not_kept(
    tmp_path: Path, few: pd.DataFrame, offers: pd.DataFrame
) -> None:
    (tmp_path / "mine.toml").write_text(LEXICON, encoding="utf-8")
    student = make_student(lexicon=tmp_path / "mine.toml", weights=np.sqrt).fit(few)
    loaded = check_round_trip(student, tmp_path / "model", offers)
    params = loaded.get_params()
    assert params["estimator"] is None
    assert params["weights"] == "confidence"
    assert params["lexicon"] == student.offer_scores_.lexicon  # the patterns themselves
    assert params["themes"] == student.themes_
    training = loaded.training_
    assert training["weights"] == "own function"
    assert training["lexicon"] == "own"
    assert training["estimator"]["n_estimators"] == 5
    same = set(params) - {"estimator", "weights", "lexicon", "themes"}
    assert {name: params[name] for name in same} == {
        name: student.get_params()[name] for name in same
    }


def test_a_taxonomy_is_kept_where_it_is_known(tmp_path: Path, few: pd.DataFrame) -> None:
    two = Taxonomy([HR_THEMES["WORK_LIFE_BALANCE"], HR_THEMES["COMPENSATION_BENEFITS"]])
    student = make_student(lexicon=None, evidence=False)
    for themes, expected in ((two, two), (two.codes, two.codes)):
        student.set_params(themes=themes).fit(few)
        save_model(student, tmp_path / "model", overwrite=True)
        assert load_model(tmp_path / "model").themes == expected


def test_a_loaded_model_can_be_saved_again(
    saved: Path, loaded: ThemeClassifier, tmp_path: Path
) -> None:
    save_model(loaded, tmp_path / "again")
    again, first = read_manifest(tmp_path / "again"), read_manifest(saved)
    del again["saved_at"], first["saved_at"]
    assert again == first
