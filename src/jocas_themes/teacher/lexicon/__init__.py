"""Searching for French patterns: a teacher that asks nobody."""

from jocas_themes.teacher.lexicon._lexicon import (
    Finding,
    Lexicon,
    LexiconEntry,
    load_french_lexicon,
)
from jocas_themes.teacher.lexicon._lexicon_teacher import LexiconTeacher

__all__ = ["Finding", "Lexicon", "LexiconEntry", "LexiconTeacher", "load_french_lexicon"]
