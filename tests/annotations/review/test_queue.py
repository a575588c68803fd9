from pathlib import Path

import pandas as pd
import pytest

from annotations.review.cases import TWO_THEMES, make_cell
from jocas_themes.annotations import AnnotationStore, merge_review
from jocas_themes.annotations.review import ReviewQueue
from jocas_themes.errors import ReviewFileError


def list_cells(table: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(table["offer_id"], table["theme"], strict=True))


class TestReading:
    def test_cells_with_their_decision(self, queue: ReviewQueue) -> None:
        queue.decide("o1", "TEAM", 1, reviewer="Léa")
        table = queue.to_frame()
        assert len(queue) == 3
        assert list_cells(table) == [("o1", "PAY"), ("o1", "TEAM"), ("o2", "PAY")]
        assert table["decision"].isna().tolist() == [True, False, True]
        assert table["decision"][1] == 1
        assert table["reviewer"][1] == "Léa"
        assert pd.Timestamp(table["decided_at"][1]).tzname() == "UTC"
        assert list_cells(queue.pending()) == [("o1", "PAY"), ("o2", "PAY")]

    def test_no_file_yet(self, tmp_path: Path) -> None:
        queue = ReviewQueue(tmp_path / "none.jsonl")
        assert len(queue) == 0
        assert queue.pending().columns.tolist()[:2] == ["offer_id", "theme"]

    def test_without_a_store_nothing_is_decided(self, queue: ReviewQueue) -> None:
        alone = ReviewQueue(queue.path, taxonomy=TWO_THEMES)
        assert len(alone.pending()) == 3
        with pytest.raises(ValueError, match="Pass store= with the teacher's store"):
            alone.decide("o1", "PAY", 1, reviewer="Léa")

    def test_a_store_by_its_path(self, queue: ReviewQueue, tmp_path: Path) -> None:
        other = ReviewQueue(queue.path, store=tmp_path / "store.sqlite", taxonomy=TWO_THEMES)
        other.decide("o1", "PAY", 1, reviewer="Léa")
        assert len(queue.pending()) == 2
        assert "to_review.jsonl" in repr(other)

    @pytest.mark.parametrize(
        ("cell", "message"),
        [
            (make_cell(theme="OTHER"), r"'o1', 'OTHER' is of no theme .*Pass taxonomy="),
            (make_cell(text=None), r"'o1', 'PAY' has no text, .*Add the text"),
        ],
    )
    def test_a_cell_that_cannot_be_decided(
        self, queue: ReviewQueue, cell: dict[str, object], message: str
    ) -> None:
        merge_review(queue.path, [cell])
        with pytest.raises(ReviewFileError, match=message):
            queue.to_frame()


class TestDeciding:
    def test_a_decision_is_of_the_text(self, queue: ReviewQueue, store: AnnotationStore) -> None:
        """Another offer with the same text is decided with it."""
        merge_review(queue.path, [make_cell("o3", text=make_cell("o2")["text"])])
        queue.decide("o2", "PAY", 0, reviewer="Léa", comment="no amount")
        assert ("o3", "PAY") not in list_cells(queue.pending())
        (row,) = store.read_decisions().to_dict("records")
        assert (row["offer_id"], row["comment"]) == ("o2", "no amount")

    def test_the_last_one_holds_however_fast_they_come(self, queue: ReviewQueue) -> None:
        for label in (1, 0, 1):
            queue.decide("o1", "PAY", label, reviewer="Léa")
            assert queue.to_frame()["decision"][0] == label

    def test_a_withdrawn_decision_can_be_taken_again(self, queue: ReviewQueue) -> None:
        for _ in range(2):
            queue.decide("o1", "PAY", 1, reviewer="Léa", evidence="28 K€")
            assert len(queue.pending()) == 2
            assert queue.withdraw("o1", "PAY") == 1
            assert len(queue.pending()) == 3
        assert queue.withdraw("o1", "PAY") == 0

    def test_withdrawing_one_reviewers_leaves_the_others(self, queue: ReviewQueue) -> None:
        queue.decide("o1", "PAY", 1, reviewer="Léa")
        queue.decide("o1", "PAY", 0, reviewer="Noé")
        assert queue.withdraw("o1", "PAY", "Noé") == 1
        assert queue.to_frame()["decision"][0] == 1

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"offer_id": "o9"}, r"no cell \('o9', 'PAY'\)"),
            ({"theme": "OTHER"}, r"no cell \('o1', 'OTHER'\)"),
            ({"label": 2}, "label must be 0 or 1, got 2"),
            ({"label": None}, "label must be 0 or 1, got None"),
            ({"reviewer": " "}, "reviewer must say who decides, got ' '"),
            ({"evidence": "30 K€"}, "not in the offer, word for word: '30 K€'"),
            ({"evidence": "28 K€", "label": 0}, "evidence of a theme that is absent"),
        ],
    )
    def test_what_cannot_be_a_decision(
        self, queue: ReviewQueue, arguments: dict[str, object], message: str
    ) -> None:
        sound = {"offer_id": "o1", "theme": "PAY", "label": 1, "reviewer": "Léa"}
        with pytest.raises(ValueError, match=message):
            queue.decide(**sound | arguments)  # type: ignore[arg-type]
        assert len(queue.pending()) == 3
