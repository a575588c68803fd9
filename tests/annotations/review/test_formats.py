"""What each tool is given, and what its own exports are read as."""

import csv
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from annotations.review.cases import TWO_THEMES, make_cell
from jocas_themes.annotations import AnnotationStore, merge_review
from jocas_themes.annotations.review import ReviewQueue
from jocas_themes.errors import JocasThemesWarning, ReviewFileError

TEXT = make_cell()["text"]
TEXT_2 = make_cell("o2")["text"]

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, content: object, *, encoding: str = "utf-8") -> Path:
        if not isinstance(content, str):
            content = json.dumps(content)
        (tmp_path / name).write_bytes(content.encode(encoding))
        return tmp_path / name

    return write


def read_decided(queue: ReviewQueue) -> dict[tuple[str, str], tuple[float, str, str]]:
    """Return label, reviewer and date of the cells that are decided."""
    rows = queue.to_frame().dropna(subset="decision").to_dict("records")
    return {
        (row["offer_id"], row["theme"]): (row["decision"], row["reviewer"], row["decided_at"])
        for row in rows
    }


class TestJsonl:
    def test_a_line_a_cell(self, queue: ReviewQueue, tmp_path: Path) -> None:
        assert queue.export_to(tmp_path / "out.jsonl", "jsonl") == 3
        lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
        assert json.loads(lines[0]) == make_cell() | {
            "decision": None,
            "reviewer": None,
            "decided_at": None,
        }

    def test_answers_and_empty_ones(self, queue: ReviewQueue, write: Write) -> None:
        answered = {"decision": 1, "reviewer": "Léa", "decided_at": "2026-03-01T10:30:00+01:00"}
        lines = [make_cell() | answered, make_cell(theme="TEAM"), make_cell("o2") | {"decision": 0}]
        path = write("in.jsonl", "\n".join(map(json.dumps, lines)))
        assert queue.import_from(path, reviewer="Noé") == 2
        decided = read_decided(queue)
        assert decided["o1", "PAY"] == (1, "Léa", "2026-03-01T09:30:00Z")
        assert decided["o2", "PAY"][:2] == (0, "Noé")
        assert len(decided) == 2

    def test_decisions_typed_into_the_review_file(self, queue: ReviewQueue) -> None:
        merge_review(queue.path, [make_cell(decision=0, comment="aucun montant")])
        assert len(queue.pending()) == 3
        assert queue.import_from(queue.path, reviewer="Léa") == 1
        assert queue.to_frame()["decision"][0] == 0

    def test_decided_cells_on_demand(self, queue: ReviewQueue, tmp_path: Path) -> None:
        queue.decide("o1", "PAY", 1, reviewer="Léa")
        assert queue.export_to(tmp_path / "out.jsonl", "jsonl") == 2
        assert queue.export_to(tmp_path / "out.jsonl", "jsonl", pending_only=False) == 3
        first = json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()[0])
        assert (first["decision"], first["reviewer"]) == (1, "Léa")
        assert queue.import_from(tmp_path / "out.jsonl") == 0

    def test_a_blind_review(self, queue: ReviewQueue, tmp_path: Path) -> None:
        queue.export_to(tmp_path / "out.jsonl", "jsonl", show_proposed=False)
        first = json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()[0])
        assert (first["proposed"], first["confidence"], first["evidence"]) == (None, None, None)


