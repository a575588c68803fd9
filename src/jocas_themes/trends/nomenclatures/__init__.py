"""Official nomenclatures as small tables, each with its publisher and year."""

from jocas_themes.trends.nomenclatures._codes import (
    read_boards,
    read_regions,
    read_rome_domains,
    read_rome_families,
    read_sections,
)
from jocas_themes.trends.nomenclatures._tables import NOMENCLATURES, load_nomenclature

__all__ = [
    "NOMENCLATURES",
    "load_nomenclature",
    "read_boards",
    "read_regions",
    "read_rome_domains",
    "read_rome_families",
    "read_sections",
]
