"""The report on trends, from labels whose truth is known to the page."""

import warnings
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
        "standardized_trends_by_sector",
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
    assert {"trends", "changes", "breaks", "correction", "errors", "volume"} <= pictures
    assert "standardized_by_sector" in pictures
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


def test_the_page_shows_breaks_and_the_fixed_mix(report: TrendsReport) -> None:
    page = report.to_html()
    assert "<h2>Jumps and turns</h2>" in page
    assert "<h2>Had each sector kept its size</h2>" in page
    assert 'alt="Jump and change of slope, by theme"' in page
    assert 'alt="Shares with a fixed mix, by theme"' in page


def test_of_a_few_years_the_shares_are_shown_without_a_trend(
    labels: pd.DataFrame, gold: pd.DataFrame
) -> None:
    report = trends_report(labels, gold, by=("year", "sector"), themes=["DIVERSITY"], language="fr")
    assert "standardized_trends_by_sector" not in report.tables
    assert "<h2>Si chaque secteur avait gardé son poids</h2>" in report.to_html()


def test_labels_that_begin_just_before_a_step_are_reported(
    labels: pd.DataFrame, gold: pd.DataFrame
) -> None:
    late = labels[labels["date_firstSeenDay"] >= "2019-12"]  # three months before 2020-03
    drawn = gold[gold["offer_id"].isin(late["offer_id"])]
    with pytest.warns(JocasThemesWarning, match="no break in 2020-03 is tested"):
        report = trends_report(late, drawn, themes=["DIVERSITY"])
    assert "breaks" not in report.tables
    assert "Caution: no break in 2020-03 is tested" in report.to_html()


def test_a_short_time_without_a_step_is_split_in_the_middle(
    labels: pd.DataFrame, gold: pd.DataFrame
) -> None:
    short = labels[labels["date_firstSeenDay"] >= "2020-09"]  # 16 months, to 2021-12
    drawn = gold[gold["offer_id"].isin(short["offer_id"])]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "seasons were left out", JocasThemesWarning)
        with pytest.warns(JocasThemesWarning, match="first 8 months are compared with their last"):
            report = trends_report(short, drawn, themes=["DIVERSITY"], steps=())
    assert report.view.before == (pd.Timestamp("2020-09-01"), pd.Timestamp("2021-04-01"))
    assert report.view.after == (pd.Timestamp("2021-05-01"), pd.Timestamp("2021-12-01"))


def test_the_offers_asked_for_alone_count(labels: pd.DataFrame, gold: pd.DataFrame) -> None:
    drawn = labels["offer_id"].isin(gold["offer_id"])
    kept = labels[drawn | (labels.index % 2 == 0)]
    ids = kept["offer_id"]
    some = trends_report(labels, gold, themes=["DIVERSITY"], offer_ids=iter(ids))
    alone = trends_report(kept, gold, themes=["DIVERSITY"])
    pd.testing.assert_frame_equal(some.tables["shares"], alone.tables["shares"])
    with pytest.raises(TypeError, match="offer_ids must be"):
        trends_report(labels, gold, themes=["DIVERSITY"], offer_ids="A1")
    half = ids[ids.isin(gold["offer_id"])].iloc[::2]
    rates = trends_report(
        labels, gold, themes=["DIVERSITY"], offer_ids=set(ids) - set(half)
    ).tables["errors"]
    # A gold row left out is in neither rate of its stretch.
    n_gold = rates.loc[rates["rate"].isin(["sensitivity", "specificity"]), "n_gold"].sum()
    assert n_gold == len(gold) - len(half)
    # Of volume all offers count, and the page says so.
    volume = some.tables["volume"]
    assert volume.loc[volume["board"] == "all", "n_offers"].sum() == len(labels)
    assert "All the offers of the labels count here" in some.to_html()
    assert "All the offers of the labels count here" not in alone.to_html()


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
