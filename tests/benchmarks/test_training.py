"""training.py: honest sizes, each fit measured."""

from pathlib import Path

import pandas as pd
import pytest

import peers
import training


def test_sizes_are_filled_with_made_offers(sample: pd.DataFrame) -> None:
    assert set(training.take_offers(sample, 30)["offer_id"]) < set(sample["offer_id"])
    filled = training.take_offers(sample, 120)
    assert filled["offer_id"].head(90).tolist() == sample["offer_id"].tolist()
    assert filled["offer_id"].tail(30).str.startswith("mixed_").all()


@pytest.fixture
def _known_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure 10 s and 40 s for ours, 5 s and 20 s for the original, with limits of 30 s."""
    taken = iter([10.0, 5.0, 40.0, 20.0])
    monkeypatch.setattr(
        training, "measure_alone", lambda model, offers: {"seconds": next(taken), "peak_mb": 7.0}
    )
    monkeypatch.setattr(training, "LIMITS_S", {60: 30, 120: 30})


@pytest.mark.usefixtures("_known_times")
def test_limits_and_ratios(sample: pd.DataFrame) -> None:
    table = training.compare_sizes(sample, [60, 120], n_jobs=1)
    assert table["kept"].tolist() == ["yes", "NO"]
    assert table["ratio"].tolist() == [2.0, 2.0]
    assert table["of them made"].tolist() == [0, 30]


@pytest.mark.usefixtures("_known_times")
def test_printed_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    csv = tmp_path / "training.csv"
    training.main(["--sizes", "60", "120", "--csv", str(csv)])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 120
    assert pd.read_csv(csv)["offers"].tolist() == [60, 120]


def test_a_process_of_its_own(sample: pd.DataFrame) -> None:
    found = training.measure_alone(peers.build_logistic(), sample)
    assert found["seconds"] > 0
    assert found["peak_mb"] > 0 or not Path("/proc/self/status").exists()
