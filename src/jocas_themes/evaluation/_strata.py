"""`compute_strata_scores`: where the themes are found less well, by board, year, trade, length."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from jocas_themes.annotations import Themes
from jocas_themes.evaluation._bootstrap import ClusterBootstrap, estimate_micro_f1, read_clusters
from jocas_themes.evaluation._scores import read_scored
from jocas_themes.offers import to_frame
from jocas_themes.offers._columns import DATE_COLUMNS
from jocas_themes.offers.reading import parse_days, to_text

BoolArray = npt.NDArray[np.bool_]

# The lower limits of the lengths. Fixed, so that a stratum means the same in every table.
_LENGTHS = (0, 500, 1_000, 2_000, 4_000)
_LENGTH_NAMES = ("0-499", "500-999", "1000-1999", "2000-3999", "4000+")
_UNKNOWN = "unknown"
_OTHER = "other"


def compute_strata_scores(
    annotated: Any,
    predicted_or_probabilities: Any,
    *,
    by: Sequence[str] | None = None,
    thresholds: float | Sequence[float] | npt.NDArray[np.float64] = 0.5,
    themes: Themes = None,
    min_offers: int = 20,
    clusters: Any = None,
    n_bootstrap: int = 1000,
    level: float = 0.95,
    random_state: int = 0,
) -> pd.DataFrame:
    """Compute the micro-F1 in each stratum of the offers, with its interval.

    Parameters
    ----------
    annotated : DataFrame or pyarrow.Table of shape (n_offers, n_columns)
        Labels of the themes, beside the offers' own columns: an annotated table.
    predicted_or_probabilities : array-like or DataFrame of shape (n_offers, n_themes)
        Predictions, when all values are 0 or 1; else probabilities, 0 to 1. They must come
        from models that did not learn from these offers.
    by : sequence of str, optional
        What makes the strata: ``site_name`` (the board), ``year`` (of the first
        of JOCAS's date columns that is there), ``rome_family`` (first letter of ``job_ROME_code``),
        ``length`` (characters of ``text``: under 500, 1,000, 2,000, 4,000, or more), and any
        column of the table. By default the first four, but for those whose column is absent;
        what is named must be there.
    thresholds : float or array-like of shape (n_themes,), default=0.5
        Probability from which on a theme is predicted, as in `evaluate_themes`.
    themes : Taxonomy or sequence of str, optional
        The themes' codes. By default those of the annotated table.
    min_offers : int, default=20
        Strata of fewer offers are pooled into ``other``, however few these are together.
    clusters : array-like of shape (n_offers,), optional
        Offers to draw together, such as ``find_near_duplicates(annotated,
        window_days=None).offers["group"]``. By default each offer is its own cluster.
    n_bootstrap : int, default=1000
        How often the clusters of a stratum are drawn again.
    level : float, default=0.95
        Coverage that the intervals aim at, in (0, 1).
    random_state : int, default=0
        Seed of the draws.

    Returns
    -------
    DataFrame of shape (n_strata, 7)
        ``by``, ``stratum`` (``unknown`` where the column has no value; ``other`` comes last),
        ``n_offers`` (those with a known label), ``support`` (known positives), ``f1``,
        ``f1_low`` and ``f1_high``; NaN without a positive.

    Raises
    ------
    TypeError
        If `annotated` is no table.
    ValueError
        As `evaluate_themes`; if a name in `by` is no column, or `by` is empty; if
        `min_offers` is under 1; or if the clusters are not one an offer.

    See Also
    --------
    compute_score_intervals : The scores of all offers, and how the intervals are made.

    Notes
    -----
    Strata differ by chance too: with twenty of them, one interval of 95% is expected to miss.
    A low F1 may also be the teacher's in that stratum, not the student's. Strata were seen in
    training; for boards never seen, hold them out: ``threshold_curve`` takes such folds.

    Examples
    --------
    >>> from jocas_themes import load_sample_annotations
    >>> from jocas_themes.evaluation import compute_strata_scores
    >>> annotated = load_sample_annotations()
    >>> said = annotated[["LEADERSHIP_MANAGEMENT"]] * 0 + 1  # always present
    >>> scores = compute_strata_scores(annotated, said, by=["length"],
    ...                                themes=["LEADERSHIP_MANAGEMENT"])
    >>> scores[["by", "stratum"]].head(1)
           by  stratum
    0  length  500-999
    """
    annotated = to_frame(annotated)
    if not isinstance(annotated, pd.DataFrame):
        raise TypeError(
            f"annotated must be a table with labels and the offers' columns, got "
            f"{type(annotated).__name__}."
        )
    if min_offers < 1:
        raise ValueError(f"min_offers must be at least 1, got {min_offers!r}.")
    truth, predicted, _, _ = read_scored(annotated, predicted_or_probabilities, thresholds, themes)
    found = predicted.astype(float)
    bootstrap = ClusterBootstrap(n_bootstrap, level, random_state)
    groups = read_clusters(clusters, len(truth))
    judged = np.any(~np.isnan(truth), axis=1)
    rows = []
    for name in _choose_strata(annotated, by):
        strata = _read_strata(annotated, name)
        for stratum, inside in _iter_strata(strata, judged, min_offers):
            f1, low, high = estimate_micro_f1(
                truth[inside], found[inside], groups[inside], bootstrap
            )
            rows.append(
                {
                    "by": name,
                    "stratum": stratum,
                    "n_offers": int(inside.sum()),
                    "support": int((truth[inside] == 1).sum()),
                    "f1": f1,
                    "f1_low": low,
                    "f1_high": high,
                }
            )
    return pd.DataFrame(
        rows, columns=["by", "stratum", "n_offers", "support", "f1", "f1_low", "f1_high"]
    )


def _choose_strata(annotated: pd.DataFrame, by: Sequence[str] | None) -> list[str]:
    """Name what makes the strata: what is asked for must be there, what is usual may not."""
    if by is None:
        return [name for name in _USUAL if _get_column(name, annotated) in annotated.columns]
    if isinstance(by, str) or not len(by):
        raise ValueError(f"by must be a non-empty sequence of names, got {by!r}.")
    absent = [name for name in by if _get_column(name, annotated) not in annotated.columns]
    if absent:
        needed = [_get_column(name, annotated) for name in absent]
        found = list(annotated.columns)
        raise ValueError(
            f"annotated lacks the columns {needed[:5]!r} of by={absent[:5]!r} ({len(absent)} in "
            f"all); found {found[-5:]!r} ({len(found)} in all). Leave those out of by."
        )
    return list(by)


def _get_column(name: str, annotated: pd.DataFrame) -> str:
    """Return the column that a name in `by` is read from."""
    if name == "year":
        return next((day for day in DATE_COLUMNS if day in annotated), DATE_COLUMNS[0])
    return _COLUMNS.get(name, name)


def _read_strata(annotated: pd.DataFrame, name: str) -> pd.Series:
    """Name each offer's stratum."""
    read = _READERS.get(name, _read_values)
    strata = read(annotated[_get_column(name, annotated)].reset_index(drop=True))
    return strata.mask(strata.isna() | (strata == ""), _UNKNOWN)


def _iter_strata(
    strata: pd.Series, judged: BoolArray, min_offers: int
) -> Iterator[tuple[str, BoolArray]]:
    """Yield each stratum and its offers, small ones pooled, which come last."""
    sizes = strata[judged].value_counts()
    pooled = strata.where(strata.isin(sizes[sizes >= min_offers].index), _OTHER)
    names = set(pooled[judged])
    order = sorted(names - {_UNKNOWN, _OTHER}, key=_sort_key)
    for name in [*order, *(last for last in (_UNKNOWN, _OTHER) if last in names)]:
        yield name, (pooled == name).to_numpy(dtype=bool) & judged


def _sort_key(stratum: str) -> tuple[int, str]:
    """Sort lengths by what they mean, all else by name."""
    return (_LENGTH_NAMES.index(stratum) if stratum in _LENGTH_NAMES else -1, stratum)


def _read_values(column: pd.Series) -> pd.Series:
    return column.map(lambda value: "" if pd.isna(value) else str(value).strip()).astype(object)


def _read_years(column: pd.Series) -> pd.Series:
    days = column
    if not pd.api.types.is_datetime64_any_dtype(column):
        written = pa.array([to_text(cell) for cell in column], pa.large_string())
        days = pd.Series(parse_days(written))
    years: pd.Series = days.dt.year.map(lambda year: "" if pd.isna(year) else str(int(year)))
    return years.astype(object)


def _read_families(column: pd.Series) -> pd.Series:
    families: pd.Series = _read_values(column).str[:1].str.upper()
    return families


def _read_lengths(column: pd.Series) -> pd.Series:
    lengths = [len(text) if isinstance(text, str) else 0 for text in column]
    bins = np.searchsorted(_LENGTHS, lengths, side="right") - 1
    return pd.Series([_LENGTH_NAMES[number] for number in bins], dtype=object)


_USUAL = ("site_name", "year", "rome_family", "length")
_COLUMNS: Mapping[str, str] = MappingProxyType({"rome_family": "job_ROME_code", "length": "text"})
_READERS: Mapping[str, Callable[[pd.Series], pd.Series]] = MappingProxyType(
    {"year": _read_years, "rome_family": _read_families, "length": _read_lengths}
)
