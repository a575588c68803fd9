"""What comes back: reading it, checking its evidence, asking again, counting votes."""

from jocas_themes.teacher.reply._correction import build_correction, count_attempts, read_best
from jocas_themes.teacher.reply._reply import NotACompletionError, load_body, parse_reply
from jocas_themes.teacher.reply._votes import combine_votes

__all__ = [
    "NotACompletionError",
    "build_correction",
    "combine_votes",
    "count_attempts",
    "load_body",
    "parse_reply",
    "read_best",
]
