import math
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.review.cases import make_annotated
from jocas_themes.annotations import merge_review, read_review
from jocas_themes.annotations.review import ReviewQueue
from jocas_themes.annotations.review._draw import allocate, rank_texts
from jocas_themes.errors import JocasThemesWarning

# 20 offers of each band, and 4 that were refused
CONFIDENCES: list[float | None] = [*[30.0] * 20, *[60.0] * 20, *[85.0] * 20, *[95.0] * 20]
CONFIDENCES += [None] * 4


class TestAllocation:
    def test_by_hand(self) -> None:
        # Each stratum gets 2 of 10; 4 are left. The weights: unsure 0.8 * 30/60 twice = 0.4 each,
        # sure 0.2. Webster's averages at 2 drawn: 0.4/5, 0.4/5, 0.2/5 = 0.08, 0.08, 0.04; at 3:
        # 0.4/7 = 0.057; so the first and second get two each, and the third none.
        assert allocate([30, 30, 40], [False, False, True], 10, sure_share=0.2) == [4, 4, 2]

    def test_a_stratum_drawn_whole_leaves_its_part_to_the_others(self) -> None:
        assert allocate([3, 1, 40], [False, False, True], 20, sure_share=0.2) == [3, 1, 16]

    def test_no_share_for_the_sure_ones_but_the_minimum(self) -> None:
        assert allocate([50, 50], [False, True], 20, sure_share=0) == [18, 2]

    def test_too_few_for_the_strata(self) -> None:
        with pytest.raises(ValueError, match="n_offers must be at least 5 for 3 strata"):
            allocate([9, 1, 9], [False, False, True], 4, sure_share=0.2)

    @given(
        sizes=st.lists(st.integers(1, 40), min_size=1, max_size=6),
        sure=st.lists(st.booleans(), min_size=6, max_size=6),
        share=st.floats(0, 1),
    )
    def test_the_sum_is_right_and_a_larger_draw_gives_no_stratum_less(
        self, sizes: list[int], sure: list[bool], share: float
    ) -> None:
        least = sum(min(size, 2) for size in sizes)
        draws = [
            allocate(sizes, sure[: len(sizes)], n, sure_share=share)
            for n in range(least, sum(sizes) + 3)
        ]
        for extra, drawn in enumerate(draws):
            assert sum(drawn) == min(least + extra, sum(sizes))
            assert all(2 <= n <= size or n == size for n, size in zip(drawn, sizes, strict=True))
        for small, large in pairwise(draws):
            assert all(a <= b for a, b in zip(small, large, strict=True))


class TestStrata:
    def test_bands_and_the_unknown(self) -> None:
        annotated = make_annotated([0, 49.9, 50, 79.9, 80, 89, 90, 100, None])
        # TEAM's 99 is the smaller one beside 100
        ranked = rank_texts(annotated, threshold=80, random_state=0)
        ranked = ranked.loc[annotated["text"]]
        assert ranked["stratum"].tolist() == [
            *("0-50", "0-50", "50-80", "50-80", "80-90", "80-90", "90-100", "90-100", "unknown")
        ]
        assert ranked["sure"].tolist() == [False] * 4 + [True] * 4 + [False]
        assert ranked["confidence"].tolist()[-2] == 99
        assert ranked["size"].tolist() == [2] * 8 + [1]

    def test_the_threshold_is_a_border(self) -> None:
        ranked = rank_texts(make_annotated([40, 65, 75]), threshold=70, random_state=0)
        assert sorted(ranked["stratum"]) == ["0-50", "50-70", "70-90"]

    def test_turns_depend_on_the_texts_and_not_on_their_order(self) -> None:
        annotated = make_annotated(CONFIDENCES)
        ranked = rank_texts(annotated, threshold=80, random_state=3)
        again = rank_texts(annotated[::-1], threshold=80, random_state=3)
        pd.testing.assert_frame_equal(ranked, again)
        other = rank_texts(annotated, threshold=80, random_state=4)
        assert not ranked["turn"].equals(other["turn"])