class TestCsv:
    @pytest.mark.parametrize(
        "start", ["=1+1", "+33 6", "-10 %", "@CDI", "\tCDI", "'CDI", "''", "12", "1,5", "2023-04"]
    )
    def test_no_text_becomes_a_formula_or_a_number(
        self, queue: ReviewQueue, tmp_path: Path, start: str
    ) -> None:
        merge_review(queue.path, [make_cell(start, text=start, evidence=None)])
        queue.export_to(tmp_path / "out.csv", "csv")
        content = (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(content.splitlines(keepends=True), delimiter=";"))
        (row,) = (row for row in rows if row["text"] == f"'{start}")
        assert row["offer_id"] == f"'{start}"
        row["decision"] = "1"
        with (tmp_path / "in.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(row))
            writer.writeheader()
            writer.writerow(row)
        assert queue.import_from(tmp_path / "in.csv", reviewer="Léa") == 1
        assert list(read_decided(queue)) == [(start, "PAY")]

    def test_a_spreadsheet_knows_utf8_and_the_separator(
        self, queue: ReviewQueue, tmp_path: Path
    ) -> None:
        queue.export_to(tmp_path / "out.csv", "csv")
        content = (tmp_path / "out.csv").read_bytes()
        assert content.startswith(b'\xef\xbb\xbf"offer_id";"theme";"decision";"reviewer";')
        assert content.endswith(b"\r\n")

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
    @pytest.mark.parametrize("delimiter", [";", ","])
    def test_as_spreadsheets_save_it(
        self, queue: ReviewQueue, write: Write, encoding: str, delimiter: str
    ) -> None:
        header = ["offer_id", "theme", "decision", "text", "reviewer_evidence", "comment"]
        row = ["o1", "PAY", " 1.0 ", TEXT, "28 K€", "le montant"]
        lines = [delimiter.join(f'"{value}"' for value in line) for line in (header, row, [])]
        path = write("in.csv", "\r\n".join(lines) + "\r\n", encoding=encoding)
        assert queue.import_from(path, reviewer="Léa") == 1
        assert queue.store is not None
        (decision,) = queue.store.read_decisions().to_dict("records")
        assert (decision["evidence"], decision["comment"]) == ("28 K€", "le montant")
        assert decision["source"] == "csv"

    def test_other_line_ends_in_a_text_are_the_same_text(
        self, queue: ReviewQueue, write: Write
    ) -> None:
        merge_review(queue.path, [make_cell("o3", text="a\nb")])
        path = write("in.csv", 'offer_id;theme;decision;text\r\no3;PAY;1;"a\r\nb"\r\n')
        assert queue.import_from(path, reviewer="Léa") == 1

    def test_a_text_that_is_longer_than_the_usual_limit(
        self, queue: ReviewQueue, tmp_path: Path
    ) -> None:
        merge_review(queue.path, [make_cell("o3", text="mot " * 100_000)])
        queue.export_to(tmp_path / "out.csv", "csv")
        assert queue.import_from(tmp_path / "out.csv") == 0

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("", r"the header must have the columns \['offer_id', 'theme', 'text', 'decision'\]"),
            ("offer_id;theme;text\n", "the header must have the columns"),
            ("offer_id;theme;decision;text\no1;PAY;1\n", "line 2: 3 fields, the header has 4"),
        ],
    )
    def test_broken(self, queue: ReviewQueue, write: Write, content: str, message: str) -> None:
        with pytest.raises(ReviewFileError, match=message):
            queue.import_from(write("in.csv", content), reviewer="Léa")


def make_task(**more: Any) -> dict[str, Any]:
    """Make a task as Label Studio's JSON export has it."""
    annotation = {
        "id": 7,
        "completed_by": 3,
        "result": [
            {
                "value": {"choices": ["TEAM"]},
                "id": "x1",
                "from_name": "themes",
                "to_name": "text",
                "type": "choices",
                "origin": "manual",
            }
        ],
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": "2026-03-01T09:30:00.728353Z",
        "lead_time": 4.2,
        "task": 1,
    }
    return {
        "id": 1,
        "annotations": [annotation | more],
        "drafts": [],
        "predictions": [],
        "data": {"offer_id": "o1", "text": TEXT, "themes": ["PAY", "TEAM"], "asked": "..."},
        "project": 83,
    }


