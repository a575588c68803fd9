"""What a teacher's evidence says of each sentence: the theme is here, or is not, or unknown."""

import numpy as np
import numpy.typing as npt

from jocas_themes.student._sentences import Sentences, split_offers

# A shorter sentence lies in many spans by chance.
_MIN_CONTAINED = 9


def locate_evidence(
    sentences: Sentences, labels: npt.NDArray[np.float64], evidence: npt.NDArray[np.object_]
) -> npt.NDArray[np.float64]:
    """Say of each sentence whether it shows each theme: shape (n_sentences, n_themes).

    1 where it holds the evidence, 0 in all sentences of an offer without the theme, and NaN
    where nobody knows: the other sentences of an offer that has the theme (another may show it
    too), and those of an offer whose label is unknown, or whose evidence is missing or is not
    in its text.
    """
    targets = np.where(labels == 0, 0.0, np.nan)[sentences.offers]
    pieces = split_offers(span or "" for span in evidence[labels == 1])
    for number, (offer, theme) in enumerate(np.argwhere(labels == 1)):
        first, last = sentences.starts[offer], sentences.starts[offer + 1]
        wanted = [text for text in pieces.texts[slice(*pieces.starts[number : number + 2])] if text]
        for place in range(first, last):
            if any(_overlap(sentences.texts[place], piece) for piece in wanted):
                targets[place, theme] = 1.0
    return targets


def _overlap(sentence: str, piece: str) -> bool:
    return _holds(sentence, piece) or (len(sentence) >= _MIN_CONTAINED and sentence in piece)


def _holds(sentence: str, piece: str) -> bool:
    """Tell whether a sentence holds a span of whole words: « équipe » is not in « équipement »."""
    start = sentence.find(piece)
    while start >= 0:
        end = start + len(piece)
        cut_left = start > 0 and sentence[start - 1].isalnum() and piece[0].isalnum()
        cut_right = end < len(sentence) and sentence[end].isalnum() and piece[-1].isalnum()
        if not (cut_left or cut_right):
            return True
        start = sentence.find(piece, start + 1)
    return False