class TestDraw:
    def test_probabilities_and_cells(self, queue: ReviewQueue) -> None:
        queue.path.unlink()
        drawn = queue.draw(make_annotated(CONFIDENCES), 30, random_state=0)
        # 10 for the minimum of five strata. Then by Webster with the weights 0.8 * 20/44 = 0.364
        # twice, 0.8 * 4/44 = 0.073, and 0.2 * 20/40 = 0.1 twice. The unsure bands' averages
        # 0.364/(2n + 1) fall to 0.0214 at n = 8, a sure band's to 0.0200 at n = 2, 0.0143 at 3;
        # the unknown's start at 0.0145. At n = 9: 0.0191, 10: 0.0173, 11: 0.0158, 12: 0.0145.
        # Given out: 6 times to each unsure band (up to n = 8, average 0.0214 next), once more to
        # each (n = 9), then 0.0200 to each sure band (n = 3), 0.0191 to each unsure one (n = 10),
        # and the last two 0.0173 (n = 11): 9 + 9 + 1 + 1 = 20.
        counts = drawn["stratum"].value_counts().to_dict()
        assert counts == {"0-50": 11, "50-80": 11, "80-90": 3, "90-100": 3, "unknown": 2}
        assert drawn.groupby("stratum")["inclusion_probability"].first().to_dict() == {
            "0-50": 11 / 20,
            "50-80": 11 / 20,
            "80-90": 3 / 20,
            "90-100": 3 / 20,
            "unknown": 2 / 4,
        }
        cells = read_review(queue.path)
        assert len(cells) == 2 * 30
        assert set(cells["reason"]) == {"drawn"}
        assert set(cells["theme"]) == {"PAY", "TEAM"}
        first = cells[cells["offer_id"] == drawn["offer_id"].iloc[0]].iloc[0]
        assert (first["proposed"], first["confidence"], first["evidence"]) == (1, 30, "Offre")

    def test_offers_that_share_a_text_are_one_unit(self, queue: ReviewQueue) -> None:
        queue.path.unlink()
        texts = ["same"] * 3 + [f"Offre {number}" for number in range(7)]
        annotated = make_annotated([30.0] * 10, texts=texts)
        drawn = queue.draw(annotated, 8, random_state=0)  # all 8 distinct texts
        assert len(drawn) == 10
        assert drawn["cluster"].nunique() == 8
        assert (drawn["inclusion_probability"] == 1).all()

    def test_an_unsure_copy_makes_the_text_unsure(self) -> None:
        annotated = make_annotated([95.0, 40.0], texts=["same", "same"])
        ranked = rank_texts(annotated, threshold=80, random_state=0)
        assert ranked["stratum"].tolist() == ["0-50"]

    def test_more_than_there_are_draws_all(self, queue: ReviewQueue) -> None:
        drawn = queue.draw(make_annotated(CONFIDENCES), 1_000, random_state=0)
        assert len(drawn) == len(CONFIDENCES)

    def test_estimates_are_unbiased_over_draws(self) -> None:
        """The mean over many draws of the weighted sum is the sum: sum of y / probability."""
        annotated = make_annotated(CONFIDENCES[:80])
        truth = pd.Series(np.arange(80.0), index=annotated["text"])
        totals = []
        for seed in range(200):
            ranked = rank_texts(annotated, threshold=80, random_state=seed)
            drawn_of = ranked["stratum"].map({"0-50": 8, "50-80": 8, "80-90": 2, "90-100": 2})
            drawn = ranked[ranked["turn"] < drawn_of]
            weights = drawn["size"] / drawn_of[drawn.index]
            totals.append((truth[drawn.index] * weights).sum())
        # The variance of one total is the sum over strata of N² (1 - n/N) S²/n with N = 20 and
        # S² = 20 * 21 / 12 = 35: 2 * 400 * 0.6 * 35 / 8 + 2 * 400 * 0.9 * 35 / 2 = 14,700, so the
        # standard error of the mean of 200 is 8.57. Four of these: 34.3.
        assert math.isclose(np.mean(totals), truth.sum(), abs_tol=34.3)

    def test_each_text_has_the_same_chance(self) -> None:
        counts = Counter[str]()
        for seed in range(300):
            ranked = rank_texts(make_annotated([30.0] * 5), threshold=80, random_state=seed)
            counts.update(ranked.index[ranked["turn"] < 2])
        # 2 of 5, 300 times: 120 each, standard deviation sqrt(300 * 0.4 * 0.6) = 8.5
        assert all(abs(count - 120) < 4.5 * 8.5 for count in counts.values())
        assert len(counts) == 5