class TestLabelStudio:
    def test_tasks(self, queue: ReviewQueue, tmp_path: Path) -> None:
        queue.export_to(tmp_path / "tasks.json", "label_studio")
        tasks = json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8"))
        assert len(tasks) == 2
        assert tasks[0] == {
            "data": {
                "offer_id": "o1",
                "text": TEXT,
                "themes": ["PAY", "TEAM"],
                "asked": "Paie & avantages · Équipe",
            },
            "predictions": [
                {
                    "model_version": "teacher",
                    "score": 0.55,
                    "result": [
                        {
                            "from_name": "themes",
                            "to_name": "text",
                            "type": "choices",
                            "value": {"choices": ["PAY"]},
                        }
                    ],
                }
            ],
        }

    def test_no_prediction_where_the_teacher_gave_no_answer_or_is_hidden(
        self, queue: ReviewQueue, tmp_path: Path
    ) -> None:
        queue.export_to(tmp_path / "tasks.json", "label_studio", show_proposed=False)
        tasks = json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8"))
        assert [list(task) for task in tasks] == [["data"], ["data"]]

    def test_one_task_for_offers_that_share_a_text(
        self, queue: ReviewQueue, tmp_path: Path
    ) -> None:
        merge_review(queue.path, [make_cell("o3", text=TEXT)])
        queue.export_to(tmp_path / "tasks.json", "label_studio")
        assert len(json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8"))) == 2

    def test_the_configuration_shows_names_and_gives_codes(self, queue: ReviewQueue) -> None:
        root = ET.fromstring(queue.build_setup("label_studio"))
        choices = root.findall("./Choices[@name='themes'][@toName='text']/Choice")
        assert [(choice.get("value"), choice.get("alias")) for choice in choices] == [
            ("Paie & avantages", "PAY"),
            ("Équipe", "TEAM"),
        ]
        assert [choice.get("hint") for choice in choices] == ['an "amount"', "people are led"]
        assert root.find("./Text[@name='text']") is not None

    def test_an_annotation_decides_all_that_was_asked(
        self, queue: ReviewQueue, write: Write
    ) -> None:
        assert queue.import_from(write("export.json", [make_task()])) == 2
        assert read_decided(queue) == {
            ("o1", "PAY"): (0, "3", "2026-03-01T09:30:00Z"),
            ("o1", "TEAM"): (1, "3", "2026-03-01T09:30:00Z"),
        }

    def test_an_empty_annotation_that_was_submitted(self, queue: ReviewQueue, write: Write) -> None:
        path = write("export.json", [make_task(result=[], completed_by={"email": "lea@x.fr"})])
        assert queue.import_from(path) == 2
        assert {value[:2] for value in read_decided(queue).values()} == {(0, "lea@x.fr")}

    def test_a_theme_that_was_ticked_without_being_asked(
        self, queue: ReviewQueue, write: Write
    ) -> None:
        task = make_task() | {"data": {"offer_id": "o2", "text": TEXT_2, "themes": ["PAY"]}}
        assert queue.import_from(write("export.json", [task])) == 2
        assert read_decided(queue)["o2", "PAY"][0] == 0

    @pytest.mark.parametrize("change", [{"was_cancelled": True}, {"result": None}])
    def test_skipped(self, queue: ReviewQueue, write: Write, change: dict[str, Any]) -> None:
        assert queue.import_from(write("export.json", [make_task(**change)])) == 0
        assert len(queue.pending()) == 3

    def test_not_annotated(self, queue: ReviewQueue, write: Write) -> None:
        assert queue.import_from(write("export.json", [make_task() | {"annotations": []}])) == 0

    def test_the_date_is_that_of_the_last_change(self, queue: ReviewQueue, write: Write) -> None:
        queue.import_from(write("export.json", [make_task()]))
        changed = make_task(result=[], updated_at="2026-03-02T10:00:00Z")
        assert queue.import_from(write("export.json", [changed])) == 2
        assert read_decided(queue)["o1", "TEAM"] == (0, "3", "2026-03-02T10:00:00Z")

    @pytest.mark.parametrize(
        ("task", "message"),
        [
            (make_task(result=[{"from_name": "sentiment"}]), r"results of \['sentiment'\], and no"),
            (make_task(result="[]"), r"not a list of themes: '\[\]'"),
            (make_task(result=make_task()["annotations"][0]["result"] * 2), "none, or several"),
            ({"data": {}, "predictions": []}, "not a task with 'data' and 'annotations'"),
            (make_task() | {"data": {"offer_id": "o1", "text": TEXT}}, "asked for in 'themes'"),
            (make_task() | {"annotations": [5]}, "not an annotation: 5"),
        ],
    )
    def test_broken(
        self, queue: ReviewQueue, write: Write, task: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ReviewFileError, match=message):
            queue.import_from(write("export.json", [make_task(), task]))
        assert len(queue.pending()) == 3


class TestDoccano:
    def test_examples_hold_no_proposal_as_a_label(self, queue: ReviewQueue, tmp_path: Path) -> None:
        queue.export_to(tmp_path / "examples.jsonl", "doccano")
        lines = (tmp_path / "examples.jsonl").read_text(encoding="utf-8").splitlines()
        assert json.loads(lines[0]) == {
            "text": TEXT,
            "label": [],
            "offer_id": "o1",
            "themes": "PAY TEAM",
            "proposed": "PAY",
        }

    def test_labels(self, queue: ReviewQueue) -> None:
        labels = json.loads(queue.build_setup("doccano"))
        assert [(label["text"], label["suffix_key"]) for label in labels] == [
            ("(no theme)", "1"),
            ("PAY", "2"),
            ("TEAM", "3"),
        ]

    @pytest.mark.parametrize("where", ["top", "meta", "metadata"])
    @pytest.mark.parametrize("name", ["export.json", "export.jsonl"])
    def test_labels_decide_all_that_was_asked(
        self, queue: ReviewQueue, write: Write, name: str, where: str
    ) -> None:
        beside = {"offer_id": "o1", "themes": "PAY TEAM"}
        example = {"id": 5, "text": TEXT, "label": ["PAY"], "Comments": []}
        example |= beside if where == "top" else {where: beside}
        content = [example] if name.endswith(".json") else json.dumps(example) + "\n"
        assert queue.import_from(write(name, content), reviewer="Léa") == 2
        assert {key: value[0] for key, value in read_decided(queue).items()} == {
            ("o1", "PAY"): 1,
            ("o1", "TEAM"): 0,
        }

    def test_no_label_is_no_answer_and_said_so(self, queue: ReviewQueue, write: Write) -> None:
        example = {"id": 5, "text": TEXT, "offer_id": "o1", "themes": "PAY TEAM"}
        path = write("export.jsonl", json.dumps(example | {"label": []}))
        with pytest.warns(JocasThemesWarning, match="1 examples have no label and decide nothing"):
            assert queue.import_from(path, reviewer="Léa") == 0
        path = write("export.jsonl", json.dumps(example | {"label": ["(no theme)"]}))
        assert queue.import_from(path, reviewer="Léa") == 2
        assert {value[0] for value in read_decided(queue).values()} == {0}

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"label": ["(no theme)", "PAY"]}, r"'\(no theme\)' beside 'PAY'"),
            ({"label": [[0, 5, "PAY"]]}, "not a list of themes"),
            ({"label": ["Paie"]}, "unknown theme 'Paie', there are"),
            ({"themes": ""}, "no list of the themes asked for"),
            ({"offer_id": None}, "unknown offer None"),
        ],
    )
    def test_broken(
        self, queue: ReviewQueue, write: Write, change: dict[str, Any], message: str
    ) -> None:
        example = {"text": TEXT, "label": ["PAY"], "offer_id": "o1", "themes": "PAY TEAM"}
        with pytest.raises(ReviewFileError, match=message):
            queue.import_from(write("export.json", [example | change]), reviewer="Léa")


