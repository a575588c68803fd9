import numpy as np
import pandas as pd
import pytest

from jocas_themes.annotations import (
    STATUSES,
    Annotation,
    Answer,
    build_annotated,
    find_theme_codes,
)
from jocas_themes.offers import as_offers


@pytest.fixture
def offers() -> pd.DataFrame:
    table = pd.DataFrame(
        {"offer_id": ["a", "b", "c"], "job_title": ["x", "y", "z"], "n": [1, 2, 3]},
        index=[7, 7, 9],
    )
    return as_offers(table)


ANNOTATIONS = [
    Annotation("ok", {"B": Answer(0, 100), "A": Answer(1, 90, "x")}),
    None,
    Annotation("invalid", {"A": Answer(None, 55.5, "not there")}, detail="why"),
]


class TestBuildAnnotated:
    def test_columns_and_cells(self, offers: pd.DataFrame) -> None:
        table = build_annotated(offers, ANNOTATIONS, ["A", "B"])
        nan = float("nan")
        expected = pd.DataFrame(
            {
                "offer_id": pd.Series(["a", "b", "c"], dtype=object),
                "text": pd.Series(["x", "y", "z"], dtype=object),
                "A": [1.0, nan, nan],
                "A_confidence": [90.0, nan, 55.5],
                "A_evidence": pd.Series(["x", None, "not there"], dtype=object),
                "B": [0.0, nan, nan],
                "B_confidence": [100.0, nan, nan],
                "B_evidence": pd.Series([None, None, None], dtype=object),
                "status": pd.Series(["ok", None, "invalid"], dtype=object),
            }
        )
        expected.index = pd.Index([7, 7, 9])
        own = offers[["job_title", "n"]]
        pd.testing.assert_frame_equal(table, pd.concat([expected, own], axis=1))
        assert table["A_evidence"].tolist() == ["x", None, "not there"]  # None, never NaN

    def test_annotating_again_replaces_the_old_columns(self, offers: pd.DataFrame) -> None:
        old = build_annotated(offers, ANNOTATIONS, ["A", "B"])
        new = build_annotated(old, [Annotation("ok", {"A": Answer(0, 80)})] * 3, ["A"])
        annotated = ["offer_id", "text", "A", "A_confidence", "A_evidence", "status"]
        own = ["B", "B_confidence", "B_evidence", "job_title", "n"]
        assert new.columns.tolist() == annotated + own
        assert new["A"].tolist() == [0, 0, 0]

    def test_an_answer_to_another_theme_is_left_out(self, offers: pd.DataFrame) -> None:
        annotations = [Annotation("ok", {"OTHER": Answer(1, 90)})] * 3
        table = build_annotated(offers, annotations, ["A"])
        assert table["A"].isna().all()
        assert "OTHER" not in table

    def test_no_offers(self, offers: pd.DataFrame) -> None:
        table = build_annotated(offers.iloc[:0], [], ["A"])
        assert table.shape == (0, 8)
        assert find_theme_codes(table) == ("A",)

    def test_the_offers_are_not_changed(self, offers: pd.DataFrame) -> None:
        before = offers.copy(deep=True)
        table = build_annotated(offers, ANNOTATIONS, ["A"])
        table["text"] = "changed"
        table["n"] = 0
        pd.testing.assert_frame_equal(offers, before)

    @pytest.mark.parametrize("n_annotations", [2, 4])
    def test_one_annotation_an_offer(self, offers: pd.DataFrame, n_annotations: int) -> None:
        with pytest.raises(ValueError, match="Length of values"):
            build_annotated(offers, [None] * n_annotations, ["A"])


class TestFindThemeCodes:
    def test_in_the_order_of_the_columns(self, offers: pd.DataFrame) -> None:
        assert find_theme_codes(build_annotated(offers, ANNOTATIONS, ["B", "A"])) == ("B", "A")

    @pytest.mark.parametrize(
        "columns",
        [
            [],
            ["A"],
            ["A", "A_confidence"],
            ["A", "A_evidence"],
            ["A_confidence", "A_evidence"],
            ["A", "A_probability"],
            [5, "5_confidence", "5_evidence"],
        ],
    )
    def test_none_where_a_column_lacks(self, columns: list[object]) -> None:
        assert find_theme_codes(pd.DataFrame(columns=columns)) == ()

    @pytest.mark.parametrize("thing", [None, "A", ["a text"], {"A": 1}, np.zeros((2, 2))])
    def test_none_in_anything_else(self, thing: object) -> None:
        assert find_theme_codes(thing) == ()


def test_the_statuses_are_the_documented_ones() -> None:
    assert STATUSES == ("ok", "refused", "truncated", "invalid", "failed")
