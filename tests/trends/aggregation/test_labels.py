"""Reading labels: which predictions, which offers, in bounded batches."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from jocas_themes.trends.aggregation import (
    _labels,
    choose_prediction,
    iter_tables,
    list_parts,
)
from jocas_themes.trends.aggregation._labels import choose_themes, read_predictions


def test_probabilities_where_all_themes_have_one() -> None:
    columns = ["A", "A_probability", "B"]
    assert choose_prediction(columns, ["A"]) == "probability"
    assert choose_prediction(columns, ["A", "B"]) == "label"
    assert choose_prediction(columns, ["A"], "label") == "label"


@pytest.mark.parametrize(
    ("themes", "prediction", "match"),
    [
        (["A"], "score", r"must be 'probability', 'label' or None, got 'score'"),
        (["A", "B"], "probability", r"lack the columns \['B_probability'\] \(1 in all\), which"),
        (["C"], "label", r"lack the columns \['C'\] \(1 in all\), which prediction='label'"),
        (["B", "C"], None, r"lack the columns \['C'\] \(1 in all\), which prediction='label'"),
    ],
)
def test_a_prediction_that_is_not_there(
    themes: list[str], prediction: str | None, match: str
) -> None:
    with pytest.raises(ValueError, match=match):
        choose_prediction(["A", "A_probability", "B", "C_probability"], themes, prediction)


def test_themes_may_have_probabilities_alone_when_named() -> None:
    columns = ["A", "A_probability", "B_probability", "_probability"]
    assert choose_themes(columns, None) == ("A",)
    assert choose_themes(columns, ["B", "A", "B"]) == ("B", "A")


@pytest.mark.parametrize(
    ("columns", "themes", "match"),
    [
        (
            ["offer_id", "DIVERSITY", "DIVERSITY_probability"],
            ["DIVERSTY"],
            r"lack the themes \['DIVERSTY'\] \(1 in all\); found the themes \['DIVERSITY'\] "
            r"\(1 in all\)\. Did you mean 'DIVERSITY'\?$",
        ),
        (["offer_id"], ["C"], r"found the columns \['offer_id'\] \(1 in all\)\.$"),
        (["A"], "A", r"sequence of codes, got 'A'\. Write \['A'\]\.$"),
    ],
)
def test_themes_that_are_not_there(columns: list[str], themes: list[str] | str, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        choose_themes(columns, themes)


@pytest.mark.parametrize(
    ("column", "cells", "prediction", "match"),
    [
        ("A", [0, 2], "label", r"labels must be 0, 1 or missing, got \[2.0\] in 'A' \(1 in all\)"),
        ("A_probability", [50, 0.5], "probability", r"got \[50.0\] in .* Divide percentages"),
        ("A_probability", [-0.1, 0.5], "probability", r"probabilities must be 0 to 1 or missing"),
    ],
)
def test_predictions_out_of_range(
    column: str, cells: list[float], prediction: str, match: str
) -> None:
    with pytest.raises(ValueError, match=match):
        read_predictions(pd.DataFrame({column: cells}), ["A"], prediction)


@pytest.mark.parametrize("dtype", ["Int8", "float32", "object", "boolean"])
def test_labels_of_any_type(dtype: str) -> None:
    table = pd.DataFrame({"A": pd.Series([1, 0, None], dtype=dtype)})
    actual = read_predictions(table, ["A"], "label")
    np.testing.assert_array_equal(actual, [[1.0], [0.0], [np.nan]])


def test_small_parts_are_read_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = pd.DataFrame({"site_name": list("abcabcabca"), "A": [0, 1] * 5})
    for start in range(0, 10, 2):  # parts whose categories differ
        labels.iloc[start : start + 2].to_parquet(tmp_path / f"part-{start}.parquet")
    monkeypatch.setattr(_labels, "_BATCH_ROWS", 4)
    for source in (list_parts(tmp_path), labels):
        tables = list(iter_tables(source, ["A", "site_name"], ["site_name"]))
        assert [len(table) for table in tables] == [4, 4, 2]
        whole = pd.concat([table.astype({"site_name": object}) for table in tables])
        assert whole["site_name"].tolist() == labels["site_name"].tolist()
        assert list(whole.columns) == ["A", "site_name"]


def test_arrow_tables_are_labels_too() -> None:
    table = _labels.open_labels(pa.table({"A": [0, 1]}))
    assert isinstance(table, pd.DataFrame)


def test_hidden_files_and_folders_are_no_parts(tmp_path: Path) -> None:
    names = ["part-0.parquet", "2020/part-1.parquet", ".part-2.parquet", "_part-3.parquet"]
    names += [".ipynb_checkpoints/part-0-checkpoint.parquet", "a/_tmp/part-4.parquet"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    expected = [tmp_path / "2020/part-1.parquet", tmp_path / "part-0.parquet"]
    assert list_parts(tmp_path) == expected
    # A folder that is itself in a hidden one is meant, as it was named.
    assert list_parts(tmp_path / ".ipynb_checkpoints") != []
