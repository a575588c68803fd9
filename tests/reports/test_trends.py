"""The report on trends, from labels whose truth is known to the page."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jocas_themes.errors import JocasThemesWarning
from jocas_themes.reports import TrendsReport, _trends_report, trends_report

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
    for path in written[1:]:  # a later report would know these as its own kind
        assert _trends_report._OWN_FILES[path.parent.name].fullmatch(path.name)
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
    assert "Where they part by more than the bands, the count is wrong." in page
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
            report = trends_report(short, drawn, themes=["DIVERSITY"], steps=(), language="fr")
    page = report.to_html()
    assert "les 8 premiers mois sont comparés aux derniers" in page
    assert "(en anglais)" not in page
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
    pd.testing.assert_frame_equal(some.tables["volume"], alone.tables["volume"])


def test_cautions_are_warned_of_and_written(labels: pd.DataFrame, gold: pd.DataFrame) -> None:
    gap = labels["date_firstSeenDay"].between("2019-01-01", "2019-02-01")
    kept = gold[~gold["offer_id"].isin(labels.loc[gap, "offer_id"])]
    with pytest.warns(JocasThemesWarning, match="months of before have no offers"):
        report = trends_report(labels[~gap], kept, by=("month", "sector"), themes=["DIVERSITY"])
    page = report.to_html()
    # From January 2018 to February 2020 are 26 months; it is said once, and not again by sector.
    assert "Caution: 2 of the 26 months from Jan 2018 to Feb 2020 have no offers (Jan 2019" in page
    assert page.count("Caution: ") == 1
    assert "months of before" not in page


@pytest.mark.filterwarnings("ignore:months of before:jocas_themes.errors.JocasThemesWarning")
def test_the_french_page_speaks_no_english(labels: pd.DataFrame, gold: pd.DataFrame) -> None:
    gap = labels["date_firstSeenDay"].between("2019-01-01", "2019-02-01")
    kept = gold[~gold["offer_id"].isin(labels.loc[gap, "offer_id"])]
    options = {"by": ("month", "sector"), "themes": ["DIVERSITY"], "language": "fr"}
    page = trends_report(labels[~gap], kept, **options).to_html()
    assert "Attention : 2 des 26 mois entre janv. 2018 et févr. 2020 n’ont pas d’offres" in page
    assert "Tous les sites" in page
    assert "<h2>L’effet des erreurs d’étiquetage</h2>" in page
    assert "<h2>Au sein de chaque secteur, ou par la composition ?</h2>" in page
    assert "Une coïncidence de dates n’est pas une cause." in page
    for english in ("months of", "<th>theme", "<th>board", "<th>all<", "(en anglais)"):
        assert english not in page


def test_what_cannot_be_compared_is_refused_before_gold_is_read(labels: pd.DataFrame) -> None:
    def report(**options: object) -> None:
        trends_report(labels, pd.DataFrame(), themes=["DIVERSITY"], **options)

    with pytest.raises(ValueError, match="before must hold a whole period of the labels"):
        report(before=("2015-01", "2016-12"), after=("2020-01", "2020-12"))
    with pytest.raises(ValueError, match="steps must lie within the labels' months"):
        report(steps=("2030-01",))


def test_a_second_report_leaves_nothing_of_the_first(
    labels: pd.DataFrame, gold: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_trends_report, "_DPI", 10)
    for folder in ("tables", "pictures"):
        (tmp_path / folder).mkdir()
    outdated = [tmp_path / "tables" / "changes_by_sector.csv", tmp_path / "tables/trends.parquet"]
    outdated += [tmp_path / "pictures" / name for name in ("breaks.png", "changes_by_sector_D.png")]
    own = [tmp_path / "tables" / "mine.csv", tmp_path / "pictures" / "trends_draft.png"]
    own += [tmp_path / "changes_by_sector.csv", tmp_path / "tables" / "changes_by_sector.xlsx"]
    for path in (*outdated, *own):
        path.write_text("of someone", encoding="utf-8")
    second = trends_report(labels, gold, by="year", themes=["DIVERSITY"])
    written = second.write(tmp_path)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == {*written, *own}


def test_what_cannot_be_reported_is_refused(labels: pd.DataFrame, gold: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="at most one group"):
        trends_report(labels, gold, by=("month", "sector", "board"))
    with pytest.raises(ValueError, match="language must be one of"):
        trends_report(labels, gold, language="de")
    with pytest.raises(ValueError, match="before must be a first and a last month"):
        trends_report(labels, gold, themes=["DIVERSITY"], before="2019-01")
