"""Near-duplicates: texts as sets, sketches of them, links between those alike, groups."""

from jocas_themes.offers.duplicates._collector import Collector
from jocas_themes.offers.duplicates._find import (
    find_near_duplicates,
    group_near_duplicates,
    read_boards,
)
from jocas_themes.offers.duplicates._result import NearDuplicates

__all__ = [
    "Collector",
    "NearDuplicates",
    "find_near_duplicates",
    "group_near_duplicates",
    "read_boards",
]
