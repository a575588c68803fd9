"""Reading offers: from files of any format to typed tables, chunk by chunk."""

from jocas_themes.offers.reading._readers import iter_offers, read_offers

__all__ = ["iter_offers", "read_offers"]
