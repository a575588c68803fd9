"""Results as a reader sees them: a title over a few short tables."""

import html
from collections.abc import Mapping

import pandas as pd


def render_text(title: str, tables: Mapping[str, pd.DataFrame]) -> str:
    """Render as text, for `print`."""
    parts = [title]
    for heading, table in tables.items():
        body = table.to_string(index=False, float_format=_format, na_rep="")
        parts.append(f"{heading}\n{body}")
    return "\n\n".join(parts)


def render_html(title: str, tables: Mapping[str, pd.DataFrame]) -> str:
    """Render as HTML, for a notebook."""
    parts = [f"<p>{html.escape(title)}</p>"]
    for heading, table in tables.items():
        body = table.to_html(index=False, float_format=_format, na_rep="", border=0)
        parts.append(f"<p><b>{html.escape(heading)}</b></p>{body}")
    return "\n".join(parts)


def _format(value: float) -> str:
    """Write three decimals at most, and small p-values as such."""
    if 0 < abs(value) < 0.001:
        return f"{value:.0e}"
    return f"{value:.3f}".rstrip("0").rstrip(".")
