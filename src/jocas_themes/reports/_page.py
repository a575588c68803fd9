"""A report as HTML: nothing in it comes from elsewhere, and nothing in it runs."""

import base64
import html
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from jocas_themes._files import replace_when_whole
from jocas_themes.errors import MissingDependencyError
from jocas_themes.reports._pictures import Picture, render_svg
from jocas_themes.reports._sections import Section

# Colours are the reader's own, light or dark; pictures lie on white.
_STYLE = """
.jocas-report { max-width: 54rem; line-height: 1.5; }
.jocas-report h2 { font-size: 1.25em; margin: 2.2em 0 .3em; }
.jocas-report ul { padding-left: 1.2em; }
.jocas-report li { margin: .35em 0; }
.jocas-report .note { opacity: .8; margin: 0 0 .8em; }
.jocas-report img { display: block; max-width: 100%; height: auto; box-sizing: border-box;
  background: #fff; padding: 12px; border: 1px solid rgba(128, 128, 128, .35);
  border-radius: 6px; }
.jocas-report details { margin: .8em 0; }
.jocas-report summary { cursor: pointer; }
.jocas-report .scroll { overflow-x: auto; }
.jocas-report table { border-collapse: collapse; border: 0; font-size: .92em; margin: .5em 0;
  font-variant-numeric: tabular-nums; }
.jocas-report th, .jocas-report td { padding: .25em .6em; text-align: right; border: 0;
  border-bottom: 1px solid rgba(128, 128, 128, .35); white-space: nowrap; }
.jocas-report th:first-child, .jocas-report td:first-child { text-align: left; }
"""
_PAGE_STYLE = """
:root { color-scheme: light dark; }
body { font-family: system-ui, "Segoe UI", Roboto, "DejaVu Sans", Arial, sans-serif;
  margin: 2rem auto; max-width: 54rem; padding: 0 1.2rem; }
h1 { font-size: 1.6em; margin-bottom: .2em; }
"""
_WORDS = {
    "en": {
        "figures": "The figures",
        "no_pictures": "Tables only: the pictures need matplotlib. Install it with: "
        "pip install 'jocas-themes[plots]'.",
    },
    "fr": {
        "figures": "Les chiffres",
        "no_pictures": "Sans images, faute de matplotlib : pip install 'jocas-themes[plots]'.",
    },
}


def render_page(
    title: str,
    lead: str,
    findings: Sequence[str],
    sections: Sequence[Section],
    *,
    language: str = "en",
) -> str:
    """Render a whole page."""
    body = render_body(title, lead, findings, sections, heading="h1", language=language)
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_PAGE_STYLE}</style>\n</head>\n<body>\n"
        f"{body}</body>\n</html>\n"
    )


def save_page(page: str, path: str | Path) -> None:
    """Write a page to a file; one that is there is replaced, once the new one is whole."""
    with replace_when_whole(Path(path)) as staging:
        staging.write_text(page, encoding="utf-8")


def render_body(
    title: str,
    lead: str,
    findings: Sequence[str],
    sections: Sequence[Section],
    *,
    heading: str = "h2",
    language: str = "en",
) -> str:
    """Render what a page and a notebook have in common."""
    words = _WORDS[language]
    pictures = _draw_pictures(section.picture for section in sections)
    items = "".join(f"<li>{html.escape(finding)}</li>\n" for finding in findings)
    return "".join(
        [
            f'<style>{_STYLE}</style>\n<div class="jocas-report">\n',
            f"<{heading}>{html.escape(title)}</{heading}>\n",
            f'<p class="note">{html.escape(lead)}</p>\n<ul>\n{items}</ul>\n',
            "" if pictures else f"<p>{html.escape(words['no_pictures'])}</p>\n",
            *(
                _render_section(section, pictures[place] if pictures else None, words["figures"])
                for place, section in enumerate(sections)
            ),
            "</div>\n",
        ]
    )


def _render_section(section: Section, picture: str | None, summary: str) -> str:
    """Render a section; its table is folded away where a picture shows the same."""
    table = f'<div class="scroll">{_render_table(section.table)}</div>\n'
    if picture is not None:
        source = base64.b64encode(picture.encode()).decode()
        alt = html.escape(section.picture.description)
        # As an image the SVG keeps its style and its ids to itself.
        table = (
            f'<img alt="{alt}" src="data:image/svg+xml;base64,{source}">\n'
            f"<details>\n<summary>{summary}</summary>\n{table}</details>\n"
        )
    return (
        f"<section>\n<h2>{html.escape(section.heading)}</h2>\n"
        f'<p class="note">{html.escape(section.note)}</p>\n{table}</section>\n'
    )


def _render_table(table: pd.DataFrame) -> str:
    with pd.option_context("display.max_colwidth", 80, "display.html.border", 0):
        return table.to_html(index=False, escape=True)


def _draw_pictures(pictures: Iterable[Picture]) -> list[str]:
    """Draw all pictures as SVG; none without matplotlib."""
    try:
        return [render_svg(picture) for picture in pictures]
    except MissingDependencyError:
        return []
