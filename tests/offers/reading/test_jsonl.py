"""JSON lines: rows with any keys, and lines that hold none."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.errors import JocasThemesWarning, OffersError
from jocas_themes.offers import iter_offers, read_offers
from jocas_themes.offers.reading._jsonl import _parse_line


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(*lines, name="a.jsonl"):
    Path(name).write_bytes(b"\n".join(lines))


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.json"])
def test_rows_with_drifting_keys_and_types(name):
    write(
        b'\xef\xbb\xbf{"ID_JOCAS": 1, "salary_min": 1800, "n": 1}',
        b"",
        b'{"ID_JOCAS": "2", "salary_min": "1 900,5", "job_title": null, "tags": ["a", "b"]}\r',
        b'{"ID_JOCAS": 3.0, "salary_min": NaN, "job_title": "x", "n": "1"}',
        name=name,
    )
    offers = read_offers(name)
    assert offers["offer_id"].tolist() == ["1", "2", "3"]
    assert offers["salary_min"].tolist()[:2] == [1800.0, 1900.5]
    assert offers["job_title"].tolist() == [None, None, "x"]
    assert offers["tags"].tolist() == [None, '["a", "b"]', None]
    assert offers["n"].tolist() == [1, None, "1"]


def test_malformed_lines_are_kept_aside():
    write(
        b'{"offer_id": "1"}',
        b'{"offer_id": "2"',
        b'["offer_id"]',
        b'{"offer_id": "caf\xe9"}',
        b"[" * 100_000,
        b'{"offer_id": ' + b"9" * 10_000 + b"}",
        b'{"offer_id": "3"}',
    )
    with pytest.warns(JocasThemesWarning, match=r"5 malformed rows.*a.jsonl:2 \(it is not JSON"):
        offers = read_offers("a.jsonl")
    assert offers["offer_id"].tolist() == ["1", "3"]
    kept = Path("offers_rejects.jsonl").read_text(encoding="utf-8")
    rejects = [json.loads(line) for line in kept.splitlines()]
    assert [row["line"] for row in rejects] == [2, 3, 4, 5, 6]
    assert rejects[0]["raw"] == '{"offer_id": "2"'
    assert rejects[1]["reason"] == "it is no JSON object, but a list"
    assert rejects[2]["reason"] == "it is not utf-8: another encoding= may be, such as cp1252"
    assert rejects[2]["raw"] == '{"offer_id": "caf\\xe9"}'


def test_lone_surrogates_and_nul_pass():
    write(rb'{"offer_id": "1", "job_title": "a\ud83d\u0000b", "x": ["\udc00"], "\ud800": 1}')
    offers = read_offers("a.jsonl")
    assert offers["job_title"].tolist() == ["a\ufffd\0b"]
    assert offers["x"].tolist() == ['["\ufffd"]']
    assert offers["\ufffd"].tolist() == [1]
    write(rb'{"offer_id": "1", "job_title": "\ud83d\ude00"}')  # a pair is one character
    assert read_offers("a.jsonl")["job_title"].tolist() == ["\U0001f600"]


def test_an_array_is_no_json_lines():
    write(b'[{"offer_id": "1"},', b'{"offer_id": "2"}]', name="a.json")
    with pytest.raises(OffersError, match="must hold one JSON object a line, got an array"):
        read_offers("a.json")


def test_gzip_and_empty_files():
    with gzip.open("a.jsonl.gz", "wb") as stream:
        stream.write(b'{"offer_id": "1"}\n')
    assert read_offers("a.jsonl.gz")["offer_id"].tolist() == ["1"]
    write(b"")
    assert list(iter_offers("a.jsonl")) == []
    assert read_offers("a.jsonl", ["job_title"]).columns.tolist() == ["offer_id", "job_title"]


@given(st.binary(max_size=40))
def test_any_bytes_are_an_object_a_reason_or_a_blank(line):
    assert isinstance(_parse_line(line, "utf-8"), (dict, str, type(None)))
