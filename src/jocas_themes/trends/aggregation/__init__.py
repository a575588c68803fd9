"""From labels to sums: derived periods and groups, read part by part in bounded memory."""

from jocas_themes.trends.aggregation._cells import count_cells
from jocas_themes.trends.aggregation._groups import GROUPS, UNKNOWN
from jocas_themes.trends.aggregation._ids import read_ids
from jocas_themes.trends.aggregation._labels import (
    choose_dates,
    choose_prediction,
    iter_tables,
    list_parts,
    open_labels,
    read_dtypes,
)
from jocas_themes.trends.aggregation._periods import (
    TIMES,
    count_months,
    derive_time,
    name_stretches,
    parse_month,
    parse_steps,
)
from jocas_themes.trends.aggregation._rows import Batch, Rows, iter_labels
from jocas_themes.trends.aggregation._sums import Cells

__all__ = [
    "GROUPS",
    "TIMES",
    "UNKNOWN",
    "Batch",
    "Cells",
    "Rows",
    "choose_dates",
    "choose_prediction",
    "count_cells",
    "count_months",
    "derive_time",
    "iter_labels",
    "iter_tables",
    "list_parts",
    "name_stretches",
    "open_labels",
    "parse_month",
    "parse_steps",
    "read_dtypes",
    "read_ids",
]
