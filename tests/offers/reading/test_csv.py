"""JOCAS daily CSV: every good row is read, every bad one is named by file and line."""

import csv
import gzip
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.errors import JocasThemesWarning, OffersError
from jocas_themes.offers import iter_offers, read_offers
from jocas_themes.offers.reading import _csv
from jocas_themes.offers.reading._rejects import Rejects


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(text, name="a.csv", encoding="utf-8"):
    Path(name).write_text(text, encoding=encoding, newline="")


def read_rejects(path="offers_rejects.jsonl"):
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def read_with_rejects(source, count, **options):
    with pytest.warns(JocasThemesWarning, match=f"{count} malformed row"):
        offers = read_offers(source, **options)
    return offers, [(row["line"], row["raw"]) for row in read_rejects()]


def test_a_daily_file_as_jocas_writes_it():
    write(
        "\ufeffID_JOCAS;job_title;salary_min;description_full;mine\r\n"
        'A1;"Chef ""H/F""";1800,5;"<p>Une ligne;\r\nune autre\n\nla fin</p>";x\r\n'
        "A2;NaN;NaN;NaN;NaN"
    )
    offers = read_offers("a.csv")
    expected = ["offer_id", "ID_JOCAS", "job_title", "salary_min", "description_full", "mine"]
    assert offers.columns.tolist() == expected
    assert offers.iloc[0].tolist() == [
        "A1", "A1", 'Chef "H/F"', 1800.5, "<p>Une ligne;\r\nune autre\n\nla fin</p>", "x",
    ]  # fmt: skip
    assert offers.iloc[1].isna().tolist() == [False, False, True, True, True, True]


def test_wrong_numbers_of_fields_are_kept_aside_with_their_line():
    # The good record of lines 3 to 5 spans three lines; blank lines are no rows.
    write('offer_id;job_title\n1;a\n2;"b\n\nb"\nonly\n\n3;c;d\n  \n4;e\n')
    offers, rejects = read_with_rejects("a.csv", 2)
    assert offers["offer_id"].tolist() == ["1", "2", "4"]
    assert rejects == [(6, "only"), (8, "3;c;d")]
    reasons = [row["reason"] for row in read_rejects()]
    assert reasons == ["1 fields instead of 2", "3 fields instead of 2"]


@pytest.mark.parametrize(
    "after",
    [
        "3;plain\n4;plain\n",  # not another quote till the end
        '3;"quoted"\n4;plain\n',  # the next quote seems to close the field, then text follows
        '3;""\n4;""\n',  # seems to be an escaped quote
        '3;"two\nlines"\n4;"two\n\nlines"\n',
        '3;"a ""quote"""\n4;plain\n',
        '3;";semicolon"\n4;x\n',  # seems to close the field: too many fields
    ],
)
def test_an_unterminated_quote_costs_its_own_line_only(after):
    write('offer_id;job_title\n1;a\n2;"b never closed\n' + after)
    offers, rejects = read_with_rejects("a.csv", 1)
    assert offers["offer_id"].tolist() == ["1", "3", "4"]
    assert rejects == [(3, '2;"b never closed')]


def test_several_unterminated_quotes():
    write('offer_id;job_title\n1;"a\n2;"b\n3;c\n4;"d\n5;"e"\n')
    offers, rejects = read_with_rejects("a.csv", 3)
    assert offers["offer_id"].tolist() == ["3", "5"]
    assert [line for line, _ in rejects] == [2, 3, 5]


def test_a_record_of_several_lines_that_is_wrong_but_balanced_is_one_reject():
    write('offer_id;job_title\n1;"a\nb";too many\n2;c\n')
    offers, rejects = read_with_rejects("a.csv", 1)
    assert offers["offer_id"].tolist() == ["2"]
    assert rejects == [(2, '1;"a\nb";too many')]


def test_a_stray_quote_is_not_guessed_at():
    write('offer_id;job_title\n1;"dit "bonjour""\n2;b\n')
    offers, _ = read_with_rejects("a.csv", 1)
    assert offers["offer_id"].tolist() == ["2"]
    assert read_rejects()[0]["reason"] == "a quote inside a field is not doubled, or not closed"


def test_a_record_may_span_many_lines_but_not_the_whole_file(monkeypatch):
    monkeypatch.setattr(_csv, "_MAX_RECORD_LINES", 5)
    long = "\n".join("abcde")  # five lines
    write(f'offer_id;job_title\n1;"{long}"\n2;"{long}\n"\n3;c\n')
    # Lines 7 to 12 are given up one by one: '2;"a', 'b', 'c', 'd', 'e', '"'.
    offers, rejects = read_with_rejects("a.csv", 6)
    assert offers["job_title"].tolist() == [long, "c"]
    assert [line for line, _ in rejects] == [7, 8, 9, 10, 11, 12]


@pytest.mark.parametrize("block_bytes", [1, 7, 64])
def test_blocks_change_nothing(monkeypatch, block_bytes):
    write('offer_id;job_title\n1;"a\n\nb"\n2;"never\n3;"c;\n""d"""\nx\n4;e\n')
    whole, rejects = read_with_rejects("a.csv", 2)
    monkeypatch.setattr(_csv, "_BLOCK_BYTES", block_bytes)
    blocks, same_rejects = read_with_rejects("a.csv", 2)
    pd.testing.assert_frame_equal(blocks, whole)
    assert same_rejects == rejects == [(5, '2;"never'), (8, "x")]


