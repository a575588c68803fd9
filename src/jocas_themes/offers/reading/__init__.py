"""Reading offers: from files of any format to typed tables, chunk by chunk."""

from jocas_themes.offers.reading._cells import settle_column, to_raw, to_text
from jocas_themes.offers.reading._dates import parse_days
from jocas_themes.offers.reading._readers import iter_offers, read_offers
from jocas_themes.offers.reading._rejects import UnreadableCells
from jocas_themes.offers.reading._sources import find_files

__all__ = [
    "UnreadableCells",
    "find_files",
    "iter_offers",
    "parse_days",
    "read_offers",
    "settle_column",
    "to_raw",
    "to_text",
]
