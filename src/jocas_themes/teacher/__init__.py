"""Teachers: who says which themes an offer speaks of, how surely, and where."""

from jocas_themes.teacher._base import BaseTeacher
from jocas_themes.teacher._llm import LLMTeacher
from jocas_themes.teacher.lexicon._lexicon import (
    Finding,
    Lexicon,
    LexiconEntry,
    load_french_lexicon,
)
from jocas_themes.teacher.lexicon._lexicon_teacher import LexiconTeacher

__all__ = [
    "BaseTeacher",
    "Finding",
    "LLMTeacher",
    "Lexicon",
    "LexiconEntry",
    "LexiconTeacher",
    "load_french_lexicon",
]
