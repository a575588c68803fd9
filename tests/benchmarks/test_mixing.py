"""Made offers: labels stay true, evidence stays verbatim, nothing is a mere copy."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes import find_theme_codes, load_sample_annotations
from jocas_themes.offers import group_near_duplicates
from mixing import cut_offer, mix_offers


@pytest.fixture(scope="module")
def annotated() -> pd.DataFrame:
    return load_sample_annotations()


def test_evidence_is_in_the_text(annotated: pd.DataFrame) -> None:
    mixed = mix_offers(annotated, 200)
    assert len(mixed) == 200
    assert mixed["offer_id"].is_unique
    for code in find_theme_codes(annotated):
        present = mixed[mixed[code] == 1]
        assert len(present)
        for text, span in zip(present["text"], present[f"{code}_evidence"], strict=True):
            assert span in text


def test_made_offers_differ(annotated: pd.DataFrame) -> None:
    groups = group_near_duplicates(mix_offers(annotated, 200)["text"])
    assert len(np.unique(groups)) > 180


def test_same_seed_same_offers(annotated: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(mix_offers(annotated, 20), mix_offers(annotated, 20))
    other = mix_offers(annotated, 20, random_state=1)
    assert not mix_offers(annotated, 20)["text"].equals(other["text"])


def test_an_offer_without_themes_is_needed(annotated: pd.DataFrame) -> None:
    codes = list(find_theme_codes(annotated))
    with pytest.raises(ValueError, match="without any theme"):
        mix_offers(annotated[annotated[codes].any(axis=1)], 5)


@given(st.text(alphabet="ab.! \n", max_size=40), st.integers(0, 39), st.integers(1, 10))
def test_sentences_add_up_and_hold_the_evidence(text: str, start: int, length: int) -> None:
    span = text[start : start + length]
    pieces = cut_offer(text, [span] if span else [])
    assert "".join(piece for piece, _ in pieces) == text
    if span:
        assert any(span in piece and shows for piece, shows in pieces)
