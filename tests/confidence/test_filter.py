import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from jocas_themes.annotations import Annotation, Answer, build_annotated, read_review
from jocas_themes.confidence import ConfidenceFilter
from jocas_themes.datasets import load_sample_annotations
from jocas_themes.offers import as_offers

NAN = float("nan")


def make_table(
    A: Any, A_confidence: Any, B: Any = None, B_confidence: Any = None, **columns: Any
) -> pd.DataFrame:
    n_offers = len(A)
    cells = {
        "offer_id": [f"o{row}" for row in range(n_offers)],
        "text": [f"texte {row}" for row in range(n_offers)],
        "A": A,
        "A_confidence": A_confidence,
        "A_evidence": [None] * n_offers,
        "B": [0.0] * n_offers if B is None else B,
        "B_confidence": [100.0] * n_offers if B_confidence is None else B_confidence,
        "B_evidence": [None] * n_offers,
        "status": ["ok"] * n_offers,
        "n": range(n_offers),
    }
    return pd.DataFrame(cells | columns)


@pytest.fixture
def annotated() -> pd.DataFrame:
    """Five offers around a threshold of 80.

    ===  ======  ======  ===============================================
    row  A       B       what
    ===  ======  ======  ===============================================
    0    1 (80)  0 (79.9)  A is on the threshold, B just under it
    1    0 (95)  1 (100)   both are sure
    2    1 (?)   0 (99)    A has no confidence
    3    ? (90)  1 (85)    A is unknown although a confidence is there
    4    ? (?)   ? (?)     nothing is known
    ===  ======  ======  ===============================================
    """
    return make_table(
        [1.0, 0.0, 1.0, NAN, NAN],
        [80.0, 95.0, NAN, 90.0, NAN],
        [0.0, 1.0, 0.0, 1.0, NAN],
        [79.9, 100.0, 99.0, 85.0, NAN],
    ).set_axis([7, 7, 3, 2, 1])


