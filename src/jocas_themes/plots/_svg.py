"""The few SVG elements that the pictures need, written as text, everything escaped."""

import re
from collections.abc import Iterable, Sequence
from html import escape

# Characters that no XML 1.0 document may hold, even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_element(name: str, content: str = "", /, **attributes: str | float) -> str:
    """Write one element; the content is SVG already, the attributes are escaped here."""
    # 'class_' and 'stroke_width' stand for names that Python cannot spell.
    pairs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_write_value(value)}"'
        for key, value in attributes.items()
    )
    return f"<{name}{pairs}>{content}</{name}>" if content else f"<{name}{pairs}/>"


def write_text(content: str, x: float, y: float, **attributes: str | float) -> str:
    """Write a line of text that starts, ends or is centred at x, its baseline at y."""
    return write_element("text", escape_text(content), x=x, y=y, **attributes)


def write_line(points: Sequence[tuple[float, float]], **attributes: str | float) -> str:
    """Write a straight line, or several in a row, from point to point."""
    steps = " ".join(f"{_write_value(x)},{_write_value(y)}" for x, y in points)
    return write_element("polyline", points=steps, **attributes)


def write_document(
    width: float, height: float, *, title: str, description: str, style: str, body: Iterable[str]
) -> str:
    """Write a whole picture, with a title and a description for those who cannot see it."""
    head = [
        write_element("title", escape_text(title), id="title"),
        write_element("desc", escape_text(description), id="description"),
        write_element("style", style),
        write_element("rect", width=width, height=height, fill="#fff"),
    ]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        + write_element(
            "svg",
            "\n" + "\n".join([*head, *body]) + "\n",
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {_write_value(width)} {_write_value(height)}",
            width=width,
            height=height,
            role="img",
            aria_labelledby="title description",
        )
        + "\n"
    )


def escape_text(content: str) -> str:
    """Escape the signs of mark-up, and replace what XML cannot hold."""
    return escape(_NOT_XML.sub("\ufffd", content))


def _write_value(value: str | float) -> str:
    """Write a value; a tenth of a pixel is enough, and keeps the same picture the same file."""
    if isinstance(value, str):
        return escape_text(value)
    return f"{value:.1f}".removesuffix(".0")
