"""Teachers: who says which themes an offer speaks of, how surely, and where."""

from jocas_themes.teacher._base import BaseTeacher
from jocas_themes.teacher._llm import LLMTeacher, Replay
from jocas_themes.teacher.cost import CostEstimate, Price
from jocas_themes.teacher.lexicon import (
    Finding,
    Lexicon,
    LexiconEntry,
    LexiconTeacher,
    load_french_lexicon,
)

__all__ = [
    "BaseTeacher",
    "CostEstimate",
    "Finding",
    "LLMTeacher",
    "Lexicon",
    "LexiconEntry",
    "LexiconTeacher",
    "Price",
    "Replay",
    "load_french_lexicon",
]
