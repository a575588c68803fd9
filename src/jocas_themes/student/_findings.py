"""What a lexicon finds in each sentence."""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from jocas_themes.lexicon import Lexicon


def find_patterns(
    lexicon: Lexicon, themes: Sequence[str], sentences: Sequence[str]
) -> sparse.csr_matrix:
    """Say in which folded sentences the lexicon finds each theme.

    The result is of shape (n_sentences, n_themes); a theme that the lexicon does not know is
    found nowhere. Each sentence is searched alone: a pattern may say anything of its borders.
    """
    entries = {entry.code: entry for entry in lexicon.entries}
    found = np.zeros((len(sentences), len(themes)))
    for column, theme in enumerate(themes):
        if theme in entries:
            find = entries[theme].find
            found[:, column] = [find(sentence) is not None for sentence in sentences]
    return sparse.csr_matrix(found)
