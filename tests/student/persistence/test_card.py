import re
from pathlib import Path

import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from xgboost import XGBClassifier

from jocas_themes import (
    HR_THEMES,
    ConfidenceFilter,
    LexiconTeacher,
    Taxonomy,
    Theme,
    ThemeClassifier,
    load_model,
    load_sample_annotations,
    save_model,
)
from jocas_themes.student import model_card
from jocas_themes.student.persistence._card import render_card
from jocas_themes.student.persistence._manifest import describe_model

SECTIONS = [
    "Themes",
    "Training data",
    "Scores, out of fold",
    "Thresholds and calibration",
    "Intended use",
    "Limits",
    "How it was made",
    "How to load it",
]
TWO = Taxonomy([HR_THEMES["COMPENSATION_BENEFITS"], HR_THEMES["WORK_LIFE_BALANCE"]], title="Two")


@pytest.fixture(scope="module")
def annotated() -> pd.DataFrame:
    return load_sample_annotations()[:40]


@pytest.fixture(scope="module")
def student(annotated: pd.DataFrame) -> ThemeClassifier:
    estimator = XGBClassifier(n_estimators=5, n_jobs=1)
    return ThemeClassifier(estimator, themes=TWO, cv=2).fit(annotated)


def read_tables(card: str) -> list[list[list[str]]]:
    """Read the cells of each table: its header, its rule, its rows."""
    blocks = [block for block in card.split("\n\n") if block.startswith("|")]
    return [
        [
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            for line in block.splitlines()
        ]
        for block in blocks
    ]


def test_the_card_has_all_sections_and_whole_tables(student: ThemeClassifier) -> None:
    card = model_card(student)
    assert card.startswith("# Model card: Two\n")
    assert re.findall(r"^## (.*)$", card, flags=re.MULTILINE) == SECTIONS
    for table in read_tables(card):
        assert len({len(row) for row in table}) == 1
    assert len(read_tables(card)) == 4
    assert max(len(line) for line in card.splitlines() if not line.startswith("|")) <= 100


def test_the_card_says_what_the_student_knows(student: ThemeClassifier) -> None:
    card = model_card(student)
    themes, training, scores, decisions = read_tables(card)
    assert themes[2][:2] == ["`COMPENSATION_BENEFITS`", "Pay and benefits"]
    assert TWO.fingerprint in card
    counts = student.training_["themes"]["WORK_LIFE_BALANCE"]
    assert training[3] == ["`WORK_LIFE_BALANCE`", *map(str, counts.values())]
    assert [row[0] for row in scores[2:]] == [
        "`COMPENSATION_BENEFITS`",
        "`WORK_LIFE_BALANCE`",
        "all cells (micro)",
        "mean of the themes (macro)",
    ]
    f1 = scores[0].index("F1")
    assert [row[f1] for row in scores[2:]] == [f"{cell:.3f}" for cell in student.scores_["f1"]]
    assert decisions[2][1] == f"{student.thresholds_[0]:.3f}"
    assert "nothing here is an accuracy against people" in card
    assert "n_estimators=5" in card
    assert "    cv=2,\n" in card
    assert "40 offers." in card


def test_a_loaded_model_has_the_same_card(student: ThemeClassifier, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    save_model(student, folder)
    card = model_card(load_model(folder))
    assert card == model_card(student)
    written = (folder / "README.md").read_text(encoding="utf-8")
    # Beside it, when it was saved and its fingerprint.
    assert set(card.splitlines()) < set(written.splitlines())
    assert "- Fingerprint: " in written
    assert "+00:00" in written


def test_a_pipeline_has_a_card(annotated: pd.DataFrame) -> None:
    student = ThemeClassifier(
        XGBClassifier(n_estimators=1, n_jobs=1), cv=2, evidence=False, lexicon=None, weights=None
    )
    steps = [("teacher", LexiconTeacher(taxonomy=TWO)), ("filter", ConfidenceFilter(0))]
    model = Pipeline([*steps, ("student", student)]).fit(annotated[["text"]])
    card = model_card(model)
    assert card.startswith("# Model card: Two\n")
    assert "All known cells count the same. Lexicon: none." in card
    assert "- text: the words" in card
    assert "- sum: " not in card


def test_codes_and_definitions_do_not_break_tables(student: ThemeClassifier) -> None:
    theme = Theme(
        code="A", name_fr="a", name_en="A | *b*", definition="x\n<script>", not_enough="_"
    )
    description = describe_model(student)
    description["taxonomy"] = {"fingerprint": "0" * 16, **Taxonomy([theme]).to_dict()}
    description["themes"][0]["code"] = "a|b`c\nd"
    themes, _, _, decisions = read_tables(render_card(description))
    assert themes[2] == ["`A`", r"A \| \*b\*", r"x \<script>", r"\_"]
    assert decisions[2][0] == r"`a\|b'c d`"


def test_figures_that_are_missing_or_small(student: ThemeClassifier) -> None:
    description = describe_model(student)
    row = description["out_of_fold"][0]
    row |= {"precision": None, "recall": -0.0001, "f1": 1.0, "support": 12_345}
    _, _, scores, _ = read_tables(render_card(description))
    assert scores[2][1:4] == ["–", "0.000", "1.000"]
    assert "12,345" in scores[2]


def test_the_card_of_an_old_model_says_what_was_not_recorded() -> None:
    card = model_card(load_model(Path(__file__).parent / "old_models" / "format_1" / "model"))
    assert card.count("Not recorded: the model is of an older form.") == 2
    assert "one probability: `DIVERSITY` (0)." in card
    assert "The model does not know their definitions" in card
    assert re.findall(r"^## (.*)$", card, flags=re.MULTILINE) == SECTIONS


def test_what_has_no_card() -> None:
    with pytest.raises(TypeError, match="must be a ThemeClassifier, or a Pipeline"):
        model_card(LogisticRegression())
    with pytest.raises(NotFittedError, match="not fitted"):
        model_card(ThemeClassifier())
