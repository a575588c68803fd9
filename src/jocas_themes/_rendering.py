"""Results as a reader sees them: a title over a few short tables."""

import html
from collections.abc import Mapping

import pandas as pd

_SHORT = {"cohen_kappa": "kappa", "krippendorff_alpha": "alpha", "mcnemar_p": "p"}


def render_text(title: str, tables: Mapping[str, pd.DataFrame]) -> str:
    """Render as text, for `print`."""
    parts = [title]
    for heading, table in tables.items():
        body = _shorten(table).to_string(index=False, float_format=_format, na_rep="")
        parts.append(f"{heading}\n{body}")
    return "\n\n".join(parts)


def render_html(title: str, tables: Mapping[str, pd.DataFrame]) -> str:
    """Render as HTML, for a notebook."""
    parts = [f"<p>{html.escape(title)}</p>"]
    for heading, table in tables.items():
        body = _shorten(table).to_html(index=False, float_format=_format, na_rep="", border=0)
        parts.append(f"<p><b>{html.escape(heading)}</b></p>{body}")
    return "\n".join(parts)


def _shorten(table: pd.DataFrame) -> pd.DataFrame:
    """Shorten the names of columns, so that a table fits the width of a screen."""
    return table.rename(columns=_SHORT)


def _format(value: float) -> str:
    """Write shares with three decimals, confidences with none that say nothing."""
    if 0 < abs(value) < 0.001:
        return f"{value:.0e}"
    return f"{value:.3f}" if abs(value) <= 1 else f"{value:.3f}".rstrip("0").rstrip(".")
