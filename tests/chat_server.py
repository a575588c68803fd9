"""A real HTTP server on loopback that speaks enough of Chat Completions to be asked."""

import json
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from jocas_themes.taxonomy import HR_THEMES, Taxonomy
from jocas_themes.teacher import LLMTeacher

TWO_THEMES = Taxonomy(HR_THEMES[:2])  # DIVERSITY, COMPENSATION_BENEFITS
Request = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What the server sends back; `body` is JSON unless it is a string."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False  # hang up in the middle of the body


def completion(content: str | None, *, finish_reason: str = "stop", refusal: str | None = None):
    """Build the body of a chat completion."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "test-model",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish_reason,
                "message": {"role": "assistant", "content": content, "refusal": refusal},
            }
        ],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    }


def failure(status: int, message: str, *, code: str | None = None, **headers: str) -> Reply:
    """Build an error as OpenAI words it; the client is told to repeat at once, if it repeats."""
    error = {"message": message, "type": "test_error", "param": None, "code": code}
    return Reply({"error": error}, status, {"retry-after-ms": "1", **headers})


def answer(
    codes: Sequence[str], evidence: Mapping[str, str] | None = None, *, confidence: int = 90
) -> dict[str, Any]:
    """Build an answer: the themes with evidence are present, the others absent."""
    evidence = evidence or {}
    return {
        code: {
            "evidence": evidence.get(code),
            "present": code in evidence,
            "confidence": confidence,
        }
        for code in codes
    }


def answer_by_word(request: Request) -> Reply:
    """Find DIVERSITY where the offer says "tous", COMPENSATION_BENEFITS where it says "prime"."""
    offer = read_offer(request)
    words = {"DIVERSITY": "tous", "COMPENSATION_BENEFITS": "prime"}
    evidence = {code: word for code, word in words.items() if word in offer}
    return Reply(completion(json.dumps(answer(TWO_THEMES.codes, evidence))))


def read_offer(request: Request) -> str:
    """Return the offer's text out of a request."""
    content = request["messages"][-1]["content"]
    return content.removeprefix("<offer>\n").removesuffix("\n</offer>")


def build_teacher(url: str, store: Any, **params: Any) -> LLMTeacher:
    """Build a teacher of two themes that asks this server and does not repeat itself."""
    defaults = {
        "model": "m",
        "base_url": url,
        "api_key_env": "TEST_KEY",
        "taxonomy": TWO_THEMES,
        "store": store,
        "max_retries": 0,
        "max_corrections": 0,
        "progress": False,
    }
    return LLMTeacher(**(defaults | params))


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # clients are killed here, too
            super().handle_error(request, client_address)


class ChatServer:
    """Answer each request with `respond(request)`; count and keep what was asked."""

    def __init__(self, respond: Callable[[Request], Reply]) -> None:
        self.respond = respond
        self.requests: list[Request] = []
        self.keys: list[str] = []
        self.n_under_way = 0
        self.max_under_way = 0
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                server._connections.add(self.connection)

            def finish(self) -> None:
                server._connections.discard(self.connection)
                super().finish()

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                reply = server._answer(request, self.headers.get("Authorization", ""))
                is_text = isinstance(reply.body, str)
                body = (reply.body if is_text else json.dumps(reply.body)).encode()
                self.send_response(reply.status)
                headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
                for name, value in (headers | dict(reply.headers)).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if reply.cut else body)
                self.close_connection = self.close_connection or reply.cut

            def log_message(self, *args: object) -> None:
                pass

        self._http = _QuietServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    def _answer(self, request: Request, key: str) -> Reply:
        with self._lock:
            self.requests.append(request)
            self.keys.append(key)
            self.n_under_way += 1
            self.max_under_way = max(self.max_under_way, self.n_under_way)
        try:
            return self.respond(request)
        finally:
            with self._lock:
                self.n_under_way -= 1

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        for connection in list(self._connections):  # kept alive by a client that is still open
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # it went by itself
                continue

    @property
    def n_requests(self) -> int:
        return len(self.requests)

    @property
    def offers(self) -> list[str]:
        """Return the texts that were asked, in the order of the requests."""
        return [read_offer(request) for request in self.requests]
