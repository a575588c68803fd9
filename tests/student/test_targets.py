import numpy as np
import pandas as pd
import pytest

from jocas_themes.student._targets import read_targets, summarise_training
from jocas_themes.taxonomy import HR_THEMES

NAN = np.nan


def make_annotated() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "offer_id": ["1", "2"],
            "text": ["a", "b"],
            "A": [1.0, NAN],
            "A_confidence": [90.0, 10.0],
            "A_evidence": ["a", None],
            "B": [0.0, 1.0],
            "B_confidence": [90.0, 90.0],
            "B_evidence": [None, "b"],
            "status": ["ok", "ok"],
        }
    )


def test_annotations_win_over_gold() -> None:
    gold = np.array([[0, 0], [0, 0]])
    targets = read_targets(make_annotated(), gold, None)
    assert targets.themes == ("A", "B")
    np.testing.assert_array_equal(targets.labels, [[1, 0], [NAN, 1]])


def test_themes_choose_and_order() -> None:
    targets = read_targets(make_annotated(), None, ["B", "A"])
    assert targets.themes == ("B", "A")
    np.testing.assert_array_equal(targets.labels, [[0, 1], [1, NAN]])
    assert targets.evidence.tolist() == [[None, "a"], ["b", None]]


def test_all_masked_is_an_error_and_never_falls_back_to_gold() -> None:
    table = make_annotated()
    table[["A", "B"]] = NAN
    with pytest.raises(
        ValueError,
        match=r"no theme has any known label.*highest confidence: 90.*never used instead",
    ):
        read_targets(table, np.ones((2, 2)), None)


def test_one_theme_without_labels_is_named() -> None:
    table = make_annotated()
    table["A"] = NAN
    with pytest.raises(
        ValueError, match=r"the themes \['A'\] have not any known label in 2 offers"
    ):
        read_targets(table, None, None)


def test_y_of_six_columns_has_the_hr_themes() -> None:
    targets = read_targets(["a", "b"], [[1] * 6, [0] * 6], None)
    assert targets.themes == HR_THEMES.codes
    assert targets.labels.shape == (2, 6)


def test_y_of_another_number_of_columns_has_numbered_themes() -> None:
    targets = read_targets(["a", "b"], [[1, 0], [0, 1]], None)
    assert targets.themes == ("theme_0", "theme_1")


def test_y_as_a_table_names_its_themes() -> None:
    y = pd.DataFrame({"REMOTE": [1, 0], "PAY": [pd.NA, 1]}, dtype="Int8")
    targets = read_targets(["a", "b"], y, None)
    assert targets.themes == ("REMOTE", "PAY")
    np.testing.assert_array_equal(targets.labels, [[1, NAN], [0, 1]])


def test_one_theme_may_be_a_flat_y() -> None:
    targets = read_targets(["a", "b"], [1, 0], ("REMOTE",))
    assert targets.themes == ("REMOTE",)
    assert targets.labels.shape == (2, 1)


