"""The profile counts what is there, whatever the chunks and the format."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes.errors import JocasThemesWarning, OffersError
from jocas_themes.offers import OffersProfile, assemble_texts, profile_offers

OFFERS = pd.DataFrame(
    {
        "mine": ["x", "x", "nan", None, "y"],
        "salary_min": [None, None, None, None, "1 800"],
        "job_title": ["a", "b", "c", None, "NaN"],
        "location_zipcode": ["1000.0", "01000", "1000", "75001", None],
        "date_firstSeenDay": ["05/03/2021", None, None, None, "2021-06-30"],
        "date_sitePublicationDay": ["2020-01-01", "31/03/2021", None, None, None],
        "description_full": ["<b>dd</b>", "", None, "ddd", None],
    }
)


def profile(source, **options):
    return profile_offers(source, progress=False, **options)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_columns():
    table = profile(OFFERS).columns.set_index("column")
    # JOCAS's order, then the others.
    assert table.index.tolist() == [
        "date_firstSeenDay", "date_sitePublicationDay", "job_title", "description_full",
        "location_zipcode", "salary_min", "mine",
    ]  # fmt: skip
    assert table["n_offers"].tolist() == [5] * 7
    # Missing of five: 3, 3, 2, 3 (an empty string too), 1, 4, 2 (a "nan" too).
    assert table["share_missing"].tolist() == [0.6, 0.6, 0.4, 0.6, 0.2, 0.8, 0.4]
    # The three ways of writing the zip code 01000 are one value.
    assert table["n_distinct"].tolist() == [2, 2, 3, 2, 2, 1, 2]
    # 20% missing is not under 20%.
    assert table["verdict"].tolist() == ["partial"] * 5 + ["unusable", "partial"]


@pytest.mark.parametrize(
    ("n_missing", "verdict"),
    [(0, "reliable"), (1, "reliable"), (2, "partial"), (7, "partial"), (8, "unusable")],
)
def test_verdicts(n_missing, verdict):
    offers = pd.DataFrame({"job_title": [None] * n_missing + ["a"] * (10 - n_missing)})
    assert profile(offers).columns["verdict"].tolist() == [verdict]


def test_months_are_without_gaps_and_undated_offers_are_counted():
    found = profile(OFFERS)
    # First seen in March and June; the second offer was published in March.
    expected = pd.to_datetime(["2021-03-01", "2021-04-01", "2021-05-01", "2021-06-01"])
    assert found.months["month"].tolist() == expected.tolist()
    assert found.months["n_offers"].tolist() == [2, 0, 0, 1]
    assert found.n_undated == 2
    assert found.n_offers == 5


def test_text_lengths():
    # "a\ndd", "b", "c", "ddd", "": 4, 1, 1, 3 and 0 characters.
    row = profile(OFFERS).text_lengths.iloc[0]
    assert row["n_offers"] == 5
    assert row["share_empty"] == 0.2
    assert row["mean"] == pytest.approx(9 / 5)
    assert (row["min"], row["p25"], row["p50"], row["p75"], row["max"]) == (0, 1, 1, 3, 4)
    # Between the fourth and the fifth of the sorted lengths: 3 + 0.8 * (4 - 3).
    assert row["p95"] == pytest.approx(3.8)


def test_files_and_tables_give_the_same_profile():
    OFFERS.to_csv("a.csv", sep=";", index=False, na_rep="NaN")
    OFFERS.to_parquet("a.parquet")
    OFFERS.to_json("a.jsonl", orient="records", lines=True)
    expected = profile(OFFERS)
    for name in ("a.csv", "a.parquet", "a.jsonl"):
        found = profile(name, chunk_rows=2)
        pd.testing.assert_frame_equal(found.columns, expected.columns)
        pd.testing.assert_frame_equal(found.months, expected.months)
        pd.testing.assert_frame_equal(found.text_lengths, expected.text_lengths)


def test_a_column_that_arrives_late_is_missing_before(tmp_path):
    (tmp_path / "1.jsonl").write_text('{"job_title": "a"}\n' * 3)
    (tmp_path / "2.jsonl").write_text('{"education_level": "bac", "job_title": "b"}\n')
    table = profile(tmp_path).columns.set_index("column")
    assert table.loc["education_level", "share_missing"] == 0.75
    assert table["n_offers"].tolist() == [4, 4]


def test_sources_without_offers_text_or_id(tmp_path):
    (tmp_path / "a.csv").write_text("salary_min;mine\n")
    empty = profile(tmp_path)
    assert empty.n_offers == 0
    assert empty.columns["share_missing"].isna().all()
    assert empty.columns["verdict"].tolist() == ["unusable", "unusable"]
    assert empty.months.empty
    assert np.isnan(empty.text_lengths.loc[0, "p50"])
    (tmp_path / "a.csv").write_text("salary_min;mine\n1;2\n")
    assert profile(tmp_path).text_lengths.loc[0, "share_empty"] == 1
    for found in (empty, profile(pd.DataFrame())):
        assert "0 offers, no date" in repr(found)
    with pytest.raises(OffersError, match="there is no file or folder"):
        profile("absent.csv")


def test_what_could_not_be_read_is_warned_of():
    with pytest.warns(
        JocasThemesWarning, match="'date_lastSeenDay': 1 .such as '31/02/2020'"
    ) as caught:
        profile(pd.DataFrame({"date_lastSeenDay": ["31/02/2020"]}))
    assert caught[0].filename == __file__
    Path("a.csv").write_text("job_title\na\nb;c\n")
    with pytest.warns(JocasThemesWarning, match="1 malformed row was left out: a.csv:3"):
        assert profile("a.csv").n_offers == 1


def test_tables_of_any_column_types():
    offers = pd.DataFrame(
        {
            1: pd.array([1, None], dtype="Int64"),
            "kind": pd.Categorical(["a", "b"]),
            "when": pd.to_datetime(["2021-03-05", None], utc=True),
            "many": [["a"], {"b"}],
            "odd": ["\ud800", np.array([1])],
            "yes": [True, False],
        }
    )
    found = profile(offers).columns.set_index("column")["n_distinct"]
    assert found.to_dict() == {"1": 1, "kind": 2, "when": 1, "many": 2, "odd": 2, "yes": 2}
    with pytest.raises(ValueError, match=r"each column needs its own name; repeated: \['a'\]"):
        profile(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_own_text_columns():
    offers = pd.DataFrame({"titre": ["ab", None], "job_title": ["longer", "longer"]})
    lengths = profile(offers, text_columns=["titre"]).text_lengths
    assert lengths.loc[0, ["share_empty", "max"]].tolist() == [0.5, 2]
    with pytest.raises(ValueError, match=r"offers lack the text_columns \['texte'\]"):
        profile(offers, text_columns=["texte"])


def test_it_shows_what_matters():
    found = profile(OFFERS)
    assert isinstance(found, OffersProfile)
    shown = repr(found)
    assert shown.startswith(
        "5 offers, 2021-03 to 2021-06 (2 without a date); 7 columns: 0 reliable"
    )
    assert "60.0%" in shown
    html = found._repr_html_()
    assert html.count("<table") == 3
    assert "<p>5 offers" in html


def test_progress_bar_can_be_switched_off(capsys):
    profile_offers(OFFERS, progress=True)
    assert "5 offers" in capsys.readouterr().err
    profile_offers(OFFERS, progress=False)
    assert capsys.readouterr().err == ""


_DAYS = st.none() | st.sampled_from(["2021-03-05", "05/01/2021", "2020-12-31"])


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(st.tuples(st.none() | st.text("ab <é", max_size=5), _DAYS, st.integers(0, 9))),
    chunk_rows=st.integers(1, 6),
)
def test_chunks_change_nothing_and_quantiles_are_those_of_numpy(rows, chunk_rows):
    offers = pd.DataFrame(rows, columns=["job_title", "date_lastSeenDay", "n"], dtype=object)
    whole, found = profile(offers), profile(offers, chunk_rows=chunk_rows)
    pd.testing.assert_frame_equal(found.columns, whole.columns)
    pd.testing.assert_frame_equal(found.months, whole.months)
    pd.testing.assert_frame_equal(found.text_lengths, whole.text_lengths)
    assert whole.months["n_offers"].sum() + whole.n_undated == len(rows)
    if rows:
        lengths = [len(text) for text in assemble_texts(offers)]
        names = ["p1", "p5", "p25", "p50", "p75", "p95", "p99"]
        expected = np.quantile(lengths, [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99])
        np.testing.assert_allclose(whole.text_lengths.loc[0, names].astype(float), expected)


def test_near_duplicates_are_looked_for_on_request(tmp_path):
    offers = pd.DataFrame(
        {
            "ID_JOCAS": ["1", "2", "3", "4"],
            "job_title": ["Cariste de nuit à Lyon", "CARISTE - de nuit, à Lyon", "Juriste", "nan"],
            "site_name": ["a", "b", "a", None],
            "date_firstSeenDay": ["05/03/2021", "2021-04-30", None, None],
        }
    )
    assert profile(offers).near_duplicates is None
    assert "Near-duplicates" not in repr(profile(offers))
    found = profile(offers, near_duplicates=True)
    assert found.near_duplicates.offers["offer_id"].tolist() == ["1", "2", "3", "4"]
    assert found.near_duplicates.offers["group"].tolist() == [0, 0, 1, 2]
    assert found.near_duplicates.share_repeated == 0.5
    # All of board b is on board a, and half of board a on board b.
    assert found.near_duplicates.compare_boards()["share"].tolist() == [1.0, 0.5]
    assert "4 offers in 3 groups: 50.0% have a near-duplicate" in repr(found)
    assert "<h4>Near-duplicates</h4>" in found._repr_html_()
    # 56 days lie between the two.
    apart = profile(offers, near_duplicates=True, window_days=55, chunk_rows=1)
    assert apart.near_duplicates.share_repeated == 0
    offers.to_csv(tmp_path / "a.csv", sep=";", index=False, na_rep="NaN")
    read = profile("a.csv", near_duplicates=True, chunk_rows=1).near_duplicates
    pd.testing.assert_frame_equal(read.offers, found.near_duplicates.offers)
    pd.testing.assert_frame_equal(read.boards, found.near_duplicates.boards)


def test_near_duplicates_of_no_text():
    offers = pd.DataFrame({"salary_min": [1, 2]})
    assert profile(offers, near_duplicates=True).near_duplicates.share_repeated == 0
    with pytest.raises(ValueError, match="window_days must be a whole number of days"):
        profile(offers, near_duplicates=True, window_days=-1)