class TestDrawingAgain:
    def test_the_same_call_changes_nothing(self, queue: ReviewQueue) -> None:
        annotated = make_annotated(CONFIDENCES)
        drawn = queue.draw(annotated, 30, random_state=0)
        before = queue.path.read_bytes()
        again = queue.draw(annotated[::-1], 30, random_state=0)
        pd.testing.assert_frame_equal(drawn, again[::-1])
        assert queue.path.read_bytes() == before

    def test_a_larger_one_extends_it(self, queue: ReviewQueue) -> None:
        annotated = make_annotated(CONFIDENCES)
        drawn = queue.draw(annotated, 30, random_state=0)
        larger = queue.draw(annotated, 45, random_state=0)
        assert set(drawn["offer_id"]) < set(larger["offer_id"])
        cells = read_review(queue.path).dropna(subset="inclusion_probability")
        of_file = cells.drop_duplicates("offer_id").set_index("offer_id")["inclusion_probability"]
        expected = larger.set_index("offer_id")["inclusion_probability"]
        assert of_file.to_dict() == expected.to_dict()
        with_size = (
            larger.groupby("stratum").size()
            / larger.groupby("stratum")["inclusion_probability"].first()
        )
        assert with_size.round(9).tolist() == [20, 20, 20, 20, 4]

    @pytest.mark.parametrize(
        "change",
        [
            {"n_offers": 20},
            {"random_state": 1},
            {"threshold": 70},
            {"sure_share": 0.9},
            {"annotated": make_annotated(CONFIDENCES[:70])},
            {"annotated": make_annotated([*CONFIDENCES, 30.0])},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_any_other_is_refused(self, queue: ReviewQueue, change: dict[str, Any]) -> None:
        arguments = {"annotated": make_annotated(CONFIDENCES), "n_offers": 30, "random_state": 0}
        queue.draw(**arguments)  # type: ignore[arg-type]
        before = queue.path.read_bytes()
        with pytest.raises(ValueError, match="30 texts were drawn into this file before"):
            queue.draw(**arguments | change)  # type: ignore[arg-type]
        assert queue.path.read_bytes() == before

    @settings(max_examples=20, deadline=None)
    @given(
        confidences=st.lists(st.none() | st.floats(0, 100), min_size=12, max_size=40),
        seed=st.integers(0, 99),
    )
    def test_any_draw_holds_every_smaller_one(
        self, confidences: list[float | None], seed: int
    ) -> None:
        annotated = make_annotated(confidences)
        ranked = rank_texts(annotated, threshold=80, random_state=seed)
        strata = ranked.groupby("stratum").agg(size=("size", "first"), sure=("sure", "all"))
        assert ranked.groupby("stratum")["turn"].apply(sorted).map(len).equals(strata["size"])
        chosen: set[str] = set()
        for n_drawn in range(10, len(annotated) + 1):
            counts = allocate(
                strata["size"].tolist(), strata["sure"].tolist(), n_drawn, sure_share=0.2
            )
            limits = ranked["stratum"].map(dict(zip(strata.index, counts, strict=True)))
            now = set(ranked.index[ranked["turn"] < limits])
            assert chosen <= now
            assert len(now) == n_drawn
            chosen = now


class TestArguments:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"n_offers": 0}, "n_offers must be an integer from 1 up, got 0"),
            ({"n_offers": 2.5}, "n_offers must be an integer"),
            ({"n_offers": 3}, "n_offers must be at least 10 for 5 strata"),
            ({"sure_share": 1.5}, "sure_share must be a number from 0 to 1, got 1.5"),
            ({"threshold": "80"}, "threshold must be a number from 0 to 100, got '80'"),
            ({"threshold": 0.8}, "got 0.8. Did you mean 80"),
            ({"annotated": pd.DataFrame({"text": ["a"]})}, "must be an annotated table"),
            ({"annotated": make_annotated([])}, "must be an annotated table of one offer"),
            (
                {
                    "annotated": make_annotated([1.0]).rename(
                        columns=lambda c: c.replace("PAY", "X")
                    )
                },
                r"the taxonomy lacks themes of the table: \['X'\]",
            ),
            (
                {"annotated": make_annotated([1.0, 2.0]).assign(offer_id="same")},
                r"several texts share \['same'\]",
            ),
            (
                {"annotated": make_annotated([1.0]).assign(text=None)},
                "each offer needs a text, got None",
            ),
        ],
    )
    def test_refused(self, queue: ReviewQueue, change: dict[str, Any], message: str) -> None:
        arguments = {"annotated": make_annotated(CONFIDENCES), "n_offers": 30, "random_state": 0}
        with pytest.raises(ValueError, match=message):
            queue.draw(**arguments | change)  # type: ignore[arg-type]

    def test_the_table_is_not_changed(self, queue: ReviewQueue) -> None:
        annotated = make_annotated(CONFIDENCES)
        queue.draw(annotated, 30, random_state=0)
        pd.testing.assert_frame_equal(annotated, make_annotated(CONFIDENCES))


