"""From labels to gold to the report, as a user types it."""

import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jocas_themes import make_offers
from jocas_themes.cli import main

_N = 3_000


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    offers = make_offers(_N, random_state=0)
    offers["date_firstSeenDay"] = rng.choice(pd.date_range("2018-01-01", "2021-12-31"), _N)
    offers.to_parquet("offers.parquet")
    truth = rng.random(_N) < 0.3
    probability = np.where(truth, rng.beta(5, 2, _N), rng.beta(2, 5, _N))
    labels = pd.DataFrame(
        {
            "offer_id": offers["ID_JOCAS"].astype(str),
            "date_firstSeenDay": offers["date_firstSeenDay"],
            "DIVERSITY": (probability > 0.5).astype(int),
            "DIVERSITY_probability": probability,
            "truth": truth.astype(float),
        }
    )
    Path("labels").mkdir()
    labels.to_parquet("labels/part-0.parquet")


def run(capsys: pytest.CaptureFixture[str], command: str) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main(shlex.split(command))
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def test_the_plan_tells_what_a_sample_would_bring(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "sample-gold labels --n 300 600 --plan --by month semester")
    assert (status, err) == (0, "")
    assert "half_width" in out
    assert "change 2020-03" in out


def test_the_sample_waits_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    command = "sample-gold labels --n 200 --offers offers.parquet --review gold.jsonl"
    status, out, _ = run(capsys, f"{command} --themes DIVERSITY")
    assert status == 0
    assert "written: gold.jsonl (200 offers, 200 new cells to decide)" in out
    cells = pd.read_json("gold.jsonl", lines=True)
    assert cells["proposed"].isna().all()
    status, _, err = run(capsys, "sample-gold labels --n 200 --review gold.jsonl")
    assert status == 2
    assert "--offers is missing" in err


@pytest.mark.filterwarnings("ignore::jocas_themes.errors.JocasThemesWarning")
def test_the_report_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    labels = pd.read_parquet("labels/part-0.parquet")
    gold = labels.sample(600, random_state=0).assign(DIVERSITY=lambda rows: rows["truth"])
    gold = gold[["offer_id", "DIVERSITY"]].assign(inclusion_probability=0.2, reviewer="Ada")
    gold.to_json("gold.jsonl", orient="records", lines=True)
    status, out, _ = run(capsys, "trends labels --gold gold.jsonl --by month --out report")
    assert status == 0
    assert Path("report/report.html").stat().st_size > 10_000
    assert Path("report/tables/shares.csv").exists()
    assert "What changed" in out
    assert "written: report/report.html" in out


def test_gold_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "trends labels --gold absent.jsonl --out report")
    assert status == 2
    assert "there is no file absent.jsonl" in err


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("--by sector --out report", "got 'sector'. Write: --by month sector"),
        ("--by month,sector --out report", "got 'month,sector'. Write: --by month sector"),
        ("--by sector, year --out report", "got 'sector, year'. Write: --by year sector"),
        ("--out offers.parquet", "--out must be a folder, got the file offers.parquet."),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(
    capsys: pytest.CaptureFixture[str], command: str, message: str
) -> None:
    labels = pd.read_parquet("labels/part-0.parquet")
    labels[:10].to_parquet("gold.parquet")  # which would be refused too
    status, out, err = run(capsys, f"trends labels --gold gold.parquet {command}")
    assert (status, out) == (2, "")
    assert message in err


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"reviewer": None}, "", "answers in Python, as teacher of estimate_prevalence, beside"),
        ({"DIVERSITY": 1.0}, "", "or name the other themes: --themes."),
        ({}, "--date-column seen", "or name yours: --date-column"),
    ],
)
def test_messages_speak_of_options(
    capsys: pytest.CaptureFixture[str], change: dict[str, object], options: str, message: str
) -> None:
    labels = pd.read_parquet("labels/part-0.parquet")
    gold = labels[["offer_id", "DIVERSITY"]][:200]
    gold = gold.assign(**{"inclusion_probability": 0.1, "reviewer": "Ada", **change})
    gold.to_parquet("gold.parquet")
    status, _, err = run(capsys, f"trends labels --gold gold.parquet --out report {options}")
    assert status == 2
    assert message in err.splitlines()[-1]


def test_offers_are_looked_for_before_the_draw(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("jocas_themes.cli._trends.sample_gold")
    command = "sample-gold labels --n 200 --offers nope.parquet --review gold.jsonl"
    status, _, err = run(capsys, command)
    assert status == 2
    assert "nope.parquet" in err


def _decide_sample(capsys: pytest.CaptureFixture[str]) -> None:
    command = "sample-gold labels --n 600 --offers offers.parquet --review gold.jsonl"
    assert run(capsys, f"{command} --themes DIVERSITY")[0] == 0
    truth = pd.read_parquet("labels/part-0.parquet").set_index("offer_id")["truth"]
    cells = pd.read_json("gold.jsonl", lines=True, dtype={"offer_id": str})
    cells["decision"] = truth[cells["offer_id"]].to_numpy()
    cells.to_json("decided.jsonl", orient="records", lines=True)


@pytest.mark.filterwarnings("ignore::jocas_themes.errors.JocasThemesWarning")
def test_a_review_file_is_gold(capsys: pytest.CaptureFixture[str]) -> None:
    _decide_sample(capsys)
    command = "trends labels --gold gold.jsonl --by year --out report"
    status, _, err = run(capsys, command)
    assert status == 2
    assert "gold.jsonl is a review file" in err
    assert "no store annotations.sqlite. Name it by --store" in err
    imported = "review gold.jsonl --import decided.jsonl --reviewer Ada --store d.sqlite"
    assert run(capsys, imported)[0] == 0
    assert run(capsys, f"{command} --store d.sqlite")[0] == 0
    shares = pd.read_csv("report/tables/shares.csv")
    assert shares["n_gold"].sum() == 600
