"""JSON objects in a file, as a list or one a line: the form that most tools share."""

import json
from collections.abc import Iterable
from typing import Any

from jocas_themes.errors import ReviewFileError

Record = dict[str, Any]


def write_records(records: Iterable[Record], *, lines: bool) -> str:
    """Write JSON objects one a line, or as a list."""
    texts = [json.dumps(record, ensure_ascii=False) for record in records]
    if lines:
        return "".join(f"{text}\n" for text in texts)
    return "[" + ",\n".join(texts) + "]\n"


def parse_records(content: bytes) -> list[tuple[str, Record]]:
    """Read JSON objects, each with the place where it stands.

    A list is known by its first character; anything else is read line by line.
    """
    content = content.removeprefix(b"\xef\xbb\xbf")
    if content.lstrip().startswith(b"["):
        items = enumerate(_parse("the file", content), start=1)
        found = [(f"record {number}", item) for number, item in items]
    else:
        lines = enumerate(content.splitlines(), start=1)
        places = [(f"line {number}", line) for number, line in lines if line.strip()]
        found = [(where, _parse(where, line)) for where, line in places]
    for where, item in found:
        if not isinstance(item, dict):
            raise ReviewFileError(f"{where} is not a JSON object, got {item!r:.60}.")
    return found


def _parse(where: str, content: bytes) -> Any:
    try:
        return json.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise ReviewFileError(f"{where} is not JSON in UTF-8: {error}.") from error