ARGILLA = {
    "id": "o1",
    "fields": {"text": TEXT},
    "metadata": {"offer_id": "o1", "themes": "PAY TEAM"},
    "suggestions": {"themes": {"value": ["PAY"], "score": None, "agent": "teacher"}},
    "vectors": {},
}


def make_responses(form: str, value: list[str], status: str | None) -> dict[str, Any]:
    """Make a record with one response, in each of the forms that Argilla gives it."""
    if form == "nested":
        response = {"value": value, "user_id": "u-1", "status": status}
        return ARGILLA | {"responses": {"themes": [response]}}
    if form == "server":
        response = {"values": {"themes": {"value": value}}, "status": status, "user_id": "u-1"}
        return ARGILLA | {"responses": [response | {"updated_at": "2026-03-01T09:30:00.123"}]}
    return {
        "id": "o1",
        "text": TEXT,
        "offer_id": "o1",
        "themes": "PAY TEAM",
        "themes.responses": [value],
        "themes.responses.users": ["u-1"],
        "themes.responses.status": [status],
    }


class TestArgilla:
    def test_records(self, queue: ReviewQueue, tmp_path: Path) -> None:
        queue.export_to(tmp_path / "records.json", "argilla")
        records = json.loads((tmp_path / "records.json").read_text(encoding="utf-8"))
        assert records[0] == ARGILLA | {"responses": {}}

    def test_nothing_proposed_is_a_label_of_its_own(
        self, queue: ReviewQueue, tmp_path: Path
    ) -> None:
        merge_review(queue.path, [make_cell("o2", proposed=0)])
        queue.export_to(tmp_path / "records.jsonl", "argilla")
        lines = (tmp_path / "records.jsonl").read_text(encoding="utf-8").splitlines()
        assert json.loads(lines[1])["suggestions"]["themes"]["value"] == ["(no theme)"]

    def test_the_settings_are_python(self, queue: ReviewQueue) -> None:
        settings = queue.build_setup("argilla")
        compile(settings, "settings", "exec")
        assert "'PAY': 'Paie & avantages'" in settings

    @pytest.mark.parametrize("form", ["nested", "server", "flat"])
    def test_submitted(self, queue: ReviewQueue, write: Write, form: str) -> None:
        path = write("export.json", [make_responses(form, ["TEAM"], "submitted")])
        assert queue.import_from(path) == 2
        decided = read_decided(queue)
        assert {key: value[:2] for key, value in decided.items()} == {
            ("o1", "PAY"): (0, "u-1"),
            ("o1", "TEAM"): (1, "u-1"),
        }
        if form == "server":
            assert decided["o1", "PAY"][2] == "2026-03-01T09:30:00Z"

    @pytest.mark.parametrize("form", ["nested", "server", "flat"])
    @pytest.mark.parametrize("status", ["draft", "discarded"])
    def test_not_submitted(self, queue: ReviewQueue, write: Write, form: str, status: str) -> None:
        path = write("export.json", [make_responses(form, ["TEAM"], status)])
        assert queue.import_from(path) == 0

    @pytest.mark.parametrize("form", ["nested", "server", "flat"])
    def test_a_response_that_may_be_a_draft(
        self, queue: ReviewQueue, write: Write, form: str
    ) -> None:
        path = write("export.json", [make_responses(form, ["TEAM"], None)])
        with pytest.raises(ReviewFileError, match=r"status None.*to_list\(flatten=True\)"):
            queue.import_from(path)

    def test_no_response(self, queue: ReviewQueue, write: Write) -> None:
        none = {"themes.responses": None, "themes.responses.users": None}
        flat = make_responses("flat", [], "draft") | none | {"themes.responses.status": None}
        for record in (ARGILLA | {"responses": {}}, ARGILLA | {"responses": []}, flat):
            assert queue.import_from(write("export.json", [record])) == 0

    def test_two_users(self, queue: ReviewQueue, write: Write, store: AnnotationStore) -> None:
        record = make_responses("flat", ["TEAM"], "submitted") | {
            "themes.responses": [["TEAM"], ["PAY"], ["PAY"]],
            "themes.responses.users": ["u-1", "u-2", "u-3"],
            "themes.responses.status": ["submitted", "submitted", "draft"],
        }
        assert queue.import_from(write("export.jsonl", json.dumps(record))) == 4
        assert set(store.read_decisions()["reviewer"]) == {"u-1", "u-2"}


