import numpy as np
import pandas as pd
import pytest

from jocas_themes.annotations import choose_themes, read_labels
from jocas_themes.taxonomy import HR_THEMES


class TestChooseThemes:
    def test_as_told(self) -> None:
        table = pd.DataFrame({"A": [1], "B": [0]})
        assert choose_themes(table, themes=["B"]) == ("B",)
        assert choose_themes(table, themes=HR_THEMES) == HR_THEMES.codes

    def test_as_the_table_says(self) -> None:
        assert choose_themes(pd.DataFrame({"A": [1], "B": [0]})) == ("A", "B")
        annotated = pd.DataFrame(columns=["text", "A", "A_confidence", "A_evidence", "site"])
        assert choose_themes(annotated) == ("A",)
        assert choose_themes([[1, 2]], annotated) == ("A",)

    def test_by_the_number_of_columns(self) -> None:
        assert choose_themes(np.zeros((2, 6))) == HR_THEMES.codes
        assert choose_themes([[0, 1]]) == ("theme_0", "theme_1")
        assert choose_themes([0, 1]) == ("theme_0",)

    @pytest.mark.parametrize("themes", ["A", [], ["A", "A"]])
    def test_bad_themes(self, themes: object) -> None:
        with pytest.raises(ValueError, match="themes must be"):
            choose_themes([[1]], themes=themes)


class TestReadLabels:
    @pytest.mark.parametrize(
        "values",
        [
            [0.0, 1.0, np.nan],
            pd.array([0, 1, None], dtype="Int8"),
            pd.array([False, True, None], dtype="boolean"),
            pd.array([0, 1, None], dtype="Float32"),
            pd.Series([0, 1, None], dtype="int8[pyarrow]"),
            pd.Series([0, 1, None], dtype=object),
            pd.Series([0, 1, pd.NA], dtype=object),
            ["0", "1", None],  # as a CSV file gives them
            ["0.0", "1.0", None],
        ],
        ids=repr,
    )
    def test_any_dtype(self, values: object) -> None:
        table = pd.DataFrame({"A": values, "B": [1, 1, 0]})
        labels = read_labels(table, ["A", "B"], name="y")
        assert labels.dtype == np.float64
        np.testing.assert_array_equal(labels, [[0, 1], [1, 1], [np.nan, 0]])

    @pytest.mark.parametrize(
        ("values", "found"),
        [([0, 2], r"\[2.0\]"), ([0.5, -1], r"\[-1.0, 0.5\]"), ([np.inf, 1], r"\[inf\]")],
    )
    def test_something_else_than_a_label(self, values: list[float], found: str) -> None:
        with pytest.raises(ValueError, match=f"y must hold 0, 1 or NaN, got {found}"):
            read_labels(pd.DataFrame({"A": values}), ["A"], name="y")

    def test_at_most_five_strangers_are_named(self) -> None:
        with pytest.raises(ValueError, match=r"got \[2.0, 3.0, 4.0, 5.0, 6.0\] \(10 cells\)"):
            read_labels(pd.DataFrame({"A": range(2, 12)}), ["A"], name="y")

    def test_a_word_is_no_label(self) -> None:
        with pytest.raises(ValueError, match="yes"):
            read_labels(pd.DataFrame({"A": ["yes"]}), ["A"], name="y")
