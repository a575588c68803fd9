"""Codes as JOCAS writes them, all years together; what is unclear is None."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.trends.nomenclatures import (
    load_nomenclature,
    read_boards,
    read_regions,
    read_rome_domains,
    read_rome_families,
    read_sections,
)

REGIONS = {
    # Codes of départements, with what spreadsheets do to them.
    "75": "11",
    "01": "84",
    "1": "84",
    "1.0": "84",
    75.0: "11",
    13: "93",
    "2A": "94",
    "2b": "94",
    "20": "94",
    "971": "01",
    "974.0": "04",
    "69 - LYON 05": "84",
    "35 : Ille-et-Vilaine": "53",
    # Names.
    "Paris": "11",
    "Seine-et-Marne": "11",
    "COTES D ARMOR": "53",
    "côtes-d’armor": "53",
    "Val d'Oise": "11",
    "Réunion": "04",
    "PACA": "93",
    "Ile-de-France": "11",
    "Centre": "24",
    # Zip codes.
    "75011": "11",
    "75011.0": "11",
    "1000": "84",
    "20090": "94",
    "20600": "94",
    "97110": "01",
    "97600": "06",
    # Saint-Barthélemy, Saint-Martin, Saint-Pierre, Nouméa and Monaco are in no region.
    "97133": None,
    "97150": None,
    "97500": None,
    "98800": None,
    "98000": None,
    "977": None,
    # None of these is a place of France.
    "0": None,
    "96": None,
    "99": None,
    "00": None,
    "750110": None,
    "Lyon": None,
    "1 rue de Paris": None,
    "nan": None,
    "": None,
    None: None,
    np.nan: None,
}

SECTIONS = {
    "C": "C",
    " c ": "C",
    "G - Commerce": "G",
    "Enseignement": "P",
    "COMMERCE; RÉPARATION D’AUTOMOBILES ET DE MOTOCYCLES": "G",
    "Industries alimentaires": "C",
    "62": "J",
    "62.0": "J",
    62.0: "J",
    "1": "A",
    "01": "A",
    "6201Z": "J",
    "62.01Z": "J",
    "62.01": "J",
    "01.11Z": "A",
    "J62": "J",
    "V": None,
    "04": None,
    "0": None,
    "00": None,
    "111": None,
    "Entreprise": None,
    "nan": None,
    None: None,
}

DOMAINS = {
    "M1805": "M18",
    "m1805": "M18",
    " M18 ": "M18",
    "['K2101', 'K2102']": "K21",
    "M1805 - Études et développement informatique": "M18",
    "M": None,
    "A1001": None,
    "O1101": None,
    "XM1805": None,
    "M18055": None,
    "": None,
    None: None,
}


@pytest.mark.parametrize(("written", "region"), REGIONS.items())
def test_regions(written: Any, region: str | None) -> None:
    assert read_regions([written]).tolist() == [region]


@pytest.mark.parametrize(("written", "section"), SECTIONS.items())
def test_sections(written: Any, section: str | None) -> None:
    assert read_sections([written]).tolist() == [section]


@pytest.mark.parametrize(("written", "domain"), DOMAINS.items())
def test_professions(written: Any, domain: str | None) -> None:
    assert read_rome_domains([written]).tolist() == [domain]
    assert read_rome_families([written]).tolist() == [domain and domain[0]]


def test_all_codes_and_names_are_read() -> None:
    for column in ("code", "name"):
        departements = load_nomenclature("departements")
        assert read_regions(departements[column]).tolist() == departements["region"].tolist()
    for column in ("code", "name_fr"):
        sections = load_nomenclature("naf_sections")
        assert read_sections(sections[column]).tolist() == sections["code"].tolist()
        divisions = load_nomenclature("naf_divisions")
        assert read_sections(divisions[column]).tolist() == divisions["section"].tolist()
    regions = load_nomenclature("regions")
    assert read_regions(regions["name"]).tolist() == regions["code"].tolist()
    domains = load_nomenclature("rome_domains")["code"]
    assert read_rome_domains(domains).tolist() == domains.tolist()


def test_boards_keep_their_names() -> None:
    assert read_boards([" a ", "A", None, "NaN"]).tolist() == ["a", "A", None, None]


@pytest.mark.real_data
def test_real_offers_are_read(shared_data: Path) -> None:
    for name in ("offers_labelled", "offers_unlabelled"):
        columns = ["location_departement", "job_ROME_code"]
        offers = pd.read_parquet(shared_data / f"{name}.parquet", columns=columns)
        departements = offers["location_departement"].dropna().unique()
        unread = departements[pd.isna(read_regions(departements))]
        assert set(unread) <= {"977"}  # Saint-Barthélemy, which is no département
        assert not pd.isna(read_rome_domains(offers["job_ROME_code"].dropna().unique())).any()


@given(st.text())
def test_any_text_is_read_or_not(text: str) -> None:
    assert read_regions([text])[0] in {None, *load_nomenclature("regions")["code"]}
    assert read_sections([text])[0] in {None, *load_nomenclature("naf_sections")["code"]}
    assert read_rome_domains([text])[0] in {None, *load_nomenclature("rome_domains")["code"]}
