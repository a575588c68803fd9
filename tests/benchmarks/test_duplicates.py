"""duplicates.py: planted pairs as they are described, scores as worked out by hand."""

from pathlib import Path

import pandas as pd
import pytest

import duplicates
import planting
from jocas_themes import load_sample_offers
from jocas_themes.offers import as_offers


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return as_offers(load_sample_offers())["text"].tolist()


def test_a_fifth_are_copies_of_another_board(texts: list[str]) -> None:
    offers, pairs = planting.plant_offers(texts, 200)
    assert len(offers) == 200
    assert len(pairs) == 40
    known = offers.set_index("offer_id")
    boards = known["site_name"]
    assert (boards[pairs["offer_id"]].to_numpy() != boards[pairs["copy_id"]].to_numpy()).all()
    days = pd.to_datetime(known["date_firstSeenDay"])
    gaps = days[pairs["copy_id"]].to_numpy() - days[pairs["offer_id"]].to_numpy()
    assert (pd.Series(gaps).dt.days == pairs["days"]).all()
    assert pairs["days"].between(0, 400).all()
    exact = pairs[pairs["edit"] == "exact"]
    assert known["text"][exact["offer_id"]].tolist() == known["text"][exact["copy_id"]].tolist()
    again, _ = planting.plant_offers(texts, 200)
    pd.testing.assert_frame_equal(again, offers)


def test_scores_and_groups() -> None:
    # Copy 1b is found, 2b missed; 3b is found, but a year later, and 4b is another text.
    texts = {
        **dict.fromkeys(["1a", "1b"], "a a a a"),
        **dict.fromkeys(["2a", "2b"], "b b b b"),
        **dict.fromkeys(["3a", "3b"], "c c c c"),
        "4a": "d d d d",
        "4b": "e e e e",
    }
    offers = pd.DataFrame({"offer_id": list(texts), "text": list(texts.values())})
    offers["date_firstSeenDay"] = "2020-01-01"
    offers.loc[5, "date_firstSeenDay"] = "2021-01-01"
    ends = {"offer_id": ["1a", "2a", "3a", "4a"], "copy_id": ["1b", "2b", "3b", "4b"]}
    edits = ["exact", "exact", "cut", "cut"]
    pairs = pd.DataFrame(ends).assign(edit=edits, days=[0, 0, 366, 0])
    groups = pd.DataFrame({"offer_id": list(texts), "group": [0, 0, 1, 2, 3, 3, 4, 5]})
    table = duplicates.score_pairs(offers, pairs, groups).set_index("edit")
    assert table.index.tolist() == ["cut", "exact", "all pairs"]
    assert table["true"].tolist() == [0, 2, 2]
    assert table["found"].tolist() == [1, 1, 2]
    assert table.loc["exact", ["recall", "precision"]].tolist() == [0.5, 1.0]
    assert table.loc["all pairs", "precision"] == 0.5  # the pair out of time is an error
    assert duplicates.check_groups(offers, groups) == (2, 0.5)


def test_a_third_offer_may_join_two() -> None:
    # 12 shingles each; 1 and 2 share 11 of 13, as do 2 and 3; 1 and 3 share 10 of 14: 0.71.
    words = list("pqabcdefghijklmn")
    texts = [" ".join(words[start : start + 14]) for start in range(3)]
    offers = pd.DataFrame({"offer_id": ["1", "2", "3"], "text": texts})
    offers["date_firstSeenDay"] = "2020-01-01"
    pairs = pd.DataFrame({"offer_id": ["1"], "copy_id": ["3"], "edit": ["cut"], "days": [0]})
    groups = pd.DataFrame({"offer_id": ["1", "2", "3"], "group": [0, 0, 0]})
    row = duplicates.score_pairs(offers, pairs, groups).iloc[-1]
    assert (row["true"], row["found"], row["precision"]) == (0, 1, 1.0)


def test_printed_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(offers: pd.DataFrame, n_jobs: int) -> tuple[dict[str, float], pd.DataFrame]:
        folder = tmp_path / str(len(offers))
        folder.mkdir()
        offers.to_parquet(folder / "offers.parquet")
        duplicates.measure_run(folder, n_jobs)
        return {"seconds": 3.0, "peak_mb": 2.0}, pd.read_parquet(folder / "groups.parquet")

    monkeypatch.setattr(duplicates, "measure_alone", measure)
    csv = tmp_path / "pairs.csv"
    duplicates.main(["--offers", "300", "--jobs", "1", "--csv", str(csv)])
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines()[1:])) <= 120  # after the command
    assert "groups compared by brute force: 100.00% hang together" in printed
    table = pd.read_csv(csv).set_index("edit")
    assert table.loc["all pairs", "recall"] >= 0.95
    assert table.loc["all pairs", "precision"] == 1


def test_a_process_of_its_own(texts: list[str]) -> None:
    offers, _ = planting.plant_offers(texts, 50)
    run, groups = duplicates.measure_alone(offers, 1)
    assert run["seconds"] > 0
    assert groups["offer_id"].tolist() == offers["offer_id"].tolist()


def test_speed_is_extrapolated() -> None:
    # 10 s for 20,000: 500 us an offer, 3,000 s for 6 million. From 2,000 offers on memory grew
    # by 36 MB for 18,000: 2,000 bytes each, so 60 MB and 5,980,000 times as much: 12.02 GB.
    small, large = {"seconds": 1.3, "peak_mb": 24.0}, {"seconds": 10.0, "peak_mb": 60.0}
    table = duplicates.tabulate_speed({2_000: small, 20_000: large})
    assert table["us an offer"].tolist() == pytest.approx([650, 500])
    assert table["in an hour"].tolist() == ["NO", "yes"]  # 3,900 s and 3,000 s
    assert table.loc[1, "6 million, hours"] == pytest.approx(3_000 / 3_600)
    assert table.loc[1, "bytes a further one"] == pytest.approx(2_000)
    assert table.loc[1, "6 million, GB"] == pytest.approx(12.02)
