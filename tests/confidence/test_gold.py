"""Gold: which cells count, and for how much."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from jocas_themes.confidence._gold import compute_coverage, keep_sure, match_gold

NAN = float("nan")


def build_gold(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"offer_id": ["x", "y", "z"], "A": [1, NAN, 0]} | columns)


@pytest.fixture
def annotations() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "offer_id": ["z", "y", "x"],
            "text": "t",
            "A": [NAN, 1, 1],
            "A_confidence": [NAN, 80, 90],
            "A_evidence": None,
            "status": "ok",
        }
    )


def test_only_cells_that_gold_knows_count(annotations: pd.DataFrame) -> None:
    cells = match_gold(annotations, build_gold(), themes=None).cells
    # in the order of the annotations: z is not answered, y has no gold, x is right
    assert cells["gold"].tolist() == [0, 1]
    np.testing.assert_array_equal(cells["answer"], [NAN, 1])
    assert cells["right"].tolist() == [False, True]
    assert cells["weight"].tolist() == [1, 1]
    assert cells["cluster"].nunique() == 2


def test_weights_and_clusters_follow_their_offers(annotations: pd.DataFrame) -> None:
    gold = build_gold(inclusion_probability=[0.5, 1, 0.1], cluster=["c", "c", None])
    cells = match_gold(annotations, gold, themes=None).cells
    assert cells["weight"].tolist() == [10, 2]  # z, then x
    # x shares its cluster with y; z has none and is its own
    assert cells["cluster"].nunique() == 2


def test_offers_without_a_cluster_are_their_own(annotations: pd.DataFrame) -> None:
    gold = build_gold(A=[1, 1, 0], cluster=[None, None, "c"])
    assert match_gold(annotations, gold, themes=None).cells["cluster"].nunique() == 3


def test_gold_offers_nobody_annotated_are_counted(annotations: pd.DataFrame) -> None:
    matched = match_gold(annotations.iloc[1:], build_gold(), themes=None)
    assert (matched.n_offers, matched.n_unmatched) == (2, 1)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, NAN])
def test_an_inclusion_probability_out_of_range(annotations: pd.DataFrame, wrong: float) -> None:
    gold = build_gold(inclusion_probability=[1, wrong, 1])
    with pytest.raises(ValueError, match=r"inclusion_probability must be in \(0, 1\], got \["):
        match_gold(annotations, gold, themes=None)


def test_keeping_what_is_sure(annotations: pd.DataFrame) -> None:
    gold = build_gold(A=[1, 1, 1], inclusion_probability=[1, 0.5, 0.2])
    cells = match_gold(annotations, gold, themes=None).cells
    # weights: z 5 (no answer), y 2 (confidence 80), x 1 (90)
    assert compute_coverage(cells, keep_sure(cells, 90)) == 1 / 8
    assert compute_coverage(cells, keep_sure(cells, 80)) == 3 / 8
    assert compute_coverage(cells, keep_sure(cells, 0)) == 3 / 8
    assert np.isnan(compute_coverage(cells.iloc[:0], cells.iloc[:0]))


def build_teacher_table(n_offers: int, confidence: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "offer_id": [str(number) for number in range(n_offers)],
            "text": "t",
            "A": 1.0,
            "A_confidence": confidence,
            "A_evidence": None,
            "status": "ok",
        }
    )


def test_decisions_are_not_compared_with_themselves() -> None:
    gold = build_teacher_table(10, 100)[["offer_id", "A"]]
    with pytest.raises(ValueError, match=r"10 answers .* recall\(offers, decisions=False\)"):
        match_gold(build_teacher_table(10, 100), gold, themes=None)
    match_gold(build_teacher_table(10, 99), gold, themes=None)  # a teacher that is only very sure
    match_gold(build_teacher_table(9, 100), gold, themes=None)  # and one of few answers


def test_tables_in_each_other_s_place_are_refused(annotations: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="seem to be exchanged"):
        match_gold(build_gold(), annotations, themes=None)
