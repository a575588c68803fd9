"""Arrow batches hold what the pandas tables hold, from any file and any row on."""

import datetime as dt
import decimal
import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes.errors import JocasThemesWarning, OffersError
from jocas_themes.offers import as_offers, is_missing, iter_offers
from jocas_themes.offers._columns import TEXT_COLUMNS
from jocas_themes.offers.reading import (
    UnreadableCells,
    count_rows,
    find_arrow_type,
    find_files,
    iter_batches,
    settle_arrow,
    settle_column,
    to_raw,
    to_text,
)

KEPT = ("date_firstSeenDay", "salary_min", "location_zipcode", "site_name", "mine", "absent")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def convert(table, name, unreadable):
    """Convert a column of a pandas table, cell by cell, to what a labelled table holds of it."""
    kind = find_arrow_type(name)
    if name not in table.columns:
        return pa.nulls(len(table), kind)
    column = settle_column(name, to_raw(table[name]), unreadable)
    if kind == pa.string():
        column = [None if is_missing(cell) else to_text(cell) for cell in column]
    return pa.array(column, kind, from_pandas=True)


def read_by_pandas(path, chunk_rows, columns=KEPT, text_columns=None):
    """Read one file by way of pandas."""
    needed = {*columns, *(text_columns or ("text", *TEXT_COLUMNS))}
    batches = []
    for table in iter_offers(
        path, chunk_rows, columns=needed.__contains__, text_columns=text_columns
    ):
        arrays = {
            "offer_id": pa.array(table["offer_id"], pa.large_string()),
            "text": pa.array(
                as_offers(table, text_columns=text_columns)["text"], pa.large_string()
            ),
        }
        arrays |= {name: convert(table, name, UnreadableCells()) for name in columns}
        batches.append(pa.RecordBatch.from_pydict(arrays))
    return batches


def read(path, chunk_rows=10_000, columns=KEPT, **options):
    """Read the batches alone."""
    return [batch.offers for batch in iter_batches(path, chunk_rows, columns=columns, **options)]


def write(path, **columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


def write_as(rows, path):
    """Write a table in the format of the extension."""
    if path.suffix == ".csv":
        rows.to_csv(path, sep=";", index=False, na_rep="NaN")
    elif path.suffix == ".jsonl":
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows.to_dict("records")))
    else:
        columns = {
            name: pa.array([to_text(cell) for cell in rows[name]], pa.string()) for name in rows
        }
        pq.write_table(pa.table(columns), path, row_group_size=3)


WRITTEN = """nan
A1
05/03/2021
2021-03-05T10:00
31/02/2020
1 800,5
75001.0
1000
<b>é</b>
a;"b
0""".splitlines()
CELLS = st.none() | st.sampled_from([*WRITTEN, "", " nan ", "a\nb", "\u00a0", "\u200b"])
ODD_CELLS = (
    CELLS
    | st.text(max_size=4)
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.booleans()
    | st.lists(st.integers(0, 2) | st.none(), max_size=2)
    | st.just({"a": "é"})
)


def settle_both(name, raw):
    """Settle a column in Arrow and by way of pandas, with what was unreadable."""
    lost, expected_lost = UnreadableCells(), UnreadableCells()
    found = settle_arrow(name, raw, lost)
    # A table holds the settled column, which a labelled table settles again.
    table = pd.DataFrame({name: settle_column(name, raw, expected_lost)})
    return found, convert(table, name, UnreadableCells()), vars(lost), vars(expected_lost)


@settings(max_examples=150, deadline=None)
@given(cells=st.lists(CELLS | ODD_CELLS, max_size=8), name=st.sampled_from(KEPT))
def test_cells_of_json_settle_as_by_pandas(cells, name):
    found, expected, lost, expected_lost = settle_both(name, cells)
    assert found.type == find_arrow_type(name)
    assert found.equals(expected)
    assert str(lost) == str(expected_lost)  # as strings, since NaN is not itself


