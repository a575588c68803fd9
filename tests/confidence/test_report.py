"""The report on a teacher: by hand, weighted, and on the second pass as if it were gold."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jocas_themes.annotations import choose_themes
from jocas_themes.confidence import TeacherReport, teacher_report

NAN = float("nan")


def build_annotations(
    labels: dict[str, list[float]], confidences: list[float] | None = None
) -> pd.DataFrame:
    n_offers = len(next(iter(labels.values())))
    columns: dict[str, Any] = {"offer_id": [f"o{row}" for row in range(n_offers)], "text": "t"}
    for code, cells in labels.items():
        columns |= {
            code: cells,
            f"{code}_confidence": [90.0] * n_offers if confidences is None else confidences,
            f"{code}_evidence": None,
        }
    return pd.DataFrame(columns | {"status": "ok"})


def build_gold(labels: dict[str, list[float]], **columns: Any) -> pd.DataFrame:
    n_offers = len(next(iter(labels.values())))
    ids = {"offer_id": [f"o{row}" for row in range(n_offers)]}
    return pd.DataFrame(ids | labels | columns)


@pytest.fixture
def report() -> TeacherReport:
    """Two themes: A has 2 hits, 1 false alarm, 1 miss; B one hit, one rejection, one unknown."""
    annotations = build_annotations({"A": [1, 1, 1, 0, 0, 0], "B": [1, 0, NAN, 0, 0, 0]})
    gold = build_gold({"A": [1, 1, 0, 1, 0, NAN], "B": [1, 0, 1, NAN, NAN, NAN]})
    return teacher_report(annotations, gold)


class TestThemes:
    def test_by_hand(self, report: TeacherReport) -> None:
        table = report.themes.set_index("theme")
        assert table.index.tolist() == ["A", "B", "micro", "macro"]
        assert table["n_gold"].tolist() == [5, 3, 8, 8]
        assert table["n_unknown"].tolist() == [0, 1, 1, 1]
        assert table["support"].tolist() == [3, 1, 4, 4]
        # A: precision 2/3, recall 2/3; B: 1; micro: 3 hits of 4 said and of 4 true
        for measure in ("precision", "recall", "f1"):
            assert table[measure].tolist() == pytest.approx([2 / 3, 1, 3 / 4, 5 / 6])
        # A: 3 of 5 right, B: 2 of 2, micro: 5 of 7, macro: (3/5 + 1) / 2
        assert table["accuracy"].tolist() == pytest.approx([3 / 5, 1, 5 / 7, 4 / 5])
        # A: chance is 0.6^2 + 0.4^2 = 0.52
        assert table.loc["A", "cohen_kappa"] == pytest.approx((0.6 - 0.52) / 0.48)
        # A: 10 labels, 6 ones and 4 zeros, 2 disagree: 1 - 9 * 2 / 24
        assert table.loc["A", "krippendorff_alpha"] == pytest.approx(1 - 18 / 24)

    def test_intervals_of_one_theme_are_clopper_and_pearson(self, report: TeacherReport) -> None:
        row = report.themes.loc[1]
        # 2 of 2: from 0.025^(1/2)
        assert [row["ci_low"], row["ci_high"]] == pytest.approx([0.025**0.5, 1])
        assert report.themes.loc[3, ["ci_low", "ci_high"]].isna().all()

    def test_weights(self) -> None:
        annotations = build_annotations({"A": [1, 1, 0, 0]})
        gold = build_gold({"A": [1, 0, 1, 0]}, inclusion_probability=[0.1, 1, 0.5, 1])
        row = teacher_report(annotations, gold).themes.loc[0]
        # weights 10, 1, 2, 1
        assert row["accuracy"] == pytest.approx(11 / 14)
        assert row["precision"] == pytest.approx(10 / 11)
        assert row["recall"] == pytest.approx(10 / 12)
        assert row["f1"] == pytest.approx(20 / 23)
        # chance 11/14 * 12/14 + 3/14 * 2/14 = 138/196
        assert row["cohen_kappa"] == pytest.approx((11 / 14 - 138 / 196) / (1 - 138 / 196))
        assert row["support"] == 2

    def test_weights_correct_an_oversampled_stratum(self) -> None:
        """Of 1000 offers 100 are hard, and half wrong: 95% are right, whatever was drawn."""
        annotations = build_annotations({"A": [1] * 100})
        gold = build_gold(
            {"A": [1] * 50 + [1, 0] * 25}, inclusion_probability=[50 / 900] * 50 + [50 / 100] * 50
        )
        row = teacher_report(annotations, gold).themes.loc[0]
        assert row["accuracy"] == pytest.approx(0.95)
        assert row["ci_low"] < 0.95 < row["ci_high"]

    def test_a_common_weight_changes_nothing(self) -> None:
        annotations = build_annotations({"A": [1, 1, 0, 0], "B": [1, 0, 0, 0]})
        gold = build_gold({"A": [1, 0, 1, 0], "B": [1, 0, 0, 1]})
        plain = teacher_report(annotations, gold)
        weighted = teacher_report(annotations, gold.assign(inclusion_probability=0.3))
        pd.testing.assert_frame_equal(plain.themes, weighted.themes)

    def test_clusters_widen_the_intervals(self) -> None:
        cells = {"A": [float(row % 4 > 0) for row in range(40)]}
        annotations, gold = build_annotations({"A": [1.0] * 40}), build_gold(cells)
        alone = teacher_report(annotations, gold).themes.loc[0]
        families = gold.assign(cluster=[row % 4 + 4 * (row // 8) for row in range(40)])
        joined = teacher_report(annotations, families).themes.loc[0]
        assert joined["accuracy"] == alone["accuracy"]
        assert joined["ci_low"] < alone["ci_low"]

    def test_themes_without_positives_or_cells(self) -> None:
        annotations = build_annotations({"A": [1, 0], "B": [0, 0], "C": [0, 0]})
        gold = build_gold({"A": [0, 0], "B": [1, 1], "C": [NAN, NAN]})
        table = teacher_report(annotations, gold).themes.set_index("theme")
        measures = ["precision", "recall", "f1"]
        assert table.loc["A", measures].isna().all()  # no positive: not defined
        assert table.loc["B", measures].tolist() == [0, 0, 0]  # never found
        assert table.loc["C"].drop(["n_gold", "n_unknown", "support"]).isna().all()
        assert table.loc["macro", measures].tolist() == [0, 0, 0]
        assert table.loc["macro", "accuracy"] == pytest.approx((1 / 2 + 0) / 2)

    def test_arrays_have_no_word_on_the_confidence(self) -> None:
        report = teacher_report(np.array([[1, 0]] * 5), np.array([[1, 0]] * 5), themes=["A", "B"])
        assert report.themes.loc[2, "accuracy"] == 1
        assert report.reliability["n"].tolist() == [0] * 6
        assert report.coverage["n"].eq(0).all()
        assert "Is the confidence reliable" not in str(report)
        with pytest.raises(ValueError, match="calibrating needs gold cells with an answer"):
            report.calibrate([50])


class TestConfidence:
    @pytest.fixture
    def graded(self) -> TeacherReport:
        """Right from 80 on, half right at 60, and one cell without an answer."""
        annotations = build_annotations({"A": [1, 1, 1, 1, 1, NAN]}, [60, 60, 80, 90, 100, NAN])
        gold = build_gold({"A": [1, 0, 1, 1, 1, 1]}, inclusion_probability=[1, 1, 1, 1, 1, 0.2])
        return teacher_report(annotations, gold, bins=(0, 70))

    def test_reliability(self, graded: TeacherReport) -> None:
        table = graded.reliability
        assert table["n"].tolist() == [2, 3]
        assert table["accuracy"].tolist() == [0.5, 1]
        assert table["mean_confidence"].tolist() == [60, 90]
        assert table["calibrated"].tolist() == [0.5, 1]

    def test_coverage(self, graded: TeacherReport) -> None:
        table = graded.coverage.set_index("threshold")
        # the unknown cell weighs 5 of 10
        assert table.loc[[0, 60, 65, 95], "coverage"].tolist() == [0.5, 0.5, 0.3, 0.1]
        assert table.loc[[0, 60, 65, 95], "n"].tolist() == [5, 5, 3, 1]
        assert table.loc[[0, 60, 65, 95], "accuracy"].tolist() == [0.8, 0.8, 1, 1]
        assert table["coverage"].is_monotonic_decreasing

    def test_calibrate(self, graded: TeacherReport) -> None:
        # a straight line from (60, 1/2) to (80, 1)
        np.testing.assert_allclose(
            graded.calibrate([[0, 60, 70], [80, 100, NAN]]), [[0.5, 0.5, 0.75], [1, 1, NAN]]
        )
        assert graded.calibrate(70) == pytest.approx(0.75)

    def test_calibrate_refuses_what_is_no_confidence(self, graded: TeacherReport) -> None:
        with pytest.raises(ValueError, match=r"confidences must be in \[0, 100\], got \[120.0\]"):
            graded.calibrate([50, 120])

    def test_bins_are_checked(self) -> None:
        with pytest.raises(ValueError, match="bins must be the lower limits"):
            teacher_report([1], [1], themes=["A"], bins=(70, 0))


def test_empty_gold() -> None:
    annotations = build_annotations({"A": [1, 0]})
    report = teacher_report(annotations, build_gold({"A": [1.0]}).iloc[:0])
    assert report.n_offers == 0
    assert report.themes["n_gold"].tolist() == [0, 0, 0]
    assert report.themes["accuracy"].isna().all()
    assert str(report)


def test_gold_offers_that_are_not_annotated_are_told() -> None:
    annotations = build_annotations({"A": [1, 0, 1]})
    report = teacher_report(annotations.iloc[:2], build_gold({"A": [1, 0, 1]}))
    assert (report.n_offers, report.n_unmatched) == (2, 1)
    assert "2 offers (1 more are not annotated" in str(report)


def test_text_html_and_pickle(report: TeacherReport) -> None:
    for heading in ("By theme", "Is the confidence reliable?", "Accuracy of what is kept"):
        assert heading in str(report)
        assert heading in report._repr_html_()
    assert "nan" not in str(report).lower()
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(report)).themes, report.themes)


def test_the_inputs_are_not_changed() -> None:
    annotations = build_annotations({"A": [1, 0]})
    gold = build_gold({"A": [1, NAN]}, inclusion_probability=[0.5, 1])
    before = annotations.copy(deep=True), gold.copy(deep=True)
    teacher_report(annotations, gold)
    pd.testing.assert_frame_equal(annotations, before[0])
    pd.testing.assert_frame_equal(gold, before[1])


@pytest.mark.real_data
def test_the_second_pass_against_the_first(shared_data: Path) -> None:
    first = pd.read_parquet(shared_data / "offers_labelled.parquet")
    second = pd.read_parquet(shared_data / "second_pass.parquet")
    gold = second[["offer_id", *choose_themes(first)]]
    report = teacher_report(first, gold)
    table = report.themes.set_index("theme")
    assert table.loc["micro", "f1"] == pytest.approx(0.984, abs=5e-4)
    assert table.loc["micro", "accuracy"] == pytest.approx(596 / 600)
    # 97 of 100: Clopper and Pearson's are 0.915 and 0.994
    leadership = table.loc["LEADERSHIP_MANAGEMENT", ["accuracy", "ci_low", "ci_high"]]
    assert leadership.tolist() == pytest.approx([0.97, 0.9148, 0.9938], abs=5e-4)
    # What the first pass is less sure of than 60 is right in 5 of 9 cells, all else is right.
    assert report.reliability["n"].tolist() == [0, 9, 27, 16, 40, 508]
    assert report.reliability["accuracy"].tolist()[1:] == pytest.approx([5 / 9, 1, 1, 1, 1])
    assert report.calibrate([60, 80, 100]).tolist() == [1, 1, 1]
