"""All of a file is imported, or nothing; and a file twice is a file once."""

import csv
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.review.cases import TWO_THEMES, make_cell
from jocas_themes.annotations import AnnotationStore, merge_review
from jocas_themes.annotations.review import ReviewQueue
from jocas_themes.errors import ReviewFileError
from jocas_themes.offers import as_offers
from jocas_themes.taxonomy import HR_THEMES

ANSWER = {"decision": 1, "reviewer": "Léa", "decided_at": "2026-03-01T09:30:00Z"}


def write_lines(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


class TestFaults:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"offer_id": "o9"}, "line 2: unknown offer 'o9'"),
            ({"offer_id": None}, "line 2: unknown offer None"),
            ({"theme": "OTHER"}, r"line 2: unknown theme 'OTHER', there are \['PAY', 'TEAM'\]"),
            ({"theme": ["PAY"]}, "line 2: unknown theme"),
            ({"text": "another"}, "line 2: the text of 'o1' differs from the queue's"),
            ({"text": None}, "line 2: the text of 'o1' differs from the queue's"),
            ({"decision": 2}, "line 2: a decision must be 0 or 1, or empty, got 2"),
            ({"decision": "oui"}, "line 2: a decision must be 0 or 1, or empty, got 'oui'"),
            ({"decision": True}, "got True"),
            ({"decision": 0.5}, "got 0.5"),
            ({"reviewer": None}, "line 2: no reviewer; say who decided: reviewer="),
            ({"reviewer": 5}, "line 2: reviewer must be a string, got 5"),
            ({"decided_at": "hier"}, "line 2: decided_at is not an ISO 8601 date: 'hier'"),
            ({"decided_at": "0001-01-01T00:00:00+05:00"}, "line 2: decided_at is not an ISO"),
            ({"reviewer_evidence": "30 K€"}, "line 2: the evidence is not in the offer"),
            ({"theme": "PAY", "decision": 0}, "line 2: 'Léa' says 0 of PAY in 'o1', but 1 at"),
        ],
    )
    def test_nothing_is_imported(
        self, queue: ReviewQueue, tmp_path: Path, change: dict[str, Any], message: str
    ) -> None:
        sound = make_cell() | ANSWER
        path = write_lines(tmp_path / "in.jsonl", sound, sound | {"theme": "TEAM"} | change)
        with pytest.raises(ReviewFileError, match=message):
            queue.import_from(path)
        assert len(queue.pending()) == 3
        assert queue.store is not None
        assert len(queue.store.read_decisions()) == 0

    def test_five_are_named_and_all_are_counted(self, queue: ReviewQueue, tmp_path: Path) -> None:
        lines = [make_cell(f"x{number}") | ANSWER for number in range(8)]
        with pytest.raises(ReviewFileError, match=r"\(8 in all\)") as caught:
            queue.import_from(write_lines(tmp_path / "in.jsonl", *lines))
        assert str(caught.value).count("unknown offer") == 5

    def test_the_same_fault_is_said_once_with_its_lines(
        self, queue: ReviewQueue, tmp_path: Path
    ) -> None:
        lines = [make_cell(), make_cell("o9") | ANSWER, *[make_cell() | {"decision": 1}] * 7]
        message = (
            r"\(8 in all\):\n  line 2: unknown offer 'o9'\n"
            r"  line 3, line 4, line 5, line 6, line 7 and 2 more: no reviewer; say who "
            r"decided: reviewer=\.\.\.$"
        )
        with pytest.raises(ReviewFileError, match=message):
            queue.import_from(write_lines(tmp_path / "in.jsonl", *lines))

    def test_offers_that_share_a_text_cannot_differ(
        self, queue: ReviewQueue, tmp_path: Path
    ) -> None:
        merge_review(queue.path, [make_cell("o3", text=make_cell()["text"])])
        lines = [make_cell() | ANSWER]
        lines.append(make_cell("o3", text=make_cell()["text"]) | ANSWER | {"decision": 0})
        with pytest.raises(ReviewFileError, match="but 1 at line 1 of the same text in 'o1'"):
            queue.import_from(write_lines(tmp_path / "in.jsonl", *lines))

    @pytest.mark.parametrize(
        "content", [b"{", b"[1]", b"5", b"\xff\xfe", b"[" * 100_000], ids=lambda b: repr(b[:8])
    )
    def test_garbage(self, queue: ReviewQueue, tmp_path: Path, content: bytes) -> None:
        for name in ("jsonl", "label_studio", "doccano", "argilla"):
            (tmp_path / "in.json").write_bytes(content)
            with pytest.raises(ReviewFileError, match=r"in\.json: (the file|line|record)"):
                queue.import_from(tmp_path / "in.json", name)

    def test_no_file(self, queue: ReviewQueue, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match=r"none\.json"):
            queue.import_from(tmp_path / "none.json")