@settings(max_examples=100, deadline=None)
@given(cells=st.lists(CELLS | st.text(max_size=4), max_size=8), name=st.sampled_from(KEPT))
def test_strings_of_arrow_settle_as_by_pandas(cells, name):
    for kind in (pa.string(), pa.large_string()):
        strings = pa.array(cells, kind)
        found, expected, lost, expected_lost = settle_both(name, strings)
        assert found.equals(expected)
        assert lost == expected_lost
        # Also as a slice, and as the dictionary that a file may hold.
        assert settle_arrow(name, strings[1:], UnreadableCells()).equals(found[1:])
        encoded = strings.dictionary_encode()
        assert settle_arrow(name, encoded, UnreadableCells()).equals(found)


NOON = dt.datetime(2021, 3, 5, 12, 30)
TYPED = [
    pa.nulls(2),
    pa.array([1, None, 20210305], pa.int64()),
    pa.array([2**64 - 1, 0], pa.uint64()),
    pa.array([12.0, float("nan"), -0.0, 0.1, None, float("inf"), 1e30]),
    pa.array([0.1, 3], pa.float32()),
    pa.array([True, None, False]),
    pa.array([NOON.date(), None]),
    pa.array([NOON, None], pa.timestamp("us")),
    pa.array([NOON, None], pa.timestamp("ns", "UTC")),
    pa.array([dt.time(1, 2), None], pa.time32("s")),
    pa.array([dt.timedelta(days=1, seconds=2), None]),
    pa.array([decimal.Decimal("1.50"), None]),
    pa.array([b"a\xff", None, b"nan", b""]),
    pa.array([["a", None], None, []]),
    pa.array([{"a": 1.5}, None]),
    pa.array([1, None, 1]).dictionary_encode(),
]


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.parametrize("raw", TYPED, ids=lambda raw: str(raw.type))
def test_typed_columns_settle_as_by_pandas(raw, name):
    found, expected, lost, expected_lost = settle_both(name, raw)
    assert found.equals(expected)
    assert str(lost) == str(expected_lost)


@pytest.mark.parametrize("name", ["date_x", "mine"])
def test_years_that_python_does_not_have_settle_as_by_pandas(name):
    found, expected, lost, expected_lost = settle_both(name, pa.array([10**12], pa.timestamp("s")))
    assert found.equals(expected)
    assert lost == expected_lost


def test_large_whole_numbers_are_exact_beside_a_missing_one():
    # By way of pandas they would be floats, which do not have 2**53 + 1.
    found = settle_arrow("mine", pa.array([2**53 + 1, None]), UnreadableCells())
    assert found.to_pylist() == ["9007199254740993", None]


def test_an_unreadable_cell_counts_wherever_it_stands():
    lost = UnreadableCells()
    for _ in range(2):
        settle_arrow("salary_min", pa.array(["1", "?", "!", "?"]), lost)
        settle_arrow("date_x", pa.array([None, "31/02/2020", "31/02/2020"]), lost)
    with pytest.warns(
        JocasThemesWarning, match=r"'salary_min': 6 \(such as '\?'\), 'date_x': 4 \(such as '31"
    ):
        lost.warn(stacklevel=1)


NAMES = ["offer_id", "ID_JOCAS", "text", "description_full", "description_job", *KEPT[:-1]]


