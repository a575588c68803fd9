"""A column's name says its type; what cannot be read is counted, and becomes missing."""

import math
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.offers.reading._cells import build_missing, settle_column, settle_strings, to_text
from jocas_themes.offers.reading._rejects import UnreadableCells


def settle(name, raw, unreadable=None):
    return settle_column(name, raw, unreadable or UnreadableCells())


@pytest.mark.parametrize(
    ("written", "figure"),
    [
        ("1800", 1800.0),
        ("1 800", 1800.0),
        ("31\u00a0000,50", 31000.5),
        ("31\u202f000", 31000.0),
        ("1,5", 1.5),
        (",5", 0.5),
        ("35.", 35.0),
        ("-3", -3.0),
        ("1.2e3", 1200.0),
        (" 12 ", 12.0),
    ],
)
def test_figures_are_read_as_the_french_write_them(written, figure):
    assert settle("salary_min", [written]).tolist() == [figure]


@pytest.mark.parametrize("written", ["10 20", "1 80", "1.234,56", "1,234.56", "inf", "30 k€", "-"])
def test_what_is_no_single_figure_is_missing(written):
    unreadable = UnreadableCells()
    assert math.isnan(settle("salary_min", [written], unreadable)[0])
    with pytest.warns(UserWarning, match=r"'salary_min': 1 \(such as"):
        unreadable.warn(stacklevel=1)


def test_figures_of_any_type_become_floats():
    for raw in ([1, 2.5, None], ["1", 2.5, "nan"], pa.array([Decimal("1"), Decimal("2.5"), None])):
        figures = settle("salary_min", raw)
        assert figures.dtype == np.float64
        assert figures.tolist()[:2] == [1.0, 2.5]
        assert math.isnan(figures[2])
    assert settle("salary_min", pa.array([1, None], pa.int8())).dtype == np.float64


@pytest.mark.parametrize(
    ("name", "given_", "code"),
    [
        ("location_departement", "1", "01"),
        ("location_departement", 1.0, "01"),
        ("location_departement", 1, "01"),
        ("location_departement", "1.0", "01"),
        ("location_departement", "2A", "2A"),
        ("location_departement", " 75 ", "75"),
        ("location_departement", "971", "971"),
        ("location_zipcode", "1000.0", "01000"),
        ("location_zipcode", 75001.0, "75001"),
        ("entreprise_siren", "5520813", "005520813"),
        ("entrepriseSecteur_NAF88", "A", "A"),
    ],
)
def test_codes_keep_their_zeros(name, given_, code):
    assert settle(name, [given_, "NaN"]).tolist() == [code, None]


def test_texts_are_strings_or_none():
    raw = ["Cariste", "NaN", " null ", "", None, " CDI "]
    expected = ["Cariste", None, None, None, None, " CDI "]
    for given_ in (raw, pa.array(raw), pa.array(raw).dictionary_encode()):
        texts = settle("job_title", given_)
        assert texts.dtype == object
        assert texts.tolist() == expected


def test_other_types_in_a_text_column_are_written_out():
    raw = [1704, 12.0, 1.5, True, ["a", "é"], {"b": 1}, None, math.nan]
    expected = ["1704", "12", "1.5", "True", '["a", "é"]', '{"b": 1}', None, None]
    assert settle("job_ROME_code", raw).tolist() == expected
    assert settle("job_ROME_code", pa.array([12.0, None])).tolist() == ["12", None]
    assert settle("teleworking_accepted", pa.array([True, None])).tolist() == ["True", None]


def test_dates_of_any_type_become_naive_days():
    # 23:30 in London, in March, is half past midnight in Paris: the day after.
    late = datetime(2021, 3, 4, 23, 30, tzinfo=UTC)
    for raw in (
        ["05/03/2021"],
        [20210305],
        [20210305.0],
        pa.array([20210305]),
        pa.array([date(2021, 3, 5)]),
        pa.array([date(2021, 3, 5)], pa.date64()),
        pa.array([datetime(2021, 3, 5, 23, 30)], pa.timestamp("ns")),
        pa.array([late], pa.timestamp("ms", "UTC")),
        pa.array([late], pa.timestamp("us", "America/New_York")),
    ):
        days = settle("date_firstSeenDay", raw)
        assert days.dtype == "datetime64[us]"
        assert days.tolist() == [pd.Timestamp("2021-03-05")]


def test_unreadable_dates_are_counted_with_an_example():
    unreadable = UnreadableCells()
    settle("date_firstSeenDay", ["2021-03-05", "31/02/2020", None, "NaT"], unreadable)
    settle("date_firstSeenDay", pa.array([date(1, 1, 1)]), unreadable)
    with pytest.warns(UserWarning, match=r"'date_firstSeenDay': 2 \(such as '31/02/2020'\)"):
        unreadable.warn(stacklevel=1)


def test_unknown_columns_keep_what_the_file_gives():
    assert settle("n_views", pa.array([1, 2], pa.int8())).dtype == np.int8
    assert settle("note", pa.array(["NaN", None])).tolist() == ["NaN", None]
    mixed = settle("note", [1, "NaN", [1, {"é": 2}], None])
    assert mixed.tolist() == [1, "NaN", '[1, {"é": 2}]', None]
    assert settle("tags", pa.array([["a"], None])).tolist() == ['["a"]', None]


def test_bytes_that_are_not_utf8_are_replaced():
    binary = pa.array([b"caf\xe9", b"ok"], pa.large_binary())
    broken = pa.Array.from_buffers(pa.large_string(), 2, binary.buffers())
    for name in ("job_title", "note"):
        assert settle(name, broken).tolist() == ["caf\ufffd", "ok"]
    assert settle("job_title", binary).tolist() == ["caf\ufffd", "ok"]


def test_large_numbers_keep_their_digits_in_a_text():
    assert settle_strings([2**70, 2**53 + 1]).to_pylist() == [str(2**70), str(2**53 + 1)]


def test_missing_columns_match_those_that_are_there():
    assert build_missing("job_title", None, 2).tolist() == [None, None]
    assert build_missing("location_zipcode", None, 1).tolist() == [None]
    assert build_missing("date_lastSeenDay", None, 1).dtype == "datetime64[us]"
    assert build_missing("salary_min", None, 1).dtype == np.float64
    assert build_missing("n_views", np.dtype(int), 1).dtype == np.float64
    assert build_missing("seen", np.dtype("datetime64[s]"), 1).dtype == "datetime64[s]"


_SCALARS = st.one_of(
    st.none(), st.text(), st.integers(), st.floats(), st.booleans(), st.lists(st.text(max_size=2))
)


@pytest.mark.parametrize("name", ["job_title", "salary_min", "date_x", "location_zipcode", "other"])
@given(cells=st.lists(_SCALARS, max_size=6))
def test_any_cells_settle_row_by_row_as_together(name, cells):
    together = settle(name, cells)
    apart = [settle(name, [cell])[0] for cell in cells]
    assert len(together) == len(cells)
    assert [to_text(cell) for cell in together] == [to_text(cell) for cell in apart]


def test_nan_is_missing_and_infinity_unreadable():
    unreadable = UnreadableCells()
    figures = settle("salary_min", pa.array([math.nan, None, math.inf]), unreadable)
    assert np.isnan(figures).all()
    with pytest.warns(UserWarning, match=r"'salary_min': 1 \(such as 'inf'\)"):
        unreadable.warn(stacklevel=1)
