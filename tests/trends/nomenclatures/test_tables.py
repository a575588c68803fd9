"""Nomenclatures: as many codes as their publishers count, each of the form it must have."""

import pandas as pd
import pytest

from jocas_themes.trends.nomenclatures import NOMENCLATURES, load_nomenclature

# What Insee and France Travail count.
SIZES = {
    "departements": 101,
    "naf_divisions": 88,
    "naf_sections": 21,
    "regions": 18,
    "rome_domains": 110,
    "rome_families": 14,
}
PATTERNS = {
    "departements": r"0[1-9]|[1-8]\d|9[0-5]|2[AB]|97[12346]",
    "naf_divisions": r"\d\d",
    "naf_sections": "[A-U]",
    "regions": r"\d\d",
    "rome_domains": r"[A-N]\d\d",
    "rome_families": "[A-N]",
}


@pytest.mark.parametrize("name", NOMENCLATURES)
def test_each_table_is_whole_and_says_where_it_is_from(name: str) -> None:
    table = load_nomenclature(name)
    assert len(table) == SIZES[name]
    assert table["code"].is_unique
    assert table["code"].is_monotonic_increasing
    assert table["code"].str.fullmatch(PATTERNS[name]).all()
    assert all(isinstance(cell, str) for cell in table.to_numpy().ravel())
    names = table.drop(columns="other_names", errors="ignore")
    assert (names.apply(lambda column: column.str.strip()) == names).all(axis=None)
    assert (names != "").all(axis=None)
    assert {"title", "publisher", "year", "url", "licence"} <= set(table.attrs)
    assert table.attrs["publisher"] in {"Insee", "France Travail"}
    assert table.attrs["year"] >= 2008


def test_names_tell_codes_apart() -> None:
    for name in NOMENCLATURES:
        table = load_nomenclature(name)
        # "Production" and the like are told apart by their family only.
        if name != "rome_domains":
            assert table.get("name", table.get("name_fr")).is_unique


def test_each_departement_lies_in_a_region_and_each_region_holds_one() -> None:
    regions = load_nomenclature("regions")["code"]
    departements = load_nomenclature("departements")
    assert set(departements["region"]) == set(regions)
    # Île-de-France, Corsica and Occitanie, as every schoolchild knows.
    n_of_region = departements["region"].value_counts()
    assert n_of_region[["11", "94", "76"]].tolist() == [8, 2, 13]
    known = departements.set_index("code")["region"]
    assert known[["75", "2A", "69", "971", "976"]].tolist() == ["11", "94", "84", "01", "06"]


def test_each_division_lies_in_one_section() -> None:
    sections = load_nomenclature("naf_sections")
    divisions = load_nomenclature("naf_divisions")
    assert set(divisions["section"]) == set(sections["code"])
    for section in sections.itertuples():
        codes = divisions.loc[divisions["section"] == section.code, "code"]
        assert (codes.min(), codes.max()) == (section.first_division, section.last_division)
    # No code lies between the sections' bounds and outside of its own.
    assert divisions["section"].is_monotonic_increasing


def test_each_domain_lies_in_its_family() -> None:
    domains = load_nomenclature("rome_domains")
    assert (domains["family"] == domains["code"].str[0]).all()
    assert set(domains["family"]) == set(load_nomenclature("rome_families")["code"])
    # As France Travail counts them; industry, "H", has 18.
    sizes = domains["family"].value_counts().sort_index().tolist()
    assert sizes == [5, 8, 5, 5, 4, 7, 8, 18, 6, 5, 15, 5, 8, 11]


def test_a_copy_is_given_each_time() -> None:
    table = load_nomenclature("regions")
    table["name"] = "Atlantis"
    assert "Bretagne" in set(load_nomenclature("regions")["name"])


def test_unknown_names() -> None:
    with pytest.raises(ValueError, match=r"name must be one of \['departements', .*got 'pcs'"):
        load_nomenclature("pcs")


def test_tables_can_be_joined() -> None:
    # What a table says of itself must not hinder pandas.
    both = pd.concat([load_nomenclature("regions"), load_nomenclature("departements")])
    assert len(both) == 119
