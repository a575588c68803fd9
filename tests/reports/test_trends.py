"""The report on trends, from labels whose truth is known to the page."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.reports import TrendsReport, trends_report

_N = 24_000


@pytest.fixture(scope="module")
def labels() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    months = rng.choice(pd.date_range("2018-01-01", "2021-12-01", freq="MS"), _N)
    late = months >= np.datetime64("2020-03")
    truth = rng.random(_N) < np.where(late, 0.4, 0.2)
    wrong = rng.random(_N) < np.where(late, 0.12, 0.06)
    return pd.DataFrame(
        {
            "offer_id": np.arange(_N).astype(str),
            "date_firstSeenDay": months,
            "site_name": rng.choice(["a", "b"], _N),
            "sector": rng.choice(["C", "J"], _N),
            "DIVERSITY": np.where(wrong, ~truth, truth).astype(int),
            "truth": truth.astype(float),
        }
    )


@pytest.fixture(scope="module")
def gold(labels: pd.DataFrame) -> pd.DataFrame:
    drawn = labels.sample(1_200, random_state=0)
    return pd.DataFrame(
        {
            "offer_id": drawn["offer_id"],
            "DIVERSITY": drawn["truth"],
            "inclusion_probability": 1_200 / _N,
            "reviewer": "Ada",
        }
    )


@pytest.fixture(scope="module")
def report(labels: pd.DataFrame, gold: pd.DataFrame) -> TrendsReport:
    return trends_report(labels, gold, by=("month", "sector"), themes=["DIVERSITY"])


def test_it_holds_every_table(report: TrendsReport) -> None:
    assert list(report.tables) == [
        "shares",
        "changes",
        "trends",
        "breaks",
        "naive",
        "errors",
        "volume",
        "shares_by_sector",
        "changes_by_sector",
        "standardized_by_sector",
        "standardized_changes_by_sector",
        "decomposition_by_sector",
    ]
    assert set(report.tables["naive"]["method"]) == {"naive, sensitivity analysis"}


def test_the_change_is_that_of_the_truth(report: TrendsReport) -> None:
    # From 0.2 to 0.4 in truth: 20 points.
    change = report.tables["changes"].loc[0]
    assert change["ci_low"] < 0.2 < change["ci_high"]
    assert "Diversity" in report.findings[0]
    assert "because" not in report.findings[0]


def test_the_folder_holds_page_tables_and_pictures(report: TrendsReport, tmp_path: Path) -> None:
    written = report.write(tmp_path / "report")
    assert written[0] == tmp_path / "report" / "report.html"
    assert all(path.stat().st_size for path in written)
    tables = {path.stem for path in written if path.suffix == ".parquet"}
    assert tables == set(report.tables)
    pictures = {path.stem for path in written if path.suffix == ".png"}
    assert {"trends", "changes", "correction", "errors", "volume"} <= pictures
    page = written[0].read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "http-equiv" not in page
    assert "src=" not in page.replace('src="data:image/svg+xml;base64', "")
    again = pd.read_parquet(tmp_path / "report" / "tables" / "changes.parquet")
    assert again["change"].tolist() == report.tables["changes"]["change"].tolist()


def test_it_speaks_french(labels: pd.DataFrame, gold: pd.DataFrame) -> None:
    report = trends_report(labels, gold, by="year", themes=["DIVERSITY"], steps=(), language="fr")
    page = report.to_html()
    assert '<html lang="fr">' in page
    assert "Ce qui a changé" in page
    assert "Avant" in str(report)


def test_by_year_whole_periods_are_compared(labels: pd.DataFrame, gold: pd.DataFrame) -> None:
    report = trends_report(labels, gold, by="year", themes=["DIVERSITY"])
    # March 2020 lies within 2020: 2018 and 2019, against 2021
    assert report.view.before == (pd.Timestamp("2018-01-01"), pd.Timestamp("2019-12-01"))
    assert report.view.after == (pd.Timestamp("2021-01-01"), pd.Timestamp("2021-12-01"))
    assert "breaks" not in report.tables


def test_cautions_are_warned_of_and_written(labels: pd.DataFrame, gold: pd.DataFrame) -> None:
    gap = labels["date_firstSeenDay"].between("2019-01-01", "2019-02-01")
    kept = gold[~gold["offer_id"].isin(labels.loc[gap, "offer_id"])]
    with pytest.warns(JocasThemesWarning, match="months of before have no offers"):
        report = trends_report(labels[~gap], kept, themes=["DIVERSITY"])
    assert "Caution: months of before" in report.to_html()


def test_what_cannot_be_reported_is_refused(labels: pd.DataFrame, gold: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="at most one group"):
        trends_report(labels, gold, by=("month", "sector", "board"))
    with pytest.raises(ValueError, match="language must be one of"):
        trends_report(labels, gold, language="de")
    with pytest.raises(ValueError, match="before must be a first and a last month"):
        trends_report(labels, gold, themes=["DIVERSITY"], before="2019-01")
