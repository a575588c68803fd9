"""Signatures: how long the bands are, and how often a pair shares one."""

import numpy as np
import pytest

from jocas_themes.offers.duplicates._minhash import MinHasher, choose_band_rows


@pytest.mark.parametrize(
    ("threshold", "n_hashes", "expected"),
    [
        # 1 - (1 - 0.8**6)**21 = 0.9983, and with 7 rows 1 - (1 - 0.8**7)**18 = 0.9856.
        (0.8, 128, 6),
        # 1 - (1 - 0.5**3)**42 = 0.9963, and with 4 rows 1 - (1 - 0.5**4)**32 = 0.873.
        (0.5, 128, 3),
        (1.0, 128, 128),
        (0.01, 128, 1),
    ],
)
def test_bands_are_as_long_as_recall_allows(threshold: float, n_hashes: int, expected: int) -> None:
    assert choose_band_rows(threshold, n_hashes) == expected


def test_bands_agree_as_often_as_the_theory_says() -> None:
    # Texts of 60 runs of three words, of which 10 differ: similarity 50 / 70.
    rng = np.random.default_rng(0)
    texts = []
    for _ in range(300):
        words = rng.choice(10_000, size=62 + 10).astype(str)
        texts += [" ".join(words[:62]), " ".join(words[10:])]
    bands = MinHasher.draw(0.8, 128, random_state=0).sketch(texts).bands
    assert bands.shape == (600, 21)
    # 6,300 draws of a probability of (50 / 70)**6 = 0.133 have a standard error of 0.0043, or
    # somewhat more as the 21 of a pair are of the same texts.
    assert (bands[::2] == bands[1::2]).mean() == pytest.approx((50 / 70) ** 6, abs=0.02)


def test_sketches_do_not_depend_on_how_texts_are_cut() -> None:
    hasher = MinHasher.draw(0.8, 12, random_state=0)
    texts = [f"texte {i % 7} de plusieurs mots {i}" for i in range(70)] + ["", "mot"]
    whole = hasher.sketch(texts)
    parts = [hasher.sketch(texts[i : i + 10]) for i in range(0, len(texts), 10)]
    for name, array in whole._asdict().items():
        np.testing.assert_array_equal(array, np.concatenate([getattr(p, name) for p in parts]))


def test_no_text_and_no_word() -> None:
    hasher = MinHasher.draw(0.8, 12, random_state=0)
    assert hasher.sketch([]).bands.shape[0] == 0
    assert hasher.sketch(["", "!"]).sizes.tolist() == [0, 0]