@pytest.mark.filterwarnings("ignore::jocas_themes.errors.JocasThemesWarning")
@settings(max_examples=60, deadline=None)
@given(
    extension=st.sampled_from(["csv", "jsonl", "parquet"]),
    names=st.lists(st.sampled_from(NAMES), unique=True),
    rows=st.lists(st.lists(CELLS, min_size=11, max_size=11), max_size=9),
    chunk_rows=st.integers(1, 10),
    first_row=st.integers(0, 10),
)
def test_any_file_gives_what_it_gives_by_pandas(
    tmp_path_factory, extension, names, rows, chunk_rows, first_row
):
    path = tmp_path_factory.mktemp("offers") / f"offers.{extension}"
    names = [*names, "job_title"]
    table = pd.DataFrame([row[: len(names)] for row in rows], columns=names, dtype=object)
    write_as(table, path)
    batches = read(path, chunk_rows)
    expected = read_by_pandas(path, chunk_rows)
    assert len(batches) == len(expected)
    for found, other in zip(batches, expected, strict=True):
        found.validate(full=True)
        assert found.equals(other)
        assert found["offer_id"].null_count == found["text"].null_count == 0
    if not batches:
        return
    # From any row on: the same offers, in batches that start there.
    rest = list(iter_batches(path, chunk_rows, columns=KEPT, first_rows={str(path): first_row}))
    whole = pa.Table.from_batches(batches)
    assert pa.Table.from_batches([b.offers for b in rest], whole.schema).equals(
        whole.slice(first_row)
    )
    starts = range(first_row, whole.num_rows, chunk_rows)
    assert [batch.first_row for batch in rest] == list(starts)


@pytest.mark.filterwarnings("ignore::jocas_themes.errors.JocasThemesWarning")
@settings(max_examples=40, deadline=None)
@given(
    columns=st.lists(st.lists(ODD_CELLS, min_size=3, max_size=3), min_size=4, max_size=4),
    text_columns=st.none() | st.just(["mine", "salary_min", "location_zipcode", "date_x"]),
)
def test_texts_of_any_cells_are_those_of_pandas(tmp_path_factory, columns, text_columns):
    path = tmp_path_factory.mktemp("offers") / "offers.jsonl"
    names = text_columns or ["job_title", "description_full", "description_job", "mine"]
    table = pd.DataFrame(dict(zip(names, columns, strict=True)), dtype=object)
    write_as(table, path)
    (found,) = read(path, columns=(), text_columns=text_columns)
    assert found.equals(read_by_pandas(path, 10, (), text_columns)[0])


@pytest.mark.real_data
def test_real_offers_are_those_of_pandas(shared_data):
    path = shared_data / "offers_labelled.parquet"
    kept = ("date_sitePublicationDay", "site_name", "job_ROME_code", "location_departement")
    found = read(path, 1_000, kept)
    assert [batch.num_rows for batch in found] == [1_000, 1_000, 77]
    for batch, expected in zip(found, read_by_pandas(path, 1_000, kept), strict=True):
        assert batch.equals(expected)


def test_batches_of_several_files(tmp_path):
    write(
        tmp_path / "site_name=a" / "1.parquet", job_title=["x"] * 5, date_firstSeenDay=["2021"] * 5
    )
    write(tmp_path / "site_name=b" / "2.parquet", offer_id=[7], text=["<i>t</i>"], mine=[1.5])
    write(tmp_path / "site_name=b" / "3.parquet", job_title=pa.array([], pa.string()))
    columns = ["mine", "site_name", "date_firstSeenDay", "mine", "text", "offer_id"]
    with pytest.warns(JocasThemesWarning, match="'date_firstSeenDay': 5") as caught:
        batches = list(iter_batches(tmp_path, 3, columns=columns))
    assert caught[0].filename == __file__
    places = [(batch.file.path[-9:], batch.first_row, len(batch.offers)) for batch in batches]
    assert places == [("1.parquet", 0, 3), ("1.parquet", 3, 2), ("2.parquet", 0, 1)]
    schema = pa.schema(
        {
            "offer_id": pa.large_string(),
            "text": pa.large_string(),
            "mine": pa.string(),
            "site_name": pa.string(),
            "date_firstSeenDay": pa.timestamp("us"),
        }
    )
    assert all(batch.offers.schema == schema for batch in batches)
    assert batches[1].offers["site_name"].to_pylist() == ["a", "a"]
    expected = {"offer_id": "7", "text": "t", "mine": "1.5", "site_name": "b"}
    assert batches[2].offers.to_pylist() == [expected | {"date_firstSeenDay": None}]


