"""Malformed rows are kept once each, whatever happens."""

import json

import pytest

from jocas_themes.errors import JocasThemesWarning, OffersError
from jocas_themes.offers.reading._rejects import Reject, Rejects, UnreadableCells

ROW = Reject("a.csv", 4, "2 fields instead of 3", "A1;é")


def read_kept(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def keep(path, *rows):
    rejects = Rejects(path)
    for row in rows:
        rejects.add(row)
    rejects.close()
    return rejects


def test_file_is_made_only_when_there_is_something_to_keep(tmp_path):
    path = tmp_path / "new" / "rejects.jsonl"
    keep(path).warn(stacklevel=1)  # and nothing to warn of
    assert not path.parent.exists()
    keep(path, ROW)
    assert read_kept(path) == [
        {"file": "a.csv", "line": 4, "reason": "2 fields instead of 3", "raw": "A1;é"}
    ]


def test_a_row_is_kept_once(tmp_path):
    path = tmp_path / "rejects.jsonl"
    keep(path, ROW, ROW)
    rejects = keep(path, ROW, ROW._replace(line=5))
    assert rejects.count == 2  # both are malformed, one of them was known
    assert [row["line"] for row in read_kept(path)] == [4, 5]


def test_a_line_that_was_cut_short_is_no_harm(tmp_path):
    path = tmp_path / "rejects.jsonl"
    path.write_text('{"file": "a.csv", "li')
    keep(path, ROW)
    assert json.loads(path.read_text(encoding="utf-8").splitlines()[1])["line"] == 4


def test_warning_counts_and_names_five(tmp_path):
    path = tmp_path / "rejects.jsonl"
    rejects = keep(path, *(ROW._replace(line=line) for line in range(1, 8)))
    with pytest.warns(JocasThemesWarning, match="7 malformed rows were left out") as caught:
        rejects.warn(stacklevel=1)
    message = str(caught[0].message)
    assert "a.csv:1 (2 fields instead of 3), a.csv:2" in message
    assert "a.csv:5" in message
    assert "a.csv:6" not in message
    assert repr(str(path)) in message


def test_without_a_path_the_first_one_is_an_error():
    with pytest.raises(OffersError, match=r"a\.csv:4 is malformed: 2 fields instead of 3"):
        Rejects(None).add(ROW)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(OffersError, match=r"cannot be kept aside in .* Pass another rejects_path"):
        keep(tmp_path, ROW)


def test_unreadable_cells_name_five_columns():
    unreadable = UnreadableCells()
    unreadable.warn(stacklevel=1)  # nothing to warn of
    for number in range(7):
        unreadable.add(f"date_{number}", 1, "x" * 100)
    with pytest.warns(JocasThemesWarning, match="'date_4': 1 .such as 'x{40}...'., and 2 more"):
        unreadable.warn(stacklevel=1)
