"""Reading offers: from files of any format to typed tables, chunk by chunk."""

from jocas_themes.offers.reading._batches import (
    OfferBatch,
    build_batch,
    count_rows,
    iter_batches,
    iter_file_batches,
    require_text,
)
from jocas_themes.offers.reading._cells import (
    find_arrow_type,
    settle_arrow,
    settle_column,
    to_raw,
    to_text,
)
from jocas_themes.offers.reading._dates import parse_days
from jocas_themes.offers.reading._readers import iter_offers, read_offers
from jocas_themes.offers.reading._rejects import UnreadableCells
from jocas_themes.offers.reading._sources import find_files

__all__ = [
    "OfferBatch",
    "UnreadableCells",
    "build_batch",
    "count_rows",
    "find_arrow_type",
    "find_files",
    "iter_batches",
    "iter_file_batches",
    "iter_offers",
    "parse_days",
    "read_offers",
    "require_text",
    "settle_arrow",
    "settle_column",
    "to_raw",
    "to_text",
]
