import json

import openai
import pytest

from batch_server import ENDPOINT, BatchServer


@pytest.fixture
def server():
    with BatchServer() as server:
        yield server


@pytest.fixture
def client(server):
    with open_client(server) as client:
        yield client


def open_client(server):
    return openai.OpenAI(base_url=server.url, api_key="k", max_retries=0, timeout=5)


def write_requests(texts, **more):
    """Write the file of a batch; the custom ids are a, b, c..."""
    lines = [
        {
            "custom_id": custom_id,
            "method": "POST",
            "url": ENDPOINT,
            "body": {
                "model": "m",
                "messages": [{"role": "user", "content": f"<offer>\n{text}\n</offer>"}],
            },
            **more,
        }
        for custom_id, text in zip("abcdefgh", texts, strict=False)
    ]
    return "".join(f"{json.dumps(line)}\n" for line in lines).encode()


def submit(client, content, **params):
    file = client.files.create(file=("requests.jsonl", content), purpose="batch")
    return client.batches.create(
        input_file_id=file.id, endpoint=ENDPOINT, completion_window="24h", **params
    )


def read_lines(client, file_id):
    return [json.loads(line) for line in client.files.content(file_id).text.splitlines()]


def test_files(server, client):
    content = write_requests(["é\r\n--", "b"])
    file = client.files.create(file=("requests.jsonl", content), purpose="batch")
    assert (file.filename, file.bytes, file.purpose) == ("requests.jsonl", len(content), "batch")
    assert client.files.content(file.id).content == content
    assert client.files.retrieve(file.id).id == file.id
    assert client.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError, match="No such File"):
        client.files.content(file.id)


def test_files_refused(client):
    with pytest.raises(openai.BadRequestError, match=r"Must be \.jsonl"):
        client.files.create(file=("requests.txt", b"{}"), purpose="batch")
    with pytest.raises(openai.BadRequestError, match="is not one of"):
        client.files.create(file=("requests.jsonl", b"{}"), purpose="assistants")


def test_limits():
    with BatchServer(max_requests=2, max_bytes=600) as server, open_client(server) as client:
        with pytest.raises(openai.BadRequestError, match="too large"):
            submit(client, write_requests("abcdef"))
        small = b"".join(line[:20] + b"\n" for line in write_requests("abc").splitlines())
        batch = submit(client, small)
        assert server.advance(batch.id) == "failed"
        (error,) = client.batches.retrieve(batch.id).errors.data
    assert error.code == "too_many_tasks"


def test_life_of_a_batch(server, client):
    batch = submit(client, write_requests(["tous", "prime"]), metadata={"run": "1"})
    assert (batch.status, batch.metadata) == ("validating", {"run": "1"})
    assert [server.advance(batch.id) for _ in range(2)] == ["in_progress", "finalizing"]
    assert client.batches.retrieve(batch.id).request_counts.total == 2
    assert server.finish(batch.id) == "completed"
    batch = client.batches.retrieve(batch.id)
    assert batch.request_counts.model_dump() == {"completed": 2, "failed": 0, "total": 2}
    assert batch.error_file_id is None
    lines = read_lines(client, batch.output_file_id)
    assert [(line["custom_id"], line["error"]) for line in lines] == [("a", None), ("b", None)]
    assert [line["response"]["status_code"] for line in lines] == [200, 200]
    content = lines[0]["response"]["body"]["choices"][0]["message"]["content"]
    assert json.loads(content)["DIVERSITY"]["present"]
    assert server.count_delivered() == {"tous": 1, "prime": 1}
    assert server.calls == {
        "POST /files": 1,
        "POST /batches": 1,
        "GET /batches/{id}": 2,
        "GET /files/{id}/content": 1,
    }


def test_failed_and_expired_requests(server, client):
    batch = submit(client, write_requests("abcd"))
    status = server.finish(batch.id, fail={"a": 400, "b": "request_timeout"}, expire="c")
    assert status == "expired"
    batch = client.batches.retrieve(batch.id)
    assert batch.request_counts.model_dump() == {"completed": 1, "failed": 3, "total": 4}
    refused, late, expired = read_lines(client, batch.error_file_id)
    assert (refused["response"]["status_code"], refused["error"]) == (400, None)
    assert refused["response"]["body"]["error"]["code"] == "invalid_value"
    assert (late["response"], late["error"]["code"]) == (None, "request_timeout")
    assert expired["error"]["code"] == "batch_expired"
    assert [line["custom_id"] for line in read_lines(client, batch.output_file_id)] == ["d"]
    assert server.count_delivered() == {"d": 1}


def test_no_output_at_all(server, client):
    batch = submit(client, write_requests("ab"))
    server.finish(batch.id, fail={"a": 500, "b": 429})
    batch = client.batches.retrieve(batch.id)
    assert (batch.status, batch.output_file_id) == ("completed", None)