def test_bytes_of_another_encoding_are_kept_aside():
    Path("a.csv").write_bytes(b'offer_id;job_title\n1;caf\xe9\n2;"a\nb\xff"\n3;caf\xc3\xa9\n')
    offers, rejects = read_with_rejects("a.csv", 2)
    assert offers["job_title"].tolist() == ["café"]
    assert rejects == [(2, "1;caf\\xe9"), (3, '2;"a\nb\\xff"')]


def test_other_encodings_are_read_when_named():
    write("offer_id;job_title\n1;cœur d'été\n", encoding="cp1252")
    assert read_offers("a.csv", encoding="cp1252")["job_title"].tolist() == ["cœur d'été"]
    with pytest.raises(ValueError, match=r"encoding must be known to Python.*got 'klingon'"):
        read_offers("a.csv", encoding="klingon")
    with pytest.raises(ValueError, match=r"encoding must extend ASCII.*got 'utf-16'"):
        read_offers("a.csv", encoding="utf-16")


def test_rejects_path_none_stops_at_the_first_malformed_row():
    write("offer_id;job_title\n1;a\n2\n")
    with pytest.raises(OffersError, match=r"a\.csv:3 is malformed: 1 fields instead of 2"):
        read_offers("a.csv", rejects_path=None)


def test_very_long_fields_and_nul():
    long = "é" * 200_000
    write(f"offer_id;job_title\n1;{long}\n2;a\0b\n")
    assert read_offers("a.csv")["job_title"].tolist() == [long, "a\0b"]


def test_empty_files():
    for text in ("", "\ufeff", "\n\n"):
        write(text)
        assert list(iter_offers("a.csv")) == []
        assert read_offers("a.csv").columns.tolist() == ["offer_id"]
    write("ID_JOCAS;date_firstSeenDay;mine\n")
    assert list(iter_offers("a.csv")) == []
    offers = read_offers("a.csv")
    assert offers.shape == (0, 4)
    assert offers["date_firstSeenDay"].dtype == "datetime64[us]"
    assert read_offers("a.csv", ["mine"]).columns.tolist() == ["offer_id", "mine"]


def test_headers_that_cannot_be_used():
    write("offer_id;a;b;a\n1;2;3;4\n")
    with pytest.raises(OffersError, match=r"each column needs its own name; repeated: \['a'\]"):
        read_offers("a.csv")
    write("offer_id,job_title\n1,a\n")
    with pytest.raises(OffersError, match="fields must be separated by ';', got the header"):
        read_offers("a.csv")
    write('offer_id;"job_title\n1;a\n')
    with pytest.raises(OffersError, match="its header is malformed"):
        read_offers("a.csv")
    write("offer_id;métier\n1;a\n", encoding="cp1252")
    with pytest.raises(OffersError, match=r"its header is not utf-8\. Pass its encoding="):
        read_offers("a.csv")


def test_lone_carriage_returns_are_text():
    # pandas does not quote them. At the end of a line they belong to the line end.
    write('offer_id;job_title;x\n1;a\rb;"c\r\nd\re"\r\n2;é\r\r;y\r\r\n3;\r\n')
    offers, rejects = read_with_rejects("a.csv", 1)
    assert offers["job_title"].tolist() == ["a\rb", "é\r\r"]
    assert offers["x"].tolist() == ["c\r\nd\re", "y"]
    assert rejects == [(5, "3;")]
    write("offer_id;job_title\r1;a\r")
    with pytest.raises(OffersError, match="lines must end with a line feed"):
        read_offers("a.csv")


def test_a_header_without_a_name_gets_one():
    write(";offer_id\n0;A\n")  # as a table with an index is written
    assert read_offers("a.csv").columns.tolist() == ["offer_id", "Unnamed: 0"]


def test_gzip_is_opened():
    with gzip.open("a.csv.gz", "wt", encoding="utf-8") as stream:
        stream.write("offer_id;job_title\n1;a\n2\n")
    _, rejects = read_with_rejects("a.csv.gz", 1)
    assert rejects == [(3, "2")]


_CELL = st.text(st.sampled_from('ab;"\n\r é\0'), max_size=8)


@given(rows=st.lists(st.tuples(_CELL, _CELL), max_size=8), block_bytes=st.integers(1, 40))
def test_whatever_a_csv_writer_writes_is_read_back(rows, block_bytes):
    rows = [(*row, "z") for row in rows]  # a carriage return that ends a line is not text
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=";", lineterminator="\n")  # as pandas does
    writer.writerows([("x", "y", "z"), *rows])
    data = stream.getvalue().encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_csv, "_BLOCK_BYTES", block_bytes)
        records = _csv._Records("a.csv", io.BytesIO(data), "utf-8", Rejects(None))
        assert records.read_first() == ["x", "y", "z"]
        assert [tuple(row) for row in records.iter_rows(3)] == rows


@given(text=st.text(st.sampled_from('ab;"\n\r é'), max_size=60), block_bytes=st.integers(1, 70))
def test_each_line_is_read_or_rejected_once_and_in_order(text, block_bytes):
    kept = []

    class Noted(Rejects):
        def add(self, reject):
            kept.append((reject.line, reject.raw))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_csv, "_BLOCK_BYTES", block_bytes)
        stream = io.BytesIO(b"x;y\n" + text.encode())
        records = _csv._Records("a.csv", stream, "utf-8", Noted("unused"))
        records.read_first()
        rows = list(records.iter_rows(2))
    lines = [line for line, _ in kept]
    assert lines == sorted(set(lines))
    assert all(len(row) == 2 for row in rows)
    # What was rejected is in the file as it is written.
    file_lines = text.split("\n")
    assert all(raw in "\n".join(file_lines[line - 2 :]) for line, raw in kept)
