"""Files are split at both limits; what comes back is read line by line, never guessed."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes.annotations import Question, ReplyKey
from jocas_themes.teacher.batch import _files
from jocas_themes.teacher.batch._files import (
    Row,
    build_line,
    iter_messages,
    keep_requests,
    read_rows,
    write_files,
)


def make_request(text, *, n_bytes=10):
    key = ReplyKey(
        text=text, model="m", prompt_version="1", taxonomy_fingerprint="f", parameters={}
    )
    return Question(key=key, offer_id=text, attempt=0, reserved_usd=0.0), b"x" * (
        n_bytes - 1
    ) + b"\n"


def split(requests, folder):
    """Return the texts of each file and its content."""
    return [
        ([question.key.text for question in file.questions], file.path.read_bytes())
        for file in write_files(requests, folder)
    ]


@pytest.mark.parametrize(
    ("max_requests", "max_bytes", "sizes"),
    [
        (2, 1_000, [2, 2, 1]),
        (5, 1_000, [5]),
        (4, 1_000, [4, 1]),
        (100, 50, [5]),  # 5 lines of 10 bytes fit to the byte
        (100, 49, [4, 1]),
        (100, 10, [1] * 5),
        (100, 9, [1] * 5),  # a line that is too long goes alone, and the server says so
    ],
)
def test_files_are_split(tmp_path, monkeypatch, max_requests, max_bytes, sizes):
    monkeypatch.setattr(_files, "MAX_REQUESTS", max_requests)
    monkeypatch.setattr(_files, "MAX_BYTES", max_bytes)
    files = split([make_request(text) for text in "abcde"], tmp_path)
    assert [len(texts) for texts, _ in files] == sizes
    assert [len(content) for _, content in files] == [10 * size for size in sizes]
    assert "".join(text for texts, _ in files for text in texts) == "abcde"
    assert not list(tmp_path.iterdir())


def test_no_requests_make_no_file(tmp_path):
    assert split([], tmp_path) == []


def test_lines_are_valid_json_whatever_the_text(tmp_path):
    messages = [{"role": "user", "content": 'é\n"\u2028\x85 \ud800'}]
    line = build_line("d", {"model": "m", "messages": messages})
    assert line.count(b"\n") == 1
    assert json.loads(line) == {
        "custom_id": "d",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": "m", "messages": messages},
    }
    path = tmp_path / "requests.jsonl"
    path.write_bytes(line * 2)
    assert list(iter_messages(path)) == [messages, messages]


def test_requests_of_others_are_taken_out(tmp_path):
    requests = [(make_request(text)[0], text.encode() + b"\n") for text in "abc"]
    for file in write_files(requests, tmp_path):
        keep_requests(file, {make_request(text)[0].key.digest for text in "ac"})
        assert file.path.read_bytes() == b"a\nc\n"


def read(tmp_path, content):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    return list(read_rows(path))


def make_fault(digest, fault, *, request_id=None, is_charged=False):
    return Row(digest=digest, body=None, request_id=request_id, fault=fault, is_charged=is_charged)


def test_answers_and_errors_are_told_apart(tmp_path):
    lines = [
        {
            "custom_id": "a",
            "response": {"status_code": 200, "request_id": "r", "body": {"choices": []}},
            "error": None,
        },
        {
            "custom_id": "b",
            "response": {
                "status_code": 400,
                "request_id": "s",
                "body": {"error": {"message": "no\nno"}},
            },
            "error": None,
        },
        {"custom_id": "c", "response": None, "error": {"code": "batch_expired", "message": "late"}},
        {"custom_id": "d", "response": {"status_code": 200, "body": "text"}},
        {"custom_id": "e"},
    ]
    content = "".join(f"{json.dumps(line)}\n" for line in lines)
    assert read(tmp_path, content.encode()) == [
        Row(digest="a", body={"choices": []}, request_id="r", fault="", is_charged=True),
        make_fault("b", "HTTP 400: no no", request_id="s"),
        make_fault("c", "batch_expired: late"),
        make_fault("d", "the body is not a chat completion", is_charged=True),
        make_fault("e", "the server gave no reason"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"<html>",
        b"null",
        b"[]",
        b"{}",
        b'{"custom_id": 3}',
        b'{"custom_id": "a"',
        b"\xff\xfe",
        b"[" * 99_999,
    ],
)
def test_what_cannot_be_read_is_none(tmp_path, line):
    assert read(tmp_path, b"\n" + line + b"\n\n") == [None]


_NAMES = ["custom_id", "response", "error", "status_code", "body", "code", "message"]
_JSON = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(_NAMES), inner),
)


@settings(max_examples=40)
@given(st.lists(_JSON, max_size=5))
def test_reading_returns_a_row_or_none(tmp_path_factory, contents):
    content = "".join(f"{json.dumps(content)}\n" for content in contents).encode()
    rows = read(tmp_path_factory.getbasetemp(), content)
    assert len(rows) == len(contents)
    assert all(row is None or bool(row.fault) == (row.body is None) for row in rows)
