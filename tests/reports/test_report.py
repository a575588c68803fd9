"""The report as text, in a notebook and as a page: whole, escaped, the same each time."""

import base64
import re
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import matplotlib.style
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from jocas_themes.evaluation import LearningCurve
from jocas_themes.reports import StudentReport

_HOSTILE = "<script>alert('x')</script>\"&$x_{"
_VOID = {"meta", "img"}


class _Page(HTMLParser):
    """Checks that elements close as they opened, and lists what a page holds."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def get(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def _build_scores(f1: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "theme": ["DIVERSITY", "WORK_LIFE_BALANCE", "micro", "macro"],
            "precision": 0.9,
            "recall": np.nan,
            "f1": [f1, f1 - 0.1, f1, f1],
            "f1_low": f1 - 0.15,
            "f1_high": f1 + 0.05,
            "support": [137, 662, 799, 799],
            "n_offers": [2077, 2077, 4154, 4154],
        }
    )


def _build_learning() -> LearningCurve:
    table = pd.DataFrame(
        {
            "n_offers": [400, 800, 1600],
            "cost_usd": [2.0, 4.0, 8.0],
            "f1": [0.70, 0.74, 0.77],
            "f1_low": [0.67, 0.72, 0.75],
            "f1_high": [0.73, 0.76, 0.79],
        }
    )
    ahead = table.tail(1) * [2, 2, 1.02, 1.01, 1.03]
    return LearningCurve(table, pd.concat([table, ahead]), 0.015, "More labels still help.")


def _build_threshold() -> pd.DataFrame:
    curve = pd.DataFrame({"threshold": [0.0, 80.0], "coverage": [1.0, 0.912], "n_cells": [90, 80]})
    for name in ("kept_teacher", "all_teacher", "kept_gold", "all_gold"):
        for end in ("", "_low", "_high"):
            curve[f"f1_{name}{end}"] = np.nan if name.endswith("gold") else [0.77, 0.74]
    return curve


@pytest.fixture(scope="module")
def report() -> StudentReport:
    return StudentReport(
        model="ThemeClassifier",
        lead="2,077 offers, judged by models that learnt from the other folds.",
        scores=_build_scores(0.8),
        reliability=pd.DataFrame(
            {
                "theme": ["DIVERSITY", "all"],
                "low": 0.0,
                "high": 1.0,
                "n": 100,
                "mean_probability": 0.4,
                "share": 0.5,
                "ci_low": 0.4,
                "ci_high": 0.6,
            }
        ),
        calibration=pd.DataFrame(
            {
                "theme": ["DIVERSITY", "all"],
                "ece": 0.1,
                "bias": -0.1,
                "brier": 0.2,
                "n_offers": 100,
            }
        ),
        strata=pd.DataFrame(
            {
                "by": "site_name",
                "stratum": ["board_5", _HOSTILE],
                "n_offers": [1208, 39],
                "support": [1316, 38],
                "f1": [0.82, 0.55],
                "f1_low": [0.80, 0.45],
                "f1_high": [0.84, 0.65],
            }
        ),
        threshold_curve=_build_threshold(),
        learning_curve=_build_learning(),
    )


@pytest.fixture(scope="module")
def html(report: StudentReport) -> str:
    """Return the page, drawn once for all tests that read it."""
    return report.to_html()


@pytest.fixture
def _no_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("matplotlib", "matplotlib.style", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, module, None)


def _read_pictures(page: str) -> list[str]:
    sources = [str(image["src"]) for image in _Page(page).get("img")]
    prefix = "data:image/svg+xml;base64,"
    assert all(source.startswith(prefix) for source in sources)
    return [base64.b64decode(source.removeprefix(prefix)).decode() for source in sources]


def test_the_page_is_well_formed_and_has_a_picture_for_each_table(html: str) -> None:
    page = _Page(html)
    assert len(page.get("img")) == len(page.get("table")) == 5
    assert all(image["alt"] for image in page.get("img"))
    for picture in _read_pictures(html):
        assert ET.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"


def test_findings_come_first(report: StudentReport, html: str) -> None:
    page = _Page(html)
    assert len(page.get("li")) == len(report.findings) == 6
    assert page.text.index(report.findings[0]) < page.text.index("Themes, against")


def test_the_title_says_whom_the_student_is_compared_with(report: StudentReport, html: str) -> None:
    against_teacher = (
        "Student report: ThemeClassifier, against the teacher's answers (no gold was given)"
    )
    assert against_teacher in _Page(html).text
    assert against_teacher in str(report)
    with_gold = replace(report, gold_scores=_build_scores(0.7))
    against_both = "Student report: ThemeClassifier, against gold and the teacher's answers"
    page = _Page(with_gold.to_html())
    assert against_both in page.text
    assert len(page.get("img")) == 6


def test_nothing_comes_from_elsewhere_and_nothing_runs(html: str) -> None:
    page = _Page(html)
    tags = {tag for tag, _ in page.found}
    assert not tags & {"script", "link", "iframe", "object", "embed", "a", "form"}
    assert not re.search(r"https?:|url\(|@import|javascript:", html)
    assert not [name for _, attributes in page.found for name in attributes if name[:2] == "on"]
    # Within the pictures, references to their own parts alone.
    for picture in _read_pictures(html):
        assert not re.search(r'href="(?!#)|url\((?!#)|<script|<image', picture)


def test_a_hostile_board_is_text_and_no_mark_up(html: str) -> None:
    assert "<script" not in html
    assert _HOSTILE in _Page(html).text


@pytest.mark.usefixtures("_no_matplotlib")
def test_a_hostile_model_is_escaped_too(report: StudentReport) -> None:
    hostile = replace(report, model=_HOSTILE, lead=_HOSTILE)
    assert "<script" not in hostile.to_html() + hostile._repr_html_()


def test_the_same_report_gives_the_same_page(report: StudentReport, html: str) -> None:
    with matplotlib.style.context("dark_background"):
        assert replace(report).to_html() == html
    for picture in _read_pictures(html):
        assert "dc:date" not in picture
        assert "Matplotlib v" not in picture


def test_no_figure_stays_open(report: StudentReport) -> None:
    before = plt.get_fignums()
    report.to_html()
    assert plt.get_fignums() == before


@pytest.mark.usefixtures("_no_matplotlib")
def test_the_page_is_written_whole(report: StudentReport, tmp_path: Path) -> None:
    path = tmp_path / "student.html"
    path.write_text("old", encoding="utf-8")
    page = report.to_html(path)
    assert path.read_text(encoding="utf-8") == page
    assert [file.name for file in tmp_path.iterdir()] == ["student.html"]


@pytest.mark.usefixtures("_no_matplotlib")
def test_without_matplotlib_the_page_has_tables_and_says_so(report: StudentReport) -> None:
    page = _Page(report.to_html())
    assert not page.get("img")
    assert not page.get("details")
    assert len(page.get("table")) == 5
    assert "Install it with: pip install 'jocas-themes[plots]'." in page.text


def test_a_notebook_gets_the_same_without_the_page_around(report: StudentReport, html: str) -> None:
    shown = report._repr_html_()
    page = _Page(shown)
    assert not page.get("html")
    assert not page.get("body")
    assert _read_pictures(shown) == _read_pictures(html)


@pytest.mark.usefixtures("_no_matplotlib")
def test_the_style_reaches_nothing_else_in_a_notebook(report: StudentReport) -> None:
    style = re.search("<style>(.*?)</style>", report._repr_html_(), re.DOTALL)
    assert style is not None
    selectors = re.findall(r"([^{}]+)\{[^}]*\}", style[1])
    parts = [part.strip() for selector in selectors for part in selector.split(",")]
    assert parts
    assert all(part.startswith(".jocas-report") for part in parts)


def test_text_has_the_findings_and_the_tables(report: StudentReport) -> None:
    text = str(report)
    assert all(f"- {finding}" in text for finding in report.findings)
    assert "0.65 to 0.85" in text  # 0.80 - 0.15 and 0.80 + 0.05
    assert "91.2%" in text
    assert "nan" not in text
    assert "forecast" in text


def test_without_curves_their_sections_are_left_out(report: StudentReport) -> None:
    short = replace(report, threshold_curve=None, learning_curve=None)
    assert len(short.findings) == 4
    assert str(short).count("Known") == 2
    assert "annotating more" not in str(short)
    assert "filter" not in str(short)


def test_without_a_price_no_cost_is_listed(report: StudentReport) -> None:
    curve = _build_learning()
    free = LearningCurve(
        curve.table.assign(cost_usd=np.nan), curve.forecast.assign(cost_usd=np.nan), 0.01, "Help."
    )
    assert "USD" in str(report)
    assert "USD" not in str(replace(report, learning_curve=free))
