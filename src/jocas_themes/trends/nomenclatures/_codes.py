"""Codes as JOCAS writes them, read by the nomenclatures: distinct values in, codes or None out.

What cannot be read is None, never a guess.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from jocas_themes.offers._columns import MISSING_STRINGS
from jocas_themes.trends.nomenclatures._tables import load_nomenclature

Values = npt.NDArray[np.object_]

# A département or a zip code, as a float or with its name after it: "75", "1.0", "69 - LYON 05".
_PLACE = re.compile(r"(2[AB]|\d{1,5})(?:\.0+)?(?:\s*[-–—:(].*)?", re.IGNORECASE)
# A division, or what is finer: "62", "62.0", "6201Z", "62.01".
_DIVISION = re.compile(r"(\d{1,2})(?:\.0+)?|(\d{2})(?:\.\d{1,2}|\.?\d{2}[A-Z]?)", re.IGNORECASE)
_SECTION = re.compile(r"([A-U])(?:\s*[-–—:(].*|\d{2}.*)?", re.IGNORECASE)
_ROME = re.compile(r"(?<![A-Z0-9])([A-N]\d{2})(?:\d{2})?(?![A-Z0-9])", re.IGNORECASE)

# Corsica as a whole, as its zip codes begin, has been no département since 1976; it is a region.
_CORSICA = "20"


def read_boards(written: Iterable[Any]) -> Values:
    """Read names of boards as they are written, but for spaces around."""
    return _read_each(written, str)


def read_regions(written: Iterable[Any]) -> Values:
    """Read the region's code from départements, zip codes, or names of départements or regions.

    Examples
    --------
    >>> from jocas_themes.trends.nomenclatures import read_regions
    >>> read_regions(["75", "1.0", "2a", "Seine-et-Marne", "20090", "97110", "Lyon"]).tolist()
    ['11', '84', '94', '11', '94', '01', None]
    """
    return _read_each(written, _find_region)


def read_sections(written: Iterable[Any]) -> Values:
    """Read the NAF section from letters, divisions, finer codes, or names of either.

    Examples
    --------
    >>> from jocas_themes.trends.nomenclatures import read_sections
    >>> read_sections(["j", "62.0", "6201Z", "Enseignement", "04"]).tolist()
    ['J', 'J', 'J', 'P', None]
    """
    return _read_each(written, _find_section)


def read_rome_families(written: Iterable[Any]) -> Values:
    """Read the ROME family, a letter, from codes of professions or domains.

    Examples
    --------
    >>> from jocas_themes.trends.nomenclatures import read_rome_families
    >>> read_rome_families(["M1805", "m18", "['K1302']", "Z9999"]).tolist()
    ['M', 'M', 'K', None]
    """
    return np.array([None if d is None else d[0] for d in read_rome_domains(written)], object)


def read_rome_domains(written: Iterable[Any]) -> Values:
    """Read the ROME domain, a letter and two digits, from codes of professions or domains.

    Examples
    --------
    >>> from jocas_themes.trends.nomenclatures import read_rome_domains
    >>> read_rome_domains(["M1805", "A10"]).tolist()
    ['M18', None]
    """
    return _read_each(written, _find_rome_domain)


def _read_each(written: Iterable[Any], find: Callable[[str], str | None]) -> Values:
    """Read each value, None where it stands for nothing."""
    texts = ["" if value is None else str(value).strip() for value in written]
    return np.array([None if text in MISSING_STRINGS else find(text) for text in texts], object)


@lru_cache(maxsize=65_536)  # zip codes recur in each part of a folder
def _find_region(text: str) -> str | None:
    if place := _PLACE.fullmatch(text):
        departement = _find_departement(place[1])
    else:
        folded = _fold(text)
        if region := _fold_names("regions").get(folded):
            return region
        departement = _fold_names("departements").get(folded)
    return _read_column("departements", "region").get(departement or "")


def _find_departement(digits: str) -> str | None:
    """Find a département, or Corsica, of a code of its own or a zip code."""
    if len(digits) <= 2:
        return digits.upper().zfill(2)
    if len(digits) == 3:
        return digits
    zipcode = digits.zfill(5)
    # Saint-Barthélemy and Saint-Martin left Guadeloupe in 2007 and kept its zip codes.
    if zipcode in {"97133", "97150"}:
        return None
    if zipcode.startswith(_CORSICA):
        return "2A" if zipcode[2] in "01" else "2B"
    return zipcode[:3] if zipcode.startswith("97") else zipcode[:2]


def _find_section(text: str) -> str | None:
    sections = _read_column("naf_divisions", "section")
    if found := _DIVISION.fullmatch(text.replace(" ", "")):
        return sections.get((found[1] or found[2]).zfill(2))
    if letter := _SECTION.fullmatch(text):
        return letter[1].upper()
    folded = _fold(text)
    division = _fold_names("naf_divisions").get(folded, "")
    return _fold_names("naf_sections").get(folded) or sections.get(division)


def _find_rome_domain(text: str) -> str | None:
    found = _ROME.search(text)
    domain = found[1].upper() if found else ""
    return domain if domain in _read_column("rome_domains", "family") else None


@cache
def _read_column(name: str, column: str) -> dict[str, str]:
    """Return a column of a nomenclature by code."""
    table = load_nomenclature(name)
    values = dict(zip(table["code"], table[column], strict=True))
    if name == "departements":
        values[_CORSICA] = values["2A"]
    return values


@cache
def _fold_names(name: str) -> dict[str, str]:
    """Return the code of each name of a nomenclature, case, accents and punctuation apart."""
    table = load_nomenclature(name)
    written = table["name"] if "name" in table else table["name_fr"]
    if "other_names" in table:
        written = written + "|" + table["other_names"]
    names = zip(written.str.split("|"), table["code"], strict=True)
    return {_fold(text): code for texts, code in names for text in texts if text}


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[^a-z0-9]+", " ", re.sub("[\u0300-\u036f]", "", plain)).strip()