class TestGuessing:
    def test_an_ambiguous_file_is_refused(self, queue: ReviewQueue, write: Write) -> None:
        both = {"text": TEXT, "label": [], "data": {}}
        for name, content in (
            ("a.json", [both]),
            ("a.json", []),
            ("a.json", [{"text": "a"}]),
            ("a.txt", "text"),
        ):
            with pytest.raises(ReviewFileError, match=r"any of several .*Name it: format="):
                queue.import_from(write(name, content))

    def test_an_ending_does_not_matter_when_the_format_is_named(
        self, queue: ReviewQueue, write: Write
    ) -> None:
        assert queue.import_from(write("export.txt", [make_task()]), "label_studio") == 2

    def test_a_format_that_is_none(self, queue: ReviewQueue, write: Write) -> None:
        for call in (
            lambda: queue.import_from(write("a.json", []), "xlsx"),
            lambda: queue.export_to(queue.path, "xlsx"),
            lambda: queue.build_setup("xlsx"),
        ):
            message = re.escape("format must be one of ['jsonl', 'csv', 'label_studio', 'doccano'")
            with pytest.raises(ValueError, match=message):
                call()
        with pytest.raises(ValueError, match="'csv' needs no setup"):
            queue.build_setup("csv")


class TestWriting:
    def test_no_folder(self, queue: ReviewQueue, tmp_path: Path) -> None:
        with pytest.raises(ReviewFileError, match="cannot be written"):
            queue.export_to(tmp_path / "missing" / "out.csv", "csv")

    def test_an_empty_queue(self, tmp_path: Path, store: AnnotationStore) -> None:
        queue = ReviewQueue(tmp_path / "none.jsonl", store=store, taxonomy=TWO_THEMES)
        for name in ("jsonl", "csv", "label_studio", "doccano", "argilla"):
            assert queue.export_to(tmp_path / "out", name) == 0
            assert queue.import_from(tmp_path / "out", name) == 0
