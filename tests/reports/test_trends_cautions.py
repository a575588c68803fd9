"""The cautions of a report on trends, counted by hand, in both languages."""

import pandas as pd
import pytest

from jocas_themes.plots._language import Language
from jocas_themes.reports._trends_cautions import write_cautions
from jocas_themes.reports._trends_view import View

_QUARTERS = "2019-01", "2019-04", "2019-10", "2020-01", "2020-04", "2020-07"
_GAP = "months of before have no offers for 1 of 1 themes and groups; 'D' lacks 5. The means"


def make_view(language: str, time: str = "month", group: str | None = "region") -> View:
    first, last, start, end = pd.to_datetime(
        ["2019-01-01", "2019-12-01", "2020-01-01", "2020-12-01"]
    )
    return View(
        time=time,
        group=group,
        before=(first, last),
        after=(start, end),
        steps=(),
        names={},
        words=Language.open(language),
    )


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    months = pd.date_range("2019-01-01", "2020-12-01", freq="MS")
    # Five months of 2019 are missing and one of 2020; of region 94 two more, of 11 none more.
    there = months.delete([3, 4, 5, 6, 7, 23])
    changes = pd.DataFrame({"theme": ["D"], "n_missing_before": [5], "n_missing_after": [1]})
    by_region = pd.DataFrame(
        {
            "theme": "D",
            "region": ["11", "94"],
            "n_missing_before": [5, 6],
            "n_missing_after": [1, 2],
        }
    )
    return {
        "shares": pd.DataFrame({"theme": "D", "month": there}),
        "changes": changes,
        "changes_by_region": by_region,
    }


def test_gaps_are_told_once_from_the_tables(tables) -> None:
    again = _GAP.replace("before", "after")
    assert write_cautions([_GAP, again, _GAP + " again"], tables, make_view("en")) == [
        "Caution: 5 of the 12 months from Jan 2019 to Dec 2019 have no offers (Apr 2019, May 2019, "
        "Jun 2019…); means are those of the others.",
        "Caution: 1 of the 12 months from Jan 2020 to Dec 2020 has no offers (Dec 2020); means are "
        "those of the others.",
        "Caution: by region, in 1 of the 2 groups other months have no offers, up to 2 (Corse); "
        "means are those of the others.",
    ]
    assert write_cautions([_GAP], tables, make_view("fr")) == [
        "Attention : 5 des 12 mois entre janv. 2019 et déc. 2019 n’ont pas d’offres (avr. 2019, "
        "mai 2019, juin 2019…) ; les moyennes sont celles des autres.",
        "Attention : 1 des 12 mois entre janv. 2020 et déc. 2020 n’a pas d’offres (déc. 2020) ; "
        "les moyennes sont celles des autres.",
        "Attention : par région, dans 1 des 2 groupes d’autres mois n’ont pas d’offres, jusqu’à 2 "
        "(Corse) ; les moyennes sont celles des autres.",
    ]


def test_gaps_that_no_table_shows_stay_as_they_were_warned_of(tables) -> None:
    whole = pd.date_range("2019-01-01", "2020-12-01", freq="MS")
    tables = {"shares": pd.DataFrame({"theme": "D", "month": whole}), "changes": tables["changes"]}
    assert write_cautions([_GAP], tables, make_view("en", group=None)) == [f"Caution: {_GAP}"]


def test_longer_periods_are_counted_as_such() -> None:
    quarters = pd.to_datetime([f"{month}-01" for month in _QUARTERS])
    tables = {"shares": pd.DataFrame({"theme": "D", "quarter": quarters})}
    told = write_cautions([_GAP], tables, make_view("fr", "quarter", None))
    assert "1 des 4 trimestres entre janv. 2019 et déc. 2019 n’a pas d’offres (2019 T3)" in told[0]
    assert "(2020 T4)" in told[1]


@pytest.mark.parametrize(
    ("caution", "french"),
    [
        ("no break in 2020-03 is tested: too few months", "aucune rupture n’est testée en 2020-03"),
        ("7 offers have no readable date in ['day'] and", "offres sans date lisible, laissées"),
        ("labelling was interrupted in 'labels': the", "l’étiquetage a été interrompu"),
        (
            "2 of 13 combinations of ['region'] have no offers in one of the periods and",
            "2 groupes sur 13 n’ont pas d’offres avant ou après",
        ),
    ],
)
def test_the_usual_cautions_are_in_french(caution: str, french: str, tables) -> None:
    (told,) = write_cautions([caution, caution], tables, make_view("fr"))
    assert told.startswith(f"Attention : {french}")
    assert write_cautions([caution], tables, make_view("en")) == [f"Caution: {caution}"]


def test_others_are_said_to_be_english(tables) -> None:
    told = write_cautions(["the mix has no weight"], tables, make_view("fr"))
    assert told == ["Attention (en anglais) : the mix has no weight"]
