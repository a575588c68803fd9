"""Cells and rows: summed by hand, the same however the labels are cut into parts."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.trends.aggregation import _labels, count_cells, iter_labels


@pytest.fixture
def labels() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "offer_id": list("abcdef"),
            "date_firstSeenDay": ["2020-01-31", "01/01/2020", "2020-03-05", None, "2019-12-31", ""],
            "date_sitePublicationDay": [None, None, "2019-01-01", "2020-03-31", None, None],
            "location_departement": ["75", "93", "2A", "1", None, "75"],
            "site_name": ["x", "y", "x", "x", "nan", "y"],
            "A": [1, 0, 1, None, 1, 0],
            "A_probability": [0.75, 0.25, 1.0, None, 0.5, 0.5],
            "B": [0, 0, 1, 1, 1, 1],
            "B_probability": [0.0, 0.25, 0.5, 0.75, 1.0, 0.5],
        }
    )


pytestmark = pytest.mark.filterwarnings(r"ignore:\d offers have no readable date")


def test_sums_by_month_and_region(labels: pd.DataFrame) -> None:
    cells = count_cells(labels, by=("month", "region"), n_bins=4)
    # a and b are January in Île-de-France, c and d March in Corsica and Auvergne-Rhône-Alpes; d
    # has no A; e has no département; f has no date and is left out.
    assert cells.keys["month"].dt.strftime("%Y-%m").tolist() == [
        "2019-12",
        "2020-01",
        "2020-03",
        "2020-03",
    ]
    assert cells.keys["region"].tolist() == ["unknown", "11", "84", "94"]
    assert cells.n_offers.tolist() == [[1, 1], [2, 2], [0, 1], [1, 1]]
    assert cells.prediction_sum.tolist() == [[0.5, 1.0], [1.0, 0.25], [0, 0.75], [1.0, 0.5]]
    assert cells.prediction_squares[1].tolist() == [0.75**2 + 0.25**2, 0.25**2]
    assert cells.variance_sum[1].tolist() == [2 * 0.75 * 0.25, 0.25 * 0.75]
    assert cells.histogram is not None
    # A probability of a bin's upper edge is of the next one, but for 1.
    assert cells.histogram[1].tolist() == [[0, 1, 0, 1], [1, 1, 0, 0]]
    assert cells.histogram[3].tolist() == [[0, 0, 0, 1], [0, 0, 1, 0]]
    assert (cells.by, cells.themes) == (("month", "region"), ("A", "B"))
    assert (cells.prediction, cells.n_undated, len(cells)) == ("probability", 1, 4)


def test_sums_of_labels(labels: pd.DataFrame) -> None:
    cells = count_cells(labels, by=(), prediction="label")
    # Nothing asks for a date: f counts.
    assert cells.keys.shape == (1, 0)
    assert cells.n_offers.tolist() == [[5, 6]]
    assert cells.prediction_sum.tolist() == [[3, 4]]
    assert cells.variance_sum.tolist() == [[0, 0]]
    assert cells.histogram is None
    assert cells.n_undated == 0


def test_sums_by_stretch_in_the_order_of_time(labels: pd.DataFrame) -> None:
    cells = count_cells(labels, by="period", steps=["2020-03", "2020-01"])
    assert cells.keys["period"].tolist() == [
        "until 2019-12",
        "2020-01 to 2020-02",
        "from 2020-03",
    ]
    assert cells.n_offers[:, 1].tolist() == [1, 2, 2]


def test_offers_without_a_date_are_left_out_with_one_warning(labels: pd.DataFrame) -> None:
    match = r"1 offers have no readable date in \['date_firstSeenDay', 'date_site.* date_column="
    with pytest.warns(JocasThemesWarning, match=match) as caught:
        count_cells(labels, by="year", stacklevel=2)
    assert [warning.filename for warning in caught] == [__file__]
    with pytest.warns(JocasThemesWarning, match=match) as caught:
        list(iter_labels(labels, by=["year"]))
    assert [warning.filename for warning in caught] == [__file__]


def test_offers_looked_up_that_have_no_date_are_named(labels: pd.DataFrame) -> None:
    # "d" has the date of its publication, "f" an empty one, "z" is not there.
    labels = labels.assign(date_firstSeenDay=["soon", *labels["date_firstSeenDay"][1:]])
    labels["date_sitePublicationDay"] = [None, None, None, "2020-03-31", None, None]
    with pytest.warns(
        JocasThemesWarning, match=r"2 offers have no .* such as 'soon', and are left"
    ):
        cells = count_cells(labels, by=("year",), find_ids=["a", "d", "f", "z"])
    assert cells.found["offer_id"].tolist() == ["d"]
    assert (cells.undated, cells.unread, cells.n_undated) == ({"a", "f"}, "soon", 2)
    assert not count_cells(labels, by=(), find_ids=["a"]).undated  # no period is asked for


def test_an_interrupted_folder_warns_where_it_is_named(
    labels: pd.DataFrame, tmp_path: Path
) -> None:
    labels.to_parquet(tmp_path / "part.parquet")
    (tmp_path / "_INCOMPLETE").touch()
    with pytest.warns(JocasThemesWarning, match="was interrupted") as caught:
        count_cells(tmp_path, by=())
    assert [warning.filename for warning in caught] == [__file__]


def test_numbers_of_hive_folders_are_no_periods(labels: pd.DataFrame) -> None:
    cells = count_cells(labels.assign(month=3, year=2024), by=("month",))
    assert cells.keys["month"].dt.year.tolist() == [2019, 2020, 2020]


def test_periods_of_the_labels_need_no_date(labels: pd.DataFrame) -> None:
    starts = pd.to_datetime(["2020-01-01"] * 4 + ["2021-01-01"] * 2)
    own = labels.drop(columns=["date_firstSeenDay", "date_sitePublicationDay"])
    cells = count_cells(own.assign(year=starts, period=["old"] * 3 + ["new"] * 3), by=["year"])
    assert cells.keys["year"].tolist() == [starts[0], starts[-1]]
    assert count_cells(own.assign(period="old"), by="period").keys["period"].tolist() == ["old"]


def test_offers_found_are_the_first_of_those_that_count(labels: pd.DataFrame) -> None:
    twice = pd.concat([labels, labels.assign(A_probability=0.0)], ignore_index=True)
    cells = count_cells(twice, by=("semester",), find_ids=["f", "e", "z", "a", "e"])
    # f has no date, z is not there, the second a and e are repetitions.
    assert cells.found["offer_id"].tolist() == ["a", "e"]
    assert cells.found["semester"].dt.month.tolist() == [1, 7]
    assert cells.found["month"].dt.month.tolist() == [1, 12]
    assert cells.found["A"].tolist() == [0.75, 0.5]
    assert cells.found["B"].tolist() == [0.0, 1.0]
    some = count_cells(twice, by=(), offer_ids=["a", "d"], find_ids=["a", "b"])
    assert some.found["offer_id"].tolist() == ["a"]
    assert some.n_offers.tolist() == [[1, 2]]
    none = count_cells(twice, by=("board",), find_ids=["z"])
    assert list(none.found.columns) == ["offer_id", "board", "month", "A", "B"]
    assert none.found.empty


def test_rows_with_what_is_derived(labels: pd.DataFrame) -> None:
    (table,) = iter_labels(labels, by=("year", "board"), columns=["location_departement"])
    assert list(table.columns) == ["offer_id", "year", "board", "location_departement", "A", "B"]
    assert table["offer_id"].tolist() == list("abcde")
    assert table["year"].dt.year.tolist() == [2020, 2020, 2020, 2020, 2019]
    assert table["board"].tolist() == ["x", "y", "x", "x", "unknown"]
    np.testing.assert_array_equal(table["A"], [0.75, 0.25, 1.0, np.nan, 0.5])
    with pytest.raises(ValueError, match=r"the labels lack the columns \['size'\] \(1 in all\)"):
        next(iter_labels(labels, columns=["size"]))


def test_no_offer() -> None:
    empty = pd.DataFrame({"offer_id": [], "date_firstSeenDay": [], "A": [], "A_probability": []})
    cells = count_cells(empty, by=("month",), find_ids=["a"], n_bins=2)
    assert cells.n_offers.shape == (0, 1)
    assert cells.keys.shape == (0, 1)
    assert cells.keys["month"].dtype == "datetime64[ns]"


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"by": ("nace",)}, r"by must name columns of the labels, .* got 'nace'"),
        ({"by": ("sector",)}, r"'sector' is derived from 'entrepriseSecteur_NAF21' or"),
        ({"by": ("period",)}, r"period is the stretch between steps"),
        ({"by": ("month",), "date_column": "day"}, r"lack a date column: none of \['day'\]"),
        ({"by": (), "n_bins": 0}, r"n_bins must be 1 or more, or None, got 0"),
        ({"by": (), "themes": ["C"]}, r"the labels lack the themes \['C'\]"),
        ({"by": (), "prediction": "score"}, r"prediction must be 'probability', 'label'"),
        ({"by": (), "steps": ["soon"]}, r"each of steps must be a month, got 'soon'"),
    ],
)
def test_bad_options(labels: pd.DataFrame, options: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        count_cells(labels, **options)
    with pytest.raises(TypeError, match="find_ids must be several ids, got 'a'"):
        count_cells(labels, by=(), find_ids="a")


def _write_parts(folder: Path, labels: pd.DataFrame, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(labels)]
    for number, (start, end) in enumerate(pairwise(edges)):
        labels.iloc[start:end].to_parquet(folder / f"part-{number:05}.parquet")


@settings(max_examples=20, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from("xyz"), st.integers(0, 4)), max_size=12
    ),
    cuts=st.lists(st.integers(0, 12), max_size=3),
    batch_rows=st.integers(1, 5),
)
def test_cells_do_not_depend_on_parts_or_batches(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int, str, int]],
    cuts: list[int],
    batch_rows: int,
) -> None:
    labels = pd.DataFrame(
        {
            "offer_id": pd.Series([f"id{row % 7}" for row in range(len(rows))], dtype=object),
            "date_firstSeenDay": pd.Series([f"2020-{m + 1:02}-05" for m, *_ in rows], dtype=object),
            "site_name": pd.Series([site for _, site, _ in rows], dtype=object),
            "A_probability": pd.Series([p / 4 for *_, p in rows], dtype="float32"),
        }
    )
    folder = tmp_path_factory.mktemp("labels")
    _write_parts(folder, labels, cuts)
    options: dict[str, Any] = {"by": ("month", "board"), "themes": ["A"], "find_ids": ["id3"]}
    expected = labels.assign(month=pd.to_datetime(labels["date_firstSeenDay"]).dt.month)
    sums = expected.groupby(["month", "site_name"])["A_probability"].agg(["size", "sum"])
    for source in (labels, folder):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_labels, "_BATCH_ROWS", batch_rows)
            cells = count_cells(source, **options)
        assert list(zip(cells.keys["month"].dt.month, cells.keys["board"], strict=True)) == list(
            sums.index
        )
        assert cells.n_offers[:, 0].tolist() == sums["size"].tolist()
        assert cells.prediction_sum[:, 0].tolist() == sums["sum"].tolist()  # quarters add exactly
        assert cells.found["A"].tolist() == [p / 4 for *_, p in rows[3:4]]


def test_probabilities_are_binned_whatever_is_summed(labels: pd.DataFrame) -> None:
    labels = labels.drop(columns="B_probability")
    cells = count_cells(
        labels, by=(), themes=["A", "B"], prediction="label", n_bins=4, find_ids=["a"]
    )
    assert cells.histogram is not None
    # 0.25, twice 0.5, 0.75 and 1; of B there are none.
    assert cells.histogram.tolist() == [[[0, 1, 2, 2], [0, 0, 0, 0]]]
    assert cells.found["A"].tolist() == [1.0]
    assert cells.found["A_probability"].tolist() == [0.75]
    assert cells.found["B_probability"].isna().all()
    none = labels.drop(columns="A_probability")
    assert count_cells(none, by=(), themes=["A"], n_bins=4).histogram is None


def test_rows_and_ids_are_counted(labels: pd.DataFrame) -> None:
    twice = pd.concat([labels, labels[:4]], ignore_index=True)
    cells = count_cells(twice, by=("year",), find_ids=["a"])
    # f has no date; a, b, c and d come again.
    assert (cells.n_rows, cells.n_repeated) == (9, 4)
    assert count_cells(twice, by=(), find_ids=[], offer_ids=["a", "b"]).n_repeated == 0
