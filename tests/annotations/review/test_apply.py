from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from annotations.review.cases import make_annotated
from jocas_themes.annotations import AnnotationStore, Decision
from jocas_themes.annotations.review import apply_decisions


def make_decision(text: str, theme: str, label: int, evidence: str | None = None) -> Decision:
    return Decision(
        text=text,
        theme=theme,
        label=label,
        reviewer="Léa",
        decided_at="2026-03-01T09:30:00Z",
        evidence=evidence,
    )


def test_decided_cells_and_no_others_are_replaced(store: AnnotationStore) -> None:
    annotated = make_annotated([30.0, 30.0, None, 40.0])
    store.add_decisions(
        [
            make_decision("Offre 0", "PAY", 0),  # the teacher said 1
            make_decision("Offre 1", "PAY", 1),  # as the teacher: its evidence stays
            make_decision("Offre 2", "PAY", 1, "Offre 2"),  # the teacher had no answer
            make_decision("Offre 9", "PAY", 1),
            make_decision("Offre 3", "OTHER", 1),
        ]
    )
    applied = apply_decisions(annotated, store)
    assert applied["PAY"].tolist() == [0, 1, 1, 1]
    assert applied["PAY_confidence"].tolist() == [100, 100, 100, 40]
    assert applied["PAY_evidence"].tolist() == [None, "Offre", "Offre 2", "Offre"]
    untouched = [name for name in annotated.columns if not name.startswith("PAY")]
    pd.testing.assert_frame_equal(applied[untouched], annotated[untouched])
    assert applied.columns.tolist() == annotated.columns.tolist()


def test_the_table_is_not_changed(store: AnnotationStore) -> None:
    annotated = make_annotated([30.0])
    store.add_decisions([make_decision("Offre 0", "PAY", 0)])
    apply_decisions(annotated, store)
    pd.testing.assert_frame_equal(annotated, make_annotated([30.0]))
    without = apply_decisions(annotated, AnnotationStore(store.path.with_name("empty.sqlite")))
    without["PAY"] = 0.5
    pd.testing.assert_frame_equal(annotated, make_annotated([30.0]))


def test_rows_keep_their_index_and_a_text_counts_for_all_its_offers(
    store: AnnotationStore,
) -> None:
    annotated = make_annotated([30.0, 30.0], texts=["same", "same"]).set_index(pd.Index([7, 7]))
    store.add_decisions([make_decision("same", "TEAM", 1)])
    applied = apply_decisions(annotated, store)
    assert applied["TEAM"].tolist() == [1, 1]
    assert applied.index.tolist() == [7, 7]


def test_a_path_and_an_arrow_table_will_do(store: AnnotationStore, tmp_path: Path) -> None:
    store.add_decisions([make_decision("Offre 0", "PAY", 0)])
    table = pa.Table.from_pandas(make_annotated([30.0]))
    applied = apply_decisions(table, tmp_path / "store.sqlite")
    assert applied["PAY"].tolist() == [0]


def test_a_table_that_is_not_annotated(store: AnnotationStore) -> None:
    with pytest.raises(ValueError, match="must be an annotated table"):
        apply_decisions(pd.DataFrame({"text": ["a"]}), store)
