"""Annotations: the annotated table, the store of paid replies, the review file."""

from jocas_themes.annotations._labels import (
    Themes,
    choose_themes,
    read_cells,
    read_labels,
    require_annotated,
)
from jocas_themes.annotations._table import (
    STATUSES,
    Annotation,
    Answer,
    build_annotated,
)
from jocas_themes.annotations.review import (
    ReviewQueue,
    apply_decisions,
    merge_review,
    read_review,
)
from jocas_themes.annotations.store import (
    SUBMITTING,
    AnnotationStore,
    Asker,
    Batch,
    BatchLedger,
    Claim,
    Completions,
    Decision,
    Question,
    ReplyKey,
    Spending,
    StoredReply,
)
from jocas_themes.offers import find_theme_codes

__all__ = [
    "STATUSES",
    "SUBMITTING",
    "Annotation",
    "AnnotationStore",
    "Answer",
    "Asker",
    "Batch",
    "BatchLedger",
    "Claim",
    "Completions",
    "Decision",
    "Question",
    "ReplyKey",
    "ReviewQueue",
    "Spending",
    "StoredReply",
    "Themes",
    "apply_decisions",
    "build_annotated",
    "choose_themes",
    "find_theme_codes",
    "merge_review",
    "read_cells",
    "read_labels",
    "read_review",
    "require_annotated",
]
