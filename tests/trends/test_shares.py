"""Shares: counted by hand, and the same however the offers are cut into parts."""

from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes.errors import JocasThemesWarning, OffersError
from jocas_themes.trends import compute_shares
from jocas_themes.trends.aggregation import _labels


def _build_labelled() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "offer_id": list("abcdef"),
            "date_firstSeenDay": [
                "2020-01-31",
                "2020-01-01",
                "2020-03-05",
                "2020-03-05",
                "2020-03-31",
                "2021-01-01",
            ],
            "A": pd.array([1, 0, 1, None, 1, 0], dtype="Int8"),
            "A_probability": [0.9, 0.1, 0.8, None, 0.7, 0.2],
            "B": pd.array([0, 0, 1, None, 0, None], dtype="Int8"),
            "B_probability": [0.1, 0.1, 0.8, None, 0.3, None],
        }
    )


def _build_expected(by: str, rows: list[tuple[str, str, int, float]]) -> pd.DataFrame:
    expected = pd.DataFrame(rows, columns=["theme", by, "n_offers", "share"])
    return expected.assign(**{by: pd.to_datetime(expected[by])})


def _assert_shares(actual: pd.DataFrame, expected: pd.DataFrame) -> None:
    # The unit of datetimes is pandas' affair.
    pd.testing.assert_frame_equal(actual, expected, check_dtype=False)


def test_shares_by_month() -> None:
    # A: January 1 of 2, March 2 of the 2 that are known, January 2021 0 of 1.
    # B: January 0 of 2, March 1 of 2, January 2021 unknown: no row.
    expected = _build_expected(
        "month",
        [
            ("A", "2020-01-01", 2, 0.5),
            ("A", "2020-03-01", 2, 1.0),
            ("A", "2021-01-01", 1, 0.0),
            ("B", "2020-01-01", 2, 0.0),
            ("B", "2020-03-01", 2, 0.5),
        ],
    )
    _assert_shares(compute_shares(_build_labelled()), expected)


def test_shares_by_quarter_and_by_year() -> None:
    quarters = [("A", "2020-01-01", 4, 0.75), ("A", "2021-01-01", 1, 0.0)]
    for by in ("quarter", "year"):  # all of 2020 is in its first quarter
        actual = compute_shares(_build_labelled(), themes=["A"], by=by)
        _assert_shares(actual, _build_expected(by, quarters))
    late = _build_labelled().assign(date_firstSeenDay="2020-12-31")
    assert compute_shares(late, by="quarter")["quarter"].iloc[0] == pd.Timestamp("2020-10-01")


def test_themes_come_in_the_order_asked_for() -> None:
    actual = compute_shares(_build_labelled(), themes=("B", "A"))
    assert actual["theme"].unique().tolist() == ["B", "A"]


def test_input_is_not_changed() -> None:
    labelled = _build_labelled()
    compute_shares(labelled)
    pd.testing.assert_frame_equal(labelled, _build_labelled())


@pytest.mark.parametrize(
    "dates",
    [
        pd.to_datetime(["2020-01-31 23:59", "2020-02-01 00:00"]),
        pd.to_datetime(["2020-01-31 23:59", "2020-02-01 00:00"]).tz_localize("Europe/Paris"),
        # As written on the spot: that it is still January in UTC does not matter.
        ["2020-01-31T10:00:00+01:00", "2020-02-01T00:30:00+01:00"],
        ["31/01/2020", "01/02/2020"],
        pd.to_datetime(["2020-01-31", "2020-02-01"]).date,
        pd.array([date(2020, 1, 31), date(2020, 2, 1)], dtype=pd.ArrowDtype(pa.date32())),
    ],
    ids=["datetime", "with zone", "ISO with offset", "day first", "date", "Arrow's date"],
)
def test_dates_are_read_as_written(dates: Any) -> None:
    labelled = pd.DataFrame({"date_firstSeenDay": dates, "A": [1, 0]})
    actual = compute_shares(labelled, themes=["A"])
    rows = [("A", "2020-01-01", 1, 1.0), ("A", "2020-02-01", 1, 0.0)]
    _assert_shares(actual, _build_expected("month", rows))


