"""English and French: months, numbers, names."""

import pandas as pd
import pytest

from jocas_themes.plots._language import Language

ENGLISH, FRENCH = Language.open("en"), Language.open("fr")
NBSP = "\N{NO-BREAK SPACE}"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match=r"language must be one of \['en', 'fr'\], got 'de'"):
        Language.open("de")


@pytest.mark.parametrize(
    ("value", "digits", "sign", "english", "french"),
    [
        (1234.56, 1, False, "1,234.6", f"1{NBSP}234,6"),
        (-0.04, 1, True, "0.0", "0,0"),
        (2.0, 1, True, "+2.0", "+2,0"),
        (-5.25, 0, False, "−5", "−5"),
    ],
)
def test_numbers(value: float, digits: int, sign: bool, english: str, french: str) -> None:
    assert ENGLISH.number(value, digits, sign=sign) == english
    assert FRENCH.number(value, digits, sign=sign) == french


def test_shares_and_changes() -> None:
    assert ENGLISH.percent(0.1234) == "12.3%"
    assert FRENCH.percent(0.1234) == f"12,3{NBSP}%"
    assert [ENGLISH.tick(share) for share in (0, 0.05, 0.125, 0.0125)] == [
        "0%",
        "5%",
        "12.5%",
        "1.25%",
    ]
    assert ENGLISH.points(-0.02) == "−2"
    assert ENGLISH.interval(-0.01, 0.034, sign=True) == "[−1.0, +3.4]"
    assert FRENCH.interval(-0.01, 0.034, sign=True) == f"[−1,0{NBSP}; +3,4]"


@pytest.mark.parametrize(
    ("period", "by", "english", "french"),
    [
        (pd.Timestamp("2020-02-01"), "month", "Feb 2020", "févr. 2020"),
        (pd.Timestamp("2020-04-01"), "quarter", "2020 Q2", "2020 T2"),
        (pd.Timestamp("2020-07-01"), "semester", "2020 H2", "2020 S2"),
        (pd.Timestamp("2020-01-01"), "year", "2020", "2020"),
        ("until 2020-02", "period", "until Feb 2020", "jusqu’à févr. 2020"),
        ("2020-03 to 2021-05", "period", "Mar 2020 to May 2021", "de mars 2020 à mai 2021"),
        ("from 2021-06", "period", "from Jun 2021", "depuis juin 2021"),
        ("before the law", "period", "before the law", "before the law"),
        ("2020-03", "period", "2020-03", "2020-03"),
    ],
)
def test_periods(period: object, by: str, english: str, french: str) -> None:
    assert ENGLISH.period(period, by) == english
    assert FRENCH.period(period, by) == french


def test_a_theme_has_the_name_given_else_its_own_else_its_code() -> None:
    assert FRENCH.theme("DIVERSITY") == "Diversité"
    assert ENGLISH.theme("DIVERSITY", {"DIVERSITY": "Fairness"}) == "Fairness"
    assert ENGLISH.theme("GREEN_JOBS") == "Green jobs"


def test_a_group_has_the_official_name_of_its_code() -> None:
    assert ENGLISH.group("J", "sector") == "J · Information and communication"
    assert FRENCH.group("C", "sector") == "C · Industrie manufacturière"
    assert ENGLISH.group("53", "region") == "Bretagne"
    assert FRENCH.group("unknown", "sector") == "Inconnu"
    assert FRENCH.group("J", "sector", {"J": "Numérique"}) == "Numérique"
    assert FRENCH.group("board_1", "board") == "board_1"


def test_a_long_name_is_cut_at_a_word() -> None:
    name = FRENCH.group("D", "sector")
    assert name == "D · Production et distribution d'électricité…"