class TestMasking:
    def test_scope_theme_masks_cell_by_cell(self, annotated: pd.DataFrame) -> None:
        step = ConfidenceFilter(threshold=80)
        masked = step.fit_transform(annotated)
        # A: row 2 has no confidence; B: row 0 is under the threshold
        np.testing.assert_array_equal(masked["A"], [1, 0, NAN, NAN, NAN])
        np.testing.assert_array_equal(masked["B"], [NAN, 1, 0, 1, NAN])
        assert (step.n_kept_, step.n_masked_) == (5, 2)

    def test_scope_offer_masks_whole_rows(self, annotated: pd.DataFrame) -> None:
        step = ConfidenceFilter(threshold=80, scope="offer")
        masked = step.fit_transform(annotated)
        # only row 1 has two known, sure cells; of the 7 known cells 2 are kept
        np.testing.assert_array_equal(masked["A"], [NAN, 0, NAN, NAN, NAN])
        np.testing.assert_array_equal(masked["B"], [NAN, 1, NAN, NAN, NAN])
        assert (step.n_kept_, step.n_masked_) == (2, 5)

    @pytest.mark.parametrize(
        ("threshold", "kept"),
        [(0, [1, 1, 1]), (79.9, [0, 1, 1]), (80, [0, 0, 1]), (80.1, [0, 0, 0]), (100, [0, 0, 0])],
    )
    def test_the_threshold_itself_is_kept(self, threshold: float, kept: list[int]) -> None:
        table = make_table([1.0, 1.0, 1.0], [0.0, 79.9, 80.0])
        masked = ConfidenceFilter(threshold=threshold).fit_transform(table)
        assert masked["A"].notna().tolist() == [bool(flag) for flag in kept]

    def test_without_confidence_even_a_threshold_of_zero_masks(self) -> None:
        masked = ConfidenceFilter(threshold=0).fit_transform(make_table([1.0], [NAN]))
        assert masked["A"].isna().all()

    def test_a_hundred_is_kept_by_the_highest_threshold(self) -> None:
        masked = ConfidenceFilter(threshold=100).fit_transform(make_table([1.0], [100.0]))
        assert masked["A"].tolist() == [1]

    def test_all_else_stays_as_it_is(self, annotated: pd.DataFrame) -> None:
        masked = ConfidenceFilter().fit_transform(annotated)
        assert masked.columns.tolist() == annotated.columns.tolist()
        others = annotated.columns.difference(["A", "B"])
        pd.testing.assert_frame_equal(masked[others], annotated[others])

    @pytest.mark.parametrize("scope", ["theme", "offer"])
    def test_the_input_is_not_changed(
        self, annotated: pd.DataFrame, scope: str, tmp_path: Path
    ) -> None:
        before = annotated.copy(deep=True)
        step = ConfidenceFilter(scope=scope, review_path=tmp_path / "review.jsonl")
        masked = step.fit_transform(annotated)
        masked.loc[:, "A"] = 1.0
        masked["B_confidence"] = 0.0
        pd.testing.assert_frame_equal(annotated, before)

    @pytest.mark.parametrize(
        ("labels", "confidences"),
        [
            (pd.array([1, 0, None], "Int8"), pd.array([80, 79, None], "Int64")),
            (pd.array([True, False, None], "boolean"), pd.array([80, 79, None], "Float32")),
            (
                pd.Series([1, 0, None], dtype="int8[pyarrow]"),
                pd.Series([80, 79, None], dtype="int64[pyarrow]"),
            ),
            (np.array([1, 0, 1], "int8"), np.array([80, 79, 79], "int16")),
            (pd.Series([1, 0, pd.NA], dtype=object), pd.Series([80, 79, pd.NA], dtype=object)),
            (pd.Series([1, 0, None], dtype=object), pd.Series([80, 79, None], dtype=object)),
            (["1.0", "0.0", None], ["80.0", "79.0", None]),  # as a CSV file gives them
        ],
        ids=["Int8", "boolean", "arrow", "int8", "NA", "None", "str"],
    )
    def test_any_dtype(self, labels: Any, confidences: Any, tmp_path: Path) -> None:
        table = make_table(labels, confidences)
        step = ConfidenceFilter(review_path=tmp_path / "review.jsonl")
        masked = step.fit_transform(table)
        np.testing.assert_array_equal(masked["A"], [1, NAN, NAN])
        first = json.loads((tmp_path / "review.jsonl").read_text().splitlines()[0])
        assert (first["offer_id"], first["proposed"], first["confidence"]) == ("o1", 0, 79.0)

    def test_one_theme_alone(self) -> None:
        table = make_table([1.0, 0.0], [90.0, 10.0]).drop(
            columns=["B", "B_confidence", "B_evidence"]
        )
        assert ConfidenceFilter().fit_transform(table)["A"].notna().tolist() == [True, False]

    def test_no_offers(self, annotated: pd.DataFrame, tmp_path: Path) -> None:
        path = tmp_path / "review.jsonl"
        step = ConfidenceFilter(review_path=path)
        assert len(step.fit_transform(annotated.iloc[:0])) == 0
        assert (step.n_kept_, step.n_masked_) == (0, 0)
        assert path.read_text() == ""

    def test_an_unlabelled_table_passes_through(self) -> None:
        """What a teacher's ``transform`` gives: nobody was asked."""
        table = build_annotated(as_offers(["a", "b"]), [None, None], ["A", "B"])
        pd.testing.assert_frame_equal(ConfidenceFilter().transform(table), table)