class TestTwice:
    @pytest.mark.parametrize("dated", [True, False])
    def test_a_file_twice_is_a_file_once(
        self, queue: ReviewQueue, tmp_path: Path, store: AnnotationStore, dated: bool
    ) -> None:
        answer = ANSWER if dated else ANSWER | {"decided_at": None}
        path = write_lines(
            tmp_path / "in.jsonl", make_cell() | answer, make_cell(theme="TEAM") | answer
        )
        assert queue.import_from(path) == 2
        before = store.read_decisions()
        assert queue.import_from(path) == 0
        assert store.read_decisions().equals(before)

    def test_not_over_what_another_decided_since(self, queue: ReviewQueue, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "in.jsonl", make_cell() | {"decision": 1})
        assert queue.import_from(path, reviewer="Léa") == 1
        queue.decide("o1", "PAY", 0, reviewer="Noé")
        assert queue.import_from(path, reviewer="Léa") == 0
        assert queue.to_frame()["decision"][0] == 0

    def test_not_what_was_withdrawn_since(self, queue: ReviewQueue, tmp_path: Path) -> None:
        path = write_lines(tmp_path / "in.jsonl", make_cell() | {"decision": 1})
        queue.import_from(path, reviewer="Léa")
        queue.withdraw("o1", "PAY")
        assert queue.import_from(path, reviewer="Léa") == 0
        assert len(queue.pending()) == 3

    def test_a_change_of_mind_is_new_each_time(self, queue: ReviewQueue, tmp_path: Path) -> None:
        for label in (1, 0, 1):
            path = write_lines(tmp_path / "in.jsonl", make_cell() | {"decision": label})
            assert queue.import_from(path, reviewer="Léa") == 1
            assert queue.to_frame()["decision"][0] == label

    def test_another_answer_under_the_same_date(self, queue: ReviewQueue, tmp_path: Path) -> None:
        queue.import_from(write_lines(tmp_path / "in.jsonl", make_cell() | ANSWER))
        path = write_lines(tmp_path / "in.jsonl", make_cell() | ANSWER | {"decision": 0})
        with pytest.raises(ReviewFileError, match="empty decided_at to decide anew"):
            queue.import_from(path)


def fill_in_cells(lines: list[dict[str, Any]], answers: dict[tuple[str, str], int]) -> None:
    for line in lines:
        line |= {"decision": answers[line["text"], line["theme"]], "reviewer": "Léa"}


def fill_in_jsonl(content: str, answers: dict[tuple[str, str], int]) -> str:
    # str.splitlines would split at what JSON leaves as it is
    lines = [json.loads(line) for line in content.split("\n") if line]
    fill_in_cells(lines, answers)
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)


def fill_in_csv(content: str, answers: dict[tuple[str, str], int]) -> str:
    rows = list(csv.DictReader(io.StringIO(content, newline=""), delimiter=";"))
    for row in rows:
        row["decision"] = str(answers[row["text"].removeprefix("'"), row["theme"]])
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, rows[0] if rows else ["offer_id", "theme", "text", "decision"])
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def choose(text: str, themes: list[str], answers: dict[tuple[str, str], int]) -> list[str]:
    return [theme for theme in themes if answers[text, theme]]


