"""HTTP/1.1 on loopback, fast and with its hands on the wire: what the test servers stand on.

Standard library only, and nothing of the package: a server that is its own process starts at once.
"""

import asyncio
import json
import socket
import struct
import threading
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

_POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class Request:
    """One request, read whole."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """One client's connection: good replies, and everything that can go wrong with them."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @property
    def is_open(self) -> bool:
        return not (self.writer.is_closing() or self.reader.at_eof())

    async def is_closed_within(self, seconds: float) -> bool:
        """Wait for the client to hang up; tell whether it did."""
        for _ in range(round(seconds / _POLL_S)):
            if not self.is_open:
                return True
            await asyncio.sleep(_POLL_S)
        return False

    async def read_request(self) -> Request | None:
        """Read the next request; None where the client has gone."""
        try:
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.split("\r\n")[:-2]
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines)
            }
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        method, target, _ = first.split(" ")
        url = urlsplit(target)
        return Request(method, url.path, dict(parse_qsl(url.query)), headers, body)

    async def write(self, content: bytes) -> bool:
        """Write; tell whether the client was there to take it."""
        if not self.is_open:
            return False
        self.writer.write(content)
        try:
            await self.writer.drain()
        except ConnectionError:
            return False
        return True

    async def trickle(self, content: bytes, seconds: float) -> bool:
        """Write a little at a time."""
        step = len(content) // 10 + 1
        for start in range(0, len(content), step):
            await asyncio.sleep(seconds / 10)
            if not await self.write(content[start : start + step]):
                return False
        return True

    async def stall(self) -> None:
        """Write nothing more, until the client has had enough."""
        try:
            while await self.reader.read(2**16):
                pass
        except ConnectionError:
            return

    async def send(
        self, body: bytes, *, status: int = 200, headers: dict[str, str] | None = None
    ) -> bool:
        """Send a whole reply; tell whether the client was there to take it."""
        return await self.write(build_head(body, status=status, headers=headers) + body)

    def close(self) -> None:
        """Hang up."""
        self.writer.close()

    def reset(self) -> None:
        """Hang up as a machine does that knows nothing of the connection any more."""
        at_once = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, at_once
        )
        self.writer.transport.abort()


def build_head(body: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    """Build a status line and headers for a body."""
    headers = {"Content-Type": "application/json", **(headers or {})}
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode()


class LoopbackServer:
    """Serve `handle` on a free port of this machine, in a thread of its own.

    Use as a context manager. `url` is what clients take as ``base_url``.
    """

    def __init__(self, *, port: int = 0) -> None:
        self._socket = socket.create_server(("127.0.0.1", port), backlog=1_024)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    async def handle(self, request: Request, connection: Connection) -> None:
        """Answer one request, in whatever way."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            server = runner.run(asyncio.start_server(self._serve, sock=self._socket))
            self._loop.run_forever()
            server.close()  # leaving the runner ends the connections that are still open

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, one after the other."""
        connection = Connection(reader, writer)
        try:
            while connection.is_open and (request := await connection.read_request()):
                await self.handle(request, connection)
        except asyncio.CancelledError:  # the test is over
            return
        finally:
            writer.close()
