import json
import os
import time
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

import pytest

from annotations.workers import merge_cells
from jocas_themes.annotations import merge_review, read_review
from jocas_themes.errors import ReviewFileError


def make_cell(offer_id: str = "o1", theme: str = "A", **more: Any) -> dict[str, Any]:
    cell = {
        "offer_id": offer_id,
        "theme": theme,
        "proposed": 1,
        "confidence": 55.0,
        "evidence": "28 K€",
        "reason": "low_confidence",
        "text": "CDI 28 K€",
    }
    return cell | more


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "to_review.jsonl"


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


class TestMerge:
    def test_a_new_file_holds_one_json_object_a_line(self, path: Path) -> None:
        assert merge_review(str(path), [make_cell()]) == 1
        assert path.read_text(encoding="utf-8") == (
            '{"offer_id": "o1", "theme": "A", "proposed": 1, "confidence": 55.0, '
            '"evidence": "28 K€", "reason": "low_confidence", "text": "CDI 28 K€"}\n'
        )

    def test_cells_are_sorted_by_offer_then_theme(self, path: Path) -> None:
        merge_review(path, [make_cell("b", "A"), make_cell("a", "B")])
        assert merge_review(path, [make_cell("a", "A"), make_cell("c", "A")]) == 4
        keys = [(cell["offer_id"], cell["theme"]) for cell in read_lines(path)]
        assert keys == [("a", "A"), ("a", "B"), ("b", "A"), ("c", "A")]

    def test_a_cell_is_brought_up_to_date_and_what_others_added_is_kept(self, path: Path) -> None:
        decided = make_cell() | {"decision": 0, "reviewer": "léa"}
        path.write_text(json.dumps(decided) + "\n", encoding="utf-8")
        assert merge_review(path, [make_cell(confidence=60.0)]) == 1
        assert read_lines(path) == [make_cell(confidence=60.0, decision=0, reviewer="léa")]

    def test_a_cell_that_is_there_twice_keeps_what_was_added_to_either(self, path: Path) -> None:
        """Two copies of a file, put together by hand."""
        lines = [make_cell(decision=0), make_cell(reviewer="léa")]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        assert merge_review(path, []) == 1
        assert read_lines(path) == [make_cell(decision=0, reviewer="léa")]

    def test_merging_again_changes_nothing(self, path: Path) -> None:
        cells = [make_cell("a"), make_cell("b", evidence=None, confidence=None, proposed=None)]
        merge_review(path, cells)
        before = path.read_bytes()
        merge_review(path, reversed(cells))
        assert path.read_bytes() == before

    def test_nothing_to_review_makes_an_empty_file(self, path: Path) -> None:
        assert merge_review(path, []) == 0
        assert path.read_bytes() == b""
        assert len(read_review(path)) == 0

    @pytest.mark.parametrize(
        "evidence",
        ["a\nb\rc\u2028d\x85e", "\x00", '"\\', "😀"],
        ids=["breaks", "nul", "quotes", "emoji"],
    )
    def test_any_string_comes_back(self, path: Path, evidence: str) -> None:
        merge_review(path, [make_cell("a", evidence=evidence), make_cell("b")])
        merge_review(path, [])
        assert read_review(path)["evidence"].tolist() == [evidence, "28 K€"]

    def test_a_lone_surrogate_in_a_quoted_span_stops_nothing(self, path: Path) -> None:
        """A model may write one; neither UTF-8 nor a table of pandas 3 can hold it."""
        merge_review(path, [make_cell(evidence="a\ud800b")])
        assert read_review(path)["evidence"].tolist() == ["a?b"]

    def test_records_are_not_changed(self, path: Path) -> None:
        merge_review(path, [make_cell(decision=1)])
        record = make_cell()
        merge_review(path, [record])
        assert record == make_cell()

    def test_nothing_else_is_left_in_the_folder_but_the_lock(self, path: Path) -> None:
        merge_review(path, [make_cell()])
        assert {file.name for file in path.parent.iterdir()} == {
            "to_review.jsonl",
            ".to_review.jsonl.lock",
        }

    def test_a_name_in_the_current_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert merge_review("to_review.jsonl", [make_cell()]) == 1
        assert len(read_review("to_review.jsonl")) == 1


