"""`load_nomenclature`: the tables that ship with the package."""

import tomllib
from functools import cache
from importlib.resources import files

import pandas as pd

NOMENCLATURES = (
    "departements",
    "naf_divisions",
    "naf_sections",
    "regions",
    "rome_domains",
    "rome_families",
)

_FOLDER = files("jocas_themes.trends.nomenclatures")


def load_nomenclature(name: str) -> pd.DataFrame:
    """Load a table of official codes and names.

    Parameters
    ----------
    name : str
        ``naf_sections`` (21), ``naf_divisions`` (88), ``rome_families`` (14), ``rome_domains``
        (110), ``departements`` (101) or ``regions`` (18).

    Returns
    -------
    DataFrame of shape (n_codes, n_columns)
        All strings: ``code``, then ``name_fr`` and ``name_en``, or ``name``; of sections the
        first and last division, of divisions the ``section``, of ROME domains the ``family``, of
        départements the ``region``, of regions ``other_names``, with ``|`` between them. Its
        ``attrs`` say the ``title``, ``publisher``, ``year``, ``url`` and ``licence``.

    Raises
    ------
    ValueError
        If there is no such table.

    Notes
    -----
    NAF rév. 2 (Insee, 2008), which the JOCAS columns follow, not the NAF of 2025; ROME versions
    3 and 4 (France Travail); Code officiel géographique of 2026 (Insee), with the regions of
    2016. All are under the Licence Ouverte 2.0.

    Examples
    --------
    >>> from jocas_themes.trends import load_nomenclature
    >>> regions = load_nomenclature("regions")
    >>> regions.attrs["publisher"], regions.attrs["year"]
    ('Insee', 2026)
    >>> regions.set_index("code")["name"]["53"]
    'Bretagne'
    """
    if name not in NOMENCLATURES:
        raise ValueError(f"name must be one of {list(NOMENCLATURES)}, got {name!r}.")
    return _read_table(name).copy()


@cache
def _read_table(name: str) -> pd.DataFrame:
    with (_FOLDER / f"{name}.csv").open(encoding="utf-8") as lines:
        table = pd.read_csv(lines, dtype=str, keep_default_na=False)
    sources = tomllib.loads((_FOLDER / "sources.toml").read_text(encoding="utf-8"))
    table.attrs = sources[name]
    return table
