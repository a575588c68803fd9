"""The store: every reply that was paid for, what it cost, and what people decided."""

from jocas_themes.annotations.store._asker import Asker
from jocas_themes.annotations.store._batches import SUBMITTING, Batch, BatchLedger, Question
from jocas_themes.annotations.store._claims import Claim, Spending
from jocas_themes.annotations.store._decisions import Decision
from jocas_themes.annotations.store._replies import ReplyKey, StoredReply
from jocas_themes.annotations.store._reply_table import Completions
from jocas_themes.annotations.store._store import AnnotationStore

__all__ = [
    "SUBMITTING",
    "AnnotationStore",
    "Asker",
    "Batch",
    "BatchLedger",
    "Claim",
    "Completions",
    "Decision",
    "Question",
    "ReplyKey",
    "Spending",
    "StoredReply",
]
