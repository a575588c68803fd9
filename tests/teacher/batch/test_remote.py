"""The calls of the Batch API, by either client: repeated after faults, and never twice created."""

import openai
import pytest

from batch_server import BatchServer
from jocas_themes.errors import BatchError, TeacherAuthError, TeacherUnavailableError
from jocas_themes.teacher.batch import _remote, name_server
from jocas_themes.teacher.batch._remote import METADATA, GoneError, Remote

KEY = "sk-test-0123456789abcdef"
_LINE = (
    b'{"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": '
    b'{"model": "m", "messages": [{"role": "user", "content": "<offer>\\nx\\n</offer>"}]}}\n'
)


@pytest.fixture(params=[openai.OpenAI, openai.AsyncOpenAI])
def remote(request, server):
    remote = Remote(request.param(base_url=server.url, api_key=KEY), api_key_env="TEST_KEY")
    yield remote
    remote.close()


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "requests.jsonl"
    path.write_bytes(_LINE)
    return path


def create(remote, path, batch_id="ours"):
    file_id = remote.upload(path, name="requests.jsonl")
    return remote.create(file_id, batch_id, look_up=lambda: remote.find(batch_id, since=0))


def test_a_batch_from_file_to_file(server, remote, path):
    batch = create(remote, path)
    assert (batch.status, batch.n_done, batch.has_ended) == ("validating", 0, False)
    assert server.batches[batch.remote_id].info["metadata"] == {METADATA: "ours"}
    server.finish(batch.remote_id)
    batch = remote.retrieve(batch.remote_id)
    assert (batch.status, batch.n_done, batch.has_ended) == ("completed", 1, True)
    file_id = batch.output_file_id
    assert (batch.n_completed, batch.error_file_id) == (1, None)
    remote.download(file_id, path)
    assert path.read_bytes() == server.files[file_id].content
    remote.delete_file(file_id)
    assert file_id not in server.files


@pytest.mark.parametrize("status", [429, 503, None])
def test_faults_that_pass_are_repeated(server, remote, path, status):
    for call in ("POST /files", "POST /batches", "GET /batches/{id}", "GET /files/{id}/content"):
        for _ in range(2):
            server.disturb(call, status)
    batch = create(remote, path)
    server.finish(batch.remote_id)
    file_id = remote.retrieve(batch.remote_id).output_file_id
    remote.download(file_id, path)
    assert path.read_bytes() == server.files[file_id].content
    (only,) = server.batches  # also where it was made, and nobody heard of it
    # The file was read from its start again.
    assert server.files[server.batches[only].info["input_file_id"]].content == _LINE


def test_a_batch_that_was_made_unheard_is_looked_up(server, remote, path):
    server.disturb("POST /batches")
    batch = create(remote, path)
    assert list(server.batches) == [batch.remote_id]
    assert server.calls["POST /batches"] == 1


def test_find_reads_all_pages(server, remote, path, monkeypatch):
    monkeypatch.setattr(_remote, "_PAGE", 2)
    batches = [create(remote, path, f"batch {number}") for number in range(5)]
    for number, batch in enumerate(batches):
        assert remote.find(f"batch {number}", since=0) == batch
    assert remote.find("batch 5", since=0) is None
    server.batches[batches[0].remote_id].info["metadata"] = None
    assert remote.find("batch 0", since=0) is None
    n_calls = server.calls["GET /batches"]
    assert remote.find("batch 1", since=1e12) is None  # all are older: the first page will do
    assert server.calls["GET /batches"] == n_calls + 1


def test_what_the_server_does_not_know_is_gone(remote, path):
    for call in (remote.retrieve, remote.cancel, remote.delete_file):
        with pytest.raises(GoneError, match="does not know what was asked for"):
            call("no-such-id")
    with pytest.raises(GoneError, match="does not know what was asked for"):
        remote.download("no-such-id", path)


def test_a_batch_that_has_ended_is_not_cancelled(server, remote, path):
    batch = create(remote, path)
    server.finish(batch.remote_id)
    assert remote.cancel(batch.remote_id).status == "completed"
    other = create(remote, path, "other")
    assert remote.cancel(other.remote_id).status == "cancelling"


@pytest.mark.parametrize(
    ("status", "error", "match"),
    [
        (401, TeacherAuthError, "the server refused the key \\(of TEST_KEY\\)"),
        (403, TeacherAuthError, "the server refused the key \\(of TEST_KEY\\)"),
        (400, BatchError, "the server refused a call of its Batch API: BadRequestError 400"),
        (404, GoneError, "NotFoundError 404"),
    ],
)
def test_other_faults_are_told_at_once(server, remote, path, status, error, match):
    server.disturb("POST /files", status)
    with pytest.raises(error, match=match) as raised:
        remote.upload(path, name="requests.jsonl")
    assert server.calls["POST /files"] == 1
    assert KEY not in str(raised.getrepr())


def test_a_server_that_stays_away_is_told(server, remote, path):
    for _ in range(10):
        server.disturb("POST /files", 503)
    with pytest.raises(TeacherUnavailableError, match=r"127\.0\.0\.1.* does not answer"):
        remote.upload(path, name="requests.jsonl")
    assert server.calls["POST /files"] == _remote._TRIES


class OddServer(BatchServer):
    """Answer with other than files and batches for a while."""

    n_odd = 0
    body = b'{"object": "batch"'

    async def handle(self, request, connection):
        if self.n_odd:
            self.n_odd -= 1
            await connection.send(self.body)
        else:
            await super().handle(request, connection)


@pytest.mark.parametrize("body", [b'{"object": "batch"', b"<html>", b"{}"])
@pytest.mark.parametrize("kind", [openai.OpenAI, openai.AsyncOpenAI])
def test_a_body_that_is_none_passes(path, body, kind):
    with OddServer() as server:
        remote = Remote(kind(base_url=server.url, api_key=KEY), api_key_env="TEST_KEY")
        server.body, server.n_odd = body, 2
        batch = create(remote, path)
        for find in (
            lambda: remote.retrieve(batch.remote_id),
            lambda: remote.find("ours", since=0),
        ):
            server.n_odd = 2
            assert find() == batch
        remote.close()


class CuttingServer(BatchServer):
    """Break off in the middle of the next download."""

    n_cuts = 0

    async def handle(self, request, connection):
        if self.n_cuts and request.path.endswith("/content"):
            self.n_cuts -= 1
            await connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
            connection.close()
        else:
            await super().handle(request, connection)


@pytest.mark.parametrize("kind", [openai.OpenAI, openai.AsyncOpenAI])
def test_a_download_that_breaks_off_begins_again(path, kind):
    with CuttingServer() as server:
        remote = Remote(kind(base_url=server.url, api_key=KEY), api_key_env="TEST_KEY")
        file_id = remote.upload(path, name="requests.jsonl")
        server.n_cuts = 2
        remote.download(file_id, path.with_name("answers"))
        remote.close()
    assert path.with_name("answers").read_bytes() == _LINE


def test_servers_are_named_without_a_password():
    assert name_server(None, None) == "https://api.openai.com/v1"
    assert name_server(None, "http://localhost:11434/v1/") == "http://localhost:11434/v1"
    client = openai.OpenAI(base_url="https://me:secret@host/v1?key=secret", api_key=KEY)
    assert name_server(client, None) == "https://host/v1"