class TestReviewFile:
    def write(self, table: pd.DataFrame, path: Path, **params: Any) -> list[dict[str, Any]]:
        ConfidenceFilter(review_path=path, **params).fit_transform(table)
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def test_a_line_in_full(self, tmp_path: Path) -> None:
        table = make_table([1.0], [55.5], A_evidence=["28 K€"], text=["CDI\n28 K€"])
        assert self.write(table, tmp_path / "review.jsonl") == [
            {
                "offer_id": "o0",
                "theme": "A",
                "proposed": 1,
                "confidence": 55.5,
                "evidence": "28 K€",
                "reason": "low_confidence",
                "text": "CDI\n28 K€",
            }
        ]

    @pytest.mark.parametrize("scope", ["theme", "offer"])
    def test_cells_under_the_threshold_by_themselves(
        self, annotated: pd.DataFrame, scope: str, tmp_path: Path
    ) -> None:
        """A sure cell that its row drags down is nothing to look at."""
        cells = self.write(annotated, tmp_path / "review.jsonl", scope=scope)
        found = [(c["offer_id"], c["theme"], c["proposed"], c["confidence"]) for c in cells]
        # row 3's unknown cell comes from a reply that is "ok": there is nothing to propose
        assert found == [("o0", "B", 0, 79.9), ("o2", "A", 1, None)]
        assert {cell["reason"] for cell in cells} == {"low_confidence"}

    def test_every_reason(self, tmp_path: Path) -> None:
        annotations = {
            "sure": Annotation("ok", {"A": Answer(1, 95, "x"), "B": Answer(0, 80)}),
            "unsure": Annotation("ok", {"A": Answer(1, 79, "x"), "B": Answer(0, 100)}),
            "not found": Annotation("invalid", {"A": Answer(None, 95, "y"), "B": Answer(0, 90)}),
            "no evidence": Annotation("invalid", {"A": Answer(None, 40), "B": Answer(1, 20, "x")}),
            "broken": Annotation("invalid"),
            "refused": Annotation("refused"),
            "truncated": Annotation("truncated"),
            "failed": Annotation("failed"),
            "not asked": None,
        }
        offers = pd.DataFrame({"offer_id": list(annotations), "text": "x"})
        table = build_annotated(as_offers(offers), list(annotations.values()), ["A", "B"])
        cells = self.write(table, tmp_path / "review.jsonl")
        found = {
            (cell["offer_id"], cell["theme"]): (
                cell["reason"],
                cell["proposed"],
                cell["confidence"],
                cell["evidence"],
            )
            for cell in cells
        }
        assert found == {
            ("unsure", "A"): ("low_confidence", 1, 79, "x"),
            # a theme becomes unknown for its evidence only when it was said to be present
            ("not found", "A"): ("evidence_not_found", 1, 95, "y"),
            ("no evidence", "A"): ("no_evidence", 1, 40, None),
            ("no evidence", "B"): ("low_confidence", 1, 20, "x"),
            ("broken", "A"): ("invalid", None, None, None),
            ("broken", "B"): ("invalid", None, None, None),
            ("refused", "A"): ("refused", None, None, None),
            ("refused", "B"): ("refused", None, None, None),
            ("truncated", "A"): ("truncated", None, None, None),
            ("truncated", "B"): ("truncated", None, None, None),
        }

    def test_is_strict_json_also_with_missing_texts(self, tmp_path: Path) -> None:
        def refuse(constant: str) -> None:
            raise AssertionError(f"{constant} is no JSON")

        path = tmp_path / "review.jsonl"
        table = make_table(
            [1.0, 1.0], [NAN, 10.0], text=[None, NAN], A_evidence=[NAN, None], status=["ok", NAN]
        )
        ConfidenceFilter(review_path=path).fit_transform(table)
        lines = path.read_text(encoding="utf-8").splitlines()
        cells = [json.loads(line, parse_constant=refuse) for line in lines]
        assert [(cell["text"], cell["evidence"]) for cell in cells] == [(None, None)] * 2

    def test_a_lone_surrogate_in_the_evidence_stops_nothing(self, tmp_path: Path) -> None:
        evidence = pd.Series(["a\ud800"], dtype=object)
        cells = self.write(make_table([1.0], [10.0], A_evidence=evidence), tmp_path / "r.jsonl")
        assert len(cells) == 1

    def test_fitting_again_gives_the_same_file(
        self, annotated: pd.DataFrame, tmp_path: Path
    ) -> None:
        path = tmp_path / "review.jsonl"
        step = ConfidenceFilter(review_path=str(path))
        step.fit_transform(annotated)
        before = path.read_bytes()
        step.fit_transform(annotated)
        clone(step).fit_transform(annotated.iloc[::-1])
        for half in (annotated.iloc[:2], annotated.iloc[2:]):  # folds of a cross-validation
            step.fit_transform(half)
        assert path.read_bytes() == before

    def test_a_reviewers_decision_is_kept(self, tmp_path: Path) -> None:
        path = tmp_path / "review.jsonl"
        table = make_table([1.0], [10.0])
        (cell,) = self.write(table, path)
        path.write_text(json.dumps(cell | {"decision": 0}) + "\n", encoding="utf-8")
        assert self.write(table, path)[0]["decision"] == 0

    def test_transform_and_fit_write_nothing(self, annotated: pd.DataFrame, tmp_path: Path) -> None:
        path = tmp_path / "review.jsonl"
        step = ConfidenceFilter(review_path=path).fit(annotated)
        masked = step.transform(annotated)
        assert list(tmp_path.iterdir()) == []
        pd.testing.assert_frame_equal(masked, step.fit_transform(annotated))

    def test_no_path_no_file(
        self, annotated: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        ConfidenceFilter().fit_transform(annotated)
        assert list(tmp_path.iterdir()) == []

    def test_read_review_reads_it(self, annotated: pd.DataFrame, tmp_path: Path) -> None:
        ConfidenceFilter(review_path=tmp_path / "review.jsonl").fit_transform(annotated)
        table = read_review(tmp_path / "review.jsonl")
        assert table["offer_id"].tolist() == ["o0", "o2"]
        assert table["theme"].tolist() == ["B", "A"]


class TestChecks:
    @pytest.mark.parametrize(
        "threshold", [130, -1, 100.1, -0.1, NAN, float("inf"), "a", "80", None]
    )
    def test_threshold(self, annotated: pd.DataFrame, threshold: Any) -> None:
        step = ConfidenceFilter(threshold=threshold)
        message = r"'threshold' .* in the range \[0(\.0)?, 100(\.0)?\]"
        for call in (step.fit, step.transform, step.fit_transform):
            with pytest.raises(ValueError, match=message):
                call(annotated)

    @pytest.mark.parametrize("scope", ["x", "themes", "", None, 5])
    def test_scope(self, annotated: pd.DataFrame, scope: Any) -> None:
        with pytest.raises(ValueError, match=r"'scope' .* must be a str among"):
            ConfidenceFilter(scope=scope).fit(annotated)

    def test_review_path(self, annotated: pd.DataFrame) -> None:
        with pytest.raises(ValueError, match=r"'review_path' .* must be an instance of"):
            ConfidenceFilter(review_path=5).fit(annotated)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("X", "found"),
        [
            (["a text"], "list"),
            (None, "NoneType"),
            (np.zeros((2, 2)), "ndarray"),
            (
                pd.DataFrame({"offer_id": ["a"], "text": ["b"]}),
                r"lacks \['status'\] and CODE, CODE_conf.* each theme \(2 columns found\)",
            ),
            (make_table([1.0], [90.0]).drop(columns="status"), r"lacks \['status'\] \("),
            (make_table([1.0], [90.0]).drop(columns="offer_id"), r"lacks \['offer_id'\] \("),
            (pd.DataFrame({5: [1]}), r"lacks \['offer_id', 'text', 'status'\] and CODE, "),
        ],
    )
    def test_not_an_annotated_table(self, X: Any, found: str) -> None:
        message = f"X must be an annotated table, got .*{found}.*in a Pipeline, put a teacher first"
        for call in (ConfidenceFilter().fit, ConfidenceFilter().transform):
            with pytest.raises(ValueError, match=message):
                call(X)

    def test_a_label_that_is_none(self) -> None:
        with pytest.raises(ValueError, match=r"must hold 0, 1 or NaN, got \[2.0\]"):
            ConfidenceFilter().fit_transform(make_table([2.0], [90.0]))

    def test_a_fault_writes_no_file(self, annotated: pd.DataFrame, tmp_path: Path) -> None:
        step = ConfidenceFilter(threshold=130, review_path=tmp_path / "review.jsonl")
        with pytest.raises(ValueError, match="threshold"):
            step.fit_transform(annotated)
        assert list(tmp_path.iterdir()) == []


