"""A gold sample in the queue: blind, with its design, once, and larger when it is extended."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from annotations.review.cases import TWO_THEMES, make_cell
from jocas_themes.annotations import AnnotationStore, merge_review, read_review
from jocas_themes.annotations.review import ReviewQueue
from jocas_themes.trends.gold import sample_gold
from jocas_themes.trends.prevalence import estimate_prevalence

OFFERS = pd.DataFrame(
    {
        "offer_id": [f"o{number}" for number in range(200)],
        "description_full": [f"Offre <b>{number}</b>" for number in range(200)],
        "date_firstSeenDay": np.repeat(["2019-11-02", "2020-05-03"], 100),
    }
)
LABELS = OFFERS.assign(
    PAY=0, PAY_probability=np.tile([0.1, 0.5], 100), TEAM=0, TEAM_probability=0.2
)
CHANCES = ["inclusion_probability", "stratum", "cluster"]


def draw(n: int, **options: Any) -> pd.DataFrame:
    return sample_gold(LABELS, n, **({"random_state": 0} | options))


@pytest.fixture
def gold_queue(tmp_path: Path, store: AnnotationStore) -> ReviewQueue:
    return ReviewQueue(tmp_path / "gold.jsonl", store=store, taxonomy=TWO_THEMES)


class TestAdding:
    def test_cells_are_blind_and_carry_the_design(self, gold_queue: ReviewQueue) -> None:
        sample = draw(20)
        assert gold_queue.add_sample(sample, OFFERS) == 40
        cells = read_review(gold_queue.path)
        assert len(cells) == 2 * 20
        assert set(cells["reason"]) == {"drawn"}
        assert cells[["proposed", "confidence", "evidence"]].isna().all(axis=None)
        merged = cells[cells["theme"] == "TEAM"].merge(sample, on="offer_id", suffixes=("", "_s"))
        assert len(merged) == 20
        for name in CHANCES:
            assert merged[name].tolist() == merged[f"{name}_s"].tolist()
        first = cells.iloc[0]
        assert first["text"] == f"Offre {first['offer_id'][1:]}"  # cleaned, as the student saw it

    def test_some_themes(self, gold_queue: ReviewQueue) -> None:
        assert gold_queue.add_sample(draw(20), OFFERS, themes=["TEAM"]) == 20
        assert set(gold_queue.to_frame()["theme"]) == {"TEAM"}

    def test_decisions_come_back_with_the_design(self, gold_queue: ReviewQueue) -> None:
        sample = draw(20)
        gold_queue.add_sample(sample, OFFERS)
        for offer_id in sample["offer_id"]:
            gold_queue.decide(offer_id, "PAY", int(offer_id[1:]) % 2, reviewer="Léa")
            gold_queue.decide(offer_id, "TEAM", 0, reviewer="Léa")
        gold = gold_queue.gold().set_index("offer_id").loc[sample["offer_id"]]
        for name in CHANCES:
            assert gold[name].tolist() == sample[name].tolist()
        assert gold["PAY"].tolist() == [int(offer[1:]) % 2 for offer in sample["offer_id"]]

    def test_readers_see_neither_strata_nor_dates_in_order(
        self, gold_queue: ReviewQueue, tmp_path: Path
    ) -> None:
        gold_queue.add_sample(draw(20), OFFERS)
        gold_queue.export_to(tmp_path / "to_read.csv", "csv")
        table = pd.read_csv(tmp_path / "to_read.csv", sep=";")
        assert not set(table) & set(CHANCES)
        read = table["offer_id"].drop_duplicates().tolist()
        assert sorted(read) == sorted(draw(20)["offer_id"])
        # 20 ids in random order are in order once in 20! draws.
        assert read != sorted(read)
        # The cells of an offer stay together, and the order is the same each time.
        assert table["offer_id"].tolist() == [offer for offer in read for _ in range(2)]
        gold_queue.export_to(tmp_path / "again.csv", "csv")
        assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "to_read.csv").read_bytes()

    @pytest.mark.parametrize("form", ["arrow", "parquet", "jsonl", "ID_JOCAS"])
    def test_where_the_texts_may_be(
        self, gold_queue: ReviewQueue, tmp_path: Path, form: str
    ) -> None:
        gold_queue.add_sample(draw(20), OFFERS)
        expected = read_review(gold_queue.path)
        gold_queue.path.unlink()
        source: Any = tmp_path / f"offers.{form}"
        if form == "arrow":
            source = pa.Table.from_pandas(OFFERS)
        elif form == "parquet":
            OFFERS.to_parquet(source)
        elif form == "jsonl":
            source.write_text(
                "\n".join(json.dumps(offer) for offer in OFFERS.to_dict("records")), "utf-8"
            )
        else:
            source = OFFERS.rename(columns={"offer_id": "ID_JOCAS"})
        gold_queue.add_sample(draw(20), source)
        pd.testing.assert_frame_equal(read_review(gold_queue.path), expected)

    def test_columns_of_text_that_are_named(self, gold_queue: ReviewQueue) -> None:
        offers = OFFERS.rename(columns={"description_full": "annonce"})
        gold_queue.add_sample(draw(20), offers, text_columns=["annonce"])
        assert gold_queue.to_frame()["text"].str.startswith("Offre ").all()

    def test_a_cell_that_is_there_is_not_doubled_and_keeps_its_decisions(
        self, gold_queue: ReviewQueue
    ) -> None:
        sample = draw(20)
        offer_id = sample["offer_id"][0]
        text = f"Offre {offer_id[1:]}"
        merge_review(gold_queue.path, [make_cell(offer_id, text=text, decision=1, note="clear")])
        gold_queue.decide(offer_id, "PAY", 1, reviewer="Léa")
        assert gold_queue.add_sample(sample, OFFERS) == 39
        row = gold_queue.to_frame().set_index(["offer_id", "theme"]).loc[(offer_id, "PAY")]
        assert (row["decision"], row["reviewer"], row["note"]) == (1, "Léa", "clear")
        assert row[["proposed", "confidence", "evidence"]].isna().all()

    def test_strata_and_clusters_may_be_missing(self, gold_queue: ReviewQueue) -> None:
        gold_queue.add_sample(draw(20).assign(stratum=None, cluster=np.nan), OFFERS)
        assert gold_queue.add_sample(draw(20).assign(stratum=None, cluster=np.nan), OFFERS) == 0
        assert gold_queue.to_frame()[["stratum", "cluster"]].isna().all(axis=None)


class TestAgain:
    def test_the_same_sample_changes_nothing(self, gold_queue: ReviewQueue) -> None:
        gold_queue.add_sample(draw(20), OFFERS)
        before = gold_queue.path.read_bytes()
        assert gold_queue.add_sample(draw(20)[::-1], OFFERS) == 0
        assert gold_queue.path.read_bytes() == before

    def test_a_larger_one_brings_all_chances_up_to_date(self, gold_queue: ReviewQueue) -> None:
        small, large = draw(20), draw(45)
        gold_queue.add_sample(small, OFFERS)
        gold_queue.decide(small["offer_id"][0], "PAY", 1, reviewer="Léa")
        assert gold_queue.add_sample(large, OFFERS) == 2 * 25
        cells = read_review(gold_queue.path).drop_duplicates("offer_id").set_index("offer_id")
        expected = large.set_index("offer_id")["inclusion_probability"]
        assert cells["inclusion_probability"].to_dict() == expected.to_dict()
        assert gold_queue.to_frame()["decision"].notna().sum() == 1

    @pytest.mark.parametrize(
        "other",
        [
            draw(12),
            draw(30, random_state=1),
            draw(30, strata=("score_bin",)),
            sample_gold(LABELS.head(180), 30, random_state=0),
            draw(20).assign(inclusion_probability=0.5),
            draw(30).assign(inclusion_probability=0.5),
        ],
        ids=["smaller", "seed", "strata", "corpus", "chances", "chances of a larger one"],
    )
    def test_any_other_is_refused(self, gold_queue: ReviewQueue, other: pd.DataFrame) -> None:
        gold_queue.add_sample(draw(20), OFFERS)
        before = gold_queue.path.read_bytes()
        with pytest.raises(ValueError, match="20 offers were drawn into this file before"):
            gold_queue.add_sample(other, OFFERS)
        assert gold_queue.path.read_bytes() == before


class TestRefused:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"sample": pd.DataFrame({"offer_id": ["o1"]})}, "it lacks .'inclusion_probability'"),
            ({"sample": draw(20).head(0)}, "must be a table of one offer at least"),
            ({"sample": None}, "Pass what sample_gold gives"),
            (
                {"sample": draw(20).assign(inclusion_probability=0)},
                r"above 0 and at most 1, got \[0.0, 0.0, 0.0, 0.0, 0.0\] \(20 in all\)",
            ),
            ({"sample": draw(20).assign(inclusion_probability=np.nan)}, "got .nan"),
            (
                {"sample": pd.concat([draw(20), draw(20).head(1)])},
                r"sample must hold each offer once",
            ),
            ({"offers": OFFERS.head(3)}, "a text for each offer of the sample, but not for"),
            (
                {"offers": OFFERS.assign(description_full="")},
                r"but not for .* \(20 in all\)",
            ),
            ({"themes": ["OTHER"]}, r"has \['PAY', 'TEAM'\], got \['OTHER'\]"),
            ({"themes": "PAY"}, "got 'PAY'"),
            ({"themes": []}, r"got \[\]"),
        ],
    )
    def test_arguments(self, gold_queue: ReviewQueue, change: dict[str, Any], message: str) -> None:
        arguments: dict[str, Any] = {"sample": draw(20), "offers": OFFERS} | change
        with pytest.raises(ValueError, match=message):
            gold_queue.add_sample(arguments.pop("sample"), arguments.pop("offers"), **arguments)
        assert not gold_queue.path.exists()

    def test_a_text_that_differs_from_the_file(self, gold_queue: ReviewQueue) -> None:
        sample = draw(20)
        merge_review(gold_queue.path, [make_cell(sample["offer_id"][0])])
        with pytest.raises(ValueError, match=r"texts of \['o\d+'\] \(1 in all\) differ"):
            gold_queue.add_sample(sample, OFFERS)


def test_from_the_labels_to_the_shares(gold_queue: ReviewQueue) -> None:
    """Draw, read, estimate: nothing is lost or doubted on the way."""
    sample = draw(100)
    gold_queue.add_sample(sample, OFFERS)
    rng = np.random.default_rng(0)
    probability = LABELS.set_index("offer_id")
    for offer_id in sample["offer_id"]:
        for theme in ("PAY", "TEAM"):
            label = int(rng.random() < probability.loc[offer_id, f"{theme}_probability"])
            gold_queue.decide(offer_id, theme, label, reviewer="Léa")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shares = estimate_prevalence(LABELS, gold_queue.gold(), by=("semester",))
    estimates = shares.table.groupby("theme")["estimate"].mean()
    # 0.3 and 0.2, within three standard errors of some 0.045
    assert abs(estimates["PAY"] - 0.3) < 0.14
    assert abs(estimates["TEAM"] - 0.2) < 0.14