def test_offers_without_a_date_are_counted_and_left_out() -> None:
    labelled = _build_labelled()
    labelled["date_firstSeenDay"] = ["2020-01-31", None, "2020-02-30", "", "nan", "2021-01-01"]
    with pytest.warns(JocasThemesWarning, match=r"4 offers have no readable date in \['date_first"):
        actual = compute_shares(labelled, themes=["A"])
    rows = [("A", "2020-01-01", 1, 1.0), ("A", "2021-01-01", 1, 0.0)]
    _assert_shares(actual, _build_expected("month", rows))


def test_no_offer_gives_an_empty_table() -> None:
    actual = compute_shares(_build_labelled().head(0))
    assert list(actual.columns) == ["theme", "month", "n_offers", "share"]
    assert actual.empty


def test_date_column_is_the_first_known_or_the_one_named() -> None:
    labelled = _build_labelled().rename(columns={"date_firstSeenDay": "date_lastSeenDay"})
    assert len(compute_shares(labelled)) == 5
    labelled["published"] = "2022-02-02"
    actual = compute_shares(labelled, date_column="published")
    assert actual["month"].unique().tolist() == [pd.Timestamp("2022-02-01")]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"by": "week"}, r"by must be one of \['month', 'quarter', 'year'\], got 'week'"),
        ({"themes": ["A", "C"]}, r"labels lack the themes \['C'\] \(1 in all\)"),
        ({"themes": "A"}, "themes must be a non-empty sequence of codes, got 'A'"),
        ({"themes": []}, r"themes must be a non-empty sequence of codes, got \[\]"),
        ({"date_column": "day"}, r"labels lack a date column: none of \['day'\] is there"),
    ],
)
def test_bad_options(options: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        compute_shares(_build_labelled(), **options)


def test_a_table_without_probabilities_must_name_its_themes() -> None:
    labelled = _build_labelled()[["date_firstSeenDay", "A"]]
    with pytest.raises(ValueError, match="no CODE has a CODE_probability column"):
        compute_shares(labelled)


def test_probabilities_are_not_labels() -> None:
    labelled = _build_labelled()
    labelled["A"] = labelled["A_probability"]
    with pytest.raises(ValueError, match=r"labels must be 0, 1 or missing, got \[0.9, 0.1"):
        compute_shares(labelled)


def _write_parts(folder: Path, labelled: pd.DataFrame, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(labelled)]
    for number, (start, end) in enumerate(pairwise(edges)):
        labelled.iloc[start:end].to_parquet(folder / f"part-{number:05}.parquet")


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 6), max_size=4), batch_rows=st.integers(1, 7))
def test_shares_do_not_depend_on_parts_or_batches(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], batch_rows: int
) -> None:
    folder = tmp_path_factory.mktemp("labels")
    _write_parts(folder, _build_labelled(), cuts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_labels, "_BATCH_ROWS", batch_rows)
        actual = compute_shares(folder)
    pd.testing.assert_frame_equal(actual, compute_shares(_build_labelled()))


def test_parts_may_lie_deeper_and_order_their_columns_otherwise(tmp_path: Path) -> None:
    labelled = _build_labelled()
    (tmp_path / "mois=03").mkdir()
    labelled.iloc[:2].to_parquet(tmp_path / "a.parquet")
    labelled.iloc[2:, ::-1].to_parquet(tmp_path / "mois=03" / "b.parquet")
    expected = compute_shares(labelled)
    pd.testing.assert_frame_equal(compute_shares(str(tmp_path)), expected)


def test_unfinished_parts_are_not_read(tmp_path: Path) -> None:
    _build_labelled().to_parquet(tmp_path / "part.parquet")
    (tmp_path / ".part-1.parquet").write_bytes(b"half a pa")
    (tmp_path / "_part-2.parquet").write_bytes(b"half a pa")
    assert len(compute_shares(tmp_path)) == 5


def test_one_part_can_be_named(tmp_path: Path) -> None:
    _build_labelled().to_parquet(tmp_path / "part.parquet")
    assert len(compute_shares(tmp_path / "part.parquet")) == 5


