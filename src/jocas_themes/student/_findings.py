"""What a lexicon finds in each sentence."""

import itertools
from collections.abc import Sequence

import numpy as np
from scipy import sparse

from jocas_themes.lexicon import Lexicon
from jocas_themes.student._sentences import Sentences


def find_patterns(
    lexicon: Lexicon, themes: Sequence[str], sentences: Sentences
) -> sparse.csr_matrix:
    """Say in which sentences the lexicon finds each theme: shape (n_sentences, n_themes).

    A theme that the lexicon does not know is found nowhere.
    """
    entries = {entry.code: entry for entry in lexicon.entries}
    rows: list[int] = []
    columns: list[int] = []
    for first, last in itertools.pairwise(sentences.starts.tolist()):
        # One search an offer in place of one a sentence: patterns do not cross line breaks.
        text = "\n".join(sentences.texts[first:last])
        begins = np.cumsum([0, *(len(line) + 1 for line in sentences.texts[first : last - 1])])
        for column, theme in enumerate(themes):
            if theme not in entries:
                continue
            found = [start for start, _ in entries[theme].find_all(text)]
            lines = np.unique(np.searchsorted(begins, found, side="right") - 1)
            rows.extend((first + lines).tolist())
            columns.extend([column] * len(lines))
    shape = (len(sentences), len(themes))
    return sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
