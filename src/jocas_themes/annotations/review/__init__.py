"""What people look at: the review file, draws with known probabilities, other tools' formats."""

from jocas_themes.annotations.review._apply import apply_decisions
from jocas_themes.annotations.review._file import merge_review, read_review
from jocas_themes.annotations.review._queue import ReviewQueue

__all__ = ["ReviewQueue", "apply_decisions", "merge_review", "read_review"]
