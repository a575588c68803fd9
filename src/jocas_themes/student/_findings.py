"""What a lexicon finds in each sentence."""

import itertools
from collections.abc import Sequence

import numpy as np
from scipy import sparse

from jocas_themes.lexicon import Lexicon

# Sentences searched at once: enough that a search is long, few enough that it is no burden.
_BLOCK = 200


def find_patterns(
    lexicon: Lexicon, themes: Sequence[str], sentences: Sequence[str]
) -> sparse.csr_matrix:
    """Say in which folded sentences the lexicon finds each theme.

    The result is of shape (n_sentences, n_themes); a theme that the lexicon does not know is
    found nowhere.
    """
    entries = {entry.code: entry for entry in lexicon.entries}
    rows: list[int] = []
    columns: list[int] = []
    for first in range(0, len(sentences), _BLOCK):
        # One search for all of them: patterns do not cross line breaks.
        lines = sentences[first : first + _BLOCK]
        begins = np.fromiter(
            itertools.accumulate((len(line) + 1 for line in lines[:-1]), initial=0), dtype=np.int64
        )
        text = "\n".join(lines)
        for column, theme in enumerate(themes):
            if theme not in entries:
                continue
            found = [start for start, _ in entries[theme].find_all(text)]
            holding = np.unique(np.searchsorted(begins, found, side="right") - 1)
            rows.extend((first + holding).tolist())
            columns.extend([column] * len(holding))
    shape = (len(sentences), len(themes))
    return sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
