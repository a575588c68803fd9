"""An explanation as plain text."""

from collections.abc import Iterator

import pandas as pd

# Further offers are counted; whoever wants them takes the tables.
N_SHOWN = 5
_MAX_QUOTED = 300


def render_text(table: pd.DataFrame, parts: pd.DataFrame, offers: pd.DataFrame) -> str:
    """Write what carried the themes of the first offers."""
    cells = parts[["offer_id", "theme"]].drop_duplicates()
    lines = [describe(offers, cells)]
    for offer in offers.head(N_SHOWN).to_dict("records"):
        lines += ["", str(offer["offer_id"])]
        themes = cells.loc[cells["offer_id"] == offer["offer_id"], "theme"]
        for theme in themes:
            here = (table["offer_id"] == offer["offer_id"]) & (table["theme"] == theme)
            lines.append(f"  {theme} {offer[f'{theme}_probability']:.2f}")
            lines += [f"    {line}" for line in _describe_theme(table[here])]
        if themes.empty:
            lines.append("  no theme")
    if len(offers) > N_SHOWN:
        lines += ["", f"... and {len(offers) - N_SHOWN} more offers"]
    return "\n".join(lines)


def describe(offers: pd.DataFrame, cells: pd.DataFrame) -> str:
    """Say how much is explained."""
    return f"Themes explained: {len(cells)}. Offers: {len(offers)}."


def _describe_theme(rows: pd.DataFrame) -> Iterator[str]:
    """Yield the sentence, the n-grams and the patterns of one theme, a line each."""
    for text in rows.loc[rows["kind"] == "sentence", "text"]:
        yield f"« {_shorten(text)} »"
    ngrams = rows[rows["kind"] == "ngram"].groupby("term", sort=False)
    if len(ngrams):
        totals = zip(ngrams["text"].first(), ngrams["contribution"].sum(), strict=True)
        yield "words: " + ", ".join(f"{_shorten(text)} {total:+.2f}" for text, total in totals)
    patterns = rows.loc[rows["kind"] == "pattern", "text"]
    if len(patterns):
        yield "lexicon: " + ", ".join(_shorten(text) for text in patterns)


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MAX_QUOTED else text[:_MAX_QUOTED].rstrip() + " …"
