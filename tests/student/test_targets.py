import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from jocas_themes.student._targets import read_targets
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
    codes, labels = read_targets(make_annotated(), gold, None)
    assert codes == ("A", "B")
    np.testing.assert_array_equal(labels, [[1, 0], [NAN, 1]])


def test_an_arrow_annotated_table_wins_over_gold_too() -> None:
    table = pa.Table.from_pandas(make_annotated())
    codes, labels = read_targets(table, np.zeros((2, 2)), None)
    assert codes == ("A", "B")
    np.testing.assert_array_equal(labels, [[1, 0], [NAN, 1]])


def test_themes_choose_and_order() -> None:
    codes, labels = read_targets(make_annotated(), None, ["B", "A"])
    assert codes == ("B", "A")
    np.testing.assert_array_equal(labels, [[0, 1], [1, NAN]])


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
    codes, labels = read_targets(["a", "b"], [[1] * 6, [0] * 6], None)
    assert codes == HR_THEMES.codes
    assert labels.shape == (2, 6)


def test_y_of_another_number_of_columns_has_numbered_themes() -> None:
    codes, _ = read_targets(["a", "b"], [[1, 0], [0, 1]], None)
    assert codes == ("theme_0", "theme_1")


def test_y_as_a_table_names_its_themes() -> None:
    y = pd.DataFrame({"REMOTE": [1, 0], "PAY": [pd.NA, 1]}, dtype="Int8")
    codes, labels = read_targets(["a", "b"], y, None)
    assert codes == ("REMOTE", "PAY")
    np.testing.assert_array_equal(labels, [[1, NAN], [0, 1]])


def test_one_theme_may_be_a_flat_y() -> None:
    codes, labels = read_targets(["a", "b"], [1, 0], ("REMOTE",))
    assert codes == ("REMOTE",)
    assert labels.shape == (2, 1)


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
