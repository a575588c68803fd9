"""What the processes of the concurrency tests run; a module of its own, so that they find it."""

import time
from pathlib import Path
from typing import Any

from jocas_themes.annotations import AnnotationStore, ReplyKey, StoredReply, merge_review


def make_key(text: str = "Cariste", **changes: Any) -> ReplyKey:
    parts: dict[str, Any] = {
        "text": text,
        "model": "m",
        "prompt_version": "1",
        "taxonomy_fingerprint": "f",
        "parameters": {},
    }
    return ReplyKey(**parts | changes)


def wait_for(start: float) -> None:
    """Wait actively until a moment of the clock, so that all begin at once."""
    while time.time() < start:
        pass


def count_replies(path: Path, start: float) -> int:
    """Open a store, which makes it when it is absent."""
    wait_for(start)
    with AnnotationStore(path) as store:
        return len(store)


def put_replies(path: Path, start: float, worker: int, n_replies: int) -> None:
    """Put replies one by one, as a teacher does."""
    wait_for(start)
    with AnnotationStore(path) as store:
        for number in range(n_replies):
            text = f"{worker}-{number}"
            store.put(make_key(text), StoredReply(raw=text, status="ok"), offer_id=text)


def merge_cells(path: Path, start: float, worker: int, n_merges: int) -> None:
    """Merge one cell of this worker's own and one of everybody's, again and again."""
    wait_for(start)
    for number in range(n_merges):
        own = {"offer_id": f"{worker}-{number}", "theme": "A", "reason": "low_confidence"}
        merge_review(path, [own, {"offer_id": "all", "theme": "A", f"seen_{worker}": number}])
