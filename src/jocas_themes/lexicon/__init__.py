"""French patterns of the themes: what can be known of them without any model."""

from jocas_themes.lexicon._folding import fold_text
from jocas_themes.lexicon._lexicon import Finding, Lexicon, LexiconEntry, load_french_lexicon

__all__ = ["Finding", "Lexicon", "LexiconEntry", "fold_text", "load_french_lexicon"]
