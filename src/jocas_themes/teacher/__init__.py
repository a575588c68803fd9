"""Teachers: who says which themes an offer speaks of, how surely, and where."""

from jocas_themes.teacher._base import BaseTeacher
from jocas_themes.teacher._lexicon_teacher import LexiconTeacher
from jocas_themes.teacher._llm import LLMTeacher, Replay
from jocas_themes.teacher.cost import CostEstimate, Price

__all__ = [
    "BaseTeacher",
    "CostEstimate",
    "LLMTeacher",
    "LexiconTeacher",
    "Price",
    "Replay",
]