class TestGold:
    def test_decisions_with_their_probability(self, queue: ReviewQueue) -> None:
        drawn = queue.draw(make_annotated([30.0, 30.0, 30.0, 95.0, 95.0]), 4, random_state=0)
        for offer_id in drawn["offer_id"]:
            queue.decide(offer_id, "PAY", 1, reviewer="Léa")
            queue.decide(offer_id, "TEAM", 0, reviewer="Noé")
        # o1 of the fixture is decided and was low_confidence; it may also have been drawn
        gold = queue.gold()
        assert gold.columns.tolist() == [
            *("offer_id", "PAY", "TEAM", "inclusion_probability", "stratum", "cluster"),
            *("reviewer", "reviewed_at"),
        ]
        assert sorted(gold["offer_id"]) == sorted(drawn["offer_id"])
        assert set(gold["PAY"]) == {1.0}
        assert set(gold["TEAM"]) == {0.0}
        assert set(gold["reviewer"]) == {"Léa, Noé"}
        merged = gold.merge(drawn, on="offer_id")
        assert merged["inclusion_probability_x"].equals(merged["inclusion_probability_y"])
        assert merged["cluster_x"].tolist() == merged["cluster_y"].tolist()

    def test_offers_that_wait_are_said(self, queue: ReviewQueue) -> None:
        queue.path.unlink()
        drawn = queue.draw(make_annotated([30.0] * 5), 3, random_state=0)
        queue.decide(drawn["offer_id"].iloc[0], "PAY", 1, reviewer="Léa")
        with pytest.warns(JocasThemesWarning, match="3 of the 3 drawn offers wait"):
            gold = queue.gold()
        assert gold["PAY"].notna().sum() == 1
        assert len(gold) == 3
        assert gold["reviewer"].notna().sum() == 1

    def test_others_when_asked_for(self, queue: ReviewQueue) -> None:
        queue.decide("o2", "PAY", 1, reviewer="Léa")
        assert len(queue.gold()) == 0
        gold = queue.gold(drawn_only=False)
        assert gold["offer_id"].tolist() == ["o2"]
        assert gold[["TEAM", "inclusion_probability"]].isna().all(axis=None)

    def test_a_filter_run_after_the_draw_leaves_it_whole(self, queue: ReviewQueue) -> None:
        queue.path.unlink()
        drawn = queue.draw(make_annotated([30.0] * 5), 3, random_state=0)
        cell = read_review(queue.path).iloc[0]
        cells = [
            {
                "offer_id": cell["offer_id"],
                "theme": cell["theme"],
                "reason": "low_confidence",
                "text": cell["text"],
            }
        ]
        merge_review(queue.path, cells, asked={(o, "TEAM") for o in drawn["offer_id"]})
        with pytest.warns(JocasThemesWarning, match="wait"):
            assert len(queue.gold()) == 3