class TestFaults:
    @pytest.mark.parametrize(
        "line",
        [
            b"not json",
            b'{"offer_id": "o1", "theme": "A"',  # cut
            b'{"offer_id": "o1"}',
            b'{"theme": "A"}',
            b'{"offer_id": 5, "theme": "A"}',
            b'{"offer_id": "o1", "theme": null}',
            b'{"offer_id": ["o1"], "theme": "A"}',
            b'["o1", "A"]',
            b'"o1"',
            b"5",
            b"null",
            '{"offer_id": "é", "theme": "A"}'.encode("cp1252"),
            b"\xff\xfe",
            b"[" * 100_000,
        ],
        ids=lambda line: line[:20].decode("latin-1"),
    )
    def test_a_broken_line_is_named_and_the_file_left_as_it_was(
        self, path: Path, line: bytes
    ) -> None:
        good = json.dumps(make_cell(decision=1)).encode()
        content = good + b"\n\n" + line + b"\n" + good
        path.write_bytes(content)
        message = r"to_review\.jsonl, line 3: not a cell to review \(.*Mend the line, or move"
        with pytest.raises(ReviewFileError, match=message):
            merge_review(path, [make_cell("new")])
        with pytest.raises(ReviewFileError, match=message):
            read_review(path)
        assert path.read_bytes() == content

    def test_an_error_among_the_records_leaves_the_file_as_it_was(self, path: Path) -> None:
        merge_review(path, [make_cell()])
        before = path.read_bytes()
        with pytest.raises(ZeroDivisionError, match="zero"):
            merge_review(path, (make_cell(str(1 // n)) for n in (1, 0)))
        with pytest.raises(TypeError, match="offer_id and theme must be strings, got 5 and 'A'"):
            merge_review(path, [make_cell() | {"offer_id": 5}])
        with pytest.raises(TypeError, match="not JSON serializable"):
            merge_review(path, [make_cell(evidence=object())])
        assert path.read_bytes() == before

    def test_a_file_that_windows_wrote(self, path: Path) -> None:
        """A byte-order mark and CRLF line ends are no fault."""
        lines = "\r\n".join(json.dumps(make_cell(name)) for name in "ab")
        path.write_bytes(b"\xef\xbb\xbf" + lines.encode())
        assert merge_review(path, [make_cell("c")]) == 3

    def test_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(ReviewFileError, match=r"there is no folder .*missing\. Make it first"):
            merge_review(tmp_path / "missing" / "to_review.jsonl", [make_cell()])

    def test_a_folder_in_its_place(self, tmp_path: Path) -> None:
        with pytest.raises(ReviewFileError, match="cannot be written"):
            merge_review(tmp_path, [make_cell()])

    def test_a_crash_before_the_end_shows_the_old_file(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        merge_review(path, [make_cell("old")])

        def crash(_: int) -> None:
            raise OSError("no space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", crash)
            with pytest.raises(ReviewFileError, match="cannot be written: no space left"):
                merge_review(path, [make_cell("new")])
        assert read_review(path)["offer_id"].tolist() == ["old"]
        assert merge_review(path, [make_cell("newer")]) == 2


class TestRead:
    def test_columns(self, path: Path) -> None:
        merge_review(path, [make_cell("a", z=1, b=2), make_cell("b", proposed=None)])
        table = read_review(path)
        documented = ["offer_id", "theme", "proposed", "confidence", "evidence", "reason", "text"]
        assert table.columns.tolist() == [*documented, "b", "z"]
        assert table["offer_id"].tolist() == ["a", "b"]
        assert table["proposed"].isna().tolist() == [False, True]

    def test_a_field_that_no_cell_has(self, path: Path) -> None:
        path.write_text('{"offer_id": "a", "theme": "A"}\n')
        assert read_review(path)["confidence"].isna().all()

    def test_no_file(self, path: Path) -> None:
        with pytest.raises(FileNotFoundError, match="to_review"):
            read_review(path)


def test_concurrent_merges_lose_nothing_and_show_whole_files_only(
    four_processes: Pool, path: Path
) -> None:
    start = time.time() + 0.1
    jobs = [(path, start, worker, 20) for worker in range(4)]
    merging = four_processes.starmap_async(merge_cells, jobs, chunksize=1)
    n_seen = 0
    while not merging.ready():
        if path.exists():
            n_cells = len(read_review(path))  # raises on a partial line
            assert n_cells >= n_seen
            n_seen = n_cells
        time.sleep(0.005)
    merging.get()
    cells = {cell["offer_id"]: cell for cell in read_lines(path)}
    # 4 workers with 20 cells of their own each, and the cell that all four wrote to
    assert set(cells) == {f"{worker}-{n}" for worker in range(4) for n in range(20)} | {"all"}
    assert [cells["all"][f"seen_{worker}"] for worker in range(4)] == [19, 19, 19, 19]


def test_a_cell_that_is_sure_again_leaves_unless_somebody_added_to_it(tmp_path: Path) -> None:
    path = tmp_path / "review.jsonl"
    cells = [
        {"offer_id": "1", "theme": theme, "reason": reason}
        for theme, reason in (
            ("A", "low_confidence"),
            ("B", "low_confidence"),
            ("C", "low_confidence"),
            ("D", "refused"),
        )
    ]
    cells[1]["decision"] = 1
    merge_review(path, cells)
    # Asked again about A, B and D: none is listed. A was only ever unsure; a person added to B;
    # D is no matter of confidence; C was not asked about.
    n_cells = merge_review(path, [], asked={("1", "A"), ("1", "B"), ("1", "D")})
    assert n_cells == 3
    assert read_review(path)["theme"].tolist() == ["B", "C", "D"]
