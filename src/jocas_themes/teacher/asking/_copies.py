"""A reply that comes once more: from then on its connection is out of step.

What follows on that connection are the replies to the requests before. They are well formed, and
would be taken for what the model says of another offer.
"""

from typing import Any

from jocas_themes.teacher.reply import NotACompletionError

# The copy is the next thing that comes over its connection: no need to remember them all.
_N_REMEMBERED = 1_000


class Copies:
    """Know the reply that came before, and hang up on it; for servers that name their requests."""

    def __init__(self) -> None:
        self._recent: dict[tuple[str, int], None] = {}  # in order of arrival

    def refuse(self, http: Any) -> None:
        """Raise, and hang up, when a reply is a copy; for a synchronous client."""
        if self._has(http):
            for stream in _find_streams(http):
                stream.close()
            raise _make_error()

    async def refuse_async(self, http: Any) -> None:
        """Raise, and hang up, when a reply is a copy; for an asynchronous client."""
        if self._has(http):
            for stream in _find_streams(http):
                await stream.aclose()
            raise _make_error()

    def _has(self, http: Any) -> bool:
        """Tell whether this very reply came before; remember it."""
        request_id = http.headers.get("x-request-id")
        if not request_id:
            return False
        mark = request_id, hash(http.text)
        if mark in self._recent:
            return True
        self._recent[mark] = None
        if len(self._recent) > _N_REMEMBERED:
            del self._recent[next(iter(self._recent))]
        return False


def _find_streams(http: Any) -> list[Any]:
    """Find the connection of a reply; transports other than `httpx`'s own do not show it."""
    stream = http.extensions.get("network_stream")
    return [] if stream is None else [stream]


def _make_error() -> NotACompletionError:
    return NotACompletionError("the server sent the reply to another request once more")
