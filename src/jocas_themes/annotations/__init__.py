"""Annotations: the annotated table, the store of paid replies, the review file."""

from jocas_themes.annotations._review import merge_review, read_review
from jocas_themes.annotations._store import AnnotationStore, ReplyKey, StoredReply
from jocas_themes.annotations._table import (
    STATUSES,
    Annotation,
    Answer,
    build_annotated,
    find_theme_codes,
    get_labels,
)

__all__ = [
    "STATUSES",
    "Annotation",
    "AnnotationStore",
    "Answer",
    "ReplyKey",
    "StoredReply",
    "build_annotated",
    "find_theme_codes",
    "get_labels",
    "merge_review",
    "read_review",
]
