"""Offers: reading them, one text each, what is missing, which are near-duplicates."""

from jocas_themes.offers._frames import as_offers, find_theme_codes, hash_text, to_frame
from jocas_themes.offers._profile import OffersProfile, profile_offers
from jocas_themes.offers._sampling import sample_offers
from jocas_themes.offers._tags import tag_offers
from jocas_themes.offers._text import assemble_texts, clean_text, is_missing
from jocas_themes.offers.duplicates import (
    NearDuplicates,
    find_near_duplicates,
    group_near_duplicates,
)
from jocas_themes.offers.reading import iter_offers, read_offers

__all__ = [
    "NearDuplicates",
    "OffersProfile",
    "as_offers",
    "assemble_texts",
    "clean_text",
    "find_near_duplicates",
    "find_theme_codes",
    "group_near_duplicates",
    "hash_text",
    "is_missing",
    "iter_offers",
    "profile_offers",
    "read_offers",
    "sample_offers",
    "tag_offers",
    "to_frame",
]
