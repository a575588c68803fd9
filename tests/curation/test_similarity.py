from itertools import pairwise

import numpy as np

from jocas_themes.curation import _similarity
from jocas_themes.curation._similarity import order_by_similarity

KINDS = {
    "cook": "cuisinier restaurant plats service salle entrées desserts",
    "driver": "chauffeur camion livraison permis route tournée quai",
    "nurse": "infirmier soins patients hôpital garde dossier santé",
}


def _make_texts(n: int) -> tuple[list[str], list[str]]:
    """Make offers of three kinds, in turn, each of some of its kind's words."""
    rng, kinds = np.random.default_rng(0), [list(KINDS)[row % 3] for row in range(n)]
    return [" ".join(rng.choice(KINDS[kind].split(), 5, replace=False)) for kind in kinds], kinds


def test_neighbours_are_alike() -> None:
    texts, kinds = _make_texts(96)
    order = order_by_similarity(texts, np.random.default_rng(0))
    assert sorted(order) == list(range(96))
    ordered = [kinds[position] for position in order]
    # In turn, no two neighbours are of a kind; in two thirds of a random order they are not.
    n_borders = sum(left != right for left, right in pairwise(ordered))
    assert n_borders < 20


def test_chunks_do_not_matter(monkeypatch) -> None:
    texts, _ = _make_texts(96)
    whole = order_by_similarity(texts, np.random.default_rng(0))
    monkeypatch.setattr(_similarity, "_CHUNK_TEXTS", 7)
    np.testing.assert_array_equal(order_by_similarity(texts, np.random.default_rng(0)), whole)


def test_odd_texts_have_an_order() -> None:
    for texts in (["a"], ["!"] * 40, ["même offre"] * 40):
        order = order_by_similarity(texts, np.random.default_rng(0))
        assert sorted(order) == list(range(len(texts)))