class TestEstimator:
    def test_clone_params_pickle_and_repr(self, annotated: pd.DataFrame) -> None:
        step = ConfidenceFilter(70, scope="offer", review_path="x.jsonl")
        params = {"threshold": 70, "scope": "offer", "review_path": "x.jsonl"}
        assert step.get_params() == params
        assert clone(step).get_params() == params
        assert pickle.loads(pickle.dumps(step)).get_params() == params
        assert repr(step) == (
            "ConfidenceFilter(review_path='x.jsonl', scope='offer', threshold=70)"
        )
        step.set_params(threshold=90, review_path=None)
        assert step.fit(annotated) is step
        assert step.threshold == 90

    def test_needs_no_fit_and_ignores_y(self, annotated: pd.DataFrame) -> None:
        expected = ConfidenceFilter().transform(annotated)
        masked = ConfidenceFilter().fit_transform(annotated, np.zeros((5, 2)))
        pd.testing.assert_frame_equal(masked, expected)

    def test_inside_a_pipeline(self, annotated: pd.DataFrame) -> None:
        """Two in a row mask what either would."""
        steps = make_pipeline(ConfidenceFilter(70), ConfidenceFilter(90))
        masked = steps.fit_transform(annotated)
        np.testing.assert_array_equal(masked["B"], [NAN, 1, 0, NAN, NAN])


def test_a_share_is_not_taken_for_a_confidence() -> None:
    with pytest.raises(ValueError, match=r"from 0 to 100, got 0\.8\. Did you mean 80"):
        ConfidenceFilter(0.8).fit(load_sample_annotations())