def test_parts_without_rows(tmp_path: Path) -> None:
    _build_labelled().head(0).to_parquet(tmp_path / "part.parquet")
    assert compute_shares(tmp_path).empty


def test_a_folder_without_parts(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"found no part in .* Write them with label_corpus"
    ):
        compute_shares(tmp_path)


def test_a_broken_part_is_named(tmp_path: Path) -> None:
    (tmp_path / "part.parquet").write_bytes(b"not a part at all")
    with pytest.raises(OffersError, match=r"part\.parquet is not a Parquet .*overwrite=True"):
        compute_shares(tmp_path)


def test_a_part_of_another_model_is_named(tmp_path: Path) -> None:
    _build_labelled().to_parquet(tmp_path / "part-0.parquet")
    _build_labelled().drop(columns="B").to_parquet(tmp_path / "part-1.parquet")
    with pytest.raises(ValueError, match=r"part-1.parquet lacks the columns \['B'\]"):
        compute_shares(tmp_path)


def test_large_folders_are_read_in_bounded_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labelled = pd.concat([_build_labelled()] * 100, ignore_index=True)
    pq.write_table(pa.Table.from_pandas(labelled), tmp_path / "part.parquet")
    monkeypatch.setattr(_labels, "_BATCH_ROWS", 64)
    source = _labels.list_parts(tmp_path)
    sizes = [len(table) for table in _labels.iter_tables(source, ["date_firstSeenDay", "A"])]
    assert max(sizes) == 64
    assert sum(sizes) == 600


def test_offers_may_be_counted_once_for_each_vacancy(tmp_path: Path) -> None:
    # Offers a, b and f: January 1 of 2, January 2021 0 of 1; "z" is not among the labelled.
    labelled = _build_labelled()
    rows = [("A", "2020-01-01", 2, 0.5), ("A", "2021-01-01", 1, 0.0)]
    expected = _build_expected("month", rows)
    ids = pd.Series(["f", "b", "a", "z", "a"])
    _assert_shares(compute_shares(labelled, themes=["A"], offer_ids=ids), expected)
    for start in range(0, 6, 2):
        labelled.iloc[start : start + 2].to_parquet(tmp_path / f"part-{start}.parquet")
    _assert_shares(compute_shares(tmp_path, themes=["A"], offer_ids=iter(ids)), expected)
    assert compute_shares(labelled, offer_ids=[]).empty


def test_an_id_that_recurs_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labelled = _build_labelled().assign(offer_id=list("abbzaa"))
    # The first a and the first b, of January: 1 of 2. All of them: 1 of 2, 2 of 2 in March.
    expected = _build_expected("month", [("A", "2020-01-01", 2, 0.5)])
    _assert_shares(compute_shares(labelled, themes=["A"], offer_ids=["b", "a"]), expected)
    _write_parts(tmp_path, labelled, [2])
    monkeypatch.setattr(_labels, "_BATCH_ROWS", 3)
    _assert_shares(compute_shares(tmp_path, themes=["A"], offer_ids=["b", "a"]), expected)


@pytest.mark.parametrize("url", ["memory://labels", "s3://me:hunter2@bucket/labels"])
def test_a_url_is_refused(url: str) -> None:
    with pytest.raises(
        ValueError, match=r"\(\w+://\)\. Pass the table of done\.read\(\)"
    ) as caught:
        compute_shares(url)
    assert "hunter2" not in str(caught.value)


def test_an_interrupted_folder_is_to_be_resumed(tmp_path: Path) -> None:
    _build_labelled().to_parquet(tmp_path / "part.parquet")
    (tmp_path / "_INCOMPLETE").touch()
    with pytest.warns(JocasThemesWarning, match=r"was interrupted in .*resume=True"):
        compute_shares(tmp_path)


def test_offers_to_count_need_ids() -> None:
    labelled = _build_labelled()
    with pytest.raises(TypeError, match="offer_ids must be several ids, got 'a'"):
        compute_shares(labelled, offer_ids="a")
    with pytest.raises(ValueError, match="the labels lack the column 'offer_id', which offer_ids"):
        compute_shares(labelled.drop(columns="offer_id"), offer_ids=["a"])
