"""Offers made by mixing the sentences of annotated ones, for sizes that nobody annotated."""

import re
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pandas as pd

from jocas_themes import find_theme_codes

_BREAK = re.compile(r"(?<=[.!?;])\s+|\n+")
_KEPT = 0.6  # of an offer's sentences, beside those that hold evidence
_LENT = 0.4  # of the sentences of an offer without any theme


def mix_offers(annotated: pd.DataFrame, n_offers: int, *, random_state: int = 0) -> pd.DataFrame:
    """Make annotated offers: part of one offer, its evidence with it, and part of another.

    The other is an offer without any theme, so that the labels stay true.

    Parameters
    ----------
    annotated : DataFrame of shape (n_annotated, n_columns)
        An annotated table.
    n_offers : int
        How many offers to make.
    random_state : int, default=0
        Seed of all draws.

    Returns
    -------
    DataFrame of shape (n_offers, 3 + 3 * n_themes)
        An annotated table, its evidence verbatim in its texts.

    Raises
    ------
    ValueError
        If each offer has a theme.
    """
    codes = list(find_theme_codes(annotated))
    empty = np.flatnonzero((annotated[codes] == 0).all(axis=1))
    if not len(empty):
        raise ValueError("mixing needs an offer without any theme, and each of these has one.")
    spans = annotated[[f"{code}_evidence" for code in codes]].to_numpy(dtype=object)
    cut = [
        cut_offer(text, [span for span in row if isinstance(span, str)])
        for text, row in zip(annotated["text"], spans, strict=True)
    ]
    rng = np.random.default_rng(random_state)
    first = rng.integers(len(annotated), size=n_offers)
    second = rng.choice(empty, size=n_offers)
    texts = []
    for base, donor in zip(first, second, strict=True):
        title, *others = cut[base]
        kept = [piece for piece, shows in others if shows or rng.random() < _KEPT]
        lent = [piece for piece, _ in cut[donor] if rng.random() < _LENT]
        texts.append("\n".join([title[0], *kept, *lent]))
    mixed = annotated.iloc[first].reset_index(drop=True)
    mixed = mixed.assign(offer_id=[f"mixed_{number}" for number in range(n_offers)], text=texts)
    answers = [f"{code}{part}" for code in codes for part in ("", "_confidence", "_evidence")]
    return mixed[["offer_id", "text", *answers, "status"]]


def cut_offer(text: str, spans: Iterable[str]) -> list[tuple[str, bool]]:
    """Cut a text into sentences, none inside a span, and tell which of them hold one.

    >>> cut_offer("Mutuelle. Prime. RTT. Bureau.", ["Prime. RTT"])
    [('Mutuelle. ', False), ('Prime. RTT. ', True), ('Bureau.', False)]
    """
    places = [(text.find(span), text.find(span) + len(span)) for span in spans if span in text]
    breaks = [
        match.end()
        for match in _BREAK.finditer(text)
        if not any(start < match.end() and match.start() < end for start, end in places)
    ]
    edges = [0, *breaks, len(text)]
    pieces = [
        (text[left:right], any(left <= start < right for start, _ in places))
        for left, right in pairwise(edges)
        if left < right
    ]
    return pieces or [("", False)]