def fill_in_label_studio(content: str, answers: dict[tuple[str, str], int]) -> str:
    tasks = json.loads(content)
    for task in tasks:
        chosen = choose(task["data"]["text"], task["data"]["themes"], answers)
        result = {"from_name": "themes", "type": "choices", "value": {"choices": chosen}}
        annotation = {"result": [result] if chosen else [], "completed_by": 1}
        task["annotations"] = [annotation | {"was_cancelled": False}]
    return json.dumps(tasks)


def fill_in_doccano(content: str, answers: dict[tuple[str, str], int]) -> str:
    examples = json.loads(content)
    for number, example in enumerate(examples):
        chosen = choose(example["text"], example["themes"].split(), answers)
        example |= {"id": number, "label": chosen or ["(no theme)"]}
    return json.dumps(examples)


def fill_in_argilla(content: str, answers: dict[tuple[str, str], int]) -> str:
    records = json.loads(content)
    for record in records:
        themes = record["metadata"]["themes"].split()
        chosen = choose(record["fields"]["text"], themes, answers) or ["(no theme)"]
        response = {"value": chosen, "user_id": "u-1", "status": "submitted"}
        record["responses"] = {"themes": [response]}
    return json.dumps(records)


FILL_IN: dict[str, Callable[[str, dict[tuple[str, str], int]], str]] = {
    "jsonl": fill_in_jsonl,
    "csv": fill_in_csv,
    "label_studio": fill_in_label_studio,
    "doccano": fill_in_doccano,
    "argilla": fill_in_argilla,
}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@pytest.mark.parametrize("name", list(FILL_IN))
@settings(max_examples=25, deadline=None)
@given(texts=st.lists(TEXTS | st.sampled_from(["=1", "'", '";"', "\r\n", "a\rb\x00"]), unique=True))
def test_what_people_answer_comes_back(name: str, texts: list[str]) -> None:
    """For any texts: export, answer as the tool would, import."""
    cells = [
        make_cell(f"o{number}", theme, text=text, evidence=None)
        for number, text in enumerate(texts)
        for theme in ("PAY", "TEAM")
    ]
    answers = {
        (cell["text"], cell["theme"]): int(number % 3 == 0) for number, cell in enumerate(cells)
    }
    with tempfile.TemporaryDirectory() as folder, AnnotationStore(f"{folder}/store") as store:
        queue = ReviewQueue(f"{folder}/queue.jsonl", store=store, taxonomy=TWO_THEMES)
        merge_review(queue.path, cells)
        path = Path(folder, "tool.json")
        queue.export_to(path, name)
        content = path.read_bytes().decode("utf-8-sig" if name == "csv" else "utf-8")
        path.write_bytes(FILL_IN[name](content, answers).encode())
        assert queue.import_from(path, name, reviewer="Léa") == len(cells)
        table = queue.to_frame()
        keys = zip(table["text"], table["theme"], strict=True)
        assert dict(zip(keys, table["decision"], strict=True)) == answers
        assert queue.import_from(path, name, reviewer="Léa") == 0


@pytest.mark.real_data
@pytest.mark.parametrize("name", list(FILL_IN))
def test_real_offers_come_back(name: str, shared_data: Path, tmp_path: Path) -> None:
    """Drawn, exported, answered as the teacher did, imported: the gold is the teacher's."""
    annotated = as_offers(pd.read_parquet(shared_data / "offers_labelled.parquet"))
    with AnnotationStore(tmp_path / "store.sqlite") as store:
        queue = ReviewQueue(tmp_path / "queue.jsonl", store=store)
        drawn = queue.draw(annotated, 60, random_state=0)
        table = queue.to_frame()
        keys = zip(table["text"], table["theme"], strict=True)
        answers = dict(zip(keys, table["proposed"].astype(int), strict=True))
        path = tmp_path / "tool.json"
        queue.export_to(path, name)
        content = path.read_bytes().decode("utf-8-sig" if name == "csv" else "utf-8")
        path.write_bytes(FILL_IN[name](content, answers).encode())
        assert queue.import_from(path, name, reviewer="Léa") == len(answers)
        gold = queue.gold().set_index("offer_id")
    assert len(gold) == len(drawn)
    teachers = annotated.set_index("offer_id").loc[gold.index]
    for code in HR_THEMES.codes:
        assert gold[code].tolist() == teachers[code].tolist()