@pytest.mark.parametrize(
    ("X", "y", "themes", "message"),
    [
        (["a"], None, None, "nothing to learn from: X carries no annotations and y is None"),
        (["a"], [[1, 0]], ["A"], r"y must be of shape \(n_offers, 1\)"),
        (["a"], [[[1]]], None, r"y must be of shape \(n_offers, 1\)"),
        (["a"], [[2] * 6], None, r"y must hold 0, 1 or NaN, got \[2.0\]"),
        (["a"], [[1]], "REMOTE", "themes must be a Taxonomy or a sequence of codes"),
        (["a"], [[1, 1]], ["A", "A"], "themes must be distinct"),
        (["a"], pd.DataFrame({0: [1]}), None, "columns of a table of labels must be theme codes"),
        (["a"], pd.DataFrame({"A": [1]}), ["B"], r"y lacks the themes \['B'\]"),
        (make_annotated(), None, ["C"], r"annotated table lacks the themes \['C'\]"),
    ],
)
def test_bad_targets(X: object, y: object, themes: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_targets(X, y, themes)


class TestWeights:
    def test_confidence_counts(self) -> None:
        table = pd.concat([make_annotated().head(1)] * 5, ignore_index=True)
        table["A_confidence"] = [100.0, 90.0, 60.0, 0.0, NAN]
        weights = read_targets(table, None, None).weights[:, 0]
        # In full where it is sure, and where there is none, as of gold; never not at all.
        assert weights[0] == weights[4] == 1
        assert 1 > weights[1] > weights[2] > 0
        assert weights[2] >= weights[3] > 0

    def test_a_table_without_a_confidence_of_its_own_counts_in_full(self) -> None:
        table = make_annotated().assign(A_confidence=None)
        assert (read_targets(table, None, ["A"]).weights == 1).all()

    def test_none_counts_all_the_same(self) -> None:
        assert (read_targets(make_annotated(), None, None, weights=None).weights == 1).all()

    def test_y_counts_in_full_whatever_the_weights(self) -> None:
        targets = read_targets(["a", "b"], [[1, 0], [0, 1]], None, weights=lambda c: 0 * c)
        assert (targets.weights == 1).all()

    def test_a_function_is_given_the_confidences_and_gold_stays_in_full(self) -> None:
        table = make_annotated()
        table.loc[0, "A_confidence"] = NAN
        given = []

        def halve(confidences: np.ndarray) -> list[list[float]]:
            given.append(confidences.copy())
            return (confidences / 200).tolist()  # whatever becomes an array will do

        weights = read_targets(table, None, None, weights=halve).weights
        np.testing.assert_array_equal(given, [[[NAN, 90], [10, 90]]])
        assert weights.tolist() == [[1.0, 0.45], [0.05, 0.45]]

    @pytest.mark.parametrize(
        "weights",
        [
            lambda c: c[:1],
            lambda c: c.ravel(),
            lambda c: -c,
            lambda c: c * np.inf,
            lambda c: c * NAN,
            lambda c: 1.0,
            lambda c: None,
        ],
    )
    def test_bad_weights(self, weights: object) -> None:
        with pytest.raises(ValueError, match=r"weights must turn confidences of shape \(2, 2\)"):
            read_targets(make_annotated(), None, None, weights=weights)

    def test_a_theme_whose_cells_weigh_nothing_has_nothing_to_learn_from(self) -> None:
        def leave_out_the_first(confidences: np.ndarray) -> np.ndarray:
            return np.column_stack([0 * confidences[:, 0], confidences[:, 1]])

        with pytest.raises(ValueError, match=r"\['A'\]"):
            read_targets(make_annotated(), None, None, weights=leave_out_the_first)

    @pytest.mark.parametrize("confidence", [-1, 100.5, np.inf])
    def test_a_confidence_out_of_range(self, confidence: float) -> None:
        table = make_annotated()
        table.loc[1, "B_confidence"] = confidence
        with pytest.raises(ValueError, match=r"confidences must be in \[0, 100\], got .*1 cells"):
            read_targets(table, None, None)

    def test_a_confidence_that_is_no_number(self) -> None:
        table = make_annotated().assign(A_confidence=["high", "low"])
        with pytest.raises(ValueError, match=r"A_confidence.*Unable to parse"):
            read_targets(table, None, None)


class TestEvidence:
    def test_only_evidence_of_themes_that_are_there_is_read(self) -> None:
        table = make_annotated().assign(A_evidence=["a", "a"], B_evidence=["b", NAN])
        # B of the first offer is absent, A of the second unknown.
        assert read_targets(table, None, None).evidence.tolist() == [["a", None], [None, None]]

    @pytest.mark.parametrize("nothing", [None, NAN, pd.NA, "", 3])
    def test_without_any_there_is_none(self, nothing: object) -> None:
        columns = {f"{code}_evidence": pd.Series([nothing] * 2, dtype=object) for code in "AB"}
        table = make_annotated().assign(**columns)
        assert read_targets(table, None, None).evidence is None
        with pytest.raises(ValueError, match="evidence=True needs the CODE_evidence"):
            read_targets(table, None, None, evidence=True)

    @pytest.mark.parametrize("no", [False, np.False_])
    def test_it_can_be_left_unread(self, no: object) -> None:
        assert read_targets(make_annotated(), None, None, evidence=no).evidence is None

    @pytest.mark.parametrize("yes", [True, np.True_])
    def test_y_has_none(self, yes: object) -> None:
        with pytest.raises(ValueError, match="evidence=True needs the CODE_evidence"):
            read_targets(["a", "b"], [[1, 0], [0, 1]], None, evidence=yes)


def test_the_summary_counts_cells() -> None:
    table = make_annotated().assign(A_evidence=["", None])
    assert summarise_training(read_targets(table, None, None)) == {
        "n_offers": 2,
        "themes": {
            "A": {"n_known": 1, "n_positive": 1, "n_evidence": 0},
            "B": {"n_known": 2, "n_positive": 1, "n_evidence": 1},
        },
    }