def test_files_are_left_out_by_name(tmp_path):
    write(tmp_path / "1.parquet", job_title=["x"])
    (tmp_path / "2.parquet").write_bytes(b"no Parquet")
    broken = find_files(tmp_path)[1]
    assert len(read(tmp_path, first_rows={broken.name: None})) == 1
    with pytest.raises(OffersError, match=r"2.parquet' cannot be read as parquet"):
        read(tmp_path)


def test_row_groups_before_the_first_row_are_not_read(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    numbers = [str(number) for number in range(10)]
    pq.write_table(pa.table({"offer_id": numbers, "text": numbers}), path, row_group_size=4)
    asked = []
    iter_parquet_batches = pq.ParquetFile.iter_batches

    def noted(self, *args, **kwargs):
        asked.append(kwargs["row_groups"])
        return iter_parquet_batches(self, *args, **kwargs)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", noted)
    # Groups of rows 0-3, 4-7 and 8-9.
    expected = {0: [0, 1, 2], 3: [0, 1, 2], 4: [1, 2], 9: [2], 10: [], 11: []}
    for first_row, groups in expected.items():
        batches = read(path, 5, (), first_rows={str(path): first_row})
        assert [row["text"] for batch in batches for row in batch.to_pylist()] == numbers[
            first_row:
        ]
        assert asked.pop() == groups


def test_only_the_columns_that_are_needed_are_read(tmp_path, monkeypatch):
    asked = []
    iter_parquet_batches = pq.ParquetFile.iter_batches

    def noted(self, *args, **kwargs):
        asked.append(kwargs["columns"])
        return iter_parquet_batches(self, *args, **kwargs)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", noted)
    path = write(tmp_path / "a.parquet", url=["u"], ID_JOCAS=["1"], job_title=["a"], mine=["m"])
    read(path)
    assert asked == [["ID_JOCAS", "job_title", "mine"]]
    read(path, columns=(), text_columns=["mine"])
    assert asked[1] == ["ID_JOCAS", "mine"]


def test_a_text_of_its_own_wins_and_an_id_may_come_from_the_others(tmp_path):
    path = write(
        tmp_path / "a.parquet",
        offer_id=["1", None, None, None],
        text=["<b>own</b>", "own", "nan", None],
        job_title=["a", "b", "c", None],
    )
    (found,) = read(path, columns=())
    assert found["text"].to_pylist() == ["own", "own", "", ""]
    (expected,) = iter_offers(path)
    assert found["offer_id"].to_pylist() == expected["offer_id"].tolist()
    assert found["offer_id"][2] != found["offer_id"][3]


def test_bytes_that_are_no_utf8(tmp_path):
    cells = pa.array([b"ab\xffcd", b"\xff", b"d\xe9j\xe0 vu", None], pa.binary()).view(pa.string())
    names = [*NAMES[:2], "job_title", *KEPT[:-1]]
    path = write(tmp_path / "a.parquet", **dict.fromkeys(names, cells))
    with pytest.warns(JocasThemesWarning, match="'date_firstSeenDay': 3 .such as 'ab\ufffdcd'"):
        (found,) = read(path)
    with pytest.warns(JocasThemesWarning, match="'salary_min': 3"):
        (expected,) = read_by_pandas(path, 10)
    assert found.equals(expected)
    assert found["text"].to_pylist() == ["ab\ufffdcd", "\ufffd", "d\ufffdj\ufffd vu", ""]


def test_a_file_without_text_is_refused(tmp_path):
    write(tmp_path / "1.parquet", job_title=["x"])
    write(tmp_path / "2.parquet", offer_id=["1"], site_name=["a"])
    with pytest.raises(OffersError, match=r"2.parquet' has no text: none of .*'text', 'job_title'"):
        read(tmp_path)
    with pytest.raises(OffersError, match=r"no file has the columns \['texte'\]"):
        iter_batches(tmp_path, text_columns=["texte"])
    with pytest.raises(OffersError, match=r"2.parquet' has no text: .*\['job_title'\]"):
        read(tmp_path, text_columns=["job_title"])
    (tmp_path / "1.jsonl").write_text('{"offer_id": 1}\n{"offer_id": 2}\n')
    with pytest.raises(OffersError, match=r"1.jsonl' has no text"):
        read(tmp_path / "1.jsonl", 1)


def test_json_lines_may_lack_a_text_here_and_there(tmp_path):
    path = tmp_path / "1.jsonl"
    path.write_text('{"offer_id": 1}\n{"offer_id": 2, "job_title": "a"}\n{"offer_id": 3}\n')
    for chunk_rows in (1, 2, 3):
        texts = [text for batch in read(path, chunk_rows) for text in batch["text"].to_pylist()]
        assert texts == ["", "a", ""]
    # Nor is it said of the end alone, after a start that had some.
    (found,) = read(path, first_rows={str(path): 2})
    assert found["text"].to_pylist() == [""]


def test_malformed_rows_are_no_rows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("offer_id;text\nA;x\nB;y;z\nC;w\n")
    with pytest.warns(JocasThemesWarning, match="1 malformed row was left out") as caught:
        batches = list(iter_batches(path, 1, rejects_path="aside.jsonl"))
    assert caught[0].filename == __file__
    assert [(b.first_row, b.offers["text"].to_pylist()) for b in batches] == [
        (0, ["x"]),
        (1, ["w"]),
    ]
    with pytest.warns(JocasThemesWarning, match="1 malformed row was left out"):
        (batch,) = read(path, rejects_path="aside.jsonl", first_rows={str(path): 1})
    assert batch["text"].to_pylist() == ["w"]
    assert len((tmp_path / "aside.jsonl").read_text().splitlines()) == 1
    with pytest.raises(OffersError, match=r"a.csv:3 is malformed: 3 fields instead of 2"):
        read(path, rejects_path=None)


def test_arguments_are_checked_before_any_row(tmp_path):
    path = write(tmp_path / "a.parquet", text=["x"])
    with pytest.raises(TypeError, match="columns must be a sequence of column names, got 'mine'"):
        iter_batches(path, columns="mine")
    with pytest.raises(ValueError, match="chunk_rows must be a whole number from 1 on, got 0"):
        iter_batches(path, 0)


def test_rows_are_counted_where_a_footer_tells(tmp_path):
    write(tmp_path / "a.parquet", text=["x"] * 3)
    (tmp_path / "b.csv").write_text("text\nx\n")
    (tmp_path / "c.parquet").write_bytes(b"no Parquet")
    parquet, csv, broken = find_files(tmp_path)
    assert count_rows(parquet) == 3
    assert count_rows(csv) is None
    with pytest.raises(OffersError, match=r"c.parquet' cannot be read as parquet"):
        count_rows(broken)


def test_urls():
    fsspec = pytest.importorskip("fsspec")
    content = pa.BufferOutputStream()
    pq.write_table(pa.table({"offer_id": ["1", "2", "3"], "text": ["a", "b", "c"]}), content)
    fsspec.filesystem("memory").pipe("/batches/a.parquet", content.getvalue().to_pybytes())
    url = "memory://batches/*.parquet"
    (file,) = find_files(url)
    assert count_rows(file) == 3
    (found,) = read(url, columns=(), first_rows={file.name: 1})
    assert found.to_pydict() == {"offer_id": ["2", "3"], "text": ["b", "c"]}


def test_row_groups_with_dictionaries_and_lists_of_their_own(tmp_path):
    path = tmp_path / "a.parquet"
    sites = ["a", "b", "b", "c", None, "c", "d"]
    table = pa.table(
        {
            "text": ["x"] * 7,
            "site_name": pa.array(sites).dictionary_encode(),
            "mine": [[number] for number in range(7)],
        }
    )
    pq.write_table(table, path, row_group_size=3)
    for chunk_rows in (1, 4, 7):
        batches = read(path, chunk_rows, ("site_name", "mine"), first_rows={str(path): 1})
        found = pa.Table.from_batches(batches)
        assert found["site_name"].to_pylist() == sites[1:]
        assert found["mine"].to_pylist() == ["[1]", "[2]", "[3]", "[4]", "[5]", "[6]"]
