"""aggregation.py: labels as they are written by label_corpus, a table that judges."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import aggregation
from jocas_themes.trends.aggregation import count_cells


def test_labels_are_those_of_the_themes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregation, "PART_ROWS", 40)
    aggregation.write_labels(tmp_path, 100)
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "part-00000.parquet",
        "part-00001.parquet",
        "part-00002.parquet",
    ]
    labels = pd.read_parquet(tmp_path)
    assert labels["offer_id"].is_unique
    assert labels["date_firstSeenDay"].str.fullmatch(r"\d{4}-\d\d-\d\d").all()
    np.testing.assert_array_equal(labels["A"], labels["A_probability"] >= 0.5)
    cells = count_cells(tmp_path, by=("month", "sector", "region"))
    assert cells.n_offers.sum(axis=0).tolist() == [100] * 6


def test_a_run_leaves_its_figures(tmp_path: Path) -> None:
    aggregation.write_labels(tmp_path, 50)
    for task in aggregation.TASKS:
        aggregation.measure_run(tmp_path, task)
    assert '"n_cells"' in (tmp_path / "_run.json").read_text()


def test_the_bounds_are_judged() -> None:
    runs = {
        "fast": {"seconds": 29.0, "peak_mb": 1_999.0, "cpu_s": 30.0, "n_cells": 5},
        "slow": {"seconds": 31.0, "peak_mb": 10.0, "cpu_s": 30.0, "n_cells": 5},
        "large": {"seconds": 1.0, "peak_mb": 2_001.0, "cpu_s": 1.0, "n_cells": 5},
    }
    table = aggregation.tabulate_runs(runs, 1_000_000)
    assert table["within 30 s and 2000 MB"].tolist() == ["yes", "NO", "NO"]
    assert table["us a row"].tolist() == [29.0, 31.0, 1.0]
