from collections.abc import Iterator
from pathlib import Path

import pytest

from annotations.review.cases import TWO_THEMES, make_cell
from jocas_themes.annotations import AnnotationStore, merge_review
from jocas_themes.annotations.review import ReviewQueue


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AnnotationStore]:
    with AnnotationStore(tmp_path / "store.sqlite") as store:
        yield store


@pytest.fixture
def queue(tmp_path: Path, store: AnnotationStore) -> ReviewQueue:
    """Return a queue of three cells: both themes of o1, and PAY of o2."""
    path = tmp_path / "to_review.jsonl"
    merge_review(path, [make_cell(), make_cell(theme="TEAM", proposed=0), make_cell("o2")])
    return ReviewQueue(path, store=store, taxonomy=TWO_THEMES)
