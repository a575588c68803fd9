"""The gold sample: known chances, the same however the offers come, and each smaller one in it."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes import find_near_duplicates
from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends.aggregation import _labels
from jocas_themes.trends.aggregation._ids import hash_ids
from jocas_themes.trends.gold import sample_gold
from jocas_themes.trends.gold._stratifier import SCORE_BIN
from trends.gold.made_labels import make_labels

DESIGN = ["offer_id", "stratum", "inclusion_probability", "cluster"]


@pytest.fixture(scope="module")
def labels() -> pd.DataFrame:
    return make_labels()


def sort(sample: pd.DataFrame) -> pd.DataFrame:
    return sample.sort_values("offer_id", ignore_index=True)


class TestSample:
    def test_chances_by_hand(self) -> None:
        labels = pd.DataFrame(
            {
                "offer_id": [f"A{number}" for number in range(40)],
                "date_firstSeenDay": ["2019-12-31", "2020-01-01"] * 20,
                "REMOTE": 0,
                "REMOTE_probability": np.repeat([0.02, 0.5], 20),
            }
        )
        # Four strata of 10. S^2 = 0.0196, raised to 0.02, or 0.25: S = 0.1414 or 0.5; half by
        # these of 1.283, half by a quarter: w = 0.1801 or 0.3199. After two of each, 12 of 20 are
        # left: 0.3199/(2 n + 1) is 0.0640, 0.0457, 0.0355, 0.0291, 0.0246 at n = 2 to 6 and
        # 0.1801/(2 n + 1) 0.0360, 0.0257, 0.0200: four to each unsure one, two to each sure one.
        sample = sample_gold(labels, 20, random_state=3)
        counts = sample.groupby("stratum")["inclusion_probability"].agg(["size", "first"])
        assert counts.index.tolist() == [
            *("2019S2 | 1", "2019S2 | 2", "2020S1 | 1", "2020S1 | 2"),
        ]
        assert counts["size"].tolist() == [4, 6, 4, 6]
        assert counts["first"].tolist() == [0.4, 0.6, 0.4, 0.6]
        assert sample.columns.tolist() == [
            *("offer_id", "semester", "score_bin", "stratum", "inclusion_probability", "cluster"),
        ]
        assert (sample["cluster"] == sample["offer_id"]).all()
        is_second = sample["stratum"].str.startswith("2020S1").to_numpy()
        assert (sample["semester"][is_second] == pd.Timestamp("2020-01-01")).all()

    def test_each_offer_once_in_its_own_stratum(self, labels: pd.DataFrame) -> None:
        sample = sample_gold(labels, 300, strata=("year", "branch"), random_state=0)
        assert sample["offer_id"].is_unique
        own = labels.set_index("offer_id").loc[sample["offer_id"]]
        assert (own["branch"].to_numpy() == sample["branch"]).all()
        assert (
            own["date_firstSeenDay"].str[:4].to_numpy() == sample["year"].dt.strftime("%Y")
        ).all()
        sizes = (
            sample.groupby("stratum").size()
            / sample.groupby("stratum")["inclusion_probability"].first()
        )
        expected = labels.groupby([labels["date_firstSeenDay"].str[:4], "branch"]).size()
        np.testing.assert_allclose(sizes, expected)

    def test_the_unsure_have_the_larger_chance_and_the_sure_are_not_left_out(
        self, labels: pd.DataFrame
    ) -> None:
        sample = sample_gold(labels, 200, strata=("score_bin",), random_state=0)
        chances = sample.groupby("score_bin")["inclusion_probability"].first()
        assert chances.index.tolist() == [1, 2, 3, 4]
        assert chances.is_monotonic_increasing
        assert chances.min() > 0

    def test_a_simple_random_sample(self, labels: pd.DataFrame) -> None:
        sample = sample_gold(labels, 50, strata=(), random_state=0)
        assert sample.columns.tolist() == DESIGN
        assert set(sample["stratum"]) == {"all"}
        assert set(sample["inclusion_probability"]) == {50 / 2_000}

    def test_all_when_there_are_fewer(self, labels: pd.DataFrame) -> None:
        with pytest.warns(JocasThemesWarning, match="n is 5000, and .* hold 2000 offers") as caught:
            sample = sample_gold(labels, 5_000, random_state=0)
        assert caught[0].filename == __file__
        assert len(sample_gold(labels, 2_000, random_state=0)) == 2_000  # without a warning
        assert sorted(sample["offer_id"]) == sorted(labels["offer_id"])
        assert (sample["inclusion_probability"] == 1).all()

    def test_labels_without_probabilities(self, labels: pd.DataFrame) -> None:
        only = labels.drop(columns=["PAY_probability", "TEAM_probability"])
        sample = sample_gold(
            only, 60, strata=("score_bin",), themes=["PAY", "TEAM"], random_state=0
        )
        present = labels.set_index("offer_id").loc[sample["offer_id"], ["PAY", "TEAM"]].sum(axis=1)
        assert sample["score_bin"].tolist() == present.tolist()

    def test_the_score_speaks_of_the_themes_that_are_named(self, labels: pd.DataFrame) -> None:
        sample = sample_gold(labels, 60, strata=("score_bin",), themes=["TEAM"], random_state=0)
        p = labels.set_index("offer_id").loc[sample["offer_id"], "TEAM_probability"].to_numpy()
        order = np.argsort(p * (1 - p))
        assert sample["score_bin"].iloc[order].is_monotonic_increasing

    def test_a_stretch_between_steps(self, labels: pd.DataFrame) -> None:
        sample = sample_gold(labels, 20, strata=("period",), random_state=0)
        assert set(sample["stratum"]) == {"until 2020-02", "from 2020-03"}

    def test_without_dates(self, labels: pd.DataFrame) -> None:
        undated = labels.drop(columns="date_firstSeenDay")
        assert len(sample_gold(undated, 20, strata=("branch",), random_state=0)) == 20

    def test_the_table_is_not_changed(self, labels: pd.DataFrame) -> None:
        before = labels.copy()
        sample_gold(labels, 50, random_state=0)
        pd.testing.assert_frame_equal(labels, before)


class TestChance:
    def test_the_turns_are_those_of_every_version(self) -> None:
        """Else a sample could not be extended after an update."""
        turns = hash_ids(pd.Series(["A1", "é-2"]), 7)
        assert turns.tolist() == [5741541867836183193, 7269057836322403065]

    def test_each_offer_has_the_chance_that_is_said(self) -> None:
        labels = make_labels(60)
        seeds = 80
        drawn: Counter[str] = Counter()
        for seed in range(seeds):
            sample = sample_gold(labels, 20, strata=("branch",), random_state=seed)
            drawn.update(sample["offer_id"])
        chances = sample_gold(labels, 60, strata=("branch",), random_state=0).set_index("offer_id")
        of_branch = sample.groupby("branch")["inclusion_probability"].first()
        expected = of_branch.loc[chances["branch"]].to_numpy() * seeds
        counts = np.array([drawn[offer] for offer in chances.index])
        # Binomial: |z| of 60 offers beyond 4.5 has a probability of 4e-4.
        z = (counts - expected) / np.sqrt(expected * (1 - expected / seeds))
        assert np.abs(z).max() < 4.5
        assert 0.6 < z.std() < 1.4

    def test_weighted_sums_are_unbiased(self, labels: pd.DataFrame) -> None:
        truth = labels["PAY_probability"].sum()
        of_offer = labels.set_index("offer_id")["PAY_probability"]
        sums = []
        for seed in range(60):
            sample = sample_gold(labels, 100, random_state=seed)
            values = of_offer.loc[sample["offer_id"]].to_numpy()
            sums.append((values / sample["inclusion_probability"]).sum())
        assert abs(np.mean(sums) - truth) < 4 * np.std(sums) / np.sqrt(60)


class TestAgain:
    @settings(max_examples=15, deadline=None)
    @given(n=st.integers(50, 400), more=st.integers(1, 200), seed=st.integers(0, 2**32))
    def test_a_larger_sample_begins_with_the_smaller_one(
        self, n: int, more: int, seed: int
    ) -> None:
        labels = make_labels(600)
        small = sample_gold(labels, n, random_state=seed)
        large = sample_gold(labels, n + more, random_state=seed)
        assert len(small) == n
        pd.testing.assert_frame_equal(
            small.drop(columns="inclusion_probability"),
            large.drop(columns="inclusion_probability").head(n),
        )
        weights = 1 / small["inclusion_probability"]
        np.testing.assert_allclose(weights.sum(), 600)

    def test_neither_order_nor_batches_nor_parts_matter(
        self, labels: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        expected = sample_gold(labels, 150, random_state=5)
        shuffled = labels.sample(frac=1, random_state=1)
        pd.testing.assert_frame_equal(sample_gold(shuffled, 150, random_state=5), expected)
        for place, start in enumerate(range(0, 2_000, 700)):
            part = shuffled.iloc[start : start + 700]
            part.to_parquet(tmp_path / f"part-{place}.parquet", index=False)
        monkeypatch.setattr(_labels, "_BATCH_ROWS", 97)
        pd.testing.assert_frame_equal(sample_gold(tmp_path, 150, random_state=5), expected)
        pd.testing.assert_frame_equal(sample_gold(labels, 150, random_state=5), expected)

    def test_another_seed_draws_others(self, labels: pd.DataFrame) -> None:
        one, other = (set(sample_gold(labels, 100, random_state=s)["offer_id"]) for s in (0, 1))
        assert len(one & other) < 30

    def test_an_id_that_recurs_is_one_offer(self, labels: pd.DataFrame) -> None:
        later = labels.head(500).assign(date_firstSeenDay="2021-12-30")
        twice = pd.concat([later, labels])
        expected = sample_gold(labels, 150, random_state=0)
        for rows in (twice, twice[::-1]):
            message = "500 of the 2500 rows have the offer_id of one before: an id is drawn as one"
            with pytest.warns(JocasThemesWarning, match=message) as caught:
                sample = sample_gold(rows, 150, random_state=0)
            pd.testing.assert_frame_equal(sample, expected)
            assert caught[0].filename == __file__


class TestLeftOut:
    def test_offers_without_a_date(self, labels: pd.DataFrame) -> None:
        undated = labels.assign(
            date_firstSeenDay=labels["date_firstSeenDay"].where(labels.index >= 9)
        )
        for strata in (("semester",), ("branch",)):
            with pytest.warns(JocasThemesWarning, match="9 offers have no readable date") as caught:
                sample = sample_gold(undated, 1_991, strata=strata, random_state=0)
            assert len(sample) == 2_000 - 9
            assert caught[0].filename == __file__

    def test_offers_without_a_prediction(self, labels: pd.DataFrame) -> None:
        names = ["PAY_probability", "TEAM_probability"]
        labels = labels.copy()
        labels.loc[:6, names] = np.nan
        labels.loc[7, names[:1]] = np.nan  # one theme is known: it can be drawn
        with pytest.warns(JocasThemesWarning, match="7 offers have no prediction") as caught:
            sample = sample_gold(labels, 1_993, random_state=0)
        assert len(sample) == 2_000 - 7
        assert caught[0].filename == __file__


class TestClusters:
    def test_near_duplicates(self) -> None:
        offers = pd.DataFrame(
            {
                "offer_id": ["A1", "B7", "A9", "A3"],
                "text": ["Cariste à Lyon", "CARISTE À LYON", "Juriste", "Boulanger"],
            }
        )
        labels = offers.assign(X_probability=0.5, X=1)
        found = find_near_duplicates(offers)
        for clusters in (found, found.offers, found.offers.set_index("offer_id")["group"]):
            sample = sort(sample_gold(labels, 4, strata=(), random_state=0, clusters=clusters))
            # in the order of the ids: A1, A3, A9, B7
            assert sample["cluster"].tolist() == ["group-0", "group-2", "group-1", "group-0"]

    def test_offers_of_no_group_are_their_own(self, labels: pd.DataFrame) -> None:
        groups = pd.Series({"A0": "x", "A1": "x", "A2": None})
        sample = sort(sample_gold(labels, 2_000, random_state=0, clusters=groups))
        clusters = sample.set_index("offer_id")["cluster"]
        assert clusters[["A0", "A1", "A2", "A3"]].tolist() == ["group-x", "group-x", "A2", "A3"]

    @pytest.mark.parametrize(
        ("clusters", "message"),
        [
            (
                pd.DataFrame({"id": ["A1"]}),
                r"clusters must have .* offer_id and group, got \['id'\]",
            ),
            (pd.Series({"other": 1}), "has none of the 50 drawn"),
        ],
    )
    def test_refused(self, labels: pd.DataFrame, clusters: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            sample_gold(labels, 50, random_state=0, clusters=clusters)


class TestArguments:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"n": 0}, "n must be an integer from 1 up, got 0"),
            ({"n": 2.5}, "n must be an integer from 1 up, got 2.5"),
            ({"n": 11}, "n must be at least 48 for 24 strata, 2 of each, got 11"),
            ({"random_state": None}, "random_state must be an integer from 0 up, got None"),
            ({"random_state": -1}, "random_state must be an integer from 0 up, got -1"),
            ({"strata": ("nothing",)}, "got 'nothing'"),
            ({"strata": ("stratum",)}, "strata must name distinct columns, and none of"),
            ({"strata": ("year", "year")}, r"Leave out \['year'\]"),
            ({"themes": ["NONE"]}, r"lack the themes \['NONE'\]"),
            ({"date_column": "day"}, "lack a date column"),
        ],
    )
    def test_refused(self, labels: pd.DataFrame, change: dict[str, Any], message: str) -> None:
        arguments: dict[str, Any] = {"n": 100, "random_state": 0} | change
        with pytest.raises(ValueError, match=message):
            sample_gold(labels, arguments.pop("n"), **arguments)

    def test_a_string_of_strata(self, labels: pd.DataFrame) -> None:
        with pytest.raises(TypeError, match=re.escape("got 'year': ('year',)")):
            sample_gold(labels, 100, strata="year", random_state=0)

    def test_labels_without_ids(self, labels: pd.DataFrame) -> None:
        with pytest.raises(ValueError, match=r"lack the columns \['offer_id'\]"):
            sample_gold(labels.drop(columns="offer_id"), 100, random_state=0)
        with pytest.raises(ValueError, match="each offer needs an offer_id, 3 have none"):
            sample_gold(
                labels.assign(offer_id=labels["offer_id"].where(labels.index > 2)),
                100,
                random_state=0,
            )

    def test_nothing_to_draw(self, labels: pd.DataFrame) -> None:
        with pytest.raises(ValueError, match="hold no offer that can be drawn"):
            sample_gold(labels.head(0), 100, random_state=0)

    def test_what_a_teacher_answered_is_no_corpus(self, labels: pd.DataFrame) -> None:
        annotated = labels.assign(PAY_confidence=90, PAY_evidence=None).drop(
            columns="PAY_probability"
        )
        with pytest.raises(ValueError, match="got an annotated table, with PAY_confidence"):
            sample_gold(annotated, 100, themes=["PAY"], random_state=0)


@pytest.mark.real_data
def test_real_offers(shared_data: Path) -> None:
    """Real dates, boards and ROME codes; the probabilities are made up."""
    offers = pd.read_parquet(shared_data / "offers_unlabelled.parquet")
    rng = np.random.default_rng(0)
    labels = offers.assign(X=0, X_probability=rng.random(len(offers)) ** 3)
    sample = sample_gold(labels, 400, strata=("rome_family", SCORE_BIN), random_state=0)
    sizes = labels.groupby(labels["job_ROME_code"].str[0].fillna("unknown")).size()
    weights = (1 / sample["inclusion_probability"]).groupby(sample["rome_family"]).sum()
    # Of each stratum as many were drawn as its chance says: the weights sum to its size.
    np.testing.assert_allclose(weights, sizes.loc[weights.index])
    assert set(weights.index) == set(sizes.index)
