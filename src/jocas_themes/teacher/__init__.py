"""Teachers: who says which themes an offer speaks of, how surely, and where."""

from jocas_themes.teacher._base import BaseTeacher
from jocas_themes.teacher._llm import LLMTeacher

__all__ = ["BaseTeacher", "LLMTeacher"]