def test_faulty_replies(server, client):
    batch = submit(client, write_requests("ab"))
    server.finish(batch.id, faults={"a": "refusal"})
    first, _ = read_lines(client, client.batches.retrieve(batch.id).output_file_id)
    assert first["response"]["body"]["choices"][0]["message"]["refusal"]
    assert server.count_delivered() == {"b": 1}


def test_spoilt_output(server, client):
    batch = submit(client, write_requests("abcd"))
    server.finish(batch.id, twice="a", leave_out="b", shuffle=1, garbage=True, truncate=True)
    text = client.files.content(client.batches.retrieve(batch.id).output_file_id).text
    lines = text.splitlines()
    assert lines[1].startswith("<html>")
    assert not text.endswith("\n")
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        json.loads(lines[-1])
    ids = [json.loads(line)["custom_id"] for line in (lines[0], *lines[2:-1])]
    assert len(lines) == 5  # a, a, c, d and the garbage
    assert "b" not in ids


def test_lost_output(server, client):
    batch = submit(client, write_requests("ab"))
    server.finish(batch.id, lose_output=True)
    batch = client.batches.retrieve(batch.id)
    with pytest.raises(openai.NotFoundError, match="No such File"):
        client.files.content(batch.output_file_id)


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"", "empty_file", None),
        (write_requests("a") + b"{", "invalid_json_line", 2),
        (write_requests("a") + write_requests("a"), "duplicate_custom_id", 2),
        (write_requests("a", url="/v1/embeddings"), "invalid_url", 1),
        (write_requests("a", custom_id=""), "missing_required_parameter", 1),
        (
            write_requests("a") + write_requests("a", custom_id="z", body={"model": "n"}),
            "mismatched_model",
            2,
        ),
    ],
)
def test_file_that_is_not_valid(server, client, content, code, line):
    batch = submit(client, content)
    assert batch.status == "validating"
    assert server.finish(batch.id) == "failed"
    (error,) = client.batches.retrieve(batch.id).errors.data
    assert (error.code, error.line) == (code, line)


def test_batch_that_fails_as_a_whole(server, client):
    batch = submit(client, write_requests("a"))
    server.fail(batch.id, {"code": "token_limit_exceeded", "message": "Enqueued token limit"})
    batch = client.batches.retrieve(batch.id)
    assert (batch.status, batch.errors.data[0].code) == ("failed", "token_limit_exceeded")


def test_cancel(server, client):
    batch = submit(client, write_requests("ab"))
    assert client.batches.cancel(batch.id).status == "cancelling"
    assert server.finish(batch.id, fail={"b": "batch_cancelled"}) == "cancelled"
    batch = client.batches.retrieve(batch.id)
    assert [line["custom_id"] for line in read_lines(client, batch.output_file_id)] == ["a"]
    with pytest.raises(openai.ConflictError, match="Cannot cancel"):
        client.batches.cancel(batch.id)


def test_list_in_pages(server, client):
    made = [submit(client, write_requests("a")).id for _ in range(5)]
    assert [batch.id for batch in client.batches.list(limit=2)] == made[::-1]  # all the pages
    page = client.batches.list(limit=2, after=made[2])
    assert ([batch.id for batch in page.data], page.has_more) == ([made[1], made[0]], False)


def test_bad_calls(client):
    with pytest.raises(openai.NotFoundError, match="No batch found"):
        client.batches.retrieve("batch_x")
    with pytest.raises(openai.NotFoundError, match="No such File"):
        client.batches.create(input_file_id="x", endpoint=ENDPOINT, completion_window="24h")
    with pytest.raises(openai.BadRequestError, match="Supported values"):
        client.batches.create(input_file_id="x", endpoint="/v1/embeddings", completion_window="24h")


def test_disturbed_calls(server, client):
    server.disturb("POST /files", 503)
    with pytest.raises(openai.InternalServerError, match="disturbed"):
        submit(client, write_requests("a"))
    server.disturb("POST /batches")
    with pytest.raises(openai.APIConnectionError, match="Connection error"):
        submit(client, write_requests("a"), metadata={"run": "1"})
    (batch,) = client.batches.list()  # it is there, although nobody was told
    assert batch.metadata == {"run": "1"}
    assert len(server.files) == 1


def test_finish_by_itself():
    with BatchServer(finish_after=2, no_file="") as server, open_client(server) as client:
        batch = submit(client, write_requests("a"))
        polls = [client.batches.retrieve(batch.id) for _ in range(2)]
    assert [poll.status for poll in polls] == ["validating", "completed"]
    assert polls[1].error_file_id == ""


def test_chat_is_served_beside(server, client):
    messages = [{"role": "user", "content": "<offer>\ntous\n</offer>"}]
    client.chat.completions.create(model="m", messages=messages)
    assert server.delivered("tous") == 1
